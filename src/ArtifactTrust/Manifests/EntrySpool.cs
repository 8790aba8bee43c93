using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Entries written down one after the other, and read in the same order.</summary>
/// <param name="algorithm">The function of the digests.</param>
/// <param name="files">The files, where they were written down before their digests; done with together with this.</param>
internal sealed class EntrySpool(DigestAlgorithm algorithm, FileSpool files) : IDisposable
{
    private const int ReadBytes = 64 << 10;

    private readonly SpoolFile _digests = new();

    internal EntrySpool(DigestAlgorithm algorithm)
        : this(algorithm, new FileSpool()) { }

    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> digest, long size)
    {
        files.Add(name, size);
        AddDigest(digest);
    }

    /// <summary>The digest of the next file that has none.</summary>
    internal void AddDigest(ReadOnlySpan<byte> digest) => _digests.Write(digest);

    /// <summary>The entries, each made when it is asked for.</summary>
    internal IEnumerable<ManifestEntry> Read()
    {
        var reader = new SpoolReader(_digests, 0, _digests.Length, ReadBytes);
        var digest = new byte[algorithm.SizeInBytes];
        foreach (var file in files.Read())
        {
            reader.TryRead(digest);
            yield return new ManifestEntry(file.Name, Digest.FromBytes(algorithm, digest), file.Size);
        }
    }

    public void Dispose()
    {
        files.Dispose();
        _digests.Dispose();
    }
}
