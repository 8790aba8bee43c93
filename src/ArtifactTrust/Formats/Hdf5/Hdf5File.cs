using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>A message of an object's header.</summary>
/// <param name="Type">Its number.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Position">Where its data begins.</param>
/// <param name="Data">The data.</param>
internal sealed record Hdf5Message(int Type, int Flags, long Position, byte[] Data);

/// <summary>The parts of an HDF5 file that say what objects it has: headers, groups and the heap of texts.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0. Addresses count from the superblock, where the bytes given here begin; what is not read is said, never passed over.</remarks>
internal sealed class Hdf5File
{
    /// <summary>The message types that are looked at.</summary>
    internal const int LinkInfo = 0x02;

    internal const int Link = 0x06;
    internal const int ExternalFiles = 0x07;
    internal const int Layout = 0x08;
    internal const int Attribute = 0x0c;
    internal const int Continuation = 0x10;
    internal const int SymbolTable = 0x11;
    internal const int AttributeInfo = 0x15;

    private const int MessagesPerObject = 100_000;

    private readonly RandomBytes _bytes;
    private readonly int _lengthSize;

    /// <summary>Reads the superblock.</summary>
    /// <exception cref="MalformedDataException">It is of a version not known, or damaged.</exception>
    internal Hdf5File(Stream stream)
    {
        _bytes = new RandomBytes(stream, "HDF5", Limits.Hdf5ReadBytes);
        var version = (int)_bytes.Number(8, 1);
        var sizes = version switch
        {
            0 or 1 => 13,
            2 or 3 => 9,
            _ => throw _bytes.Malformed(8, $"a superblock of version {version}"),
        };
        (OffsetSize, _lengthSize) = ((int)_bytes.Number(sizes, 1), (int)_bytes.Number(sizes + 1, 1));
        if (OffsetSize is not (2 or 4 or 8) || _lengthSize is not (2 or 4 or 8))
        {
            throw _bytes.Malformed(sizes, "addresses or lengths of an unusual size");
        }
        // §II.A: in version 1 the K of indexed storage comes between.
        long addresses = version switch
        {
            0 => 24,
            1 => 28,
            _ => 12,
        };
        // What is written there as the base is passed over: libraries count from where the superblock is.
        // Version 0: four addresses, then the entry of the root group, whose second field is its header's address.
        Root = Address(addresses + (version < 2 ? 5 : 3) * OffsetSize);
    }

    /// <summary>The size of an address, in bytes.</summary>
    internal int OffsetSize { get; }

    /// <summary>The size of a length, in bytes.</summary>
    internal int LengthSize => _lengthSize;

    /// <summary>Where the header of the root group is.</summary>
    internal long Root { get; }

    /// <summary>Whether an address is the one that says there is none.</summary>
    internal bool IsUndefined(ulong address) => address == (OffsetSize == 8 ? ulong.MaxValue : (1UL << (8 * OffsetSize)) - 1);

    /// <summary>The place in the file of an address that is written in it.</summary>
    internal static long Resolve(ulong address) => (long)Math.Min(address, long.MaxValue / 4);

    /// <summary>The messages of an object's header, those of its continuations included.</summary>
    /// <exception cref="MalformedDataException">The header is damaged.</exception>
    internal List<Hdf5Message> ReadHeader(long address)
    {
        var messages = new List<Hdf5Message>();
        var blocks = new Queue<(long Start, long Length)>();
        var seen = new HashSet<long>();
        // Blocks that overlap would make much of a small file.
        var left = Math.Min(_bytes.Length, Limits.Hdf5HeaderBytes);
        var isNew = _bytes.Read(address, 4).AsSpan().SequenceEqual("OHDR"u8);
        var (headerSize, flags) = (8, 0);
        if (isNew)
        {
            flags = (int)_bytes.Number(address + 5, 1);
            if (_bytes.Number(address + 4, 1) != 2)
            {
                throw _bytes.Malformed(address, "an object header of an unknown version");
            }
            var at = address + 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
            var size = 1 << (flags & 3);
            blocks.Enqueue((at + size, (long)Math.Min(_bytes.Number(at, size), long.MaxValue)));
            headerSize = (flags & 4) != 0 ? 6 : 4;
        }
        else if (_bytes.Number(address, 1) == 1)
        {
            blocks.Enqueue((address + 16, (long)_bytes.Number(address + 8, 4)));
        }
        else
        {
            throw _bytes.Malformed(address, "no object header");
        }
        while (blocks.TryDequeue(out var block))
        {
            if (!seen.Add(block.Start))
            {
                throw _bytes.Malformed(block.Start, "an object header that continues in itself");
            }
            left -= block.Length;
            if (block.Length < 0 || left < 0)
            {
                throw _bytes.Malformed(block.Start, "an object header that is too large, or continues in itself");
            }
            ReadMessages(block.Start, block.Length, isNew, headerSize, messages, blocks);
        }
        return messages;
    }

