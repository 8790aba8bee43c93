using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>One run of TUF's client workflow, under the cache's lock. Null means that a step held.</summary>
/// <param name="cache">Where trusted metadata is kept.</param>
/// <param name="fetch">Reads metadata; null to use the cache only.</param>
/// <param name="now">The fixed update start time (TUF 1.0 §5.1).</param>
internal sealed class TufUpdater(TufCache cache, TufFetcher? fetch, DateTimeOffset now)
{
    private TufRoot? _root;
    private TufTimestamp? _timestamp;
    private TufSnapshot? _snapshot;

    /// <summary>Goes on from what an update found.</summary>
    internal TufUpdater(TufCache cache, TufFetcher? fetch, TufTrust trust)
        : this(cache, fetch, trust.Time) => (_root, _timestamp, _snapshot) = (trust.Root, trust.Timestamp, trust.Snapshot);

    private bool IsOffline => fetch is null;

    internal async Task<TufUpdate> RunAsync(ReadOnlyMemory<byte>? initialRoot, CancellationToken cancellation)
    {
        var failure =
            LoadRoot(initialRoot)
            ?? await UpdateRootAsync(cancellation).ConfigureAwait(false)
            ?? await UpdateTimestampAsync(cancellation).ConfigureAwait(false)
            ?? await UpdateSnapshotAsync(cancellation).ConfigureAwait(false);
        if (failure is not null)
        {
            return new TufUpdate(failure);
        }
        var (targets, targetsFailure) = await LoadTargetsAsync(_root!.Targets, cancellation).ConfigureAwait(false);
        return targets is null ? new TufUpdate(targetsFailure!) : new TufUpdate(new TufTrust(_root, _timestamp!, _snapshot!, targets, now));
    }

    /// <summary>The metadata of a targets role, top-level or delegated, that the role's keys signed and the trusted snapshot lists.</summary>
    /// <remarks>Spec: TUF 1.0 §5.6.1 to §5.6.6. A file in the cache is checked against this very role, whoever delegated to it when it was stored.</remarks>
    internal async Task<(TufTargets? Targets, TufFailure? Failure)> LoadTargetsAsync(TufRole role, CancellationToken cancellation)
    {
        if (!_snapshot!.Meta.TryGetValue($"{role.Name}.json", out var meta))
        {
            return (null, new TufFailure(TufFailureCode.NotInSnapshot, role.Name, "§5.6.1", "the snapshot does not list the role"));
        }
        TufFailure? failure = NotCached(role.Name);
        if (cache.ReadRole(role.Name, Limits.TufTargetsBytes) is { } cached)
        {
            failure = CheckTargets(cached, role, meta, out var targets);
            if (failure is null)
            {
                return (targets, null);
            }
        }
        if (IsOffline)
        {
            return (null, failure);
        }
        (var bytes, failure) = await FetchListedAsync(role.Name, meta, Limits.TufTargetsBytes, "§5.6.1", cancellation)
            .ConfigureAwait(false);
        if (bytes is null)
        {
            return (null, failure);
        }
        failure = CheckTargets(bytes, role, meta, out var fetched);
        if (failure is not null)
        {
            return (null, failure);
        }
        cache.WriteRole(role.Name, bytes);
        return (fetched, null);
    }

    /// <summary>§5.2: the root that the caller or the cache gives, and from the former the chain of those trusted since.</summary>
    private TufFailure? LoadRoot(ReadOnlyMemory<byte>? initialRoot)
    {
        if (initialRoot is not { } bytes)
        {
            if (cache.ReadRoot() is not { } cached)
            {
                return new TufFailure(TufFailureCode.NoTrustedRoot, TufFile.Root, "§5.2", "there is no trusted root to start from");
            }
            bytes = cached;
        }
        if (TufRules.Root(bytes, null, out _root) is { } failure)
        {
            return failure;
        }
        if (initialRoot is null)
        {
            return null;
        }
        if (!IsOffline && cache.ReadRoot() is null)
        {
            cache.WriteRoot(_root!.Header.Version, bytes.Span);
        }
        // A root in the cache that does not verify ends the chain here, and the repository is asked for that version.
        while (
            _root!.Header.Version < long.MaxValue
            && cache.ReadRoot(_root.Header.Version + 1) is { } next
            && TufRules.Root(next, _root, out var following) is null
        )
        {
            _root = following;
        }
        return null;
    }

