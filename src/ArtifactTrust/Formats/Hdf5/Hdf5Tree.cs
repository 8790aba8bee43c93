using System.Numerics;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>What the records of a tree are about.</summary>
internal enum Hdf5TreeType
{
    /// <summary>Objects of a heap that are too large for its blocks, found by a number.</summary>
    HugeObjects = 1,

    /// <summary>Links, by name.</summary>
    LinkNames = 5,

    /// <summary>Links, in the order in which they were made.</summary>
    LinkOrder = 6,

    /// <summary>Attributes, by name.</summary>
    AttributeNames = 8,

    /// <summary>Attributes, in the order in which they were made.</summary>
    AttributeOrder = 9,
}

/// <summary>A B-tree of version 2: an index of links, attributes, or large objects.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §III.A.2.</remarks>
internal sealed class Hdf5Tree
{
    // Trees of a million records are ten deep at most.
    private const int MostLevels = 32;

    // Signature, version, type and checksum of a node.
    private const int NodeOverhead = 10;

    private readonly Hdf5File _file;
    private readonly Hdf5TreeType _type;
    private readonly int _recordSize;

    // Of each level from the leaves on: the most records of a node, and the bytes of a pointer to a child with its two numbers.
    private readonly List<(int MostRecords, int CountSize, int TotalSize)> _levels = [];
    private readonly long? _root;
    private readonly int _rootRecords;
    private readonly ulong _total;

    private Hdf5Tree(Hdf5File file, long address, Hdf5TreeType type, int recordSize)
    {
        (_file, _type, _recordSize) = (file, type, recordSize);
        var bytes = file.ReadChecked(address, 22 + file.OffsetSize + file.LengthSize, "an index");
        var header = new Hdf5Fields(file, bytes, address, "an index");
        header.Begin("BTHD"u8);
        var (found, nodeSize, foundSize, depth) = (header.Byte(), header.Number(4), header.Number(2), header.Number(2));
        // When a node is split or merged.
        header.Bytes(2);
        (_root, _rootRecords, _total) = (header.Address(), (int)header.Number(2), header.Length());
        if (found != (int)type || foundSize != (ulong)recordSize)
        {
            throw header.Malformed(
                $"is of type {found} with records of {foundSize} bytes, and should be of type {(int)type} with {recordSize}"
            );
        }
        if (_total > Limits.Hdf5Objects || nodeSize > Limits.Hdf5BlockBytes || depth >= MostLevels)
        {
            throw header.Malformed($"has {_total} records in nodes of {nodeSize} bytes, {depth} deep, which is more than is read");
        }
        AddLevels((int)nodeSize, (int)depth, header);
    }

    /// <summary>Reads all records; in no order.</summary>
    /// <param name="file">The file.</param>
    /// <param name="address">Where the tree's header is.</param>
    /// <param name="type">What its records must be about.</param>
    /// <param name="recordSize">Their size, in bytes.</param>
    /// <exception cref="MalformedDataException">The tree is damaged, of another type, or too large.</exception>
    internal static IEnumerable<ReadOnlyMemory<byte>> Read(Hdf5File file, long address, Hdf5TreeType type, int recordSize) =>
        new Hdf5Tree(file, address, type, recordSize).ReadNodes();

    /// <summary>The numbers in a pointer are as large as the most that they can say.</summary>
    private void AddLevels(int nodeSize, int depth, in Hdf5Fields header)
    {
        var leafRecords = (nodeSize - NodeOverhead) / _recordSize;
        var countSize = Bytes((ulong)Math.Max(leafRecords, 0));
        _levels.Add((leafRecords, 0, 0));
        var (total, totalSize) = ((UInt128)(ulong)Math.Max(leafRecords, 0), 0);
        for (var level = 1; level <= depth; level++)
        {
            var pointer = _file.OffsetSize + countSize + totalSize;
            var records = (nodeSize - NodeOverhead - pointer) / (_recordSize + pointer);
            _levels.Add((records, countSize, totalSize));
            total = (((UInt128)(ulong)Math.Max(records, 0) + 1) * total) + (ulong)Math.Max(records, 0);
            if (total > ulong.MaxValue)
            {
                throw header.Malformed("is deeper than any that is written");
            }
            totalSize = Bytes((ulong)total);
        }

        static int Bytes(ulong most) => (BitOperations.Log2(most) / 8) + 1;
    }

    private IEnumerable<ReadOnlyMemory<byte>> ReadNodes()
    {
        var nodes = new Stack<(long Address, int Records, int Level)>();
        if (_root is { } root)
        {
            nodes.Push((root, _rootRecords, _levels.Count - 1));
        }
        var (read, visited) = (0UL, 0);
        while (nodes.TryPop(out var node))
        {
            read += (ulong)node.Records;
            if (read > _total || ++visited > Limits.Hdf5Objects)
            {
                throw _file.Malformed(node.Address, $"an index has more than the {_total} records that it announces");
            }
            var records = ReadNode(node.Address, node.Records, node.Level, nodes);
            for (var i = 0; i < node.Records; i++)
            {
                yield return records.Slice(i * _recordSize, _recordSize);
            }
        }
        if (read != _total)
        {
            throw _file.Malformed(_root ?? 0, $"an index has {read} records and announces {_total}");
        }
    }

    private ReadOnlyMemory<byte> ReadNode(long address, int records, int level, Stack<(long Address, int Records, int Level)> children)
    {
        const string what = "a node of an index";
        var (most, countSize, totalSize) = _levels[level];
        if (records > most)
        {
            throw _file.Malformed(address, $"{what} has {records} records, and there is room for {most}");
        }
        var pointers = level == 0 ? 0 : (records + 1) * (_file.OffsetSize + countSize + totalSize);
        var bytes = _file.ReadChecked(address, NodeOverhead + (records * _recordSize) + pointers, what);
        var fields = new Hdf5Fields(_file, bytes, address, what);
        fields.Begin(level == 0 ? "BTLF"u8 : "BTIN"u8);
        if (fields.Byte() != (int)_type)
        {
            throw fields.Malformed("belongs to an index of another type");
        }
        var start = fields.At;
        fields.Bytes((ulong)(records * _recordSize));
        for (var i = 0; level > 0 && i <= records; i++)
        {
            var (child, childRecords) = (fields.Address(), (int)fields.Number(countSize));
            fields.Number(totalSize);
            children.Push((child ?? throw fields.Malformed("leads nowhere"), childRecords, level - 1));
        }
        return bytes.AsMemory(start, records * _recordSize);
    }
}