    /// <summary>The objects that a group of the old form links to: their headers' addresses.</summary>
    internal IEnumerable<long> ReadSymbolTable(Hdf5Message message)
    {
        if (message.Data.Length < 2 * OffsetSize)
        {
            throw _bytes.Malformed(message.Position, "a symbol table without addresses");
        }
        var nodes = new Queue<long>([Address(message.Position)]);
        var seen = new HashSet<long>(nodes);
        while (nodes.TryDequeue(out var node))
        {
            if (_bytes.Read(node, 4).AsSpan().SequenceEqual("TREE"u8))
            {
                var entries = (int)_bytes.Number(node + 6, 2);
                for (var i = 0; i < entries; i++)
                {
                    // Each child stands after a key, and both siblings' addresses before the first.
                    var child = Address(node + 8 + (2 * OffsetSize) + ((i + 1L) * _lengthSize) + ((long)i * OffsetSize));
                    if (!seen.Add(child))
                    {
                        throw _bytes.Malformed(node, "a tree of names that leads back to itself");
                    }
                    if (seen.Count > Limits.Hdf5Objects)
                    {
                        throw _bytes.Malformed(node, $"more than {Limits.Hdf5Objects} nodes");
                    }
                    nodes.Enqueue(child);
                }
                continue;
            }
            if (!_bytes.Read(node, 4).AsSpan().SequenceEqual("SNOD"u8))
            {
                throw _bytes.Malformed(node, "no node of a tree of names");
            }
            var symbols = (int)_bytes.Number(node + 6, 2);
            for (var i = 0; i < symbols; i++)
            {
                var entry = node + 8 + ((long)i * ((2 * OffsetSize) + 24));
                var header = _bytes.Number(entry + OffsetSize, OffsetSize);
                // A symbolic link has no header of its own.
                if (!IsUndefined(header) && _bytes.Number(entry + (2 * OffsetSize), 4) != 2)
                {
                    yield return (long)header;
                }
            }
        }
    }

    /// <summary>Texts of variable length: references into the heap.</summary>
    /// <param name="references">Each of them: a length, the heap's address, an index.</param>
    /// <param name="maximum">The length of the longest text that is read, in bytes.</param>
    internal IEnumerable<byte[]> ReadHeapTexts(byte[] references, int maximum = Limits.ModelJsonBytes)
    {
        var size = 4 + OffsetSize + 4;
        for (var at = 0; at + size <= references.Length; at += size)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(references.AsSpan(at));
            if (length == 0)
            {
                continue;
            }
            var address = new byte[8];
            references.AsSpan(at + 4, OffsetSize).CopyTo(address);
            var index = BinaryPrimitives.ReadUInt32LittleEndian(references.AsSpan(at + 4 + OffsetSize));
            yield return ReadHeapObject((long)BinaryPrimitives.ReadUInt64LittleEndian(address), index, length, maximum);
        }
    }

    private byte[] ReadHeapObject(long heap, uint index, uint length, int maximum)
    {
        if (!_bytes.Read(heap, 4).AsSpan().SequenceEqual("GCOL"u8))
        {
            throw _bytes.Malformed(heap, "no heap of texts");
        }
        var end = heap + (long)Math.Min(_bytes.Number(heap + 8, _lengthSize), (ulong)_bytes.Length);
        for (var at = heap + 8 + _lengthSize; at + 8 + _lengthSize <= end; )
        {
            var found = (uint)_bytes.Number(at, 2);
            var size = _bytes.Number(at + 8, _lengthSize);
            if (found == index)
            {
                if (length > size)
                {
                    throw _bytes.Malformed(at, "a text that is longer than its place");
                }
                if (length > (uint)maximum)
                {
                    throw _bytes.Malformed(at, $"a text of {length} bytes; at most {maximum} are accepted");
                }
                return _bytes.Read(at + 8 + _lengthSize, (int)length);
            }
            if (found == 0 || size > (ulong)(end - at))
            {
                break;
            }
            at += 8 + _lengthSize + (((long)size + 7) & ~7L);
        }
        throw _bytes.Malformed(heap, $"the heap has no text {index}");
    }

    private void ReadMessages(
        long start,
        long length,
        bool isNew,
        int headerSize,
        List<Hdf5Message> messages,
        Queue<(long Start, long Length)> blocks
    )
    {
        var end = start + length;
        if (length < 0 || end > _bytes.Length)
        {
            throw _bytes.Malformed(start, "an object header beyond the end");
        }
        // In the new form, less than a message's header at the end is a gap.
        for (var at = start; at + headerSize <= end; )
        {
            var (type, size, flags) = isNew
                ? ((int)_bytes.Number(at, 1), (int)_bytes.Number(at + 1, 2), (int)_bytes.Number(at + 3, 1))
                : ((int)_bytes.Number(at, 2), (int)_bytes.Number(at + 2, 2), (int)_bytes.Number(at + 4, 1));
            at += headerSize;
            if (size > end - at)
            {
                throw _bytes.Malformed(at, "a message beyond the end of its header");
            }
            var message = new Hdf5Message(type, flags, at, _bytes.Read(at, size));
            at += size;
            if (messages.Count == MessagesPerObject)
            {
                throw _bytes.Malformed(at, $"more than {MessagesPerObject} messages");
            }
            if (type == Continuation)
            {
                if (size < OffsetSize + _lengthSize)
                {
                    throw _bytes.Malformed(at, "a continuation without a place");
                }
                var (next, nextLength) = (Address(message.Position), (long)_bytes.Number(message.Position + OffsetSize, _lengthSize));
                // In the new form: a signature before, and a checksum behind.
                blocks.Enqueue(isNew ? (next + 4, nextLength - 8) : (next, nextLength));
                continue;
            }
            messages.Add(message);
        }
    }

    private long Address(long position) => Resolve(_bytes.Number(position, OffsetSize));
}
