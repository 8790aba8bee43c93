using System.Buffers;
using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Checks what <c>format</c> asks of strings.</summary>
internal static class JsonFormats
{
    // RFC 3987 §2.2 has none of these in any part.
    private static readonly SearchValues<char> NotInAddresses = SearchValues.Create("<>\"{}|\\^` ");

    /// <summary>What is wrong with the text, or null.</summary>
    internal static string? Error(JsonFormat format, string text) =>
        format switch
        {
            JsonFormat.None => null,
            JsonFormat.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
                ? null
                : "a date such as 2026-01-31 is expected",
            JsonFormat.DateTime => Rfc3339.TryParse(text, out _) ? null : "a date and time such as 2026-01-31T12:00:00Z is expected",
            JsonFormat.Uri => IsAddress(text) && Scheme(text) ? null : "an absolute URI is expected",
            JsonFormat.IriReference => IsAddress(text) ? null : "an IRI reference is expected (RFC 3987); escape what it cannot hold",
            JsonFormat.IdnEmail => IsEmail(text) ? null : "an e-mail address is expected",
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "no such format"),
        };

    private static bool IsAddress(string text)
    {
        if (text.AsSpan().ContainsAny(NotInAddresses))
        {
            return false;
        }
        for (var i = 0; i < text.Length; i++)
        {
            if (
                text[i] < ' '
                || text[i] == 0x7f
                || text[i] == '%' && !(i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            )
            {
                return false;
            }
        }
        return true;
    }

    private static bool Scheme(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && char.IsAsciiLetter(text[0]) && text[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.');
    }

    private static bool IsEmail(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && at < text.Length - 1 && text.IndexOf('@', at + 1) < 0 && !text.Any(char.IsWhiteSpace);
    }
}
