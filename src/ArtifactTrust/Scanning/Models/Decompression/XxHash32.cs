using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>The checksum of LZ4 frames: xxHash of 32 bits, with seed 0.</summary>
/// <remarks>Spec: xxHash fast digest algorithm 0.1.1, "XXH32 Algorithm Description".</remarks>
internal sealed class XxHash32
{
    private const uint Prime1 = 0x9E3779B1;
    private const uint Prime2 = 0x85EBCA77;
    private const uint Prime3 = 0xC2B2AE3D;
    private const uint Prime4 = 0x27D4EB2F;
    private const uint Prime5 = 0x165667B1;
    private const int Stripe = 16;

    private readonly byte[] _rest = new byte[Stripe];
    private int _restLength;
    private ulong _length;
    private uint _lane1;
    private uint _lane2;
    private uint _lane3;
    private uint _lane4;

    internal XxHash32() => Reset();

    /// <summary>The checksum of what was added.</summary>
    internal uint Value
    {
        get
        {
            var value =
                _length < Stripe
                    ? Prime5
                    : BitOperations.RotateLeft(_lane1, 1)
                        + BitOperations.RotateLeft(_lane2, 7)
                        + BitOperations.RotateLeft(_lane3, 12)
                        + BitOperations.RotateLeft(_lane4, 18);
            value += (uint)_length;
            ReadOnlySpan<byte> rest = _rest.AsSpan(0, _restLength);
            for (; rest.Length >= 4; rest = rest[4..])
            {
                value = BitOperations.RotateLeft(value + (BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime3), 17) * Prime4;
            }
            foreach (var b in rest)
            {
                value = BitOperations.RotateLeft(value + (b * Prime5), 11) * Prime1;
            }
            value = (value ^ (value >> 15)) * Prime2;
            value = (value ^ (value >> 13)) * Prime3;
            return value ^ (value >> 16);
        }
    }

    /// <summary>The checksum of bytes.</summary>
    internal static uint Of(ReadOnlySpan<byte> bytes)
    {
        var hash = new XxHash32();
        hash.Append(bytes);
        return hash.Value;
    }

    /// <summary>Begins again.</summary>
    internal void Reset()
    {
        unchecked
        {
            (_lane1, _lane2, _lane3, _lane4) = (Prime1 + Prime2, Prime2, 0, 0 - Prime1);
        }
        (_length, _restLength) = (0, 0);
    }

    /// <summary>Adds bytes.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _length += (ulong)bytes.Length;
        if (_restLength > 0)
        {
            var count = Math.Min(Stripe - _restLength, bytes.Length);
            bytes[..count].CopyTo(_rest.AsSpan(_restLength));
            _restLength += count;
            bytes = bytes[count..];
            if (_restLength < Stripe)
            {
                return;
            }
            AppendStripe(_rest);
            _restLength = 0;
        }
        for (; bytes.Length >= Stripe; bytes = bytes[Stripe..])
        {
            AppendStripe(bytes);
        }
        bytes.CopyTo(_rest);
        _restLength = bytes.Length;
    }

    private void AppendStripe(ReadOnlySpan<byte> stripe)
    {
        _lane1 = Round(_lane1, stripe);
        _lane2 = Round(_lane2, stripe[4..]);
        _lane3 = Round(_lane3, stripe[8..]);
        _lane4 = Round(_lane4, stripe[12..]);
    }

    private static uint Round(uint lane, ReadOnlySpan<byte> input) =>
        BitOperations.RotateLeft(lane + (BinaryPrimitives.ReadUInt32LittleEndian(input) * Prime2), 13) * Prime1;
}
