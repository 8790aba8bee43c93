using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

#pragma warning disable CA1416 // Create, the one way to an instance, refuses on other systems than Linux.

/// <summary>What a copy came from.</summary>
/// <param name="Files">The files of the copy.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="FromStore">Files whose bytes were taken from a store, and not from the source.</param>
/// <param name="Cloned">Files that share blocks with where they came from, until one of the two is written to.</param>
/// <param name="Linked">Files that are one more name of a stored file.</param>
public sealed record CopyCounts(int Files, long Bytes, int FromStore, int Cloned, int Linked);

/// <summary>
/// Copies the files of a tree while they are hashed, each read once, into a directory that only becomes visible as a whole. The digests
/// are of the very bytes of the copy, so what is verified is what is used. Linux only.
/// </summary>
/// <remarks>Until <see cref="Publish"/> returns there is nothing at the target, or what was there before; so too after a crash.</remarks>
public sealed class TreeCopy : TreeReader, IDisposable
{
    private readonly StagingArea _area;
    private readonly ConcurrentDictionary<string, Copied> _copied = new(StringComparer.Ordinal);
    private readonly int _workers;

    private TreeCopy(StagingArea area, int workers)
    {
        _area = area;
        _workers = workers;
    }

    /// <summary>What is published, a full path.</summary>
    public string Target => _area.Target;

    /// <summary>Bytes that need not be read from the source; null where all are.</summary>
    public ContentStore? Store { get; init; }

    /// <summary>Digests that files are said to have, by name: where a store has such bytes they are taken from it. Nothing is believed of them.</summary>
    public IReadOnlyDictionary<string, Digest> Expected { get; set; } = new Dictionary<string, Digest>();

