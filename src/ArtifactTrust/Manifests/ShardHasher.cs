using System.Runtime.ExceptionServices;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>Hashes one open file in shards of one size, several at once.</summary>
/// <param name="algorithm">The hash function.</param>
/// <param name="shardSize">The bytes of every shard but the last.</param>
internal sealed class ShardHasher(DigestAlgorithm algorithm, long shardSize)
{
    private const int BufferBytes = 256 << 10;

    /// <summary>Hashes the file.</summary>
    /// <returns>The shards in the order of their bytes; none for an empty file.</returns>
    /// <exception cref="IOException">The file cannot be read, or changed while it was.</exception>
    internal IReadOnlyList<ManifestEntry> Hash(ArtifactFile file, string name, CancellationToken cancellation)
    {
        var shards = new ManifestEntry[new ManifestForm(algorithm, shardSize).EntriesOf(file.Size)];
        var next = -1;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new Exception?[Math.Min(Environment.ProcessorCount, Math.Max(1, shards.Length))];
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
        file.CheckUnchanged();
        return shards;

        void Run(int index)
        {
            try
            {
                using var state = algorithm.CreateState();
                var buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
                for (int i; (i = Interlocked.Increment(ref next)) < shards.Length; )
                {
                    var start = i * shardSize;
                    var end = Math.Min(file.Size, start + shardSize);
                    for (var at = start; at < end; )
                    {
                        stop.Token.ThrowIfCancellationRequested();
                        var read = RandomAccess.Read(file.Handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                        if (read == 0)
                        {
                            throw new IOException($"'{name}' became shorter while it was read; try again when nothing writes to it");
                        }
                        at += read;
                        state.Append(buffer.AsSpan(0, read), at < end);
                    }
                    var digest = Digest.FromBytes(algorithm, state.Finish());
                    shards[i] = new ManifestEntry(ManifestForm.ShardName(name, start, end), digest, end - start);
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
}
