using System.Buffers;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>
/// A URI, or a URI whose path has wildcards: <c>*</c> stands for one or more characters within one segment, <c>**</c> for one or more
/// characters with <c>/</c> among them. The whole URI is matched, letter case included.
/// </summary>
/// <remarks>
/// Made so that what a reader sees in a pattern is what it accepts. A wildcard cannot stand in the scheme or the host, and never stands for
/// <c>@</c>, <c>?</c>, <c>#</c>, <c>%</c>, a backslash, white space or a control character: so none reaches over into the revision (a git
/// branch may be called <c>x@refs/tags/v1</c>), the query, or an encoded slash. A URI with a segment <c>.</c> or <c>..</c> matches no
/// pattern with wildcards. A pattern without any is compared byte for byte.
/// </remarks>
public sealed class UriPattern : IEquatable<UriPattern>
{
    private const int LongestPattern = 1024;
    private const char Segment = '\u0001';
    private const char Path = '\u0002';

    // A revision, a query or a fragment ends the last segment of a path: "models/..@main" is not below "models".
    private static readonly char[] SegmentEnds = ['/', '@', '?', '#'];

    private static readonly SearchValues<char> NeverWild = SearchValues.Create("@?#%\\");

    // The pattern with each wildcard as one control character.
    private readonly string _tokens;

    private UriPattern(string text, string tokens)
    {
        Text = text;
        _tokens = tokens;
    }

    /// <summary>The pattern as written.</summary>
    public string Text { get; }

    private bool IsExact => Text == _tokens;

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="MalformedDataException">It is not a URI, or a wildcard stands where none may.</exception>
    public static UriPattern Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is 0 or > LongestPattern || text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            throw Malformed($"a URI of at most {LongestPattern} characters without white space is expected");
        }
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !char.IsAsciiLetter(text[0]) || colon == text.Length - 1)
        {
            throw Malformed($"'{text}' is not a URI: it has no scheme");
        }
        var wildcard = text.IndexOf('*', StringComparison.Ordinal);
        if (wildcard < 0)
        {
            return new UriPattern(text, text);
        }
        var authority = string.CompareOrdinal(text, colon + 1, "//", 0, 2) == 0;
        var path = text.IndexOf('/', authority ? colon + 3 : colon + 1);
        if (path < 0 || wildcard < path || (authority && path == colon + 3 && !text.StartsWith("file:", StringComparison.Ordinal)))
        {
            throw Malformed($"in '{text}' a wildcard stands before the path; scheme and host are to be written out, up to a '/'");
        }
        if (text.Contains("***", StringComparison.Ordinal))
        {
            throw Malformed($"'{text}' has three stars in a row");
        }
        var tokens = text.Replace("**", Path.ToString(), StringComparison.Ordinal).Replace('*', Segment);
        return new UriPattern(text, tokens);
    }

    /// <summary>Whether the pattern matches the whole URI.</summary>
    public bool Matches(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (uri.Length > Limits.PatternInput)
        {
            return false;
        }
        return IsExact ? uri == Text : !uri.Any(char.IsControl) && !uri.Split(SegmentEnds).Any(s => s is "." or "..") && MatchesTokens(uri);
    }

    // reached[i] says whether the tokens so far can match the first i characters: time is the product of both lengths, whatever they are.
    private bool MatchesTokens(string uri)
    {
        var reached = new bool[uri.Length + 1];
        reached[0] = true;
        foreach (var token in _tokens)
        {
            var next = new bool[uri.Length + 1];
            for (var i = 0; i < uri.Length; i++)
            {
                next[i + 1] = token switch
                {
                    Segment => (reached[i] || next[i]) && uri[i] != '/' && MayBeWild(uri[i]),
                    Path => (reached[i] || next[i]) && MayBeWild(uri[i]),
                    _ => reached[i] && uri[i] == token,
                };
            }
            reached = next;
        }
        return reached[^1];
    }

    private static bool MayBeWild(char c) => !NeverWild.Contains(c) && !char.IsWhiteSpace(c);

    private static MalformedDataException Malformed(string reason) => new("URI pattern", "$", reason);

    /// <inheritdoc/>
    public bool Equals(UriPattern? other) => other?.Text == Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as UriPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    /// <summary>The pattern as written.</summary>
    public override string ToString() => Text;
}
