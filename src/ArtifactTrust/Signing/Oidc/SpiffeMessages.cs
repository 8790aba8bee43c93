using System.Buffers.Binary;
using System.Text;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>The two messages of FetchJWTSVID, each in the frame of gRPC: one byte for compression, and the length in four.</summary>
/// <remarks>
/// Spec: workload.proto. <c>JWTSVIDRequest { repeated string audience = 1; }</c>; <c>JWTSVIDResponse { repeated JWTSVID svids = 1; }</c>;
/// <c>JWTSVID { string spiffe_id = 1; string svid = 2; }</c>.
/// </remarks>
internal static class SpiffeMessages
{
    private const int FrameHeader = 5;
    private const int LengthDelimited = 2;

    /// <summary>A framed request for a token.</summary>
    internal static byte[] Request(string audience)
    {
        var text = Encoding.UTF8.GetBytes(audience);
        using var message = new MemoryStream();
        message.WriteByte((1 << 3) | LengthDelimited);
        for (var rest = (uint)text.Length; ; rest >>= 7)
        {
            message.WriteByte((byte)(rest < 0x80 ? rest : rest | 0x80));
            if (rest < 0x80)
            {
                break;
            }
        }
        message.Write(text);
        var frame = new byte[FrameHeader + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        message.GetBuffer().AsSpan(0, (int)message.Length).CopyTo(frame.AsSpan(FrameHeader));
        return frame;
    }

    /// <summary>The first token of a framed answer, which is the workload's default identity.</summary>
    /// <exception cref="IdentityTokenException">The answer is not one whole, uncompressed message with a token.</exception>
    internal static string FirstToken(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < FrameHeader || frame[0] != 0 || BinaryPrimitives.ReadUInt32BigEndian(frame[1..]) != frame.Length - FrameHeader)
        {
            throw Bad("is not one uncompressed message");
        }
        var svid = Field(frame[FrameHeader..], 1, "svids");
        if (svid.Length == 0)
        {
            throw Bad("has no token");
        }
        var text = Field(svid, 2, "svid");
        return text.Length > 0 ? Encoding.UTF8.GetString(text) : throw Bad("has no token");
    }

    // The first field of the number; empty where there is none. What follows it is walked too, so that all of the message is read.
    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> message, int number, string name)
    {
        ReadOnlySpan<byte> found = default;
        while (message.Length > 0)
        {
            var tag = Varint(ref message);
            var length = (int)(tag & 7) switch
            {
                0 => Skip(ref message),
                1 => 8UL,
                LengthDelimited => Varint(ref message),
                5 => 4UL,
                _ => throw Bad("is malformed"),
            };
            if (length > (ulong)message.Length)
            {
                throw Bad("is cut short");
            }
            if (tag >> 3 == (ulong)number)
            {
                if ((tag & 7) != LengthDelimited)
                {
                    throw Bad($"has a '{name}' of the wrong type");
                }
                found = found.Length == 0 ? message[..(int)length] : found;
            }
            message = message[(int)length..];
        }
        return found;
    }

    private static ulong Skip(ref ReadOnlySpan<byte> message)
    {
        Varint(ref message);
        return 0;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> message)
    {
        var value = 0UL;
        for (var i = 0; i < 10 && i < message.Length; i++)
        {
            value |= (ulong)(message[i] & 0x7f) << (7 * i);
            if (message[i] < 0x80)
            {
                message = message[(i + 1)..];
                return value;
            }
        }
        throw Bad("is cut short");
    }

    private static IdentityTokenException Bad(string reason) => new(IdentityTokenFailure.BadAnswer, $"the SPIFFE agent's answer {reason}");
}
