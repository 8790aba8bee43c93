using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Manifests;

/// <summary>Hashes files in shards of one size, several shards at once, also of one file.</summary>
/// <param name="algorithm">The hash function.</param>
/// <param name="shardSize">The bytes of every shard but a file's last.</param>
/// <param name="workers">How many shards are read at once; the number of processors where null.</param>
internal sealed class ShardHasher(DigestAlgorithm algorithm, long shardSize, int? workers = null)
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Hashes files of a tree.</summary>
    /// <returns>The shards of each file, in the order of their bytes; none for an empty file.</returns>
    /// <exception cref="IOException">A file cannot be read, or is shorter than it was when it was listed.</exception>
    internal IReadOnlyList<IReadOnlyList<ManifestEntry>> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) => Hash([.. files.Select(f => (f.Name, f.Size))], tree.OpenHandle, progress, cancellation);

    /// <summary>Hashes one open file.</summary>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    internal IReadOnlyList<ManifestEntry> Hash(ArtifactFile file, string name, CancellationToken cancellation)
    {
        var shards = Hash([(name, file.Size)], _ => new SafeFileHandle(file.Handle.DangerousGetHandle(), ownsHandle: false), null, cancellation);
        file.CheckUnchanged();
        return shards[0];
    }

    private ManifestEntry[][] Hash(
        IReadOnlyList<(string Name, long Size)> files,
        Func<string, SafeFileHandle> open,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        var results = files.Select(f => new ManifestEntry[(f.Size + shardSize - 1) / shardSize]).ToArray();
        var gate = new Lock();
        var (nextFile, nextShard) = (0, 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new Exception?[Math.Max(1, workers ?? Environment.ProcessorCount)];
        var threads = Enumerable
            .Range(0, failures.Length)
            .Select(index => new Thread(() => Run(index)) { IsBackground = true, Name = $"shard-{index}" })
            .ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        cancellation.ThrowIfCancellationRequested();
        if (failures.FirstOrDefault(f => f is not null and not OperationCanceledException) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
        return results;

        (int File, int Shard)? Next()
        {
            lock (gate)
            {
                while (nextFile < results.Length && nextShard == results[nextFile].Length)
                {
                    (nextFile, nextShard) = (nextFile + 1, 0);
                }
                return nextFile == results.Length ? null : (nextFile, nextShard++);
            }
        }

        void Run(int index)
        {
            SafeFileHandle? handle = null;
            try
            {
                using var hash = IncrementalHash.CreateHash(algorithm.BclName);
                var buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
                var opened = -1;
                while (Next() is { } unit)
                {
                    var (name, size) = files[unit.File];
                    if (opened != unit.File)
                    {
                        handle?.Dispose();
                        handle = open(name);
                        opened = unit.File;
                    }
                    var start = unit.Shard * shardSize;
                    var end = Math.Min(size, start + shardSize);
                    for (var at = start; at < end; )
                    {
                        stop.Token.ThrowIfCancellationRequested();
                        var read = RandomAccess.Read(handle!, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                        if (read == 0)
                        {
                            throw new IOException($"'{name}' became shorter while it was read; try again when nothing writes to it");
                        }
                        hash.AppendData(buffer, 0, read);
                        progress?.Report(read);
                        at += read;
                    }
                    var digest = Digest.FromBytes(algorithm, hash.GetHashAndReset());
                    results[unit.File][unit.Shard] = new ManifestEntry(ManifestForm.ShardName(name, start, end), digest, end - start);
                }
            }
#pragma warning disable CA1031 // The exception is thrown again on the caller's thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures[index] = e;
                stop.Cancel();
            }
            finally
            {
                handle?.Dispose();
            }
        }
    }
}
