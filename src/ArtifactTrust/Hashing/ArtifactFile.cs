using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>One open file as an artifact: read several ways, and known to have been the same each time.</summary>
public sealed class ArtifactFile : IDisposable
{
    private readonly FileStatus _status;
    private readonly Dictionary<DigestAlgorithm, Digest> _digests = [];
    private readonly IProgress<long>? _progress;
    private readonly CancellationToken _cancellation;

    private ArtifactFile(string path, SafeFileHandle handle, IProgress<long>? progress, CancellationToken cancellation)
    {
        Path = path;
        Handle = handle;
        _progress = progress;
        _cancellation = cancellation;
        _status = FileStatus.Of(handle);
    }

    /// <summary>The path it was opened by.</summary>
    public string Path { get; }

    /// <summary>The file's name, for people.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The length in bytes.</summary>
    public long Size => _status.Size;

    /// <summary>The open file.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Opens a regular file. A link given by the caller is followed: it is what they named.</summary>
    /// <param name="path">The path.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="IOException">It is absent, cannot be read, or is no regular file.</exception>
    public static ArtifactFile Open(string path, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        var full = System.IO.Path.GetFullPath(path);
        var handle = OperatingSystem.IsLinux() ? LinuxFile.OpenFile(full) : File.OpenHandle(full, options: FileOptions.SequentialScan);
        return new ArtifactFile(full, handle, progress, cancellation);
    }

    /// <summary>Takes a digest of these very bytes that was computed when they were written.</summary>
    internal void Know(Digest digest) => _digests.Add(digest.Algorithm, digest);

    /// <summary>The digest of the whole file; each algorithm reads the file once.</summary>
    /// <exception cref="IOException">The file cannot be read, or is not what it was when it was opened.</exception>
    public Digest Digest(DigestAlgorithm algorithm)
    {
        if (!_digests.TryGetValue(algorithm, out var digest))
        {
            (digest, _) = new FileHasher(algorithm).Hash(Handle, _progress, _cancellation);
            CheckUnchanged();
            _digests.Add(algorithm, digest);
        }
        return digest;
    }

    /// <summary>The digests of the file's parts of one size, in their order; one for an empty file, which is empty.</summary>
    /// <exception cref="IOException">The file cannot be read, or is not what it was when it was opened.</exception>
    internal IReadOnlyList<FileShard> Shards(DigestAlgorithm algorithm, string name, long shardSize)
    {
        var shards = new FileHasher(algorithm).HashShards(Handle, name, shardSize, _progress, _cancellation);
        CheckUnchanged();
        return shards;
    }

    /// <summary>Throws where the file is not what it was when it was opened.</summary>
    /// <exception cref="IOException">See above.</exception>
    public void CheckUnchanged()
    {
        if (OperatingSystem.IsLinux() && LinuxFile.Status(Handle) != _status)
        {
            throw new IOException($"'{Path}' changed while it was read; try again when nothing writes to it");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
