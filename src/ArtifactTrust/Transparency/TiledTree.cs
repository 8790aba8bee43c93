using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>
/// A log's tree at one size, read tile by tile. Every tile is checked against the root before a hash of it is used, so whatever it
/// answers is what the root stands for.
/// </summary>
/// <remarks>
/// Spec: C2SP tlog-tiles. The right edge (one partial tile a level) is read at construction and must hash to the root; a full tile must
/// hash to its place in the tile above. Keeps the right edge and one tile a level. Not safe for several threads.
/// </remarks>
public sealed class TiledTree
{
    private const string Format = "log tile";

    private readonly Func<Tile, ReadOnlyMemory<byte>> _read;
    private readonly List<ReadOnlyMemory<byte>> _edge = [];
    private readonly List<(long Index, ReadOnlyMemory<byte> Hashes)> _recent = [];

    /// <summary>A tree with the root of a verified checkpoint.</summary>
    /// <param name="size">The number of leaves.</param>
    /// <param name="root">The root, already trusted.</param>
    /// <param name="read">Reads one tile of hashes; what it throws is passed on.</param>
    /// <exception cref="MalformedDataException">A tile of the right edge has another length, or the edge does not hash to the root.</exception>
    public TiledTree(long size, Digest root, Func<Tile, ReadOnlyMemory<byte>> read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentNullException.ThrowIfNull(read);
        MerkleTree.CheckHash(root, nameof(root));
        (Size, Root, _read) = (size, root, read);
        for (var level = 0; Tile.HashesAt(level, size) is > 0 and var hashes; level++)
        {
            var width = (int)(hashes % Tile.FullWidth);
            _edge.Add(width == 0 ? default : ReadChecked(Tile.Hashes(level, hashes / Tile.FullWidth, width)));
            _recent.Add((-1, default));
        }
        var computed = EdgeRoot(_edge);
        if (!computed.Equals(root))
        {
            throw new MalformedDataException(
                Format,
                "right edge",
                $"the last tile of each level hash to {computed.Hex}; the root is {root.Hex}"
            );
        }
    }

    /// <summary>The number of leaves.</summary>
    public long Size { get; }

    /// <summary>The root.</summary>
    public Digest Root { get; }

    /// <summary>The partial tile of each level, lowest first; empty where the level has only full tiles.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> Edge => _edge;

    /// <summary>The hash of one leaf.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    /// <exception cref="MalformedDataException">A tile needed is not the one the root stands for.</exception>
    public Digest LeafHash(long index)
    {
        CheckIndex(index);
        return new Digest(DigestAlgorithm.Sha256, Subtree(0, index));
    }

    /// <summary>The root the tree had at an earlier size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is over this tree's.</exception>
    /// <exception cref="MalformedDataException">A tile needed is not the one the root stands for.</exception>
    public Digest RootAt(long size)
    {
        CheckSize(size);
        return size == 0 ? MerkleTree.EmptyRoot : new Digest(DigestAlgorithm.Sha256, Range(0, size));
    }

    /// <summary>Proves that a leaf is in the tree.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    /// <exception cref="MalformedDataException">A tile needed is not the one the root stands for.</exception>
    /// <remarks>Spec: RFC 9162 §2.1.3.1.</remarks>
    public InclusionProof Prove(long index)
    {
        CheckIndex(index);
        var hashes = new List<Digest>();
        var (start, end) = (0L, Size);
        while (end - start > 1)
        {
            var middle = start + Split(end - start);
            if (index < middle)
            {
                hashes.Add(new Digest(DigestAlgorithm.Sha256, Range(middle, end)));
                end = middle;
            }
            else
            {
                hashes.Add(new Digest(DigestAlgorithm.Sha256, Range(start, middle)));
                start = middle;
            }
        }
        hashes.Reverse();
        return new InclusionProof(index, Size, hashes);
    }

