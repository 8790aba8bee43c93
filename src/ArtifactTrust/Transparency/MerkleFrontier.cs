using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>A growing Merkle tree of which only the roots of the perfect subtrees are kept: at most 63 hashes for any size.</summary>
/// <remarks>Law: after appending the leaf hashes <c>h</c>, <c>Root()</c> equals <c>MerkleTree.Root(h)</c>.</remarks>
public sealed class MerkleFrontier
{
    // One root for each set bit of the size, the largest subtree first.
    private readonly List<byte[]> _roots = [];

    /// <summary>The number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>Adds one leaf.</summary>
    /// <param name="leafHash">Its hash, not the entry.</param>
    /// <exception cref="ArgumentException">It is no SHA-256 digest.</exception>
    public void Append(Digest leafHash)
    {
        MerkleTree.CheckHash(leafHash, nameof(leafHash));
        Append(leafHash.Bytes);
    }

    /// <summary>The root of the tree so far.</summary>
    public Digest Root()
    {
        if (_roots.Count == 0)
        {
            return MerkleTree.EmptyRoot;
        }
        var root = _roots[^1].ToArray();
        for (var i = _roots.Count - 2; i >= 0; i--)
        {
            MerkleTree.HashNode(_roots[i], root, root);
        }
        return new Digest(DigestAlgorithm.Sha256, root);
    }

    internal void Append(ReadOnlySpan<byte> leafHash)
    {
        var root = leafHash.ToArray();
        // Each set low bit is a perfect subtree as large as the new one.
        for (var bits = Size; (bits & 1) != 0; bits >>= 1)
        {
            MerkleTree.HashNode(_roots[^1], root, root);
            _roots.RemoveAt(_roots.Count - 1);
        }
        _roots.Add(root);
        Size = checked(Size + 1);
    }
}
