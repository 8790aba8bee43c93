using System.Security.Cryptography;

namespace ArtifactTrust.Hashing;

/// <summary>A cryptographic hash function, by its in-toto name.</summary>
/// <remarks>Spec: in-toto DigestSet v1.1, "Supported algorithms".</remarks>
public sealed class DigestAlgorithm
{
    private DigestAlgorithm(string name, int sizeInBytes, HashAlgorithmName bclName)
    {
        Name = name;
        SizeInBytes = sizeInBytes;
        BclName = bclName;
    }

    /// <summary>SHA-256 (FIPS 180-4), 32 bytes.</summary>
    public static DigestAlgorithm Sha256 { get; } = new("sha256", 32, HashAlgorithmName.SHA256);

    /// <summary>SHA-384 (FIPS 180-4), 48 bytes.</summary>
    public static DigestAlgorithm Sha384 { get; } = new("sha384", 48, HashAlgorithmName.SHA384);

    /// <summary>SHA-512 (FIPS 180-4), 64 bytes.</summary>
    public static DigestAlgorithm Sha512 { get; } = new("sha512", 64, HashAlgorithmName.SHA512);

    /// <summary>BLAKE2b (RFC 7693) without a key, 64 bytes, for the files of models; see <see cref="ForModels"/>.</summary>
    public static DigestAlgorithm Blake2b { get; } = new("blake2b", 64, default);

    /// <summary>BLAKE3 without a key, 32 bytes, for the files of models; see <see cref="ForModels"/>.</summary>
    public static DigestAlgorithm Blake3 { get; } = new("blake3", 32, default);

    /// <summary>Every algorithm that names subjects, images and log entries, all from the platform's cryptography.</summary>
    public static IReadOnlyList<DigestAlgorithm> All { get; } = [Sha256, Sha384, Sha512];

    /// <summary>What may hash the files of a model.</summary>
    /// <remarks>
    /// Spec: OMS 1.0, <c>hash_type</c>. BLAKE2b and BLAKE3 are in this list alone: they are not from a validated module, and no other
    /// format here takes them.
    /// </remarks>
    public static IReadOnlyList<DigestAlgorithm> ForModels { get; } = [Sha256, Blake2b, Blake3];

    /// <summary>The in-toto name: lower case, such as <c>sha256</c>.</summary>
    public string Name { get; }

    /// <summary>The length of a value, in bytes.</summary>
    public int SizeInBytes { get; }

    /// <summary>The name the BCL's cryptography takes; its own <see cref="HashAlgorithmName.Name"/> is null for BLAKE2b and BLAKE3.</summary>
    public HashAlgorithmName BclName { get; }

    /// <summary>The algorithm of that name among <see cref="All"/>, or null.</summary>
    public static DigestAlgorithm? Find(string name) => All.FirstOrDefault(a => a.Name == name);

    /// <summary>The algorithm of that name among <see cref="ForModels"/>, or null.</summary>
    public static DigestAlgorithm? FindForModels(string name) => ForModels.FirstOrDefault(a => a.Name == name);

    /// <summary>The digest of bytes in memory.</summary>
    public Digest Hash(ReadOnlySpan<byte> data)
    {
        if (BclName.Name is not null)
        {
            return new Digest(this, CryptographicOperations.HashData(BclName, data));
        }
        using var state = CreateState();
        state.Append(data, more: false);
        return new Digest(this, state.Finish());
    }

    /// <summary>A hash of bytes that come in pieces.</summary>
    internal DigestState CreateState() =>
        this == Blake3 ? new Blake3DigestState()
        : this == Blake2b ? new Blake2bDigestState()
        : new PlatformDigestState(BclName);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
