using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ArtifactTrust.Sbom;

/// <summary>
/// Escapes what a reader of the text could be misled by: control characters and those of category Cf, which reorder or hide what is
/// around them, as <c>\u</c>. All else that JSON lets stand stays as it is, since people read these documents.
/// </summary>
internal sealed class SbomJsonEncoder : JavaScriptEncoder
{
    // Half a surrogate pair is what one escape stands for, so a scalar is two at most.
    private const int EscapeLength = 6;

    private SbomJsonEncoder() { }

    /// <summary>How every JSON document of this folder is laid out.</summary>
    internal static JsonWriterOptions Layout { get; } =
        new()
        {
            Indented = true,
            NewLine = "\n",
            Encoder = new SbomJsonEncoder(),
        };

    public override int MaxOutputCharactersPerInputCharacter => 2 * EscapeLength;

    public override bool WillEncode(int unicodeScalar) => IsHidden(unicodeScalar) || UnsafeRelaxedJsonEscaping.WillEncode(unicodeScalar);

    public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
    {
        var span = new ReadOnlySpan<char>(text, textLength);
        for (var i = 0; i < span.Length; )
        {
            if (
                Rune.DecodeFromUtf16(span[i..], out var rune, out var used) != System.Buffers.OperationStatus.Done
                || WillEncode(rune.Value)
            )
            {
                return i;
            }
            i += used;
        }
        return -1;
    }

    public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
    {
        if (!IsHidden(unicodeScalar))
        {
            return UnsafeRelaxedJsonEscaping.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
        }
        Span<char> units = stackalloc char[2];
        var count = new Rune(unicodeScalar).EncodeToUtf16(units);
        numberOfCharactersWritten = 0;
        foreach (var unit in units[..count])
        {
            if (!((ReadOnlySpan<char>)$"\\u{(int)unit:x4}").TryCopyTo(new Span<char>(buffer, bufferLength)[numberOfCharactersWritten..]))
            {
                numberOfCharactersWritten = 0;
                return false;
            }
            numberOfCharactersWritten += EscapeLength;
        }
        return true;
    }

    /// <summary>Whether a character has no shape of its own, and changes how others look.</summary>
    internal static bool IsHidden(int scalar) =>
        Rune.TryCreate(scalar, out var rune)
        && Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Control;
}
