namespace ArtifactTrust.Policies;

/// <summary>Puts a list of any length into one line of a message.</summary>
internal static class Excerpt
{
    private const int Shown = 5;
    private const int Longest = 200;

    internal static string List<T>(IReadOnlyCollection<T> items, Func<T, string> describe)
    {
        var shown = string.Join("; ", items.Take(Shown).Select(i => Cut(describe(i))));
        return items.Count > Shown ? $"{shown}; and {items.Count - Shown} more" : shown;
    }

    private static string Cut(string text) => text.Length <= Longest ? text : text[..Longest] + "…";
}
