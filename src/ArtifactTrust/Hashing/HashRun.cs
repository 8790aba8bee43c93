using System.Collections.Concurrent;
using System.Diagnostics;
using ArtifactTrust.Hashing.Kernels;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>A part of a file that is hashed by itself.</summary>
/// <param name="File">The file's place in the list.</param>
/// <param name="Start">Where it starts, in bytes.</param>
/// <param name="Length">Its length in bytes, or null for whatever the whole file has when it is opened.</param>
/// <param name="Subtree">Whether a BLAKE3 chaining value is asked for, not a digest.</param>
internal readonly record struct HashItem(int File, long Start, long? Length, bool Subtree = false);

/// <summary>Opens a file of a run.</summary>
internal delegate SafeFileHandle OpenFile(int file, out FileStatus status);

/// <summary>One pass over the items of a run, by several threads.</summary>
internal sealed class HashRun
{
    // All buffers of a run together, so that memory does not grow with the cores; the runtime itself takes about 40 MiB.
    private const long BufferBytes = 8 << 20;
    private const int LargestLaneBytes = 32 << 10;
    private const int SmallestLaneBytes = 4 << 10;

    // More threads than this wait for memory, not for the processor.
    private const int MostWorkers = 64;

    private readonly DigestAlgorithm _algorithm;
    private readonly OpenFile _open;
    private readonly Func<int, string?> _nameOf;
    private readonly bool _disposeFiles;
    private readonly IReadOnlyList<HashItem> _items;
    private readonly HashPlan _plan;
    private readonly FileStatus?[]? _seen;
    private readonly ConcurrentDictionary<int, bool>? _moved;
    private readonly HashReserve _reserve;
    private readonly IReadOnlyList<FurtherDigest> _further;
    private readonly ConcurrentQueue<FurtherState[]> _furtherStates = new();
    private readonly IProgress<long>? _progress;
    private readonly CancellationToken _stopping;
    private int _nextStream = -1;
    private int _nextLane = -1;
    private int _active;

    private HashRun(
        DigestAlgorithm algorithm,
        OpenFile open,
        Func<int, string?> nameOf,
        bool disposeFiles,
        IReadOnlyList<HashItem> items,
        int files,
        HashPlan plan,
        int workers,
        HashReserve reserve,
        IReadOnlyList<FurtherDigest> further,
        IProgress<long>? progress,
        bool isLast,
        CancellationToken stopping
    )
    {
        _algorithm = algorithm;
        _open = open;
        _nameOf = nameOf;
        _disposeFiles = disposeFiles;
        _items = items;
        _plan = plan;
        Workers = workers;
        _active = Math.Min(workers, Math.Max(1, items.Count));
        _reserve = reserve;
        // Parts of one file have to be of the same file; a part read later sees what was there at the first.
        _seen = items.Any(i => i.Length is not null) ? new FileStatus?[files] : null;
        _moved = isLast ? null : new ConcurrentDictionary<int, bool>();
        _progress = progress;
        _stopping = stopping;
        LaneBytes = (int)Math.Clamp(BufferBytes / ((long)workers * (plan.Kernel?.Count ?? 1)) & ~63L, SmallestLaneBytes, LargestLaneBytes);
        StreamBytes = (int)Math.Clamp(BufferBytes / ((long)workers * 4) & ~1023L, 16 << 10, 256 << 10);
        Gate = reserve.TakeGate(workers, _active, workers * (plan.Kernel?.Count ?? 1));
        Values = new byte[items.Count][];
        Sizes = new long[items.Count];
        _further = further;
        Further = new IReadOnlyList<byte[]>[further.Count == 0 ? 0 : items.Count][];
    }

    internal int Workers { get; }

    internal int LaneBytes { get; }

    internal int StreamBytes { get; }

    internal StreamGate Gate { get; }

    /// <summary>A digest or chaining value for each item.</summary>
    internal byte[][] Values { get; }

    /// <summary>The bytes of each item.</summary>
    internal long[] Sizes { get; }

    /// <summary>For each item the further digests, in the order asked for.</summary>
    internal IReadOnlyList<byte[]>[][] Further { get; }

