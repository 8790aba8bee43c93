using System.Security.Cryptography;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The digests of a whole directory, from those of its files by SHA-256; see <see cref="FileManifest.Subject"/>.</summary>
internal sealed class ManifestHash : IDisposable
{
    private readonly IncrementalHash _root = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly DirectoryHash _names = new();

    /// <summary>How many files there were.</summary>
    internal int Count { get; private set; }

    /// <summary>Takes the next file, in code point order of the names.</summary>
    /// <exception cref="Formats.MalformedDataException">The name has a line feed.</exception>
    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> sha256)
    {
        _root.AppendData(sha256);
        _names.Add(name, sha256);
        Count++;
    }

    internal DigestSet Finish()
    {
        var root = Digest.FromBytes(DigestAlgorithm.Sha256, _root.GetHashAndReset());
        return new DigestSet([new(DigestAlgorithm.Sha256.Name, root.Hex), new(DigestSet.DirHash, _names.Finish().Hex)]);
    }

    public void Dispose()
    {
        _root.Dispose();
        _names.Dispose();
    }
}
