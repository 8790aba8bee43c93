using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>The hash that frames carry of their content, of seed 0. It finds damage, and no deliberate change.</summary>
/// <remarks>Spec: xxHash fast digest algorithm 0.1.1, "XXH64". The package that has it, System.IO.Hashing, cannot be restored here.</remarks>
internal sealed class XxHash64
{
    private const int StripeBytes = 32;
    private const ulong Prime1 = 0x9e37_79b1_85eb_ca87;
    private const ulong Prime2 = 0xc2b2_ae3d_27d4_eb4f;
    private const ulong Prime3 = 0x1656_67b1_9e37_79f9;
    private const ulong Prime4 = 0x85eb_ca77_c2b2_ae63;
    private const ulong Prime5 = 0x27d4_eb2f_1656_67c5;

    private readonly byte[] _rest = new byte[StripeBytes];
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;
    private ulong _length;

    internal XxHash64() => Reset();

    /// <summary>The hash of all bytes so far.</summary>
    internal ulong Value
    {
        get
        {
            var hash = _length < StripeBytes ? Prime5 : Merged();
            hash += _length;
            ReadOnlySpan<byte> rest = _rest.AsSpan(0, (int)(_length % StripeBytes));
            for (; rest.Length >= sizeof(ulong); rest = rest[sizeof(ulong)..])
            {
                hash ^= Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest));
                hash = (BitOperations.RotateLeft(hash, 27) * Prime1) + Prime4;
            }
            if (rest.Length >= sizeof(uint))
            {
                hash ^= BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime1;
                hash = (BitOperations.RotateLeft(hash, 23) * Prime2) + Prime3;
                rest = rest[sizeof(uint)..];
            }
            foreach (var value in rest)
            {
                hash ^= value * Prime5;
                hash = BitOperations.RotateLeft(hash, 11) * Prime1;
            }
            hash = (hash ^ (hash >> 33)) * Prime2;
            hash = (hash ^ (hash >> 29)) * Prime3;
            return hash ^ (hash >> 32);
        }
    }

    /// <summary>Forgets all bytes.</summary>
    internal void Reset() => (_a, _b, _c, _d, _length) = (unchecked(Prime1 + Prime2), Prime2, 0, unchecked(0 - Prime1), 0);

    /// <summary>Adds bytes.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        var held = (int)(_length % StripeBytes);
        _length += (ulong)bytes.Length;
        if (held > 0)
        {
            var count = Math.Min(StripeBytes - held, bytes.Length);
            bytes[..count].CopyTo(_rest.AsSpan(held));
            bytes = bytes[count..];
            if (held + count < StripeBytes)
            {
                return;
            }
            AppendStripes(_rest);
        }
        AppendStripes(bytes);
        bytes[(bytes.Length / StripeBytes * StripeBytes)..].CopyTo(_rest);
    }

    private void AppendStripes(ReadOnlySpan<byte> bytes)
    {
        var (a, b, c, d) = (_a, _b, _c, _d);
        for (; bytes.Length >= StripeBytes; bytes = bytes[StripeBytes..])
        {
            a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
            d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
        }
        (_a, _b, _c, _d) = (a, b, c, d);
    }

    private ulong Merged()
    {
        var hash =
            BitOperations.RotateLeft(_a, 1)
            + BitOperations.RotateLeft(_b, 7)
            + BitOperations.RotateLeft(_c, 12)
            + BitOperations.RotateLeft(_d, 18);
        foreach (var lane in (ReadOnlySpan<ulong>)[_a, _b, _c, _d])
        {
            hash = ((hash ^ Round(0, lane)) * Prime1) + Prime4;
        }
        return hash;
    }

    private static ulong Round(ulong lane, ulong value) => BitOperations.RotateLeft(lane + (value * Prime2), 31) * Prime1;
}
