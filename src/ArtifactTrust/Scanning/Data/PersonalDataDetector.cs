using System.Buffers;

namespace ArtifactTrust.Scanning.Data;

/// <summary>A piece of text that is data about a person.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Start">Where it begins, in UTF-16 units.</param>
/// <param name="Length">How long it is, in UTF-16 units.</param>
/// <param name="Confidence">How sure that is.</param>
internal readonly record struct PersonalDataMatch(PersonalDataKind Kind, int Start, int Length, Confidence Confidence)
{
    internal int End => Start + Length;
}

/// <summary>Finds data about people in one text: a cell, a string, a line.</summary>
/// <remarks>
/// Each kind needs its whole form: boundaries, lengths, prefixes that are given out, check digits. Names and texts known to be examples are no findings. The work is in
/// proportion to the text's length.
/// </remarks>
internal static class PersonalDataDetector
{
    private const string EmailSymbols = ".!#$%&'*+-/=?^_`{|}~";

    // Addresses by which files are named, not people.
    private static readonly string[] FileEndings =
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "css",
        "js",
        "ts",
        "html",
        "json",
        "py",
        "so",
        "dll",
        "txt",
        "md",
    ];

    // RFC 2606 and RFC 6761.
    private static readonly string[] ReservedDomains = ["example", "test", "invalid", "localhost", "local"];

    // What values are crossed out with.
    private static readonly SearchValues<char> Blanks = SearchValues.Create("*xX.-•█#_ ");

    /// <summary>Finds all, in order, none inside of another.</summary>
    internal static void Find(ReadOnlySpan<char> text, ColumnHint hint, List<PersonalDataMatch> matches)
    {
        matches.Clear();
        if (hint.NamesSecret || hint.NamesToken)
        {
            FindCredential(text, hint, matches);
            if (matches.Count > 0)
            {
                return;
            }
        }
        FindEmails(text, hint, matches);
        var (emails, next) = (matches.Count, 0);
        var candidates = new CandidateFinder(text);
        for (var i = 0; (i = candidates.Next(i)) >= 0; )
        {
            if (i > 0 && IsWordPart(text[i - 1]))
            {
                // In the middle of a word: to its end.
                i = EndOfToken(text, i);
                continue;
            }
            var match = CodeDetector.At(text, i, hint) ?? (char.IsAsciiLetter(text[i]) ? null : NumberDetector.At(text, i, hint));
            if (match is { } found && !OverlapsEmail(found, matches, emails, ref next))
            {
                matches.Add(found);
                i = found.End;
            }
            else
            {
                i = EndOfToken(text, i);
            }
        }
        if (matches.Count > 1)
        {
            matches.Sort((a, b) => a.Start.CompareTo(b.Start));
        }
    }

    internal static bool IsWordPart(char c) => char.IsLetterOrDigit(c) || c == '_';

    // A token that was no match is passed by its first run of letters or digits; what follows a separator is tried again.
    private static int EndOfToken(ReadOnlySpan<char> text, int i)
    {
        var end = i + 1;
        if (!char.IsLetterOrDigit(text[i]))
        {
            return end;
        }
        while (end < text.Length && char.IsLetterOrDigit(text[end]))
        {
            end++;
        }
        return end;
    }

    /// <summary>Whether a match lies over an address. These come first, in order; of the others each begins behind the one before.</summary>
    private static bool OverlapsEmail(PersonalDataMatch match, List<PersonalDataMatch> matches, int emails, ref int next)
    {
        while (next < emails && matches[next].End <= match.Start)
        {
            next++;
        }
        return next < emails && matches[next].Start < match.End;
    }

    private static void FindCredential(ReadOnlySpan<char> text, ColumnHint hint, List<PersonalDataMatch> matches)
    {
        var value = text.Trim();
        if (value.Length == 0 || IsPlaceholder(value))
        {
            return;
        }
        if (hint.NamesSecret || Secrets.SecretText.LooksRandom(value))
        {
            matches.Add(
                new PersonalDataMatch(PersonalDataKind.Credential, 0, text.Length, hint.NamesSecret ? Confidence.High : Confidence.Medium)
            );
        }
    }

    /// <summary>Whether a value says only that there is, or was, one.</summary>
    internal static bool IsPlaceholder(ReadOnlySpan<char> value) =>
        value.IndexOfAnyExcept(Blanks) < 0
        || value is ['<', .., '>'] or ['$', '{', .., '}'] or ['{', '{', .., '}', '}'] or ['[', .., ']'] or ['%', .., '%']
        || value.Equals("null", StringComparison.OrdinalIgnoreCase)
        || value.Equals("none", StringComparison.OrdinalIgnoreCase)
        || value.Equals("nan", StringComparison.OrdinalIgnoreCase)
        || value.Equals("true", StringComparison.OrdinalIgnoreCase)
        || value.Equals("false", StringComparison.OrdinalIgnoreCase)
        || value.Equals("n/a", StringComparison.OrdinalIgnoreCase)
        || value.Equals("redacted", StringComparison.OrdinalIgnoreCase)
        || value.StartsWith(Redacted);

    /// <summary>What values that were replaced begin with.</summary>
    internal const string Redacted = "redacted-";

    internal static void FindEmails(ReadOnlySpan<char> text, ColumnHint hint, List<PersonalDataMatch> matches)
    {
        for (var at = text.IndexOf('@'); at >= 0; )
        {
            if (Email(text, at) is var (start, end) && start >= 0)
            {
                matches.Add(
                    new PersonalDataMatch(
                        PersonalDataKind.Email,
                        start,
                        end - start,
                        hint.Names(PersonalDataKind.Email) || (start == 0 && end == text.Length) ? Confidence.High : Confidence.Medium
                    )
                );
            }
            var next = text[(at + 1)..].IndexOf('@');
            at = next < 0 ? -1 : at + 1 + next;
        }
    }

    // RFC 5321 §4.5.3.1: 64 octets before the @, 255 after it; labels as RFC 1123 §2.1.
    private static (int Start, int End) Email(ReadOnlySpan<char> text, int at)
    {
        var start = at;
        while (
            start > 0
            && at - start < 65
            && (char.IsLetterOrDigit(text[start - 1]) || EmailSymbols.Contains(text[start - 1], StringComparison.Ordinal))
        )
        {
            start--;
        }
        // Quotes, brackets and what else stands before an address in prose are no part of it.
        while (start < at && text[start] is not '_' && !char.IsLetterOrDigit(text[start]))
        {
            start++;
        }
        var local = text[start..at];
        var end = at + 1;
        while (end < text.Length && end - at < 255 && (char.IsLetterOrDigit(text[end]) || text[end] is '.' or '-'))
        {
            end++;
        }
        var domain = text[(at + 1)..end].TrimEnd(".-");
        end = at + 1 + domain.Length;
        if (local.Length is 0 or > 64 || local[^1] == '.' || local.IndexOf("..") >= 0 || !IsDomain(domain))
        {
            return (-1, 0);
        }
        // git@host:path, and the user of a URL, name machines.
        if (
            (end < text.Length && text[end] is ':' or '@')
            || (start > 0 && text[start - 1] is ':' or '/' && text[..start].IndexOf("://") >= 0)
        )
        {
            return (-1, 0);
        }
        return (start, end);
    }

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        var labels = 0;
        ReadOnlySpan<char> last = default;
        ReadOnlySpan<char> previous = default;
        foreach (var range in domain.Split('.'))
        {
            var label = domain[range];
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
            labels++;
            previous = last;
            last = label;
        }
        var top = last.ToString().ToLowerInvariant();
        return labels >= 2
            && last.Length >= 2
            && !last.ContainsAnyInRange('0', '9') | top.StartsWith("xn--", StringComparison.Ordinal)
            && !FileEndings.Contains(top)
            && !ReservedDomains.Contains(top)
            && !(previous.Equals("example", StringComparison.OrdinalIgnoreCase) && top is "com" or "org" or "net");
    }
}
