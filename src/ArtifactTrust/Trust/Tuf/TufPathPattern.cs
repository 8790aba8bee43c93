namespace ArtifactTrust.Trust.Tuf;

/// <summary>Patterns of target paths.</summary>
/// <remarks>
/// Spec: TUF 1.0 §4.5, PATHPATTERN: <c>*</c> is any text and <c>?</c> any character, neither of them a <c>/</c>. Everything else stands for
/// itself, brackets and backslashes too, so that a pattern of another dialect matches less, not more.
/// </remarks>
internal static class TufPathPattern
{
    internal static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        // Only the last star is ever tried again: what an earlier one takes more, a later one could take. So the time is the product of the lengths.
        var (p, t, star, resume) = (0, 0, -1, 0);
        while (t < path.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, resume) = (p++, t);
            }
            else if (p < pattern.Length && (pattern[p] == path[t] || (pattern[p] == '?' && path[t] != '/')))
            {
                (p, t) = (p + 1, t + 1);
            }
            else if (star >= 0 && path[resume] != '/')
            {
                (p, t) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }
        return pattern[p..].TrimStart('*').IsEmpty;
    }
}
