using System.Diagnostics.Contracts;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>A path from one leaf to a root, proving that the leaf is in the log.</summary>
/// <remarks>Spec: RFC 9162 §2.1.3. Law: <c>tree.Prove(i).Verify(tree.LeafHash(i), tree.Root)</c> for all i below the size.</remarks>
public sealed class InclusionProof
{
    /// <summary>The name in errors.</summary>
    internal const string Format = "inclusion proof";

    /// <summary>A proof of the given parts.</summary>
    /// <param name="index">The leaf's index, from 0.</param>
    /// <param name="treeSize">The number of leaves of the tree that the root is of.</param>
    /// <param name="hashes">Sibling hashes, leaf first; at most 64, each SHA-256.</param>
    /// <exception cref="MalformedDataException">The index is not below the size, or there are too many hashes or others than SHA-256.</exception>
    public InclusionProof(long index, long treeSize, IReadOnlyList<Digest> hashes)
    {
        if (index < 0 || index >= treeSize)
        {
            throw new MalformedDataException(Format, "index", $"{index} is no leaf of a tree of {treeSize}");
        }
        MerkleTree.CheckProof(hashes, Format);
        Index = index;
        TreeSize = treeSize;
        Hashes = [.. hashes];
    }

    /// <summary>The leaf's index, from 0.</summary>
    public long Index { get; }

    /// <summary>The number of leaves of the tree.</summary>
    public long TreeSize { get; }

    /// <summary>Sibling hashes, leaf first.</summary>
    public IReadOnlyList<Digest> Hashes { get; }

    /// <summary>Whether the leaf is at the index in the tree with that root.</summary>
    [Pure]
    public bool Verify(Digest leafHash, Digest root)
    {
        ArgumentNullException.ThrowIfNull(root);
        return ComputeRoot(leafHash) is { } computed && computed.Equals(root);
    }

    /// <summary>The root that the path leads to, or null where the number of hashes is not the one for this index and size.</summary>
    /// <exception cref="ArgumentException">The leaf hash is no SHA-256 digest.</exception>
    /// <remarks>Spec: RFC 9162 §2.1.3.2.</remarks>
    [Pure]
    public Digest? ComputeRoot(Digest leafHash)
    {
        MerkleTree.CheckHash(leafHash, nameof(leafHash));
        var (node, last) = (Index, TreeSize - 1);
        var hash = leafHash.Bytes.ToArray();
        foreach (var sibling in Hashes)
        {
            if (last == 0)
            {
                return null;
            }
            if ((node & 1) != 0 || node == last)
            {
                MerkleTree.HashNode(sibling.Bytes, hash, hash);
                // A node without a right sibling rises to the level where it is one.
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                MerkleTree.HashNode(hash, sibling.Bytes, hash);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        return last == 0 ? new Digest(DigestAlgorithm.Sha256, hash) : null;
    }
}
