using System.Buffers;
using System.Text;
using System.Text.Json;

namespace ArtifactTrust.Formats;

/// <summary>The one encoding of a JSON value that TUF keys sign and hash.</summary>
/// <remarks>
/// Spec: TUF 1.0 §4.1, "Canonical JSON" of OLPC: no white space; members in code point order of their names; whole numbers only; in strings
/// only <c>"</c> and <c>\</c> are escaped, so control characters stand for themselves and the result need not be JSON. RFC 8785 is another
/// canonical form.
/// </remarks>
public static class CanonicalJson
{
    /// <summary>Encodes a value.</summary>
    /// <param name="value">A value that <see cref="StrictJson.Parse"/> read, so that it repeats no member and is Unicode.</param>
    /// <param name="format">The format's name, for the error.</param>
    /// <returns>The encoding, UTF-8.</returns>
    /// <exception cref="MalformedDataException">A number is not whole, or is written with an exponent, or as <c>-0</c>.</exception>
    public static byte[] Encode(JsonElement value, string format)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(output, value, format);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output, JsonElement value, string format)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(output, value, format);
                break;
            case JsonValueKind.Array:
                output.Write("["u8);
                var isFirst = true;
                foreach (var element in value.EnumerateArray())
                {
                    output.Write(isFirst ? default : ","u8);
                    isFirst = false;
                    Write(output, element, format);
                }
                output.Write("]"u8);
                break;
            case JsonValueKind.String:
                WriteString(output, value.GetString()!);
                break;
            case JsonValueKind.Number:
                WriteNumber(output, value.GetRawText(), format);
                break;
            case JsonValueKind.True:
                output.Write("true"u8);
                break;
            case JsonValueKind.False:
                output.Write("false"u8);
                break;
            case JsonValueKind.Null:
                output.Write("null"u8);
                break;
            default:
                throw new ArgumentException("the value is of no document", nameof(value));
        }
    }

    private static void WriteObject(ArrayBufferWriter<byte> output, JsonElement value, string format)
    {
        output.Write("{"u8);
        var isFirst = true;
        foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, CodePointOrder.Instance))
        {
            output.Write(isFirst ? default : ","u8);
            isFirst = false;
            WriteString(output, member.Name);
            output.Write(":"u8);
            Write(output, member.Value, format);
        }
        output.Write("}"u8);
    }

    private static void WriteString(ArrayBufferWriter<byte> output, string text)
    {
        output.Write("\""u8);
        var escaped = text.AsSpan().ContainsAny('"', '\\')
            ? text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            : text;
        Encoding.UTF8.GetBytes(escaped, output);
        output.Write("\""u8);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> output, string text, string format)
    {
        // JSON's grammar has already refused leading zeros and signs other than '-'.
        if (text is "-0" || text.AsSpan().ContainsAny('.', 'e', 'E'))
        {
            var excerpt = text.Length <= 32 ? text : text[..32] + "…";
            throw new MalformedDataException(
                format,
                "$",
                $"the number {excerpt} is not written as a whole one, so it has no canonical form"
            );
        }
        Encoding.ASCII.GetBytes(text, output);
    }
}
