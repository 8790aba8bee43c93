using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace ArtifactTrust.Formats;

/// <summary>Base64 with padding and no white space (RFC 4648 §4), and with zero trailing bits, so that each value has one spelling.</summary>
public static class StrictBase64
{
    /// <summary>Decodes text.</summary>
    /// <exception cref="MalformedDataException">The text is not canonical base64.</exception>
    public static byte[] Decode(string text, string format, string location)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Decode(Encoding.UTF8.GetBytes(text), format, location);
    }

    /// <summary>Decodes text that is UTF-8.</summary>
    /// <exception cref="MalformedDataException">The text is not canonical base64.</exception>
    public static byte[] Decode(ReadOnlySpan<byte> utf8, string format, string location)
    {
        // The decoder skips white space, which the length shows, and ignores bits behind the last byte, which its encoding shows.
        if (Base64.IsValid(utf8, out var length) && Base64.GetMaxEncodedToUtf8Length(length) == utf8.Length)
        {
            var bytes = GC.AllocateUninitializedArray<byte>(length);
            if (
                Base64.DecodeFromUtf8(utf8, bytes, out var consumed, out var written) == OperationStatus.Done
                && consumed == utf8.Length
                && written == length
                && (length == 0 || EndsAs(utf8, bytes))
            )
            {
                return bytes;
            }
        }
        throw new MalformedDataException(format, location, "not canonical base64 (RFC 4648 §4)");
    }

    /// <summary>Decodes base64url without padding and with zero trailing bits (RFC 7515 §2).</summary>
    /// <exception cref="MalformedDataException">The text is not of that form.</exception>
    internal static byte[] DecodeUrl(ReadOnlySpan<char> text, string format, string location)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        // The decoder takes white space, padding and stray bits; encoding again shows all of them.
        return
            Base64Url.DecodeFromChars(text, bytes, out var consumed, out var written) == System.Buffers.OperationStatus.Done
            && consumed == text.Length
            && text.SequenceEqual(Base64Url.EncodeToString(bytes.AsSpan(0, written)))
            ? bytes[..written]
            : throw new MalformedDataException(format, location, "not base64url without padding (RFC 7515 §2)");
    }

    private static bool EndsAs(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> bytes)
    {
        Span<byte> last = stackalloc byte[4];
        return Base64.EncodeToUtf8(bytes[((bytes.Length - 1) / 3 * 3)..], last, out _, out var written) == OperationStatus.Done
            && utf8[^4..].SequenceEqual(last[..written]);
    }
}
