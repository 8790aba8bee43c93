using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>
/// Keeps the metadata of a TUF repository up to date and downloads its files, so that an attacker who controls the network or the
/// repository, but not enough keys, can at most deny service.
/// </summary>
/// <remarks>
/// Spec: TUF 1.0 §5. Attacks are reported as a <see cref="TufFailure"/>; what was trusted before stays trusted and in the cache. A cache may be
/// used by several clients, threads and processes at once: they wait for each other.
/// </remarks>
public sealed class TufClient
{
    private readonly TufCache _cache;
    private readonly TufFetcher? _metadata;
    private readonly TufFetcher? _targets;
    private readonly TimeProvider _time;
    private readonly ReadOnlyMemory<byte>? _initialRoot;

    /// <summary>A client of a repository.</summary>
    /// <param name="cache">What is trusted so far.</param>
    /// <param name="metadata">Reads files relative to the metadata's base URL.</param>
    /// <param name="targets">Reads files relative to the targets' base URL.</param>
    /// <param name="time">The clock that expiries are compared with.</param>
    /// <param name="initialRoot">A root file that came with the program: all trust starts there, and the cache can only add what follows
    /// from it. Where null, the cache's own root is trusted (<see cref="TufCache.InitializeAsync"/>).</param>
    public TufClient(TufCache cache, TufFetcher metadata, TufFetcher targets, TimeProvider time, ReadOnlyMemory<byte>? initialRoot = null)
        : this(cache, time, initialRoot)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(targets);
        (_metadata, _targets) = (metadata, targets);
    }

    private TufClient(TufCache cache, TimeProvider time, ReadOnlyMemory<byte>? initialRoot)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(time);
        (_cache, _time, _initialRoot) = (cache, time, initialRoot);
    }

    /// <summary>A client that uses the cache only: what is not there, or has expired, is not trusted. It writes nothing but a lock.</summary>
    /// <inheritdoc cref="TufClient(TufCache, TufFetcher, TufFetcher, TimeProvider, ReadOnlyMemory{byte}?)"/>
    public static TufClient Offline(TufCache cache, TimeProvider time, ReadOnlyMemory<byte>? initialRoot = null) =>
        new(cache, time, initialRoot);

    /// <summary>Brings root, timestamp, snapshot and targets up to date.</summary>
    /// <param name="cancellation">Stops the update; what was already verified stays in the cache.</param>
    /// <exception cref="IOException">The cache cannot be read or written, or another process holds it.</exception>
    /// <exception cref="PlatformNotSupportedException">A key is Ed25519 and there is no OpenSSL.</exception>
    /// <remarks>Spec: TUF 1.0 §5.1 to §5.6.6. What the fetcher throws passes through.</remarks>
    public async Task<TufUpdate> UpdateAsync(CancellationToken cancellation = default)
    {
        using var held = await LockAsync(cancellation).ConfigureAwait(false);
        return await new TufUpdater(_cache, _metadata, _time.GetUtcNow()).RunAsync(_initialRoot, cancellation).ConfigureAwait(false);
    }

    /// <summary>The content of a file that trusted metadata describes: from the cache, or else from the repository.</summary>
    /// <param name="trust">What <see cref="UpdateAsync"/> found.</param>
    /// <param name="path">The file's path: names with <c>/</c> between them.</param>
    /// <param name="cancellation">Stops the download.</param>
    /// <exception cref="ArgumentException">The path begins or ends with <c>/</c>, or has an empty name, <c>.</c>, <c>..</c>, a backslash or a
    /// control character.</exception>
    /// <exception cref="IOException">The cache cannot be read or written, or another process holds it.</exception>
    /// <remarks>Spec: TUF 1.0 §5.6.7 and §5.7. What the fetchers throw passes through.</remarks>
    public async Task<TufDownload> DownloadAsync(TufTrust trust, string path, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(trust);
        CheckPath(path);
        using var held = await LockAsync(cancellation).ConfigureAwait(false);
        var updater = new TufUpdater(_cache, _metadata, trust);
        var (target, failure) = await TufSearch.FindAsync(updater, trust.Targets, path, cancellation).ConfigureAwait(false);
        if (target is null)
        {
            return new TufDownload(failure!);
        }
        if (target.Length > Limits.TufTargetBytes)
        {
            return new TufDownload(TufUpdater.TooLong(path, "§5.7.3", Limits.TufTargetBytes));
        }
        if (_cache.ReadTarget(path, (int)target.Length) is { } cached && Check(cached, target) is null)
        {
            return new TufDownload(target, cached);
        }
        if (_targets is null)
        {
            return new TufDownload(TufUpdater.NotCached(path));
        }
        return await FetchAsync(_targets, trust, target, cancellation).ConfigureAwait(false);
    }

    private async Task<TufDownload> FetchAsync(TufFetcher fetch, TufTrust trust, TufTarget target, CancellationToken cancellation)
    {
        if (target.Hashes.Known.Count == 0)
        {
            return new TufDownload(target.Hashes.Check([], target.Path, "§5.7.3")!);
        }
        var names = target.Path.Split('/');
        if (trust.Root.ConsistentSnapshot)
        {
            var hash = target.Hashes.Known.FirstOrDefault(d => d.Algorithm == DigestAlgorithm.Sha256) ?? target.Hashes.Known[0];
            names[^1] = $"{hash.Hex}.{names[^1]}";
        }
        var location = string.Join('/', names.Select(Uri.EscapeDataString));
        var content = await fetch(location, target.Length, cancellation).ConfigureAwait(false);
        if (content is null)
        {
            return new TufDownload(TufUpdater.Missing(target.Path, "§5.7.3"));
        }
        if (content.Length > target.Length)
        {
            return new TufDownload(TufUpdater.TooLong(target.Path, "§5.7.3", target.Length));
        }
        if (Check(content, target) is { } failure)
        {
            return new TufDownload(failure);
        }
        _cache.WriteTarget(target.Path, content);
        return new TufDownload(target, content);
    }

    private async Task<TufCacheLock?> LockAsync(CancellationToken cancellation) =>
        _metadata is null
            ? await _cache.LockForReadingAsync(cancellation).ConfigureAwait(false)
            : await _cache.LockAsync(cancellation).ConfigureAwait(false);

    private static TufFailure? Check(ReadOnlySpan<byte> content, TufTarget target) =>
        TufRules.Listed(content, target.Length, target.Hashes, target.Path, "§5.7.3");

    private static void CheckPath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Split('/').Any(n => n is "" or "." or ".." || n.AsSpan().Contains('\\') || n.Any(char.IsControl)))
        {
            throw new ArgumentException($"'{path}' is not a plain relative path", nameof(path));
        }
    }
}
