using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>Reads files one after the other, no faster than asked, and has the kernel forget them again, so that a server on the machine goes on undisturbed.</summary>
/// <param name="bytesPerSecond">The most that is read in a second; null where there is no bound.</param>
/// <param name="time">The clock.</param>
/// <remarks>Pages that a process has mapped stay in memory: the kernel drops only those that nobody maps.</remarks>
public sealed class PacedReader(long? bytesPerSecond, TimeProvider time) : TreeReader
{
    private const int MostAtOnce = 1 << 20;

    private readonly long _rate = bytesPerSecond is null or >= 1
        ? bytesPerSecond ?? 0
        : throw new ArgumentOutOfRangeException(nameof(bytesPerSecond), "at least one byte a second");

    // A bucket of a quarter of a second: what was not read while hashing or waiting is not made up for later.
    private long _filled = time.GetTimestamp();
    private double _tokens;
    private byte[]? _buffer;

    internal override IReadOnlyList<(Digest Digest, long Size)> Hash(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        DigestAlgorithm algorithm,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        using var state = algorithm.CreateState();
        return
        [
            .. files.Select(file =>
            {
                var (digests, size) = ReadShards(tree, file.Name, null, state, progress, cancellation);
                return (new Digest(algorithm, digests[0]), size);
            }),
        ];
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
        using var state = algorithm.CreateState();
        var shards = new List<FileShard>();
        foreach (var file in files)
        {
            var (digests, size) = ReadShards(tree, file.Name, shardSize, state, progress, cancellation);
            shards.AddRange(
                digests.Select(
                    (d, i) => new FileShard(file.Name, i * shardSize, Math.Min(size, (i + 1) * shardSize), new Digest(algorithm, d))
                )
            );
        }
        return shards;
    }

    /// <summary>The digests of a file's parts, read until its status was the same before and after.</summary>
    private (List<byte[]> Digests, long Size) ReadShards(
        FileTree tree,
        string name,
        long? shardSize,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        using var handle = tree.OpenHandle(name, out var status);
        List<byte[]>? before = null;
        for (var reading = 1; ; reading++)
        {
            var digests = new List<byte[]>();
            long start = 0;
            do
            {
                var end = shardSize is { } size ? Math.Min(status.Size, start + size) : status.Size;
                digests.Add(Read(handle, name, start, end, state, progress, cancellation));
                start = end;
            } while (start < status.Size);
            if (before?.Zip(digests).All(p => p.First.AsSpan().SequenceEqual(p.Second)) == false)
            {
                throw Changed(name);
            }
            var now = FileStatus.Of(handle);
            if (now == status)
            {
                return (digests, status.Size);
            }
            if (reading == FileStatus.MostReadings || !now.MayBeSame(status))
            {
                throw Changed(name);
            }
            (before, status) = (digests, now);
            progress?.Report(-status.Size);
        }
    }

    private byte[] Read(
        SafeFileHandle file,
        string name,
        long start,
        long end,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        _buffer ??= GC.AllocateUninitializedArray<byte>((int)Math.Clamp(_rate == 0 ? MostAtOnce : _rate / 8, 1, MostAtOnce));
        for (var at = start; at < end; )
        {
            var length = (int)Math.Min(_buffer.Length, end - at);
            Take(length, cancellation);
            var read = RandomAccess.Read(file, _buffer.AsSpan(0, length), at);
            if (read == 0)
            {
                throw Changed(name);
            }
            state.Append(_buffer.AsSpan(0, read), at + read < end);
            Forget(file, at, read);
            at += read;
            progress?.Report(read);
        }
        return state.Finish();
    }

    private static void Forget(SafeFileHandle file, long start, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxFile.AdviseDontNeed(file, start, length);
        }
    }

    private void Take(int bytes, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_rate == 0)
        {
            return;
        }
        var now = time.GetTimestamp();
        _tokens = Math.Min(_tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * _rate), _rate / 4.0);
        _filled = now;
        _tokens -= bytes;
        if (_tokens < 0)
        {
            // A debt is waited for, so that a read larger than the bucket keeps the rate too.
            using var pause = new ManualResetEventSlim();
            using var timer = time.CreateTimer(_ => pause.Set(), null, TimeSpan.FromSeconds(-_tokens / _rate), Timeout.InfiniteTimeSpan);
            pause.Wait(cancellation);
        }
    }
}