    /// <summary>§5.3.</summary>
    private async Task<TufFailure?> UpdateRootAsync(CancellationToken cancellation)
    {
        for (var i = 0; !IsOffline && i < Limits.TufRootUpdates && _root!.Header.Version < long.MaxValue; i++)
        {
            var version = _root.Header.Version + 1;
            TufRoot? next = null;
            var bytes = await fetch!($"{version}.root.json", Limits.TufRootBytes, cancellation).ConfigureAwait(false);
            if (bytes is null)
            {
                break;
            }
            if ((Length(bytes, Limits.TufRootBytes, TufFile.Root, "§5.3.3") ?? TufRules.Root(bytes, _root, out next)) is { } failure)
            {
                return failure;
            }
            if (_root.Timestamp.LosesKeyIn(next!.Timestamp) || _root.Snapshot.LosesKeyIn(next.Snapshot))
            {
                // §5.3.11, before the new root is kept: where the power fails in between, the next update is told of the rotation again.
                cache.DeleteRole(TufFile.Timestamp);
                cache.DeleteRole(TufFile.Snapshot);
            }
            cache.WriteRoot(version, bytes);
            _root = next;
        }
        return TufRules.Expiry(_root!.Header, now, TufFile.Root, "§5.3.10");
    }

    /// <summary>§5.4.</summary>
    private async Task<TufFailure?> UpdateTimestampAsync(CancellationToken cancellation)
    {
        var cachedFailure = NotCached(TufFile.Timestamp);
        if (cache.ReadRole(TufFile.Timestamp, Limits.TufTimestampBytes) is { } cached)
        {
            cachedFailure = TufRules.Timestamp(cached, _root!, out _timestamp);
        }
        var trusted = _timestamp;
        if (IsOffline)
        {
            return cachedFailure ?? TufRules.Expiry(trusted!.Header, now, TufFile.Timestamp, "§5.4.4");
        }
        var bytes = await fetch!("timestamp.json", Limits.TufTimestampBytes, cancellation).ConfigureAwait(false);
        if (bytes is null)
        {
            return Missing(TufFile.Timestamp, "§5.4.1");
        }
        TufTimestamp? next = null;
        var failure =
            Length(bytes, Limits.TufTimestampBytes, TufFile.Timestamp, "§5.4.1")
            ?? TufRules.Timestamp(bytes, _root!, out next)
            ?? (trusted is null ? null : TufRules.TimestampRollback(trusted, next!));
        if (failure is not null)
        {
            return failure;
        }
        if (trusted?.Header.Version == next!.Header.Version)
        {
            // Nothing is new, whatever this copy says.
            return TufRules.Expiry(trusted.Header, now, TufFile.Timestamp, "§5.4.4");
        }
        if (TufRules.Expiry(next.Header, now, TufFile.Timestamp, "§5.4.4") is { } expired)
        {
            return expired;
        }
        cache.WriteRole(TufFile.Timestamp, bytes);
        _timestamp = next;
        return null;
    }

