using System.Buffers;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Transparency;

/// <summary>The hashes of a Merkle tree over an append-only list of entries, with SHA-256.</summary>
/// <remarks>Spec: RFC 6962 §2.1 (RFC 9162 §2.1.1 is the same with SHA-256). Leaves and nodes are hashed apart, so neither passes for the other.</remarks>
public static class MerkleTree
{
    /// <summary>The length of a hash, in bytes.</summary>
    public const int HashBytes = 32;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>The root of a tree without leaves: the hash of nothing.</summary>
    public static Digest EmptyRoot { get; } = DigestAlgorithm.Sha256.Hash([]);

    /// <summary>The hash of one entry.</summary>
    public static Digest HashLeaf(ReadOnlySpan<byte> entry)
    {
        var hash = new byte[HashBytes];
        HashLeaf(entry, hash);
        return new Digest(DigestAlgorithm.Sha256, hash);
    }

    /// <summary>The hash of an inner node.</summary>
    /// <exception cref="ArgumentException">A child is no SHA-256 digest.</exception>
    public static Digest HashNode(Digest left, Digest right)
    {
        CheckHash(left, nameof(left));
        CheckHash(right, nameof(right));
        var hash = new byte[HashBytes];
        HashNode(left.Bytes, right.Bytes, hash);
        return new Digest(DigestAlgorithm.Sha256, hash);
    }

    /// <summary>The root of the tree with the given leaf hashes.</summary>
    /// <param name="leafHashes">n×32 bytes, first leaf first.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of 32.</exception>
    public static Digest Root(ReadOnlySpan<byte> leafHashes)
    {
        if (leafHashes.IsEmpty)
        {
            return EmptyRoot;
        }
        var hash = new byte[HashBytes];
        Root(leafHashes, hash);
        return new Digest(DigestAlgorithm.Sha256, hash);
    }

    internal static void HashLeaf(ReadOnlySpan<byte> entry, Span<byte> destination)
    {
        var length = entry.Length + 1;
        byte[]? rented = null;
        var message = length <= 1024 ? stackalloc byte[1024] : rented = ArrayPool<byte>.Shared.Rent(length);
        message[0] = LeafPrefix;
        entry.CopyTo(message[1..]);
        SHA256.HashData(message[..length], destination);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Hashes a node; <paramref name="destination"/> may be one of the children.</summary>
    internal static void HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> message = stackalloc byte[1 + (2 * HashBytes)];
        message[0] = NodePrefix;
        left.CopyTo(message[1..]);
        right.CopyTo(message[(1 + HashBytes)..]);
        SHA256.HashData(message, destination);
    }

    /// <summary>The root over at least one hash.</summary>
    internal static void Root(ReadOnlySpan<byte> hashes, Span<byte> destination)
    {
        if (hashes.IsEmpty || hashes.Length % HashBytes != 0)
        {
            throw new ArgumentException($"{hashes.Length} bytes are no list of hashes of {HashBytes} bytes", nameof(hashes));
        }
        var nodes = ArrayPool<byte>.Shared.Rent(hashes.Length);
        hashes.CopyTo(nodes);
        // Level by level; a last node without a sibling rises unchanged, which gives the tree that RFC 6962 defines by splitting.
        for (var count = hashes.Length / HashBytes; count > 1; count = (count + 1) / 2)
        {
            for (var i = 0; i < count / 2; i++)
            {
                HashNode(At(2 * i), At((2 * i) + 1), At(i));
            }
            if (count % 2 != 0)
            {
                At(count - 1).CopyTo(At(count / 2));
            }
        }
        At(0).CopyTo(destination);
        ArrayPool<byte>.Shared.Return(nodes);

        Span<byte> At(int index) => nodes.AsSpan(index * HashBytes, HashBytes);
    }

    internal static void CheckHash(Digest hash, string parameter)
    {
        ArgumentNullException.ThrowIfNull(hash, parameter);
        if (hash.Algorithm != DigestAlgorithm.Sha256)
        {
            throw new ArgumentException($"a tree's hashes are SHA-256, not {hash.Algorithm}", parameter);
        }
    }

    /// <summary>Refuses proofs of the wrong shape, as every proof here does on construction.</summary>
    internal static void CheckProof(IReadOnlyList<Digest> hashes, string format)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        if (hashes.Count > Formats.Limits.ProofHashes)
        {
            throw new Formats.MalformedDataException(
                format,
                "hashes",
                $"{hashes.Count} hashes; at most {Formats.Limits.ProofHashes} are accepted"
            );
        }
        for (var i = 0; i < hashes.Count; i++)
        {
            if (hashes[i]?.Algorithm != DigestAlgorithm.Sha256)
            {
                throw new Formats.MalformedDataException(format, $"hashes[{i}]", "a SHA-256 digest is expected");
            }
        }
    }
}
