using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>A fractal heap: where an object keeps its links or attributes if they are many or large.</summary>
/// <remarks>
/// Spec: HDF5 File Format Specification 3.0, §III.G. The heap is a space of its own that grows by rows of blocks, each row after the second of
/// blocks twice as large; an object is named by an identifier, which has its place in that space, its number, or the object itself.
/// </remarks>
internal sealed class Hdf5FractalHeap
{
    private const int ChecksumBytes = 4;

    private readonly Hdf5File _file;
    private readonly long _address;
    private readonly int _idLength;
    private readonly bool _blocksAreChecked;
    private readonly ulong _mostManaged;
    private readonly long? _hugeObjects;
    private readonly Hdf5HeapTable _table;
    private readonly int _offsetBytes;
    private readonly int _lengthBytes;
    private readonly long? _root;
    private readonly int _rootRows;

    private Dictionary<ulong, (long Address, ulong Length)>? _huge;

    // The block that was read last.
    private (ulong Offset, long Address, byte[] Bytes) _block = (0, 0, []);

    /// <summary>Reads the header of a heap.</summary>
    /// <param name="file">The file.</param>
    /// <param name="address">Where the header is.</param>
    /// <param name="idLength">The length that the identifiers must have; at most 8 bytes.</param>
    /// <exception cref="MalformedDataException">It is damaged, or its blocks are compressed.</exception>
    internal Hdf5FractalHeap(Hdf5File file, long address, int idLength)
    {
        (_file, _address, _idLength) = (file, address, idLength);
        var prefix = new Hdf5Fields(file, file.Read(address, 9), address, "a heap");
        prefix.Begin("FRHP"u8);
        var (foundLength, filterBytes) = (prefix.Number(2), prefix.Number(2));
        if (filterBytes > 0)
        {
            throw prefix.Malformed("is compressed or filtered otherwise, which is not read by this version");
        }
        if (foundLength != (ulong)idLength)
        {
            throw prefix.Malformed($"has identifiers of {foundLength} bytes, and {idLength} are expected");
        }
        var bytes = file.ReadChecked(address, 26 + (12 * file.LengthSize) + (3 * file.OffsetSize), "a heap");
        var header = new Hdf5Fields(file, bytes, address, "a heap");
        header.Bytes((ulong)prefix.At);
        _blocksAreChecked = (header.Byte() & 2) != 0;
        _mostManaged = header.Number(4);
        // The number of the next huge object.
        header.Length();
        _hugeObjects = header.Address();
        // Free space, its manager, and how much there is of everything.
        header.Bytes((ulong)(file.LengthSize + file.OffsetSize + (8 * file.LengthSize)));
        _table = new Hdf5HeapTable(header.Number(2), header.Length(), header.Length(), header.Number(2));
        if (!_table.IsValid)
        {
            throw header.Malformed("has blocks of sizes that are not known");
        }
        // The rows at its beginning.
        header.Number(2);
        (_root, _rootRows) = (header.Address(), (int)header.Number(2));
        _offsetBytes = (_table.AddressBits + 7) / 8;
        _lengthBytes = Math.Min((BitOperations.Log2(_table.LargestBlock) + 7) / 8, (BitOperations.Log2(_mostManaged) / 8) + 1);
        if (1 + _offsetBytes + _lengthBytes > idLength || _rootRows > _table.MostRows)
        {
            throw header.Malformed("is larger than its identifiers can say");
        }
    }

    /// <summary>A number by which objects can be read in the order in which they are in the file.</summary>
    internal ulong OrderOf(ulong id) => Kind(id) == 0 ? OffsetOf(id) : ulong.MaxValue;

