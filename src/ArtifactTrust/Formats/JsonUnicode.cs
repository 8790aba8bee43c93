using System.Buffers.Text;
using System.Globalization;
using System.Text.Unicode;

namespace ArtifactTrust.Formats;

/// <summary>Checks the Unicode of JSON text, which the BCL's parser leaves until a string is asked for, and then answers with other exceptions.</summary>
public static class JsonUnicode
{
    /// <summary>Throws where the text is not UTF-8, or an escape stands for half a surrogate pair.</summary>
    /// <param name="utf8">The whole text.</param>
    /// <param name="format">The format's name, for the error.</param>
    /// <exception cref="MalformedDataException">See above.</exception>
    /// <remarks>Spec: RFC 8259 §8.1 and §8.2; I-JSON (RFC 7493) §2.1.</remarks>
    public static void Check(ReadOnlySpan<byte> utf8, string format)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new MalformedDataException(format, "$", "the text is not UTF-8");
        }
        for (var at = 0; utf8[at..].IndexOf((byte)'\\') is >= 0 and var next; )
        {
            at += next;
            var unit = Escape(utf8[at..]);
            if (unit is >= 0xd800 and < 0xdc00)
            {
                at += 6;
                unit = Escape(utf8[at..]) is >= 0xdc00 and < 0xe000 ? 0 : unit;
            }
            if (unit is >= 0xd800 and < 0xe000)
            {
                throw new MalformedDataException(
                    format,
                    string.Create(CultureInfo.InvariantCulture, $"byte {at}"),
                    "an escape stands for half a surrogate pair"
                );
            }
            at += unit is null ? Math.Min(2, utf8.Length - at) : 6;
        }
    }

    /// <summary>The UTF-16 unit of an escape of the form <c>\u</c> and four hex digits; null where there is none.</summary>
    private static int? Escape(ReadOnlySpan<byte> text) =>
        text.Length >= 6
        && text[0] == '\\'
        && text[1] == 'u'
        && Utf8Parser.TryParse(text.Slice(2, 4), out ushort unit, out var used, 'x')
        && used == 4
            ? unit
            : null;
}