    /// <summary>Hashes the items.</summary>
    /// <param name="algorithm">The function.</param>
    /// <param name="open">Opens a file.</param>
    /// <param name="nameOf">Its name for messages.</param>
    /// <param name="disposeFiles">Whether what was opened is closed.</param>
    /// <param name="items">What to hash.</param>
    /// <param name="sizes">The size of each item, as known beforehand.</param>
    /// <param name="files">The number of files.</param>
    /// <param name="workers">The number of threads.</param>
    /// <param name="reserve">What earlier runs with as many threads left; it gets what this one leaves.</param>
    /// <param name="further">What else is computed of whole files.</param>
    /// <param name="progress">Told the bytes read.</param>
    /// <param name="reading">Which reading of the files this is, from 1.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    internal static HashRun Execute(
        DigestAlgorithm algorithm,
        OpenFile open,
        Func<int, string?> nameOf,
        bool disposeFiles,
        IReadOnlyList<HashItem> items,
        IReadOnlyList<long> sizes,
        int files,
        int workers,
        HashReserve reserve,
        IReadOnlyList<FurtherDigest> further,
        IProgress<long>? progress,
        int reading,
        CancellationToken cancellation
    )
    {
        workers = Math.Clamp(workers, 1, MostWorkers);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var plan = HashPlan.Create(algorithm, sizes, workers);
        var run = new HashRun(
            algorithm,
            open,
            nameOf,
            disposeFiles,
            items,
            files,
            plan,
            workers,
            reserve,
            further,
            progress,
            reading == FileStatus.MostReadings,
            stop.Token
        );
        var failures = new Exception?[run._active];
        var threads = new Thread[failures.Length];
        for (var i = 0; i < threads.Length; i++)
        {
            var index = i;
            threads[i] = new Thread(() => run.Work(index, failures, stop), maxStackSize: 512 << 10)
            {
                IsBackground = true,
                Name = $"hash-{index}",
            };
        }
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        while (run._furtherStates.TryDequeue(out var states))
        {
            Array.ForEach(states, s => s.Dispose());
        }
        cancellation.ThrowIfCancellationRequested();
        foreach (var failure in failures)
        {
            if (failure is not null and not OperationCanceledException)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
        }
        reserve.Return(run.Gate);
        if (run._moved is { IsEmpty: false } moved)
        {
            // Whole files, whatever parts they were read in: what was read of one before its status moved may not be there any more.
            int[] again = [.. Enumerable.Range(0, items.Count).Where(i => moved.ContainsKey(items[i].File))];
            progress?.Report(-again.Sum(i => run.Sizes[i]));
            var second = Execute(
                algorithm,
                open,
                nameOf,
                disposeFiles,
                [.. again.Select(i => items[i])],
                [.. again.Select(i => run.Sizes[i])],
                files,
                workers,
                reserve,
                [],
                progress,
                reading + 1,
                cancellation
            );
            for (var i = 0; i < again.Length; i++)
            {
                if (!second.Values[i].AsSpan().SequenceEqual(run.Values[again[i]]))
                {
                    throw run.Changed(again[i]);
                }
            }
        }
        return run;
    }

    /// <summary>The next item for a lane.</summary>
    internal bool TryTakeLane(out int item)
    {
        var at = _plan.Streams + Interlocked.Increment(ref _nextLane);
        item = at < _plan.Order.Length ? _plan.Order[at] : -1;
        return item >= 0;
    }

    /// <summary>Opens the file of an item.</summary>
    internal OpenItem Open(int item)
    {
        var (file, start, length, _) = _items[item];
        var handle = _open(file, out var status);
        var opened = new OpenItem(this, item, handle, status, start, start + (length ?? status.Size));
        try
        {
            if (start + (length ?? 0) > status.Size)
            {
                throw Changed(item);
            }
            CheckUnchanged(item, SeenAtFirst(file, status), status);
            if (OperatingSystem.IsLinux() && opened.End - start > 256 << 10)
            {
                LinuxFile.AdviseSequential(handle);
            }
            opened.AskAhead(start);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Reads, and tells those who want to know.</summary>
    internal int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        _stopping.ThrowIfCancellationRequested();
        var start = Stopwatch.GetTimestamp();
        var read = OperatingSystem.IsLinux() ? LinuxFile.Read(file, buffer, offset) : RandomAccess.Read(file, buffer, offset);
        // A short read costs the call more than the bytes.
        if (read >= 4096)
        {
            Gate.Record(read, Stopwatch.GetTimestamp() - start);
        }
        if (read > 0)
        {
            _progress?.Report(read);
        }
        return read;
    }

    /// <summary>Waits until the worker may read at least one file.</summary>
    internal void WaitForTurn(int worker)
    {
        while (Gate.Allowed(worker) == 0)
        {
            _stopping.WaitHandle.WaitOne(2);
            _stopping.ThrowIfCancellationRequested();
        }
    }

    /// <summary>States for the further digests of one file; null where none are asked for.</summary>
    internal FurtherState[]? TakeFurther() =>
        _further.Count == 0 ? null
        : _furtherStates.TryDequeue(out var states) ? states
        : [.. _further.Select(f => new FurtherState(f))];

    /// <summary>Keeps the further digests of an item that was read to its end.</summary>
    internal void EndFurther(int item, FurtherState[] states)
    {
        Further[item] = [.. states.Select(s => s.Finish())];
        _furtherStates.Enqueue(states);
    }

    internal void Release(SafeFileHandle handle)
    {
        if (_disposeFiles)
        {
            handle.Dispose();
        }
    }

    /// <summary>Throws where a file is not what it was. Where a name of it may have come or gone, it is read again instead, some times.</summary>
    internal void CheckUnchanged(int item, FileStatus before, FileStatus now)
    {
        if (now == before)
        {
            return;
        }
        if (_moved is null || !now.MayBeSame(before))
        {
            throw Changed(item);
        }
        _moved.TryAdd(_items[item].File, true);
    }

    internal IOException Changed(int item) =>
        Failure(item, "the file changed while it was read; try again when nothing writes to it", null);

    internal IOException Failure(int item, string message, IOException? inner) =>
        new(_nameOf(_items[item].File) is { } name ? $"'{name}': {message}" : message, inner);

    private FileStatus SeenAtFirst(int file, FileStatus status)
    {
        if (_seen is null)
        {
            return status;
        }
        lock (_seen)
        {
            return _seen[file] ??= status;
        }
    }

    private void Work(int worker, Exception?[] failures, CancellationTokenSource stop)
    {
        try
        {
            Streams(worker);
            if (_plan.Kernel is not null && _plan.Streams < _plan.Order.Length)
            {
                using var lanes = new LaneHasher(this, worker, _plan.Kernel);
                lanes.Run();
            }
        }
#pragma warning disable CA1031 // The exception is thrown again on the caller's thread.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures[worker] = e;
            stop.Cancel();
        }
        finally
        {
            Gate.Leave(worker);
            Interlocked.Decrement(ref _active);
        }
    }

    private void Streams(int worker)
    {
        DigestState? state = null;
        byte[]? buffer = null;
        try
        {
            for (int at; (at = Interlocked.Increment(ref _nextStream)) < _plan.Streams; )
            {
                var item = _plan.Order[at];
                state ??= _algorithm.CreateState();
                using var opened = Open(item);
                var subtree = _items[item].Subtree;
                if (subtree)
                {
                    ((Blake3DigestState)state).Start(opened.Start / Blake3Lanes.ChunkBytes);
                }
                if (opened.End - opened.Start >= ReadAhead.WorthBytes && Volatile.Read(ref _active) < Workers)
                {
                    using var ahead = new ReadAhead(opened);
                    ahead.HashInto(state, subtree);
                }
                else
                {
                    buffer ??= _reserve.Buffers.TryDequeue(out var used)
                        ? used
                        : GC.AllocateUninitializedArray<byte>(StreamBytes, pinned: true);
                    for (var offset = opened.Start; offset < opened.End; )
                    {
                        WaitForTurn(worker);
                        var read = opened.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, opened.End - offset)), offset);
                        offset += read;
                        state.Append(buffer.AsSpan(0, read), subtree || offset < opened.End);
                    }
                }
                opened.CheckUnchanged();
                Values[item] = subtree ? ((Blake3DigestState)state).Finish(root: false) : state.Finish();
                Sizes[item] = opened.End - opened.Start;
            }
        }
        finally
        {
            state?.Dispose();
            if (buffer is not null)
            {
                _reserve.Buffers.Enqueue(buffer);
            }
        }
    }
}

