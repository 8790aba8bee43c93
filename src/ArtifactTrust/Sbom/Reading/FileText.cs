using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>Text from a file that anyone may have written, made fit for an SBOM.</summary>
internal static class FileText
{
    /// <summary>The text as well-formed UTF-16 without control characters, cut to <see cref="Limits.SbomTextLength"/>; null stays null.</summary>
    internal static string? Clean(string? text)
    {
        if (text is null)
        {
            return null;
        }
        var cut = text.Length > Limits.SbomTextLength;
        if (!cut && !NeedsWork(text))
        {
            return text;
        }
        var result = new StringBuilder(Math.Min(text.Length, Limits.SbomTextLength) + 1);
        foreach (var rune in text.EnumerateRunes())
        {
            if (result.Length + rune.Utf16SequenceLength > Limits.SbomTextLength)
            {
                return result.Append('…').ToString();
            }
            // Line feeds and tabs belong to descriptions; other control characters only mislead terminals and have no form in XML.
            result.Append(Rune.IsControl(rune) && rune.Value is not ('\n' or '\t') ? " " : rune.ToString());
        }
        return result.ToString();
    }

    /// <summary>A field of a flatbuffer that is text, or null.</summary>
    internal static string? Text(this FlatTable table, int field) => Clean(table.Text(field, Limits.SbomTextLength));

    /// <summary>Decodes UTF-8; what is not becomes U+FFFD.</summary>
    internal static string Decode(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static bool NeedsWork(string text)
    {
        foreach (var c in text)
        {
            if (char.IsSurrogate(c) || char.IsControl(c))
            {
                return true;
            }
        }
        return false;
    }
}
