using System.Net;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

public sealed partial class RegistryClient
{
    private const int FreshReads = 8;

    // Holds for no manifest, so that only a registry that ignores conditions writes in spite of it.
    private static readonly KeyValuePair<string, string> Impossible = new("If-Match", "\"artifact-trust: no manifest\"");

    /// <inheritdoc/>
    /// <remarks>
    /// Nothing in the distribution specification keeps two writers of a tag from undoing each other's work. Where the registry obeys conditions
    /// (RFC 9110 §13), which is tried once, each write has one. Where it does not, each writer looks after its part for
    /// <see cref="RegistryOptions.SettleTime"/>, goes without reading the tag for less than that while a write of its own is under way, and puts back
    /// all that it saw where a write undid it; who was undone waits for a random time, so that the writers fall out of step. A write that failed on the
    /// way is never sent again as it is: by then it may undo what others wrote.
    /// </remarks>
    internal override async Task UpdateTagAsync(string tag, TagContent content, CancellationToken cancellation)
    {
        var operation = _transport.Operation($"add to tag {tag}");
        var gate = TagGuards.Of(_http).Gate(_repository.Place, tag);
        var state = new TagWriter(_options.SettleTime, _options.Time);
        var begun = _options.Time.GetTimestamp();
        var patience = _options.OverallTimeout + (4 * _options.SettleTime);
        for (var round = 0; round < OciLimits.TagRounds && _options.Time.GetElapsedTime(begun) < patience; round++)
        {
            TimeSpan? retryAfter = null;
            await gate.WaitAsync(cancellation).ConfigureAwait(false);
            var started = _options.Time.GetTimestamp();
            try
            {
                if (await ReadAsync(state, tag, content, cancellation).ConfigureAwait(false) is { } read)
                {
                    if (read.Merged is not null)
                    {
                        retryAfter = await WriteAsync(state, tag, content, read, cancellation).ConfigureAwait(false);
                    }
                    else if (state.IsSettled(read.Current!))
                    {
                        TellIfSlow(state, tag);
                        return;
                    }
                }
            }
            finally
            {
                gate.Release();
            }
            var pause = state.Pause(_options.Time.GetElapsedTime(started));
            await _options.DelayAsync(retryAfter > pause ? retryAfter.Value : pause, cancellation).ConfigureAwait(false);
        }
        throw new RegistryException(
            null,
            null,
            $"{operation}: others kept writing to it, or the registry forgets what is written; gave up",
            "the registry cannot keep writers apart, so that they have to take turns; try again when fewer write"
        );
    }

    private TagConditions Conditions
    {
        get => TagGuards.Of(_http).Conditions(_transport.Registry);
        set => TagGuards.Of(_http).Learn(_transport.Registry, value);
    }

    /// <summary>What is under the tag and what is to be; null where the registry cannot tell: docker-registry on disk reads the tag's file while it is written.</summary>
    private async Task<TagState?> ReadAsync(TagWriter state, string tag, TagContent content, CancellationToken cancellation)
    {
        for (var reads = 1; ; reads++)
        {
            var sent = _options.Time.GetTimestamp();
            try
            {
                var tagged = await FetchTaggedAsync(tag, null, null, cancellation).ConfigureAwait(false);
                state.Read(sent);
                var answered = _options.Time.GetTimestamp();
                var merged = await content.MergeAsync(tagged?.Manifest, cancellation).ConfigureAwait(false);
                // What was read long ago may have been replaced since. Most of what takes long is there already the next time.
                if (
                    merged is null
                    || reads == FreshReads
                    || Conditions == TagConditions.Obeyed
                    || _options.Time.GetElapsedTime(answered) < TagWriter.MinimumPause / 2
                )
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
    private async Task<TimeSpan?> WriteAsync(TagWriter state, string tag, TagContent content, TagState read, CancellationToken cancellation)
    {
        state.Begin();
        var known = Conditions;
        KeyValuePair<string, string>? condition = known switch
        {
            // Who ignores it writes what is to be written in any case.
            TagConditions.Unknown => Impossible,
            TagConditions.Ignored => null,
            _ when read.Current is null => new("If-None-Match", "*"),
            // A weak tag matches nothing (RFC 9110 §13.1.1).
            _ when read.EntityTag is { } tagged && !tagged.StartsWith("W/", StringComparison.Ordinal) => new("If-Match", tagged),
            _ => null,
        };
        var isGuarded = known == TagConditions.Obeyed && condition is not null;
        try
        {
            var put = PutManifestAsync(read.Merged!, tag, condition, 1, cancellation);
            if (!isGuarded)
            {
                await WatchAsync(put, state, tag, content, cancellation).ConfigureAwait(false);
            }
            await put.ConfigureAwait(false);
            if (known == TagConditions.Unknown)
            {
                Conditions = TagConditions.Ignored;
            }
            state.Wrote(read.Merged!, isGuarded);
            return null;
        }
        catch (RegistryException e) when (e.Status == HttpStatusCode.PreconditionFailed && condition is not null)
        {
            if (known == TagConditions.Unknown)
            {
                Conditions = TagConditions.Obeyed;
            }
            else if (!state.WasRefused(read.Current))
            {
                Conditions = TagConditions.Ignored;
            }
            return null;
        }
        catch (RegistryException e) when (e.IsTransient && state.MayFailAgain(_options.Attempts))
        {
            // It may have arrived in spite of the failure, or arrive yet; the next rounds see.
            var delay = e.RetryAfter ?? TimeSpan.Zero;
            return delay < _options.MaximumDelay ? delay : _options.MaximumDelay;
        }
    }

    /// <summary>Sees what others put under the tag while a write of ours is on its way, which will replace it: they may have looked for the last time.</summary>
    private async Task WatchAsync(Task write, TagWriter state, string tag, TagContent content, CancellationToken cancellation)
    {
        if (state.WatchInterval is not { } interval)
        {
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        while (await Task.WhenAny(write, Task.Delay(interval, _options.Time, ended.Token)).ConfigureAwait(false) != write)
        {
            cancellation.ThrowIfCancellationRequested();
            var sent = _options.Time.GetTimestamp();
            using var late = new CancellationTokenSource(_options.SettleTime, _options.Time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            try
            {
                if (await FetchTaggedAsync(tag, null, 1, linked.Token).ConfigureAwait(false) is { } tagged)
                {
                    content.See(tagged.Manifest);
                }
                state.Watched(sent);
            }
            catch (Exception e)
                when (e is IOException or MalformedDataException
                    || (e is OperationCanceledException && !cancellation.IsCancellationRequested)
                )
            {
                // Nothing seen: the time without a look goes on.
            }
        }
        await ended.CancelAsync().ConfigureAwait(false);
    }

    private void TellIfSlow(TagWriter state, string tag)
    {
        if (_options.SettleTime > TimeSpan.Zero && state.Unseen > _options.SettleTime)
        {
            Notify(
                $"{Name} took {state.Unseen.TotalSeconds:0.#} s over a write to tag {tag}, longer than others look after theirs "
                    + $"({_options.SettleTime.TotalSeconds:0.#} s): if another machine signed or attested the same image meanwhile, see that its part is still there"
            );
        }
    }

    /// <summary>What is under a tag, and what is to be there in its place; null where nothing is missing.</summary>
    private readonly record struct TagState(StoredManifest? Current, string? EntityTag, StoredManifest? Merged);
}