/// <summary>An item whose file is open.</summary>
internal sealed class OpenItem(HashRun run, int item, SafeFileHandle handle, FileStatus status, long start, long end) : IDisposable
{
    // Of a slow medium this much is under way while the thread hashes: more than a network has in flight, and few seeks for a disk.
    private const long AheadBytes = 1 << 20;

    // A kernel may bring no more for one call than it reads ahead by itself.
    private const long AskedBytes = 128 << 10;

    private FurtherState[]? _further = run.TakeFurther();
    private long _askedEnd;

    internal int Item => item;

    internal long Start => start;

    internal long End => end;

    /// <summary>Has a slow medium fetch what comes next.</summary>
    internal void AskAhead(long offset)
    {
        if (!OperatingSystem.IsLinux() || !run.Gate.IsSlow)
        {
            return;
        }
        for (_askedEnd = Math.Max(_askedEnd, offset); _askedEnd < Math.Min(end, offset + AheadBytes); _askedEnd += AskedBytes)
        {
            LinuxFile.AdviseWillNeed(handle, _askedEnd, Math.Min(AskedBytes, end - _askedEnd));
        }
    }

    /// <summary>Reads at least one byte.</summary>
    /// <exception cref="IOException">There is none, or it cannot be read.</exception>
    internal int Read(Span<byte> buffer, long offset)
    {
        AskAhead(offset + buffer.Length);
        int read;
        try
        {
            read = run.Read(handle, buffer, offset);
        }
        catch (IOException e)
        {
            throw run.Failure(item, e.Message, e);
        }
        if (read == 0)
        {
            throw run.Changed(item);
        }
        // Every item is read once, from its start to its end, whichever way it is hashed.
        foreach (var state in _further ?? [])
        {
            state.Append(buffer[..read], offset + read < end);
        }
        return read;
    }

    /// <summary>Ends the item; throws where the file is not what it was when it was opened.</summary>
    internal void CheckUnchanged()
    {
        run.CheckUnchanged(item, status, FileStatus.Of(handle));
        if (_further is { } states)
        {
            _further = null;
            run.EndFurther(item, states);
        }
    }

    public void Dispose()
    {
        // A file that was given up in the middle; its states are of no more use.
        Array.ForEach(_further ?? [], s => s.Dispose());
        run.Release(handle);
    }
}
