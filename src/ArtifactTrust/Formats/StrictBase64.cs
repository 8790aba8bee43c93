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
        var utf8 = Encoding.UTF8.GetBytes(text);
        // The decoder skips white space and ignores trailing bits; encoding again shows both.
        if (utf8.Length % 4 == 0 && Base64.IsValid(utf8))
        {
            var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(utf8.Length)];
            var status = Base64.DecodeFromUtf8(utf8, bytes, out var consumed, out var written);
            if (status == System.Buffers.OperationStatus.Done && consumed == utf8.Length)
            {
                Array.Resize(ref bytes, written);
                if (Convert.ToBase64String(bytes) == text)
                {
                    return bytes;
                }
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
}
