using ArtifactTrust.Cli.Console;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Cli.Scans;

/// <summary>Lists of kinds of data about people, as options give them.</summary>
internal static class PersonalKinds
{
    private const string Everything = "all";
    private const string Secret = "secret";

    /// <summary>The words of the kinds that fail a scan.</summary>
    /// <exception cref="CliException">A word is no kind, or nothing is looked for.</exception>
    internal static IReadOnlySet<string> Read(string? text, bool isLookedFor) =>
        text is null ? new HashSet<string>(StringComparer.Ordinal)
        : isLookedFor ? Parse("--fail-on-pii", text).Select(k => k.ToWord()).ToHashSet(StringComparer.Ordinal)
        : throw CliException.Usage("--fail-on-pii goes with --pii");

    /// <summary>The kinds that are replaced, and whether secrets are.</summary>
    /// <exception cref="CliException">A word is no kind.</exception>
    internal static (IReadOnlyList<PersonalDataKind> Kinds, bool Secrets) ParseReplaced(string option, string? text)
    {
        if (text is null or Everything)
        {
            return (PersonalDataKinds.All, true);
        }
        var words = text.Split(',', StringSplitOptions.TrimEntries).ToList();
        var secrets = words.RemoveAll(w => w == Secret) > 0;
        return (words.Count == 0 ? [] : Parse(option, string.Join(',', words), Secret), secrets);
    }

    /// <summary>The kinds of a list.</summary>
    /// <exception cref="CliException">A word is no kind.</exception>
    private static IReadOnlyList<PersonalDataKind> Parse(string option, string text, params string[] more)
    {
        if (text == Everything)
        {
            return PersonalDataKinds.All;
        }
        var kinds = new List<PersonalDataKind>();
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            kinds.Add(
                PersonalDataKinds.TryParse(word, out var kind)
                    ? kind.Value
                    : throw CliException.Usage(
                        $"{option} '{word}' is none of {string.Join(", ", PersonalDataKinds.Words.Concat(more))}, {Everything}"
                    )
            );
        }
        return kinds;
    }
}