    /// <summary>Prepares a copy, and removes what earlier runs that were stopped left beside the target.</summary>
    /// <param name="source">The directory or file that will be copied.</param>
    /// <param name="target">The directory to be; the one it lies in must exist.</param>
    /// <param name="replace">Whether a directory that is there is replaced, at once.</param>
    /// <param name="store">Bytes that need not be read from the source.</param>
    /// <exception cref="IOException">The target exists and is not to be replaced, is no directory, lies in the source or holds it.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static TreeCopy Create(string source, string target, bool replace = false, ContentStore? store = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(target);
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("a directory is published as a whole by calls of Linux alone");
        }
        // More than the processors: small files wait for the disk.
        return new TreeCopy(StagingArea.Create(target, source, replace), Math.Clamp(2 * Environment.ProcessorCount, 4, 16))
        {
            Store = store,
        };
    }

    /// <summary>Copies a single file, and opens the copy.</summary>
    /// <param name="path">The file; a link is followed, it is what the caller named.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <exception cref="IOException">It cannot be read or written, or changed while it was read.</exception>
    public ArtifactFile CopyFile(string path, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        using var source = ArtifactFile.Open(path, null, cancellation);
        var status = FileStatus.Of(source.Handle);
        var copied = Copy(source.Handle, source.Name, status, progress, cancellation);
        var copy = ArtifactFile.Open(PathOf(source.Name), null, cancellation);
        copy.Know(copied.Digest);
        return copy;
    }

    /// <summary>Puts the copy in place, with the given files and no others.</summary>
    /// <param name="names">The files that were verified.</param>
    /// <param name="cancellation">Stops before anything is visible.</param>
    /// <exception cref="InvalidOperationException">A file was not copied, or there are none.</exception>
    /// <exception cref="IOException">The target came to exist, or the disk is full or fails. The target is as it was.</exception>
    public CopyCounts Publish(IReadOnlyCollection<string> names, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        var kept = names.ToHashSet(StringComparer.Ordinal);
        if (kept.Count == 0 || !kept.All(_copied.ContainsKey))
        {
            throw new InvalidOperationException("only files that were copied can be published");
        }
        foreach (var name in _copied.Keys.Where(n => !kept.Contains(n)))
        {
            File.Delete(PathOf(name));
        }
        RemoveEmpty(new DirectoryInfo(_area.Tree));
        var files = kept.Select(n => _copied[n]).ToList();
        if (Store is not null && files.Any(f => !f.FromStore))
        {
            using var work = Store.Open();
            foreach (var name in kept.Where(n => !_copied[n].FromStore))
            {
                cancellation.ThrowIfCancellationRequested();
                Store.Add(_copied[name].Digest, PathOf(name), _copied[name].Executable, work, cancellation);
            }
        }
        cancellation.ThrowIfCancellationRequested();
        _area.Publish();
        return new CopyCounts(
            files.Count,
            files.Sum(f => f.Size),
            files.Count(f => f.FromStore),
            files.Count(f => f.Means == CopyMeans.Cloned),
            files.Count(f => f.Means == CopyMeans.Linked)
        );
    }

    /// <summary>Removes what was copied and not published.</summary>
    public void Dispose() => _area.Dispose();

    internal override IReadOnlyList<(Digest Digest, long Size)> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        DigestAlgorithm algorithm,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        var missing = files.Where(f => !_copied.ContainsKey(f.Name)).OrderByDescending(f => f.Size).ToList();
        foreach (var directory in missing.Select(f => Path.GetDirectoryName(PathOf(f.Name))!).Distinct())
        {
            Directory.CreateDirectory(directory);
        }
        try
        {
            Parallel.ForEach(
                Partitioner.Create(missing, EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = _workers, CancellationToken = cancellation },
                file =>
                {
                    using var source = tree.OpenHandle(file.Name, out var status);
                    Copy(source, file.Name, status, progress, cancellation);
                }
            );
        }
        catch (AggregateException e)
        {
            // Of failures side by side the first tells enough.
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }
        if (algorithm == DigestAlgorithm.Sha256)
        {
            return [.. files.Select(f => (_copied[f.Name].Digest, _copied[f.Name].Size))];
        }
        // The copy is ours alone, so another hash of it is still of what will be used.
        using var copy = FileTree.Open(_area.Tree);
        return new FileHasher(algorithm).Hash(copy, [.. files.Select(f => f with { Size = _copied[f.Name].Size })], null, cancellation);
    }

    internal override IReadOnlyList<FileShard> HashShards(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        DigestAlgorithm algorithm,
        long shardSize,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        // Shards of the copy, never of the source: what is hashed has to be what will be used.
        Hash(tree, files, DigestAlgorithm.Sha256, progress, cancellation);
        using var copy = FileTree.Open(_area.Tree);
        return new FileHasher(algorithm).HashShards(
            copy,
            [.. files.Select(f => f with { Size = _copied[f.Name].Size })],
            shardSize,
            null,
            cancellation
        );
    }

    private Copied Copy(SafeFileHandle source, string name, FileStatus status, IProgress<long>? progress, CancellationToken cancellation)
    {
        var executable = (File.GetUnixFileMode(source) & UnixFileMode.UserExecute) != 0;
        var path = PathOf(name);
        var stored =
            Store is not null && Expected.TryGetValue(name, out var expected) && expected.Algorithm == DigestAlgorithm.Sha256
                ? Store.TryPlace(expected, status.Size, path, executable, progress, cancellation)
                : null;
        Copied copied;
        if (stored is { } from)
        {
            copied = new Copied(Expected[name], status.Size, from, true, executable);
        }
        else
        {
            using var state = DigestAlgorithm.Sha256.CreateState();
            var (digest, means) = CopiedFile.Write(source, status.Size, path, null, state, progress, cancellation);
            // The digest is of the copy, whatever became of the source.
            if (digest is null || !FileStatus.Of(source).MayBeSame(status))
            {
                throw Changed(name);
            }
            copied = new Copied(new Digest(DigestAlgorithm.Sha256, digest), status.Size, means, false, executable);
        }
        return _copied.TryAdd(name, copied) ? copied : throw new InvalidOperationException("a file was copied twice");
    }

    private string PathOf(string name) =>
        name.Split('/').Any(p => p is "" or "." or "..")
            ? throw new IOException($"'{name}' is not a path below the directory")
            : Path.Join(_area.Tree, name);

    private static void RemoveEmpty(DirectoryInfo directory)
    {
        foreach (var below in directory.EnumerateDirectories())
        {
            RemoveEmpty(below);
            if (!below.EnumerateFileSystemInfos().Any())
            {
                below.Delete();
            }
        }
    }

    private sealed record Copied(Digest Digest, long Size, CopyMeans Means, bool FromStore, bool Executable);
}
