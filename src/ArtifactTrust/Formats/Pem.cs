using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Formats;

/// <summary>Textual encoding of keys and certificates, written as OpenSSL and Go write it.</summary>
/// <remarks>Spec: RFC 7468 §3, strict form: lines of 64 characters.</remarks>
public static class Pem
{
    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n\f\v"u8);

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

    /// <summary>Encodes secret bytes under a label, as <see cref="Encode"/> does, to UTF-8 that the caller can clear.</summary>
    public static byte[] EncodeToUtf8(string label, ReadOnlySpan<byte> data)
    {
        ArgumentNullException.ThrowIfNull(label);
        var utf8 = GC.AllocateUninitializedArray<byte>(PemEncoding.GetEncodedSize(label.Length, data.Length) + 1, pinned: true);
        PemEncoding.TryWriteUtf8(Encoding.ASCII.GetBytes(label), data, utf8, out _);
        utf8[^1] = (byte)'\n';
        return utf8;
    }

    /// <summary>Decodes a text that is exactly one block, with nothing but white space around it.</summary>
    /// <exception cref="MalformedDataException">There is no block, more than one, or text beside it.</exception>
    public static (string Label, byte[] Data) DecodeSingle(string text, string format)
    {
        ArgumentNullException.ThrowIfNull(text);
        return DecodeSingle(Encoding.UTF8.GetBytes(text), format);
    }

    /// <inheritdoc cref="DecodeSingle(string, string)"/>
    /// <param name="utf8">The text.</param>
    /// <param name="format">The format's name, for the error.</param>
    /// <returns>The label, and the bytes in pinned memory that the caller can clear.</returns>
    public static (string Label, byte[] Data) DecodeSingle(ReadOnlySpan<byte> utf8, string format)
    {
        if (!PemEncoding.TryFindUtf8(utf8, out var fields))
        {
            throw new MalformedDataException(format, "$", "no PEM block (-----BEGIN …-----) was found");
        }
        var (start, end) = (fields.Location.Start.GetOffset(utf8.Length), fields.Location.End.GetOffset(utf8.Length));
        if (utf8[..start].ContainsAnyExcept(WhiteSpace) || utf8[end..].ContainsAnyExcept(WhiteSpace))
        {
            throw new MalformedDataException(format, $"byte {end}", "one PEM block and nothing else is expected");
        }
        var data = GC.AllocateUninitializedArray<byte>(fields.DecodedDataLength, pinned: true);
        var status = Base64.DecodeFromUtf8(utf8[fields.Base64Data], data, out _, out var written);
        return status == OperationStatus.Done && written == data.Length
            ? (Encoding.ASCII.GetString(utf8[fields.Label]), data)
            : throw new MalformedDataException(format, "$", "the PEM block is not base64");
    }
}
