using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>Hashes files: one stream a file, several files at once, with a fixed amount of memory for each worker.</summary>
/// <param name="algorithm">The hash function.</param>
/// <param name="workers">How many files are read at once; the number of processors where null.</param>
public sealed class FileHasher(DigestAlgorithm algorithm, int? workers = null)
{
    // Half a core's second-level cache on common servers: large enough to hide the system call, small enough to stay in the cache.
    private const int BufferBytes = 256 << 10;

    private readonly int _workers = Math.Max(1, workers ?? Environment.ProcessorCount);

    /// <summary>Hashes one file of any size.</summary>
    /// <param name="file">An open regular file; read from its start.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading thread.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>The digest, and the number of bytes that were hashed.</returns>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    public (Digest Digest, long Size) Hash(SafeFileHandle file, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var worker = new Worker(algorithm);
        return worker.Hash(file, progress, cancellation);
    }

    /// <summary>Hashes files of a tree.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="files">Its files, as listed.</param>
    /// <param name="progress">Told the bytes read since the last report, from the reading threads.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>A digest and size for each file, in the order given.</returns>
    /// <exception cref="IOException">A file cannot be read, is no regular file, or changed while it was read.</exception>
    public IReadOnlyList<(Digest Digest, long Size)> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        var results = new (Digest, long)[files.Count];
        // The largest first, so that no worker starts on one when the others are done.
        var order = Enumerable.Range(0, files.Count).ToArray();
        Array.Sort(order, (a, b) => files[b].Size.CompareTo(files[a].Size));
        var next = -1;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new Exception?[Math.Min(_workers, Math.Max(1, files.Count))];
        var threads = Enumerable
            .Range(0, failures.Length)
            .Select(index => new Thread(() => Run(index)) { IsBackground = true, Name = $"hash-{index}" })
            .ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        cancellation.ThrowIfCancellationRequested();
        foreach (var failure in failures)
        {
            if (failure is not null and not OperationCanceledException)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }
        return results;

        void Run(int index)
        {
            try
            {
                using var worker = new Worker(algorithm);
                for (int i; (i = Interlocked.Increment(ref next)) < order.Length; )
                {
                    using var file = tree.OpenHandle(files[order[i]].Name);
                    try
                    {
                        results[order[i]] = worker.Hash(file, progress, stop.Token);
                    }
                    catch (IOException e)
                    {
                        throw new IOException($"'{files[order[i]].Name}': {e.Message}", e);
                    }
                }
            }
#pragma warning disable CA1031 // The exception is thrown again on the caller's thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures[index] = e;
                stop.Cancel();
            }
        }
    }

    /// <summary>The state one thread reuses from file to file.</summary>
    private sealed class Worker(DigestAlgorithm algorithm) : IDisposable
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(algorithm.BclName);
        private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);

        public (Digest Digest, long Size) Hash(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
        {
            // What comes after the length at the start is not read: a file that grows forever would never end.
            var before = OperatingSystem.IsLinux() ? LinuxFile.Status(file) : default;
            var length = OperatingSystem.IsLinux() ? before.Size : RandomAccess.GetLength(file);
            var size = 0L;
            for (int read; size <= length && (read = RandomAccess.Read(file, _buffer, size)) > 0; size += read)
            {
                cancellation.ThrowIfCancellationRequested();
                _hash.AppendData(_buffer, 0, read);
                progress?.Report(read);
            }
            if (size != length || (OperatingSystem.IsLinux() && LinuxFile.Status(file) != before))
            {
                _hash.GetHashAndReset();
                throw new IOException("the file changed while it was read; try again when nothing writes to it");
            }
            return (Digest.FromBytes(algorithm, _hash.GetHashAndReset()), size);
        }

        public void Dispose() => _hash.Dispose();
    }
}
