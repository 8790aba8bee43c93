namespace ArtifactTrust.Scanning.Data;

/// <summary>The names of columns and members as reports show them: a file may have data about people, or secrets, for names.</summary>
internal static class ShownName
{
    /// <summary>What stands for a name that is not shown.</summary>
    internal const string Hidden = "*";

    /// <summary>The name; <see cref="Hidden"/> where it holds what a report must not repeat.</summary>
    internal static ReadOnlySpan<char> Of(ReadOnlySpan<char> name) => Tells(name) ? Hidden : name;

    /// <summary>Whether a name holds data about people or a secret.</summary>
    internal static bool Tells(ReadOnlySpan<char> name)
    {
        List<PersonalDataMatch> matches = [];
        PersonalDataDetector.Find(name, ColumnHint.None, matches);
        return matches.Count > 0 || SecretFinder.Has(name);
    }
}
