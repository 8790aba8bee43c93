using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

/// <summary>What one writer of a tag has seen of the others, and how long it looks after its part.</summary>
/// <param name="settleTime">How long others may take from reading to writing.</param>
/// <param name="time">The clock.</param>
/// <remarks>See docs/decisions/019: a part stays if its writer looks after it for longer than any other writer goes without looking.</remarks>
internal sealed class TagWriter(TimeSpan settleTime, TimeProvider time)
{
    internal static readonly TimeSpan MinimumPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaximumPause = TimeSpan.FromSeconds(15);

    private StoredManifest? _written;
    private StoredManifest? _refusedOver;
    private bool _wasRefused;
    private bool _isGuarded;
    private bool _othersWrite;
    private int _undone;
    private int _looks;
    private int _failures;
    private int _unread;
    private TimeSpan _waited;
    private long _lastRead;

    /// <summary>The longest time for which what stood under the tag may have gone unseen before a write of ours replaced it.</summary>
    internal TimeSpan Unseen { get; private set; }

    /// <summary>How often the tag is read while a write is under way; null for never.</summary>
    internal TimeSpan? WatchInterval => settleTime > TimeSpan.Zero ? settleTime / 2 : null;

    private bool IsAlone => _undone == 0 && _failures == 0 && !_othersWrite;

    /// <summary>A write that failed may still arrive, and then has to be noticed.</summary>
    private TimeSpan Required => settleTime * (1 + (_undone > 0 || _othersWrite ? 1 : 0) + (_failures > 0 ? 2 : 0));

    /// <summary>A read that the next write is based on was answered.</summary>
    /// <param name="sent">When it was sent.</param>
    internal void Read(long sent)
    {
        _unread = 0;
        _lastRead = sent;
    }

    /// <summary>A read while a write is under way was answered.</summary>
    /// <param name="sent">When it was sent.</param>
    internal void Watched(long sent)
    {
        Landed();
        _lastRead = sent;
    }

    internal bool MayReadAgain(int attempts) => ++_unread < attempts;

    /// <summary>A write begins.</summary>
    internal void Begin()
    {
        if (_written is not null)
        {
            _undone++;
        }
        _looks = 0;
        _waited = TimeSpan.Zero;
        _isGuarded = false;
    }

    /// <summary>A write succeeded.</summary>
    /// <param name="merged">What was written.</param>
    /// <param name="isGuarded">Whether the registry had it replace nothing but what was read, and will have others do the same.</param>
    internal void Wrote(StoredManifest merged, bool isGuarded)
    {
        if (!isGuarded)
        {
            Landed();
        }
        _written = merged;
        _isGuarded = isGuarded;
        _wasRefused = false;
    }

    /// <summary>A write was refused, because its condition does not hold.</summary>
    /// <returns>Whether the registry can tell: not where nobody was first.</returns>
    internal bool WasRefused(StoredManifest? current)
    {
        var tells = !_wasRefused || !Same(current, _refusedOver);
        _written = null;
        _wasRefused = true;
        _refusedOver = current;
        return tells;
    }

    internal bool MayFailAgain(int attempts) => ++_failures < attempts;

    /// <summary>Whether our part, which is there now, will stay.</summary>
    internal bool IsSettled(StoredManifest current)
    {
        _othersWrite |= _written is not null && !_written.Descriptor.Equals(current.Descriptor);
        // Where nothing was written, our part was there before we came.
        return _written is null && _failures == 0 || _isGuarded || (++_looks > (IsAlone ? 0 : 1) && _waited >= Required);
    }

    /// <summary>How long to wait before looking again.</summary>
    /// <param name="took">How long the last round took.</param>
    internal TimeSpan Pause(TimeSpan took)
    {
        if (_isGuarded)
        {
            return TimeSpan.Zero;
        }
        // Stretched at random, and more with every time that our part was undone, so that the writers fall out of step.
        var random = 1 + (RandomNumberGenerator.GetInt32(1000) / 1000.0 * (1 << Math.Min(_undone, 6)));
        var pause = Longer(took * 2, MinimumPause) * random;
        if (_looks > 0)
        {
            pause = Longer(pause, Required - _waited);
        }
        // Where a write that failed may arrive at any time, what it would undo is to be seen before.
        pause = Shorter(pause, _failures > 0 ? Longer(settleTime / 2, MinimumPause) : Longer(settleTime * 2, MaximumPause));
        _waited += pause;
        return pause;
    }

    private void Landed() => Unseen = Longer(Unseen, time.GetElapsedTime(_lastRead));

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static bool Same(StoredManifest? a, StoredManifest? b) =>
        a is null || b is null ? ReferenceEquals(a, b) : a.Descriptor.Equals(b.Descriptor);
}
