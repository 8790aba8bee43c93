using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Tests.Transparency;

/// <summary>The definitions of RFC 6962 §2.1 word for word, slow, over leaves <c>{"n":0}</c>, <c>{"n":1}</c>, …</summary>
internal sealed class ReferenceTree
{
    private readonly byte[][] _leaves;

    public ReferenceTree(int size)
    {
        Entries = [.. Enumerable.Range(0, size).Select(Entry)];
        _leaves = [.. Entries.Select(e => SHA256.HashData([0, .. e]))];
    }

    public byte[][] Entries { get; }

    public static byte[] Entry(int index) => Encoding.UTF8.GetBytes($"{{\"n\":{index}}}");

    public Digest Root(int size) => Digest(Mth(0, size));

    public Digest Leaf(int index) => Digest(_leaves[index]);

    public IReadOnlyList<Digest> Path(int index, int size) => [.. Path(index, 0, size).Select(Digest)];

    public IReadOnlyList<Digest> Proof(int oldSize, int newSize) => [.. SubProof(oldSize, 0, newSize, true).Select(Digest)];

    /// <summary>The bytes of a tile by its definition, cut to what a tree of that size has.</summary>
    public byte[] Tile(Tile tile, int treeSize)
    {
        var span = 1 << (8 * tile.Level);
        var hashes = Enumerable
            .Range((int)tile.Index * 256, tile.Width)
            .Select(i => Mth(i * span, (i + 1) * span <= treeSize ? (i + 1) * span : throw new InvalidOperationException("no such hash")));
        return [.. hashes.SelectMany(h => h)];
    }

    public TiledTree Tiled(int size) => new(size, Root(size), t => Tile(t, size));

    private static Digest Digest(byte[] hash) => Hashing(hash);

    private static Digest Hashing(byte[] hash) => ArtifactTrust.Hashing.Digest.FromBytes(DigestAlgorithm.Sha256, hash);

    private readonly Dictionary<(int, int), byte[]> _known = [];

    private byte[] Mth(int start, int end)
    {
        if (end == start)
        {
            return SHA256.HashData([]);
        }
        if (end - start == 1)
        {
            return _leaves[start];
        }
        if (!_known.TryGetValue((start, end), out var hash))
        {
            var k = Split(end - start);
            hash = _known[(start, end)] = SHA256.HashData([1, .. Mth(start, start + k), .. Mth(start + k, end)]);
        }
        return hash;
    }

    private IEnumerable<byte[]> Path(int m, int start, int end)
    {
        if (end - start == 1)
        {
            return [];
        }
        var k = Split(end - start);
        return m < k ? Path(m, start, start + k).Append(Mth(start + k, end)) : Path(m - k, start + k, end).Append(Mth(start, start + k));
    }

    private IEnumerable<byte[]> SubProof(int m, int start, int end, bool isKnown)
    {
        if (m == end - start)
        {
            return isKnown ? [] : [Mth(start, end)];
        }
        var k = Split(end - start);
        return m <= k
            ? SubProof(m, start, start + k, isKnown).Append(Mth(start + k, end))
            : SubProof(m - k, start + k, end, false).Append(Mth(start, start + k));
    }

    private static int Split(int n)
    {
        var k = 1;
        while (2 * k < n)
        {
            k *= 2;
        }
        return k;
    }
}
