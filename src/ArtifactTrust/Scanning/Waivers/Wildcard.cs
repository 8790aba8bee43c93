using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Waivers;

/// <summary>A pattern with <c>*</c> for anything but <c>/</c>, and <c>**</c> for anything.</summary>
/// <remarks>Matching takes time in proportion to pattern times text, whatever they are.</remarks>
internal sealed class Wildcard
{
    private const int LongestPattern = 1024;

    // Stars are kept as characters that no pattern has.
    private const char Star = '\u0001';
    private const char DoubleStar = '\u0002';

    private readonly string _tokens;

    private Wildcard(string text)
    {
        Text = text;
        _tokens = text.Replace("**", $"{DoubleStar}", StringComparison.Ordinal).Replace('*', Star);
    }

    /// <summary>The pattern as written.</summary>
    internal string Text { get; }

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="MalformedDataException">It is too long.</exception>
    internal static Wildcard Parse(string text) =>
        text.Length <= LongestPattern
            ? new Wildcard(text)
            : throw new MalformedDataException("pattern", "$", $"{text.Length} characters; at most {LongestPattern} are accepted");

    /// <summary>Whether the whole text fits. A text over <see cref="Limits.PatternInput"/> fits nothing.</summary>
    internal bool Fits(string? text)
    {
        if (text is null || text.Length > Limits.PatternInput)
        {
            return false;
        }
        // reached[i]: the tokens so far fit the first i characters.
        var reached = new bool[text.Length + 1];
        reached[0] = true;
        foreach (var token in _tokens)
        {
            var next = new bool[text.Length + 1];
            if (token is Star or DoubleStar)
            {
                next[0] = reached[0];
                for (var i = 1; i <= text.Length; i++)
                {
                    next[i] = reached[i] || (next[i - 1] && (token == DoubleStar || text[i - 1] != '/'));
                }
            }
            else
            {
                for (var i = 1; i <= text.Length; i++)
                {
                    next[i] = reached[i - 1] && text[i - 1] == token;
                }
            }
            reached = next;
        }
        return reached[text.Length];
    }
}
