using System.Buffers.Binary;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>A cyclic redundancy check of 32 or 64 bits, least significant bit first, eight bytes at a time.</summary>
internal sealed class ReflectedCrc
{
    private readonly ulong[] _tables;
    private readonly ulong _ones;
    private ulong _value;

    private ReflectedCrc(ulong[] tables, ulong ones) => (_tables, _ones, _value) = (tables, ones, ones);

    private static ulong[] Crc32Tables { get; } = Tables(0xEDB88320);

    private static ulong[] Crc64Tables { get; } = Tables(0xC96C5795D7870F42);

    /// <summary>The check of what was added.</summary>
    internal ulong Value => _value ^ _ones;

    /// <summary>The CRC-32 of gzip and xz.</summary>
    /// <remarks>Spec: RFC 1952 §8.</remarks>
    internal static ReflectedCrc Crc32() => new(Crc32Tables, uint.MaxValue);

    /// <summary>The CRC-64 of xz.</summary>
    /// <remarks>Spec: ECMA-182.</remarks>
    internal static ReflectedCrc Crc64() => new(Crc64Tables, ulong.MaxValue);

    /// <summary>The CRC-32 of bytes.</summary>
    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32();
        crc.Append(bytes);
        return (uint)crc.Value;
    }

    /// <summary>Begins again.</summary>
    internal void Reset() => _value = _ones;

    /// <summary>Adds bytes.</summary>
    internal void Append(ReadOnlySpan<byte> bytes)
    {
        var value = _value;
        var tables = _tables.AsSpan(0, 8 * 256);
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            value ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            value =
                tables[(7 << 8) + (byte)value]
                ^ tables[(6 << 8) + (byte)(value >> 8)]
                ^ tables[(5 << 8) + (byte)(value >> 16)]
                ^ tables[(4 << 8) + (byte)(value >> 24)]
                ^ tables[(3 << 8) + (byte)(value >> 32)]
                ^ tables[(2 << 8) + (byte)(value >> 40)]
                ^ tables[(1 << 8) + (byte)(value >> 48)]
                ^ tables[(byte)(value >> 56)];
        }
        foreach (var b in bytes)
        {
            value = tables[(byte)(value ^ b)] ^ (value >> 8);
        }
        _value = value;
    }

    /// <summary>The check of each byte value with no to seven zeros after it.</summary>
    private static ulong[] Tables(ulong polynomial)
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var value = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * polynomial);
            }
            tables[i] = value;
        }
        for (var i = 256; i < tables.Length; i++)
        {
            tables[i] = tables[(byte)tables[i - 256]] ^ (tables[i - 256] >> 8);
        }
        return tables;
    }
}