    /// <summary>Proves that the tree begins with the one it was at an earlier size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is over this tree's.</exception>
    /// <exception cref="MalformedDataException">A tile needed is not the one the root stands for.</exception>
    /// <remarks>Spec: RFC 9162 §2.1.4.1.</remarks>
    public ConsistencyProof ProveConsistency(long oldSize)
    {
        CheckSize(oldSize);
        var hashes = new List<Digest>();
        var (start, end) = (0L, oldSize == 0 ? 0L : Size);
        while (end > oldSize)
        {
            var middle = start + Split(end - start);
            if (oldSize <= middle)
            {
                hashes.Add(new Digest(DigestAlgorithm.Sha256, Range(middle, end)));
                end = middle;
            }
            else
            {
                hashes.Add(new Digest(DigestAlgorithm.Sha256, Range(start, middle)));
                start = middle;
            }
        }
        // The verifier knows the old root, so a last subtree that is the whole old tree is left out.
        if (start > 0)
        {
            hashes.Add(new Digest(DigestAlgorithm.Sha256, Range(start, end)));
        }
        hashes.Reverse();
        return new ConsistencyProof(oldSize, Size, hashes);
    }

    /// <summary>The hashes of a tile, checked against the root.</summary>
    internal ReadOnlyMemory<byte> Hashes(int level, long index)
    {
        if (index == Tile.HashesAt(level, Size) / Tile.FullWidth)
        {
            return _edge[level];
        }
        if (_recent[level].Index == index)
        {
            return _recent[level].Hashes;
        }
        var tile = Tile.Hashes(level, index);
        var hashes = ReadChecked(tile);
        Span<byte> computed = stackalloc byte[MerkleTree.HashBytes];
        MerkleTree.Root(hashes.Span, computed);
        var above = Hashes(level + 1, index / Tile.FullWidth).Span.Slice((int)(index % Tile.FullWidth) * MerkleTree.HashBytes);
        if (!computed.SequenceEqual(above[..MerkleTree.HashBytes]))
        {
            throw new MalformedDataException(Format, tile.Path, "the tile does not hash to its place in the tile above");
        }
        _recent[level] = (index, hashes);
        return hashes;
    }

    /// <summary>The root over the partial tile of each level, lowest level first.</summary>
    internal static Digest EdgeRoot(IReadOnlyList<ReadOnlyMemory<byte>> edge)
    {
        byte[]? root = null;
        foreach (var hashes in edge)
        {
            if (hashes.IsEmpty)
            {
                continue;
            }
            // What lies to the right of a level's hashes is one smaller subtree, and so stands like one more hash beside them.
            var all = new byte[hashes.Length + (root?.Length ?? 0)];
            hashes.Span.CopyTo(all);
            root?.CopyTo(all.AsSpan(hashes.Length));
            root = new byte[MerkleTree.HashBytes];
            MerkleTree.Root(all, root);
        }
        return root is null ? MerkleTree.EmptyRoot : new Digest(DigestAlgorithm.Sha256, root);
    }

    private ReadOnlyMemory<byte> ReadChecked(Tile tile)
    {
        var hashes = _read(tile);
        return hashes.Length == tile.HashBytes
            ? hashes
            : throw new MalformedDataException(Format, tile.Path, $"{hashes.Length} bytes; {tile.HashBytes} are expected");
    }

    /// <summary>The root over the leaves from start (inclusive) to end (exclusive), as the recursive definition splits them.</summary>
    private byte[] Range(long start, long end)
    {
        var count = end - start;
        if (long.IsPow2(count))
        {
            var height = (int)long.Log2(count);
            return Subtree(height, start >> height);
        }
        var middle = start + Split(count);
        var hash = Range(start, middle);
        MerkleTree.HashNode(hash, Range(middle, end), hash);
        return hash;
    }

    /// <summary>The root of a perfect subtree of 2^height leaves.</summary>
    private byte[] Subtree(int height, long index)
    {
        var (level, rest) = (height / 8, height % 8);
        var first = index << rest;
        var hashes = Hashes(level, first / Tile.FullWidth).Span;
        var root = new byte[MerkleTree.HashBytes];
        MerkleTree.Root(hashes.Slice((int)(first % Tile.FullWidth) * MerkleTree.HashBytes, MerkleTree.HashBytes << rest), root);
        return root;
    }

    /// <summary>The largest power of two below n, for n over 1.</summary>
    private static long Split(long n) => 1L << (int)long.Log2(n - 1);

    private void CheckIndex(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
    }

    private void CheckSize(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
    }
}
