using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Entries written down one after the other, and read in the same order.</summary>
internal sealed class EntrySpool(DigestAlgorithm algorithm) : IDisposable
{
    private const int HeadBytes = 12;
    private const int ReadBytes = 64 << 10;

    private readonly SpoolFile _spool = new();

    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> digest, long size)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], size);
        _spool.Write(head);
        _spool.Write(digest);
        _spool.Write(name);
    }

    /// <summary>The entries, each made when it is asked for.</summary>
    internal IEnumerable<ManifestEntry> Read()
    {
        var reader = new SpoolReader(_spool, 0, _spool.Length, ReadBytes);
        var head = new byte[HeadBytes];
        var digest = new byte[algorithm.SizeInBytes];
        var name = new byte[256];
        while (reader.TryRead(head))
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (name.Length < length)
            {
                name = new byte[2 * length];
            }
            reader.TryRead(digest);
            reader.TryRead(name.AsSpan(0, length));
            yield return new ManifestEntry(
                Encoding.UTF8.GetString(name, 0, length),
                Digest.FromBytes(algorithm, digest),
                BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(4))
            );
        }
    }

    public void Dispose() => _spool.Dispose();
}
