using System.Text;

namespace ArtifactTrust.Formats;

/// <summary>Textual encoding of keys and certificates, written as OpenSSL and Go write it.</summary>
/// <remarks>Spec: RFC 7468 §3, strict form: lines of 64 characters.</remarks>
public static class Pem
{
    /// <summary>Encodes bytes under a label, with a line feed after every line.</summary>
    public static string Encode(string label, ReadOnlySpan<byte> data)
    {
        var base64 = Convert.ToBase64String(data);
        var text = new StringBuilder(base64.Length + (base64.Length / 64) + 64);
        text.Append("-----BEGIN ").Append(label).Append("-----\n");
        for (var i = 0; i < base64.Length; i += 64)
        {
            text.Append(base64, i, Math.Min(64, base64.Length - i)).Append('\n');
        }
        return text.Append("-----END ").Append(label).Append("-----\n").ToString();
    }

    /// <summary>Decodes a text that holds exactly one block, perhaps with explanatory text before it.</summary>
    /// <exception cref="MalformedDataException">There is no block, more than one, or text after it.</exception>
    public static (string Label, byte[] Data) DecodeSingle(string text, string format)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!System.Security.Cryptography.PemEncoding.TryFind(text, out var fields))
        {
            throw new MalformedDataException(format, "$", "no PEM block (-----BEGIN …-----) was found");
        }
        var (start, end) = (fields.Location.Start.GetOffset(text.Length), fields.Location.End.GetOffset(text.Length));
        // RFC 7468 §5.2 lets explanatory text stand before a block. A second block would make it unclear which one is meant.
        if (text.AsSpan(0, start).Contains("-----BEGIN", StringComparison.Ordinal) || !text.AsSpan(end).IsWhiteSpace())
        {
            throw new MalformedDataException(format, $"character {end}", "one PEM block and nothing after it is expected");
        }
        var data = new byte[fields.DecodedDataLength];
        return Convert.TryFromBase64Chars(text.AsSpan()[fields.Base64Data], data, out var written) && written == data.Length
            ? (text[fields.Label], data)
            : throw new MalformedDataException(format, "$", "the PEM block is not base64");
    }
}
