using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Formats;

/// <summary>Textual encoding of keys and certificates, written as OpenSSL and Go write it.</summary>
/// <remarks>Spec: RFC 7468 §3, strict form: lines of 64 characters.</remarks>
public static class Pem
{
    private static ReadOnlySpan<byte> Begin => "-----BEGIN"u8;

    private static ReadOnlySpan<byte> End => "-----END "u8;

    private static ReadOnlySpan<byte> Hyphens => "-----"u8;

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

    /// <summary>Decodes a text that holds exactly one block, perhaps with explanatory text before it.</summary>
    /// <exception cref="MalformedDataException">There is no block, more than one, or text after it.</exception>
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
        // PemEncoding finds blocks too, but it is compiled at run time, which takes 8 ms of a verification.
        var start = utf8.IndexOf(Begin);
        if (start < 0)
        {
            throw new MalformedDataException(format, "$", "no PEM block (-----BEGIN …-----) was found");
        }
        // RFC 7468 §5.2 lets explanatory text stand before a block.
        if (
            (start > 0 && !IsWhiteSpace(utf8[start - 1]))
            || !TryRead(utf8[(start + Begin.Length)..], out var label, out var base64, out var rest)
            || !Base64.IsValid(base64, out var length)
        )
        {
            throw new MalformedDataException(format, "$", "the PEM block has no end, or is not base64");
        }
        // A second block would make it unclear which one is meant.
        foreach (var after in rest)
        {
            if (!IsWhiteSpace(after) && after is not ((byte)'\v' or (byte)'\f'))
            {
                throw new MalformedDataException(
                    format,
                    $"byte {utf8.Length - rest.Length}",
                    "one PEM block and nothing after it is expected"
                );
            }
        }
        var data = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        var status = Base64.DecodeFromUtf8(base64, data, out _, out var written);
        return status == OperationStatus.Done && written == data.Length
            ? (Encoding.ASCII.GetString(label), data)
            : throw new MalformedDataException(format, "$", "the PEM block is not base64");
    }

    /// <summary>Takes apart what follows <see cref="Begin"/>: a label without hyphens, what lies between the two lines, and what comes after them.</summary>
    private static bool TryRead(
        ReadOnlySpan<byte> text,
        out ReadOnlySpan<byte> label,
        out ReadOnlySpan<byte> between,
        out ReadOnlySpan<byte> rest
    )
    {
        label = between = rest = default;
        var end = text.IndexOf(Hyphens);
        if (end < 0 || text[0] != ' ')
        {
            return false;
        }
        label = text[1..end];
        text = text[(end + Hyphens.Length)..];
        var last = text.IndexOf(End);
        if (last < 0)
        {
            return false;
        }
        foreach (var c in label)
        {
            if (c is < (byte)' ' or > (byte)'~' or (byte)'-')
            {
                return false;
            }
        }
        between = text[..last];
        rest = text[(last + End.Length)..];
        if (!rest.StartsWith(label) || !rest[label.Length..].StartsWith(Hyphens))
        {
            return false;
        }
        rest = rest[(label.Length + Hyphens.Length)..];
        return rest.IsEmpty || IsWhiteSpace(rest[0]);
    }

    private static bool IsWhiteSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
