using System.Diagnostics;

namespace ArtifactTrust.Hashing;

/// <summary>How many files are read at once, found by measuring what the medium does with them.</summary>
/// <remarks>
/// Each worker starts with one. Bytes that come from memory, or from a disk that reads ahead fast enough, are not limited from the first few
/// reads on. Where reads are slow, one stream is measured, then two, four, and so on, for as long as more streams bring clearly more bytes a
/// second: an SSD or a network gets many, a disk that has to seek keeps one. What was found is tried again from time to time, ever more seldom.
/// </remarks>
internal sealed class StreamGate
{
    private const double FastBytesPerSecond = 1e9;
    private const double SlowBytesPerSecond = 3e8;
    private const long FirstBytes = 128 << 10;
    private const long WindowBytes = 8 << 20;

    // What was asked for before the number of streams changed comes in, and is not counted.
    private const double SettleSeconds = 0.05;

    // Twice the streams are worth it where they bring this much more; less is noise, or seeking that reading ahead hides.
    private const double WorthTwice = 1.25;

    // A busy machine makes a window slower, never faster: the best of some counts, and of more where all others are compared with it.
    private const int WindowsMeasured = 2;
    private const int WindowsMeasuredFirst = 4;
    private const int WindowsHeld = 50;
    private const int WindowsIdle = 5;
    private const int MostWindowsHeld = 1000;

    // Files so small that their reads are not recorded are as good as in memory.
    private const int AskedInVain = 16;

    // What a call may take that waits for no medium: bytes of small files that are in memory would look slow else.
    private static readonly long CallTicks = Stopwatch.Frequency / 50_000;
    private static readonly long WindowTicks = Stopwatch.Frequency / 10;

    private readonly Lock _lock = new();
    private readonly int _most;
    private readonly bool[] _left;
    private volatile int _limit;
    private bool _climbing;
    private volatile bool _isKnown;
    private int _asked;
    private bool _wasDoubtful;
    private int _windowsIdle;
    private int _windows;
    private double _measured;
    private int _held;
    private int _hold = WindowsHeld;
    private double _best;
    private int _bestLimit = 1;
    private long _bytes;
    private long _readTicks;
    private long _since;

    /// <param name="workers">The number of reading threads.</param>
    /// <param name="most">The largest number of streams of all of them.</param>
    internal StreamGate(int workers, int most)
    {
        _left = new bool[workers];
        _most = most;
        _limit = Math.Min(workers, most);
    }

    /// <summary>The largest number of streams that there can be.</summary>
    internal int Most => _most;

    /// <summary>Whether the medium was found slow.</summary>
    internal bool IsSlow { get; private set; }

    /// <summary>The streams of all workers together.</summary>
    internal int Limit => _limit;

    /// <summary>Begins to measure anew, with what is known of the medium.</summary>
    /// <param name="running">How many of the workers there are.</param>
    internal void Begin(int running)
    {
        lock (_lock)
        {
            for (var i = 0; i < _left.Length; i++)
            {
                _left[i] = i >= running;
            }
            (_bytes, _readTicks, _since) = (0, 0, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>The number of files that one worker may read at once.</summary>
    internal int Allowed(int worker)
    {
        if (!_isKnown && Interlocked.Increment(ref _asked) > AskedInVain * _left.Length)
        {
            lock (_lock)
            {
                _limit = _isKnown ? _limit : _most;
                _isKnown = true;
            }
        }
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
        var elapsed = now - Volatile.Read(ref _since);
        if (elapsed < 0)
        {
            return;
        }
        // Every read of every worker comes here: most of them end before the lock.
        Interlocked.Add(ref _readTicks, Math.Max(0, ticks - CallTicks));
        if (Interlocked.Add(ref _bytes, bytes) < (_isKnown ? WindowBytes : FirstBytes) && elapsed < WindowTicks)
        {
            return;
        }
        lock (_lock)
        {
            elapsed = now - _since;
            // Another worker was here first.
            if (elapsed < 0 || (_bytes < (_isKnown ? WindowBytes : FirstBytes) && elapsed < WindowTicks))
            {
                return;
            }
            var read = _bytes / Math.Max(1e-9, _readTicks / (double)Stopwatch.Frequency);
            if (IsSlow && elapsed < WindowTicks && read < FastBytesPerSecond)
            {
                return;
            }
            var total = _bytes / Math.Max(1e-9, elapsed / (double)Stopwatch.Frequency);
            // A window with little in it says nothing of the medium: many small files cost calls, not bytes.
            var isTelling = !_isKnown || _readTicks > elapsed / 20;
            // One slow window may be a thread that a busy machine held up; two in a row are the medium.
            var isDoubtful = isTelling && !IsSlow && read < SlowBytesPerSecond && !_wasDoubtful;
            _wasDoubtful = isDoubtful;
            _isKnown |= !isDoubtful;
            Interlocked.Exchange(ref _bytes, 0);
            Interlocked.Exchange(ref _readTicks, 0);
            Volatile.Write(ref _since, now);
            if (isDoubtful)
            {
                return;
            }
            _windowsIdle = isTelling ? 0 : _windowsIdle + 1;
            if (isTelling)
            {
                Judge(read, total);
            }
            else if (IsSlow && _windowsIdle >= WindowsIdle)
            {
                // What is waited for is not the medium.
                Open();
            }
        }
    }

    private void Judge(double read, double total)
    {
        if (!IsSlow && read < SlowBytesPerSecond)
        {
            IsSlow = true;
            Climb();
        }
        else if (!IsSlow || read > FastBytesPerSecond)
        {
            Open();
        }
        else if (_climbing)
        {
            Compare(total);
        }
        else if (++_held >= _hold)
        {
            _hold = Math.Min(MostWindowsHeld, 2 * _hold);
            Climb();
        }
    }

    private void Compare(double total)
    {
        _measured = Math.Max(_measured, total);
        _windows++;
        var isWorth = _measured > _best * WorthTwice;
        if (_limit == 1 ? _windows < WindowsMeasuredFirst : !isWorth && _windows < WindowsMeasured)
        {
            return;
        }
        if (isWorth)
        {
            (_best, _bestLimit) = (_measured, _limit);
            if (_limit < _most)
            {
                Change(Math.Min(_most, 2 * _limit));
                return;
            }
        }
        _climbing = false;
        _held = 0;
        Change(_bestLimit);
    }

    private void Open()
    {
        IsSlow = false;
        _limit = _most;
    }

    private void Climb()
    {
        Change(1);
        _best = 0;
        _bestLimit = 1;
        _climbing = true;
    }

    private void Change(int limit)
    {
        (_windows, _measured) = (0, 0);
        if (limit != _limit)
        {
            _limit = limit;
            _since += (long)(SettleSeconds * Stopwatch.Frequency);
        }
    }
}
