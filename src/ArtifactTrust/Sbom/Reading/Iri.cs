using System.Buffers;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>Addresses, where the SBOM's schema asks for an IRI reference and files say anything.</summary>
internal static class Iri
{
    private const int MaximumLength = 2048;

    private static readonly SearchValues<char> Refused = SearchValues.Create("<>\"{}|\\^` ");

    /// <summary>The text where it is an IRI reference with nothing that needs escaping; null otherwise.</summary>
    /// <remarks>Spec: RFC 3987 §2.2. A colon in the first part of a relative reference is read as a scheme's.</remarks>
    internal static string? OrNull(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaximumLength || text.AsSpan().ContainsAny(Refused))
        {
            return null;
        }
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) || char.IsSurrogate(text[i]) || char.IsWhiteSpace(text[i]))
            {
                return null;
            }
            if (text[i] == '%' && !(i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2])))
            {
                return null;
            }
        }
        var fragment = text.IndexOf('#', StringComparison.Ordinal);
        if (fragment >= 0 && text.IndexOf('#', fragment + 1) >= 0)
        {
            return null;
        }
        return Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _) ? text : null;
    }
}
