using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes .xz files: streams of blocks that LZMA2 compressed.</summary>
/// <remarks>Spec: The .xz File Format 1.2.1. Filters for programs of a processor are refused. Checks, sizes and the index are compared.</remarks>
internal sealed class XzStream : DecodedStream
{
    private readonly Lzma2Decoder _chunks;

    // Of the index, which may be of any length, only a checksum is kept.
    private readonly ReflectedCrc _records = ReflectedCrc.Crc64();
    private XzCheck? _check;
    private int _checkKind;
    private ulong _blocks;
    private long _read;
    private bool _inBlock;
    private int _headerBytes;
    private ulong? _announcedIn;
    private ulong? _announcedOut;
    private ulong _out;

    internal XzStream(Stream inner)
        : base(inner) => _chunks = new Lzma2Decoder(Next);

    protected override bool Decode()
    {
        while (true)
        {
            if (_chunks.IsInChunk)
            {
                DecodeChunk();
                return true;
            }
            if (_inBlock)
            {
                if (!_chunks.NextChunk())
                {
                    EndBlock();
                }
            }
            else if (_check is null ? !BeginStream() : !BeginBlock())
            {
                return false;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _check?.Dispose();
        base.Dispose(disposing);
    }

    private void DecodeChunk()
    {
        var (start, count) = _chunks.Decode();
        (Output, First, Ready) = (_chunks.Window, start, start + count);
        _check!.Append(Output.AsSpan(First, count));
        _out += (ulong)count;
    }

    /// <summary>§2.1.1: magic, flags, and their checksum.</summary>
    private bool BeginStream()
    {
        int first;
        // §2.2: streams may be padded with zeros, four at a time.
        do
        {
            first = NextOrEnd();
        } while (first == 0 && _read++ >= 0);
        if (first < 0)
        {
            return false;
        }
        Span<byte> rest = stackalloc byte[11];
        NextBytes(rest);
        if (first != 0xfd || !rest.StartsWith("7zXZ\0\0"u8) || rest[6] > 15)
        {
            throw new InvalidDataException("no xz stream");
        }
        ChecksumException.Require(BinaryPrimitives.ReadUInt32LittleEndian(rest[7..]), ReflectedCrc.Crc32(rest[5..7]), "a header");
        (_checkKind, _check, _blocks, _read) = (rest[6], new XzCheck(rest[6]), 0, 0);
        _records.Reset();
        return true;
    }

    /// <summary>§3.1: the header of a block; or the index, which begins with a zero in the place of its size.</summary>
    private bool BeginBlock()
    {
        Span<byte> header = stackalloc byte[1024];
        header[0] = Next();
        if (header[0] == 0)
        {
            ReadIndex();
            return true;
        }
        _headerBytes = 4 * (header[0] + 1);
        header = header[.._headerBytes];
        NextBytes(header[1..]);
        ChecksumException.Require(BinaryPrimitives.ReadUInt32LittleEndian(header[^4..]), ReflectedCrc.Crc32(header[..^4]), "a header");
        var fields = header[2..^4];
        _announcedIn = (header[1] & 0x40) != 0 ? Varint(ref fields) : null;
        _announcedOut = (header[1] & 0x80) != 0 ? Varint(ref fields) : null;
        // One filter, LZMA2, with properties of one byte.
        if ((header[1] & 0x3f) != 0 || Varint(ref fields) != 0x21 || Varint(ref fields) != 1 || fields.IsEmpty)
        {
            throw new InvalidDataException("a filter that is not read here");
        }
        if (Lzma2Stream.Window(fields[0]) is not { } bytes || fields[1..].ContainsAnyExcept((byte)0))
        {
            throw new InvalidDataException("a window that cannot be");
        }
        if (bytes > Limits.LzmaWindowBytes)
        {
            throw new InvalidDataException($"a window of {bytes} bytes");
        }
        _chunks.Begin((int)bytes);
        (_inBlock, _out) = (true, 0);
        return true;
    }

    /// <summary>§3.3, §3.4: padding and the check. The sizes are those the header and the index announce.</summary>
    private void EndBlock()
    {
        _read = _chunks.BytesTaken;
        var size = (ulong)_read;
        SkipPadding();
        Span<byte> check = stackalloc byte[64];
        check = check[.._check!.Bytes];
        NextBytes(check);
        _check.Verify(check);
        if ((_announcedIn ?? size) != size || (_announcedOut ?? _out) != _out)
        {
            throw new InvalidDataException("a block of another size than its header announces");
        }
        AddRecord(_records, (ulong)_headerBytes + size + (ulong)check.Length, _out);
        _blocks++;
        _inBlock = false;
    }

    /// <summary>§4, §2.1.2: the sizes of the blocks once more, and the footer.</summary>
    private void ReadIndex()
    {
        var crc = ReflectedCrc.Crc32();
        crc.Append([0]);
        _read = 1;
        if (IndexNumber(crc) != _blocks)
        {
            throw new InvalidDataException("an index of another number of blocks");
        }
        var records = ReflectedCrc.Crc64();
        for (var left = _blocks; left > 0; left--)
        {
            AddRecord(records, IndexNumber(crc), IndexNumber(crc));
        }
        crc.Append(new byte[SkipPadding()]);
        ChecksumException.Require(NextNumber(4), crc.Value, "the index");
        if (records.Value != _records.Value)
        {
            throw new InvalidDataException("an index of other blocks");
        }
        Span<byte> footer = stackalloc byte[12];
        NextBytes(footer);
        ChecksumException.Require(BinaryPrimitives.ReadUInt32LittleEndian(footer), ReflectedCrc.Crc32(footer[4..10]), "the footer");
        if (
            BinaryPrimitives.ReadUInt32LittleEndian(footer[4..]) != (ulong)_read / 4
            || footer[8] != 0
            || footer[9] != _checkKind
            || !footer.EndsWith("YZ"u8)
        )
        {
            throw new InvalidDataException("no footer");
        }
        _check!.Dispose();
        (_check, _read) = (null, 0);
    }

    private static void AddRecord(ReflectedCrc records, ulong size, ulong uncompressed)
    {
        Span<byte> record = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(record, size);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], uncompressed);
        records.Append(record);
    }

    /// <summary>Zeros up to a multiple of four bytes.</summary>
    private int SkipPadding()
    {
        var count = 0;
        for (; (_read & 3) != 0; count++)
        {
            if (Take() != 0)
            {
                throw new InvalidDataException("padding that is not zero");
            }
        }
        return count;
    }

    private byte Take()
    {
        _read++;
        return Next();
    }

    private ulong IndexNumber(ReflectedCrc crc)
    {
        Span<byte> bytes = stackalloc byte[9];
        var count = 0;
        do
        {
            bytes[count] = Take();
        } while (bytes[count++] >= 0x80 && count < bytes.Length);
        bytes = bytes[..count];
        crc.Append(bytes);
        return Varint(ref bytes);
    }

    /// <summary>§1.2: seven bits a byte, the least significant first.</summary>
    private static ulong Varint(ref Span<byte> bytes)
    {
        var value = 0UL;
        for (var i = 0; i < Math.Min(9, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7f) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }
        throw new InvalidDataException("a number that is too long");
    }
}
