using System.Net;
using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private static readonly TimeSpan MinimumSettling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaximumSettling = TimeSpan.FromSeconds(5);

    // Writers of one process take turns; striped, so that the table never grows.
    private static readonly SemaphoreSlim[] TagGates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <inheritdoc/>
    /// <remarks>
    /// Nothing in the distribution specification keeps two writers of a tag from undoing each other's work. So each write is conditional where
    /// the registry obeys conditions (RFC 9110 §13); each writer looks again, after longer than it took from reading to writing, whether its part is
    /// still there, and where others are at work looks once more, after a longer pause; who was undone waits for a random time, so that the writers fall
    /// out of step. A write that failed on the way is never sent again as it is: by then it may undo what others wrote.
    /// </remarks>
    internal override async Task UpdateTagAsync(string tag, TagMerge merge, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"add to tag {tag}");
        var gate = TagGates[(uint)HashCode.Combine(_repository.Place, tag) % TagGates.Length];
        var state = new TagWriter();
        var begun = _options.Time.GetTimestamp();
        for (var round = 0; round < OciLimits.TagRounds && _options.Time.GetElapsedTime(begun) < _options.OverallTimeout; round++)
        {
            var started = _options.Time.GetTimestamp();
            TimeSpan? retryAfter;
            await gate.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                started = _options.Time.GetTimestamp();
                var (current, entityTag) = await FetchTaggedAsync(tag, null, cancellation).ConfigureAwait(false);
                var merged = await merge(current, cancellation).ConfigureAwait(false);
                if (merged is null)
                {
                    if (state.IsSettled(current!))
                    {
                        return;
                    }
                    retryAfter = null;
                }
                else
                {
                    retryAfter = await WriteAsync(state, tag, current, entityTag, merged, cancellation).ConfigureAwait(false);
                }
            }
            finally
            {
                gate.Release();
            }
            var pause = Settling(_options.Time.GetElapsedTime(started), state);
            await _options.DelayAsync(retryAfter > pause ? retryAfter.Value : pause, cancellation).ConfigureAwait(false);
        }
        throw new RegistryException(
            null,
            null,
            $"{operation}: others kept writing to it, or the registry forgets what is written; gave up",
            "the registry cannot keep writers apart, so that they have to take turns; try again when fewer write"
        );
    }

    /// <summary>One write, unless another's came first.</summary>
    /// <returns>How long the registry asks to be left alone.</returns>
    private async Task<TimeSpan?> WriteAsync(
        TagWriter state,
        string tag,
        StoredManifest? current,
        string? entityTag,
        StoredManifest merged,
        CancellationToken cancellation
    )
    {
        state.Begin(current);
        KeyValuePair<string, string>? condition =
            !state.IsConditional ? null
            : current is null ? new("If-None-Match", "*")
            // A weak tag matches nothing (RFC 9110 §13.1.1).
            : entityTag is not null && !entityTag.StartsWith("W/", StringComparison.Ordinal) ? new("If-Match", entityTag)
            : null;
        try
        {
            await PutManifestAsync(merged, tag, condition, 1, cancellation).ConfigureAwait(false);
            state.Wrote(merged);
            return null;
        }
        catch (RegistryException e) when (e.Status == HttpStatusCode.PreconditionFailed && condition is not null)
        {
            state.WasRefused(current);
            return null;
        }
        catch (RegistryException e) when (e.IsTransient && state.MayFailAgain(_options.Attempts))
        {
            // It may have arrived in spite of the failure; the next round sees.
            var delay = e.RetryAfter ?? TimeSpan.Zero;
            return delay < _options.MaximumDelay ? delay : _options.MaximumDelay;
        }
    }

    private static TimeSpan Settling(TimeSpan took, TagWriter state)
    {
        var random = 1 + (RandomNumberGenerator.GetInt32(1000) / 1000.0 * state.Spread);
        var pause = took * 2 * random;
        var least = MinimumSettling * random;
        return pause < least ? least
            : pause > MaximumSettling ? MaximumSettling
            : pause;
    }

    /// <summary>What one writer of a tag has seen of the others.</summary>
    private sealed class TagWriter
    {
        private StoredManifest? _written;
        private StoredManifest? _refusedOver;
        private bool _wasRefused;
        private int _undone;
        private int _confirmed;
        private int _failures;

        /// <summary>Whether conditions are worth sending.</summary>
        internal bool IsConditional { get; private set; } = true;

        /// <summary>How far the pause may be stretched at random: more with every time that our part was undone.</summary>
        internal int Spread => 1 << Math.Min(_undone, 4);

        /// <summary>Whether our part, which is there now, will stay.</summary>
        internal bool IsSettled(StoredManifest current)
        {
            // Where nobody else writes, one look is enough: the tag holds the very bytes of ours, or had our part before we came.
            if (_written is null || (_undone == 0 && _written.Descriptor.Equals(current.Descriptor)))
            {
                return _failures == 0 || ++_confirmed > 1;
            }
            return ++_confirmed > 1;
        }

        internal void Begin(StoredManifest? current)
        {
            if (_written is not null)
            {
                _undone++;
            }
            if (_wasRefused && Same(current, _refusedOver))
            {
                // Nobody was first, so the registry takes conditions and cannot tell.
                IsConditional = false;
            }
            _confirmed = 0;
        }

        internal void Wrote(StoredManifest merged)
        {
            _written = merged;
            _wasRefused = false;
        }

        internal void WasRefused(StoredManifest? current)
        {
            _written = null;
            _wasRefused = true;
            _refusedOver = current;
        }

        internal bool MayFailAgain(int attempts) => ++_failures < attempts;

        private static bool Same(StoredManifest? a, StoredManifest? b) =>
            a is null || b is null ? ReferenceEquals(a, b) : a.Descriptor.Equals(b.Descriptor);
    }
}