    /// <summary>§5.5.</summary>
    private async Task<TufFailure?> UpdateSnapshotAsync(CancellationToken cancellation)
    {
        var meta = _timestamp!.Snapshot;
        TufSnapshot? trusted = null;
        var cachedFailure = NotCached(TufFile.Snapshot);
        if (cache.ReadRole(TufFile.Snapshot, Limits.TufSnapshotBytes) is { } cached)
        {
            cachedFailure = TufRules.Snapshot(cached, _root!, out trusted) ?? CheckSnapshot(cached, meta, trusted!);
            if (cachedFailure is null)
            {
                _snapshot = trusted;
                return null;
            }
        }
        if (IsOffline)
        {
            return cachedFailure;
        }
        var (bytes, failure) = await FetchListedAsync(TufFile.Snapshot, meta, Limits.TufSnapshotBytes, "§5.5.1", cancellation)
            .ConfigureAwait(false);
        if (bytes is null)
        {
            return failure;
        }
        // The hashes first: they need no parser.
        failure =
            TufRules.Listed(bytes, meta.Length, meta.Hashes, TufFile.Snapshot, "§5.5.2")
            ?? TufRules.Snapshot(bytes, _root!, out _snapshot)
            ?? CheckSnapshot(bytes, meta, _snapshot!, trusted);
        if (failure is not null)
        {
            return failure;
        }
        cache.WriteRole(TufFile.Snapshot, bytes);
        return null;
    }

    /// <summary>§5.5.2, §5.5.4 to §5.5.6.</summary>
    private TufFailure? CheckSnapshot(ReadOnlySpan<byte> bytes, TufMetaFile meta, TufSnapshot snapshot, TufSnapshot? trusted = null) =>
        TufRules.Listed(bytes, meta.Length, meta.Hashes, TufFile.Snapshot, "§5.5.2")
        ?? TufRules.Version(meta.Version, snapshot.Header, TufFile.Snapshot, "§5.5.4")
        ?? (trusted is null ? null : TufRules.SnapshotRollback(trusted, snapshot))
        ?? TufRules.Expiry(snapshot.Header, now, TufFile.Snapshot, "§5.5.6");

    /// <summary>§5.6.2 to §5.6.5.</summary>
    private TufFailure? CheckTargets(ReadOnlyMemory<byte> bytes, TufRole role, TufMetaFile meta, out TufTargets? targets)
    {
        targets = null;
        var failure =
            TufRules.Listed(bytes.Span, meta.Length, meta.Hashes, role.Name, "§5.6.2") ?? TufRules.Targets(bytes, role, out targets);
        return failure
            ?? TufRules.Version(meta.Version, targets!.Header, role.Name, "§5.6.4")
            ?? TufRules.Expiry(targets!.Header, now, role.Name, "§5.6.5");
    }

    private async Task<(byte[]? Content, TufFailure? Failure)> FetchListedAsync(
        string role,
        TufMetaFile meta,
        int maximumBytes,
        string clause,
        CancellationToken cancellation
    )
    {
        if (meta.Length > maximumBytes)
        {
            return (null, TooLong(role, clause, maximumBytes));
        }
        var limit = meta.Length ?? maximumBytes;
        var name = Uri.EscapeDataString(role);
        var path = _root!.ConsistentSnapshot ? $"{meta.Version}.{name}.json" : $"{name}.json";
        var bytes = await fetch!(path, limit, cancellation).ConfigureAwait(false);
        return bytes is null ? (null, Missing(role, clause))
            : Length(bytes, limit, role, clause) is { } failure ? (null, failure)
            : (bytes, null);
    }

    private static TufFailure? Length(byte[] bytes, long limit, string role, string clause) =>
        bytes.Length > limit ? TooLong(role, clause, limit) : null;

    internal static TufFailure TooLong(string role, string clause, long limit) =>
        new(TufFailureCode.TooLong, role, clause, "the file is longer than accepted") { Expected = $"at most {limit} bytes" };

    internal static TufFailure Missing(string role, string clause) =>
        new(TufFailureCode.Missing, role, clause, "the repository does not have the file");

    internal static TufFailure NotCached(string role) =>
        new(TufFailureCode.NotCached, role, "§5.2", "the file is not in the local cache, and the network is not used");
}
