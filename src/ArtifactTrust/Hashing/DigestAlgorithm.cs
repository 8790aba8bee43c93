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

    /// <summary>Every algorithm known here.</summary>
    public static IReadOnlyList<DigestAlgorithm> All { get; } = [Sha256, Sha384, Sha512];

    /// <summary>The in-toto name: lower case, such as <c>sha256</c>.</summary>
    public string Name { get; }

    /// <summary>The length of a value, in bytes.</summary>
    public int SizeInBytes { get; }

    /// <summary>The name the BCL's cryptography takes.</summary>
    public HashAlgorithmName BclName { get; }

    /// <summary>The algorithm of that name, or null.</summary>
    public static DigestAlgorithm? Find(string name) => All.FirstOrDefault(a => a.Name == name);

    /// <summary>The digest of bytes in memory.</summary>
    public Digest Hash(ReadOnlySpan<byte> data) => new(this, CryptographicOperations.HashData(BclName, data));

    /// <inheritdoc/>
    public override string ToString() => Name;
}
