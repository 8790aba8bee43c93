using System.Diagnostics;

namespace ArtifactTrust.Hashing;

/// <summary>How many files are read at once, found by measuring what the medium does with them.</summary>
/// <remarks>
/// Bytes that come from memory, or from a disk that reads ahead fast enough, are never limited. Once reads are slow, one stream is
/// measured, then two, four, and so on, for as long as more streams bring more bytes a second: an SSD or a network gets many, a disk
/// that has to seek keeps one. What was found is tried again from time to time.
/// </remarks>
internal sealed class StreamGate
{
    private const double FastBytesPerSecond = 1e9;
    private const double SlowBytesPerSecond = 3e8;
    private const long WindowBytes = 8 << 20;
    private const double WindowSeconds = 0.2;
    private const int WindowsHeld = 40;

    // What a call may take that waits for no medium: bytes of small files that are in memory would look slow else.
    private static readonly long CallTicks = Stopwatch.Frequency / 50_000;
    private static readonly long WindowTicks = (long)(WindowSeconds * Stopwatch.Frequency);

    private readonly Lock _lock = new();
    private readonly int _most;
    private readonly bool[] _left;
    private volatile int _limit;
    private bool _climbing;
    private int _held;
    private double _best;
    private int _bestLimit = 1;
    private long _bytes;
    private long _readTicks;
    private long _since = Stopwatch.GetTimestamp();

    /// <param name="workers">The number of reading threads.</param>
    /// <param name="most">The largest number of streams of all of them.</param>
    internal StreamGate(int workers, int most)
    {
        _left = new bool[workers];
        _most = most;
        _limit = most;
    }

    /// <summary>Whether the medium was found slow.</summary>
    internal bool IsSlow { get; private set; }

    /// <summary>The streams of all workers together.</summary>
    internal int Limit => _limit;

    /// <summary>The number of files that one worker may read at once.</summary>
    internal int Allowed(int worker)
    {
        var limit = _limit;
        if (limit >= _most)
        {
            return _most;
        }
        int active = 0,
            rank = 0;
        for (var i = 0; i < _left.Length; i++)
        {
            if (!Volatile.Read(ref _left[i]))
            {
                active++;
                rank += i < worker ? 1 : 0;
            }
        }
        return (limit / Math.Max(1, active)) + (rank < limit % Math.Max(1, active) ? 1 : 0);
    }

    /// <summary>A worker is done; its streams are the others'.</summary>
    internal void Leave(int worker) => Volatile.Write(ref _left[worker], true);

    /// <summary>A read has ended.</summary>
    /// <param name="bytes">What it brought.</param>
    /// <param name="ticks">How long the thread waited for it, as <see cref="Stopwatch"/> counts.</param>
    internal void Record(long bytes, long ticks) => Record(bytes, ticks, Stopwatch.GetTimestamp());

    internal void Record(long bytes, long ticks, long now)
    {
        // Every read of every worker comes here: most of them end before the lock.
        Interlocked.Add(ref _readTicks, Math.Max(0, ticks - CallTicks));
        if (Interlocked.Add(ref _bytes, bytes) < WindowBytes && now - Volatile.Read(ref _since) < WindowTicks)
        {
            return;
        }
        lock (_lock)
        {
            var seconds = (now - _since) / (double)Stopwatch.Frequency;
            // Another worker was here first.
            if (_bytes < WindowBytes && seconds < WindowSeconds)
            {
                return;
            }
            var read = _bytes / Math.Max(1e-9, _readTicks / (double)Stopwatch.Frequency);
            if (IsSlow && seconds < WindowSeconds && read < FastBytesPerSecond)
            {
                return;
            }
            // A window with little in it says nothing of the medium: many small files cost calls, not bytes.
            if (_readTicks > (now - _since) / 20)
            {
                Judge(read, _bytes / Math.Max(1e-9, seconds));
            }
            Interlocked.Exchange(ref _bytes, 0);
            Interlocked.Exchange(ref _readTicks, 0);
            Volatile.Write(ref _since, now);
        }
    }

    private void Judge(double read, double total)
    {
        if (!IsSlow)
        {
            if (read < SlowBytesPerSecond)
            {
                IsSlow = true;
                Climb();
            }
        }
        else if (read > FastBytesPerSecond)
        {
            IsSlow = false;
            _limit = _most;
        }
        else if (_climbing)
        {
            if (total > _best * 1.1)
            {
                _best = total;
                _bestLimit = _limit;
                if (_limit < _most)
                {
                    _limit = Math.Min(_most, 2 * _limit);
                    return;
                }
            }
            _limit = _bestLimit;
            _climbing = false;
            _held = 0;
        }
        else if (++_held >= WindowsHeld)
        {
            Climb();
        }
    }

    private void Climb()
    {
        _limit = 1;
        _best = 0;
        _bestLimit = 1;
        _climbing = true;
    }
}