    /// <summary>Reads an object.</summary>
    /// <param name="id">Its identifier, the least significant byte first.</param>
    /// <exception cref="MalformedDataException">It is not there, or its block is damaged.</exception>
    internal (long Position, ReadOnlyMemory<byte> Data) Read(ulong id)
    {
        // Bits 6 and 7 are the version.
        switch (Kind(id))
        {
            case 0:
                return ReadManaged(OffsetOf(id), (id >> (8 * (1 + _offsetBytes))) & Mask(_lengthBytes));
            case 1:
                return ReadHuge(id >> 8);
            case 2 when (int)(id & 0xf) + 1 is var length && length < _idLength:
                Span<byte> bytes = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, id);
                return (_address, bytes.Slice(1, length).ToArray());
            default:
                throw Malformed($"the identifier {id:x} is of an unknown form");
        }
    }

    private static int Kind(ulong id) => (int)(id >> 4) & 0xf;

    private static ulong Mask(int bytes) => (1UL << (8 * bytes)) - 1;

    private ulong OffsetOf(ulong id) => (id >> 8) & Mask(_offsetBytes);

    private (long Position, ReadOnlyMemory<byte> Data) ReadManaged(ulong offset, ulong length)
    {
        if (offset < _block.Offset || offset - _block.Offset >= (ulong)_block.Bytes.Length)
        {
            _block = ReadBlock(offset);
        }
        var (at, end) = (offset - _block.Offset, (ulong)_block.Bytes.Length);
        var prefix = (ulong)(5 + _file.OffsetSize + _offsetBytes + (_blocksAreChecked ? ChecksumBytes : 0));
        if (at < prefix || at > end || length == 0 || length > _mostManaged || length > end - at)
        {
            throw Malformed($"an object at {offset} of {length} bytes does not lie in a block");
        }
        return (_block.Address + (long)at, _block.Bytes.AsMemory((int)at, (int)length));
    }

    /// <summary>Objects that are too large for blocks lie in the file by themselves.</summary>
    private (long Position, ReadOnlyMemory<byte> Data) ReadHuge(ulong key)
    {
        var (sizeBits, addressBits) = (8 * _file.LengthSize, 8 * _file.OffsetSize);
        if (addressBits + sizeBits <= 8 * (_idLength - 1))
        {
            // Their place fits into the identifier.
            return ReadHuge(Hdf5File.Resolve(key & Mask(_file.OffsetSize)), (key >> addressBits) & Mask(_file.LengthSize));
        }
        _huge ??= ReadHugeObjects();
        return _huge.TryGetValue(key, out var place)
            ? ReadHuge(place.Address, place.Length)
            : throw Malformed($"it has no large object {key}");
    }

    private (long Position, ReadOnlyMemory<byte> Data) ReadHuge(long address, ulong length) =>
        (address, _file.Read(address, Hdf5File.Resolve(length)));

    private Dictionary<ulong, (long Address, ulong Length)> ReadHugeObjects()
    {
        var objects = new Dictionary<ulong, (long, ulong)>();
        var tree = _hugeObjects ?? throw Malformed("it has no index of large objects");
        foreach (var record in Hdf5Tree.Read(_file, tree, Hdf5TreeType.HugeObjects, _file.OffsetSize + (2 * _file.LengthSize)))
        {
            var fields = new Hdf5Fields(_file, record.Span, tree, "a record of large objects");
            var (address, length, key) = (fields.Address(), fields.Length(), fields.Length());
            if (!objects.TryAdd(key, (address ?? throw fields.Malformed("leads nowhere"), length)))
            {
                throw fields.Malformed($"has the number {key} of another");
            }
        }
        return objects;
    }

    /// <summary>Reads the block with the objects at a place of the heap, by way of the blocks that lead to it.</summary>
    private (ulong Offset, long Address, byte[] Bytes) ReadBlock(ulong offset)
    {
        var address = _root ?? throw Malformed("it has no blocks");
        if (_rootRows == 0)
        {
            return ReadDirect(address, 0, _table.FirstBlock);
        }
        for (var (start, rows) = (0UL, _rootRows); ; )
        {
            var place = _table.Find(offset - start);
            if (place.Row >= rows)
            {
                throw Malformed($"an object at {offset}, beyond the end of its blocks");
            }
            address = ReadIndirect(address, start, rows, place.Index);
            start += place.Start;
            if (_table.IsDirect(place.Row))
            {
                return ReadDirect(address, start, place.Size);
            }
            rows = _table.RowsOf(place.Size);
        }
    }

    /// <summary>The address of one of the blocks that a block leads to.</summary>
    private long ReadIndirect(long address, ulong start, int rows, long index)
    {
        const string what = "a block of a heap that leads to others";
        var length = 5 + _file.OffsetSize + _offsetBytes + ((long)rows * _table.Width * _file.OffsetSize) + ChecksumBytes;
        if (length > Limits.Hdf5BlockBytes)
        {
            throw Malformed($"a block of {length} bytes; at most {Limits.Hdf5BlockBytes} are read");
        }
        var fields = new Hdf5Fields(_file, _file.ReadChecked(address, length, what), address, what);
        fields.Begin("FHIB"u8);
        CheckOwner(ref fields, start);
        fields.Bytes((ulong)(index * _file.OffsetSize));
        return fields.Address() ?? throw fields.Malformed("leads nowhere");
    }

    private (ulong Offset, long Address, byte[] Bytes) ReadDirect(long address, ulong start, ulong size)
    {
        const string what = "a block of a heap";
        var bytes = _file.Read(address, (long)size);
        var fields = new Hdf5Fields(_file, bytes, address, what);
        fields.Begin("FHDB"u8);
        CheckOwner(ref fields, start);
        if (_blocksAreChecked)
        {
            var (at, checksum) = (fields.At, (uint)fields.Number(ChecksumBytes));
            // It covers itself, as zeros.
            bytes.AsSpan(at, ChecksumBytes).Clear();
            if (JenkinsHash.Compute(bytes) != checksum)
            {
                throw _file.Malformed(address, $"the checksum of {what} does not match");
            }
        }
        return (start, address, bytes);
    }

    private void CheckOwner(ref Hdf5Fields fields, ulong start)
    {
        if (fields.Address() != _address || fields.Number(_offsetBytes) != start)
        {
            throw fields.Malformed("belongs to another heap, or another place of it");
        }
    }

    private MalformedDataException Malformed(string reason) => _file.Malformed(_address, $"in a heap, {reason}");
}
