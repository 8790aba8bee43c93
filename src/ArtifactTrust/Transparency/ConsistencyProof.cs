using System.Diagnostics.Contracts;
using System.Numerics;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>Hashes proving that a tree only grew: that its first leaves are those of the older tree.</summary>
/// <remarks>Spec: RFC 9162 §2.1.4. An empty tree is consistent with every tree, and a tree with itself, both without hashes.</remarks>
public sealed class ConsistencyProof
{
    /// <summary>The name in errors.</summary>
    internal const string Format = "consistency proof";

    /// <summary>A proof of the given parts.</summary>
    /// <param name="oldSize">The number of leaves of the older tree.</param>
    /// <param name="newSize">The number of leaves of the newer tree.</param>
    /// <param name="hashes">The hashes in the order of RFC 9162 §2.1.4.1; at most 64, each SHA-256.</param>
    /// <exception cref="MalformedDataException">The old size is over the new, or there are too many hashes or others than SHA-256.</exception>
    public ConsistencyProof(long oldSize, long newSize, IReadOnlyList<Digest> hashes)
    {
        if (oldSize < 0 || oldSize > newSize)
        {
            throw new MalformedDataException(Format, "size", $"a tree of {newSize} leaves is no later state of one of {oldSize}");
        }
        MerkleTree.CheckProof(hashes, Format);
        OldSize = oldSize;
        NewSize = newSize;
        Hashes = [.. hashes];
    }

    /// <summary>The number of leaves of the older tree.</summary>
    public long OldSize { get; }

    /// <summary>The number of leaves of the newer tree.</summary>
    public long NewSize { get; }

    /// <summary>The hashes in the order of RFC 9162 §2.1.4.1.</summary>
    public IReadOnlyList<Digest> Hashes { get; }

    /// <summary>Whether the tree with the new root begins with all of the tree with the old root.</summary>
    /// <exception cref="ArgumentException">A root is no SHA-256 digest.</exception>
    /// <remarks>Spec: RFC 9162 §2.1.4.2.</remarks>
    [Pure]
    public bool Verify(Digest oldRoot, Digest newRoot)
    {
        MerkleTree.CheckHash(oldRoot, nameof(oldRoot));
        MerkleTree.CheckHash(newRoot, nameof(newRoot));
        if (OldSize == 0 || OldSize == NewSize)
        {
            return Hashes.Count == 0
                && oldRoot.Equals(OldSize == 0 ? MerkleTree.EmptyRoot : newRoot)
                && (NewSize != 0 || newRoot.Equals(MerkleTree.EmptyRoot));
        }
        // A perfect older tree is itself a node of the newer one, and its hash is left out of the proof.
        var path = BitOperations.IsPow2(OldSize) ? [oldRoot, .. Hashes] : Hashes;
        if (path.Count == 0)
        {
            return false;
        }
        var (node, last) = (OldSize - 1, NewSize - 1);
        while ((node & 1) != 0)
        {
            (node, last) = (node >> 1, last >> 1);
        }
        var oldHash = path[0].Bytes.ToArray();
        var newHash = path[0].Bytes.ToArray();
        foreach (var hash in path.Skip(1))
        {
            if (last == 0)
            {
                return false;
            }
            if ((node & 1) != 0 || node == last)
            {
                MerkleTree.HashNode(hash.Bytes, oldHash, oldHash);
                MerkleTree.HashNode(hash.Bytes, newHash, newHash);
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                MerkleTree.HashNode(newHash, hash.Bytes, newHash);
            }
            (node, last) = (node >> 1, last >> 1);
        }
        return last == 0
            && oldRoot.Equals(new Digest(DigestAlgorithm.Sha256, oldHash))
            && newRoot.Equals(new Digest(DigestAlgorithm.Sha256, newHash));
    }
}
