using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Files and their digests written down one after the other, each digest at the same time as its file or later.</summary>
internal sealed class EntrySpool(DigestAlgorithm algorithm) : IDisposable
{
    private const int HeadBytes = 12;

    private readonly Spool _files = new();
    private readonly Spool _digests = new();

    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> digest, long size)
    {
        AddFile(name, size);
        AddDigest(digest);
    }

    internal void AddFile(ReadOnlySpan<byte> name, long size)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], size);
        _files.Write(head);
        _files.Write(name);
    }

    /// <summary>The digest of the next file that has none.</summary>
    internal void AddDigest(ReadOnlySpan<byte> digest) => _digests.Write(digest);

    /// <summary>The files, each made when it is asked for. None may be added meanwhile, digests may.</summary>
    internal IEnumerable<TreeFile> ReadFiles()
    {
        var stream = _files.Rewind();
        var head = new byte[HeadBytes];
        var name = new byte[256];
        while (stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) == HeadBytes)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (name.Length < length)
            {
                name = new byte[2 * length];
            }
            stream.ReadExactly(name, 0, length);
            yield return new TreeFile(Encoding.UTF8.GetString(name, 0, length), BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(4)));
        }
    }

    /// <summary>The entries, each made when it is asked for. All files have their digests by now.</summary>
    internal IEnumerable<ManifestEntry> Read()
    {
        var stream = _digests.Rewind();
        var digest = new byte[algorithm.SizeInBytes];
        foreach (var file in ReadFiles())
        {
            stream.ReadExactly(digest);
            yield return new ManifestEntry(file.Name, Digest.FromBytes(algorithm, digest), file.Size);
        }
    }

    public void Dispose()
    {
        _files.Dispose();
        _digests.Dispose();
    }
}
