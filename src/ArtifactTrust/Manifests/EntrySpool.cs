using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Entries written down one after the other: in memory while they are few, then in a file without a name that only this process has.</summary>
internal sealed class EntrySpool(DigestAlgorithm algorithm) : IDisposable
{
    private const int BytesInMemory = 1 << 20;
    private const int HeadBytes = 12;

    private Stream _stream = new MemoryStream();
    private bool _isFile;

    internal void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> digest, long size)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head, name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], size);
        _stream.Write(head);
        _stream.Write(digest);
        _stream.Write(name);
        if (!_isFile && _stream.Length > BytesInMemory)
        {
            var file = CreateNameless();
            _stream.Position = 0;
            _stream.CopyTo(file);
            (_stream, _isFile) = (file, true);
        }
    }

    /// <summary>The entries, each made when it is asked for.</summary>
    internal IEnumerable<ManifestEntry> Read()
    {
        _stream.Position = 0;
        var head = new byte[HeadBytes];
        var digest = new byte[algorithm.SizeInBytes];
        var name = new byte[256];
        while (_stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) == HeadBytes)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (name.Length < length)
            {
                name = new byte[2 * length];
            }
            _stream.ReadExactly(digest);
            _stream.ReadExactly(name, 0, length);
            yield return new ManifestEntry(
                Encoding.UTF8.GetString(name, 0, length),
                Digest.FromBytes(algorithm, digest),
                BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(4))
            );
        }
    }

    public void Dispose() => _stream.Dispose();

    private static FileStream CreateNameless()
    {
        var path = Path.Combine(Path.GetTempPath(), $"artifact-trust-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 64 << 10,
            // Where a file in use can be removed, it is, below; elsewhere at its end.
            Options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }
        return file;
    }
}
