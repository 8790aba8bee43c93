using System.Buffers.Binary;
using System.Numerics;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>Reads the fields of a header of a 7z archive, one after the other.</summary>
/// <param name="header">The header.</param>
/// <remarks>Spec: 7zFormat.txt 18.06. What cannot be raises <see cref="MalformedDataException"/>.</remarks>
internal sealed class HeaderReader(byte[] header)
{
    private int _end = header.Length;

    internal int Position { get; private set; }

    internal bool IsAtEnd => Position == _end;

    internal byte Byte() => Bytes(1)[0];

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    internal ReadOnlySpan<byte> Bytes(long count)
    {
        if (count < 0 || count > _end - Position)
        {
            throw Malformed("it ends inside");
        }
        Position += (int)count;
        return header.AsSpan(Position - (int)count, (int)count);
    }

    /// <summary>A number of one to nine bytes: as many follow the first as it has leading ones.</summary>
    internal ulong Number()
    {
        var first = Byte();
        var more = BitOperations.LeadingZeroCount((uint)(byte)~first) - 24;
        Span<byte> low = stackalloc byte[8];
        low.Clear();
        Bytes(more).CopyTo(low);
        var high = more < 7 ? first & ((1ul << (7 - more)) - 1) : 0;
        return BinaryPrimitives.ReadUInt64LittleEndian(low) | (more < 8 ? high << (8 * more) : 0);
    }

    /// <summary>A number of bytes.</summary>
    internal long Size() => Number() is var size and <= long.MaxValue ? (long)size : throw Malformed("a size that cannot be");

    /// <summary>A number of things.</summary>
    internal int Count(int most, string things) =>
        Number() is var count && count <= (ulong)most ? (int)count : throw Malformed($"{count} {things}, and {most} are allowed");

    /// <summary>Which one of so many.</summary>
    internal int Index(int count) =>
        Number() is var index && index < (ulong)count ? (int)index : throw Malformed("a reference that leads nowhere");

    internal Property Property() =>
        Number() is var id && id <= byte.MaxValue && Enum.IsDefined((Property)id)
            ? (Property)id
            : throw Malformed($"property {id}, which is not known");

    /// <summary>Reads a property that alone may stand here.</summary>
    internal void Require(Property expected)
    {
        if (Property() is var property && property != expected)
        {
            throw Malformed($"{property} stands where {expected} is expected");
        }
    }

    /// <summary>One bit for each, the most significant first.</summary>
    internal bool[] Bits(int count)
    {
        var bytes = Bytes((count + 7) / 8);
        var bits = new bool[count];
        for (var i = 0; i < count; i++)
        {
            bits[i] = ((bytes[i / 8] << (i % 8)) & 0x80) != 0;
        }
        return bits;
    }

    /// <summary>One bit for each, or a byte that says that all are set.</summary>
    internal bool[] BitsOrAll(int count)
    {
        if (Byte() == 0)
        {
            return Bits(count);
        }
        var bits = new bool[count];
        Array.Fill(bits, true);
        return bits;
    }

    /// <summary>A checksum for each that has one.</summary>
    internal uint?[] Checksums(int count)
    {
        var bits = BitsOrAll(count);
        var checksums = new uint?[count];
        for (var i = 0; i < count; i++)
        {
            checksums[i] = bits[i] ? UInt32() : null;
        }
        return checksums;
    }

    /// <summary>Reads a part, which has to have that size.</summary>
    internal void Part(long size, Action read)
    {
        var (end, before) = (Position + size, _end);
        if (size > _end - Position)
        {
            throw Malformed("a property that reaches beyond the end");
        }
        _end = (int)end;
        read();
        if (!IsAtEnd)
        {
            throw Malformed("a property of another size than it says");
        }
        _end = before;
    }

    internal MalformedDataException Malformed(string reason) =>
        new(SevenZipDirectory.FormatName, $"byte {Position} of the list of members", reason);
}
