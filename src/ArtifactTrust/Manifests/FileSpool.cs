using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Files written down one after the other, and read in the same order, when there are no more to come.</summary>
internal sealed class FileSpool : IDisposable
{
    private const int HeadBytes = 12;
    private const int ReadBytes = 64 << 10;

    private readonly SpoolFile _spool = new();

    internal void Add(ReadOnlySpan<byte> name, long size)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], size);
        _spool.Write(head);
        _spool.Write(name);
    }

    /// <summary>The files, each made when it is asked for.</summary>
    internal IEnumerable<TreeFile> Read()
    {
        var reader = new SpoolReader(_spool, 0, _spool.Length, ReadBytes);
        var head = new byte[HeadBytes];
        var name = new byte[256];
        while (reader.TryRead(head))
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (name.Length < length)
            {
                name = new byte[2 * length];
            }
            reader.TryRead(name.AsSpan(0, length));
            yield return new TreeFile(Encoding.UTF8.GetString(name, 0, length), BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(4)));
        }
    }

    public void Dispose() => _spool.Dispose();
}
