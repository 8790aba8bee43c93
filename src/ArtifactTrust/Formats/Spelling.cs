namespace ArtifactTrust.Formats;

/// <summary>Finds the word that was probably meant.</summary>
internal static class Spelling
{
    private const int LongestWord = 64;

    /// <summary>A clause for the end of a message, <c>; did you mean 'signatures'?</c>, or nothing where no known word is close.</summary>
    internal static string Hint(string word, IEnumerable<string> known) =>
        Closest(word, known) is { } found ? $"; did you mean '{found}'?" : "";

    private static string? Closest(string word, IEnumerable<string> known)
    {
        if (word.Length is 0 or > LongestWord)
        {
            return null;
        }
        var best = int.MaxValue;
        string? closest = null;
        foreach (var candidate in known)
        {
            var distance = Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant());
            // A third of the letters may differ, so that short words are not "corrected" to unrelated ones.
            if (distance < best && distance <= Math.Max(1, Math.Max(word.Length, candidate.Length) / 3))
            {
                best = distance;
                closest = candidate;
            }
        }
        return closest;
    }

    // Levenshtein's distance: insertions, deletions and substitutions of one character.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitute, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
