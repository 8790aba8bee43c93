using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private static readonly TimeSpan MinimumSettling = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaximumSettling = TimeSpan.FromSeconds(15);

    // Writers that share connections take turns; striped, so that a table never grows.
    private static readonly ConditionalWeakTable<HttpClient, SemaphoreSlim[]> TagGates = [];

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
        var gates = TagGates.GetValue(_http, static _ => [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))]);
        var gate = gates[(uint)HashCode.Combine(_repository.Place, tag) % gates.Length];
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
                if (await ReadAsync(state, tag, merge, cancellation).ConfigureAwait(false) is not { } read)
                {
                    retryAfter = null;
                }
                else if (read.Merged is not null)
                {
                    retryAfter = await WriteAsync(state, tag, read, cancellation).ConfigureAwait(false);
                }
                else if (state.IsSettled(read.Current!))
                {
                    return;
                }
                else
                {
                    retryAfter = null;
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

    /// <summary>What is under the tag and what is to be; null where the registry cannot tell: docker-registry on disk reads the tag's file while it is written.</summary>
    private async Task<TagState?> ReadAsync(TagWriter state, string tag, TagMerge merge, CancellationToken cancellation)
    {
        for (var again = false; ; again = true)
        {
            var started = _options.Time.GetTimestamp();
            try
            {
                var tagged = await FetchTaggedAsync(tag, null, cancellation).ConfigureAwait(false);
                state.Read();
                var merged = await merge(tagged?.Manifest, cancellation).ConfigureAwait(false);
                // A write over what was read long ago would undo what others wrote since, who may have looked for the last time.
                if (again || merged is null || _options.Time.GetElapsedTime(started) < MinimumSettling / 2)
                {
                    return new TagState(tagged?.Manifest, tagged?.EntityTag, merged);
                }
            }
            catch (RegistryException e) when (e.Status == HttpStatusCode.InternalServerError && state.MayReadAgain(_options.Attempts))
            {
                return null;
            }
        }
    }

    /// <summary>One write, unless another's came first.</summary>
    /// <returns>How long the registry asks to be left alone.</returns>
    private async Task<TimeSpan?> WriteAsync(TagWriter state, string tag, TagState read, CancellationToken cancellation)
    {
        var (current, entityTag, merged) = read;
        state.Begin(current);
        KeyValuePair<string, string>? condition =
            !state.IsConditional ? null
            : current is null ? new("If-None-Match", "*")
            // A weak tag matches nothing (RFC 9110 §13.1.1).
            : entityTag is not null && !entityTag.StartsWith("W/", StringComparison.Ordinal) ? new("If-Match", entityTag)
            : null;
        try
        {
            await PutManifestAsync(merged!, tag, condition, 1, cancellation).ConfigureAwait(false);
            state.Wrote(merged!);
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

    /// <summary>What is under a tag, and what is to be there in its place; null where nothing is missing.</summary>
    private readonly record struct TagState(StoredManifest? Current, string? EntityTag, StoredManifest? Merged);

    /// <summary>What one writer of a tag has seen of the others.</summary>
    private sealed class TagWriter
    {
        private StoredManifest? _written;
        private StoredManifest? _refusedOver;
        private bool _wasRefused;
        private int _undone;
        private int _confirmed;
        private int _failures;
        private int _unread;

        /// <summary>Whether conditions are worth sending.</summary>
        internal bool IsConditional { get; private set; } = true;

        /// <summary>How far the pause may be stretched at random: more with every time that our part was undone.</summary>
        internal int Spread => 1 << Math.Min(_undone, 6);

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

        internal void Read() => _unread = 0;

        internal bool MayReadAgain(int attempts) => ++_unread < attempts;

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
