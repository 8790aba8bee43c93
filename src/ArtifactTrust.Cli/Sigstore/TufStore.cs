using System.Text;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust.Instances;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>The files of an instance as its TUF repository gives them.</summary>
/// <param name="Root">The trusted root, JSON.</param>
/// <param name="Config">The signing config, JSON; null where the repository has none.</param>
/// <param name="State">The repository's state.</param>
internal sealed record TufFiles(ReadOnlyMemory<byte> Root, ReadOnlyMemory<byte>? Config, RepositoryState State);

/// <summary>One profile's TUF repository, and what is kept of it on this machine.</summary>
internal sealed class TufStore
{
    internal const string TrustedRootName = "trusted_root.json";
    internal const string SigningConfigName = "signing_config.v0.2.json";

    /// <summary>How old what is known of a repository may be before it is asked again.</summary>
    internal static readonly TimeSpan Freshness = TimeSpan.FromDays(1);

    /// <summary>How long asking may take before a verification goes on with what it has.</summary>
    private static readonly TimeSpan ShortLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongLimit = TimeSpan.FromMinutes(2);

    private readonly SigstoreProfile _profile;
    private readonly ReadOnlyMemory<byte> _root;
    private readonly Session _session;
    private readonly string _directory;
    private readonly TufCache _cache;

    internal TufStore(SigstoreProfile profile, TrustPaths paths, Session session)
    {
        (_profile, _session) = (profile, session);
        _root = profile.TufRoot ?? ReadRoot(profile.TufRootFile!);
        // A new release brings a newer root of the same repository, and what was learned stays; another root of the user's is another trust.
        var id = $"{profile.TufUrl!.AbsoluteUri}\n{(profile.IsBuiltIn ? "" : DigestAlgorithm.Sha256.Hash(_root.Span).Hex)}";
        _directory = Path.Join(paths.Repositories, $"{profile.Name}-{DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(id)).Hex[..16]}");
        _cache = new TufCache(_directory) { LockTimeout = ShortLimit };
    }

    private string StampFile => _directory + ".refreshed";

    /// <summary>Whether anything of the repository is kept here.</summary>
    internal bool Exists => Directory.Exists(_directory);

    /// <summary>What is kept, where it may still be used; the repository is not asked.</summary>
    internal async Task<(TufFiles? Files, TufFailure? Failure)> ReadAsync(CancellationToken cancellation) =>
        await ReadAsync(TufClient.Offline(_cache, _session.Time, _root), cancellation);

    /// <summary>Asks the repository.</summary>
    /// <exception cref="CliException">What it says is refused, or it cannot be reached.</exception>
    internal async Task<TufFiles> UpdateAsync(CancellationToken cancellation)
    {
        var (files, failure, problem) = await AskAsync(LongLimit, cancellation);
        return files
            ?? throw (
                failure is not null
                    ? CliException.Rejected(
                        "tuf-refused",
                        $"what {_profile.TufUrl} says is not trusted: {failure}",
                        failure.Code == TufFailureCode.Expired
                            ? "the repository is not maintained, or someone shows an old state of it; is this machine's clock right?"
                            : "what was trusted before stays trusted; tell those who run the repository"
                    )
                    : CliException.CouldNotTell(
                        "tuf-unreachable",
                        $"{_profile.TufUrl} cannot be asked: {problem}",
                        "is it reachable from here? HTTPS_PROXY and the profile's caFile are heeded"
                    )
            );
    }

    /// <summary>What is kept, asked anew where that is old, for a command that needs it now.</summary>
    /// <exception cref="CliException">Nothing that is kept may be used, and the repository gives nothing better.</exception>
    internal async Task<TufFiles> GetAsync(CancellationToken cancellation)
    {
        var (kept, _) = Exists ? await ReadAsync(cancellation) : (null, null);
        if (kept is not null && IsFresh(kept.State))
        {
            return kept;
        }
        var (files, refused, problem) = await AskAsync(ShortLimit, cancellation);
        if (files is not null)
        {
            return files;
        }
        var why = refused?.ToString() ?? problem;
        // Again, since a new root may have revoked what was kept.
        (kept, var failure) = Exists ? await ReadAsync(cancellation) : (null, null);
        if (kept is not null)
        {
            _session.Terminal.Warn(
                $"{_profile.TufUrl} gives nothing newer ({why}); what was learned before is used, and expires {Rfc3339.Format(kept.State.Expires)}"
            );
            return kept;
        }
        throw CliException.CouldNotTell(
            failure?.Code == TufFailureCode.Expired ? "trust-expired" : "trust-unknown",
            failure is null
                ? $"nothing is known yet of profile '{_profile.Name}', and {_profile.TufUrl} gives nothing: {why}"
                : $"what is known of profile '{_profile.Name}' may not be used ({failure}), and {_profile.TufUrl} gives nothing newer: {why}",
            "run: artifact-trust trust update; or without a network give --trusted-root FILE, if you know the file to be current"
        );
    }

    private bool IsFresh(RepositoryState state)
    {
        var now = _session.Time.GetUtcNow();
        return state.Refreshed is { } refreshed && refreshed <= now && now - refreshed < Freshness;
    }

    private async Task<(TufFiles? Files, TufFailure? Failure, string? Problem)> AskAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        try
        {
            using var http = ServiceHttp.Create(_profile.CaFile, limit, redirects: true);
            var client = new TufClient(
                _cache,
                TufHttp.Below(http, _profile.TufUrl!),
                TufHttp.Below(http, _profile.TufUrl!, "targets/"),
                _session.Time,
                _root
            );
            var now = _session.Time.GetUtcNow();
            var (files, failure) = await ReadAsync(client, timer.Token);
            if (files is null)
            {
                return (null, failure, null);
            }
            DurableFile.Write(StampFile, Encoding.ASCII.GetBytes(Rfc3339.Format(now)), replace: true);
            return (files with { State = files.State with { Refreshed = now } }, null, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, null, $"no answer within {limit.TotalSeconds:0} seconds");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException)
        {
            return (null, null, e.Message);
        }
    }

    private async Task<(TufFiles? Files, TufFailure? Failure)> ReadAsync(TufClient client, CancellationToken cancellation)
    {
        var update = await client.UpdateAsync(cancellation);
        if (!update.IsTrusted)
        {
            return (null, update.Failure);
        }
        var root = await client.DownloadAsync(update.Trust, TrustedRootName, cancellation);
        if (!root.IsTrusted)
        {
            return (null, root.Failure);
        }
        var config = await client.DownloadAsync(update.Trust, SigningConfigName, cancellation);
        if (!config.IsTrusted && config.Failure.Code != TufFailureCode.NoSuchTarget)
        {
            return (null, config.Failure);
        }
        var state = new RepositoryState(
            _directory,
            update.Trust.Root.Header.Version,
            update.Trust.Timestamp.Header.Version,
            update.Trust.Expires,
            ReadStamp()
        );
        return (new TufFiles(root.Content, config.IsTrusted ? config.Content : (ReadOnlyMemory<byte>?)null, state), null);
    }

    private DateTimeOffset? ReadStamp()
    {
        try
        {
            // Whoever can change it can delay the next update by a day at most; nothing is trusted for it.
            return
                File.Exists(StampFile)
                && Rfc3339.TryParse(Encoding.ASCII.GetString(EvidenceFiles.ReadBounded(StampFile, Limits.KeyFileBytes)), out var time)
                ? time
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            return null;
        }
    }

    /// <summary>Reads the root that a repository is first trusted by.</summary>
    /// <exception cref="CliException">It is not there, cannot be read, or is too large.</exception>
    internal static byte[] ReadRoot(string path)
    {
        CliException.RequireFile(path, "root of the TUF repository");
        try
        {
            return EvidenceFiles.ReadBounded(path, Limits.TufRootBytes);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"the root '{path}' cannot be used: {e.Reason}", null, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw CliException.Usage($"the root '{path}' cannot be read: permission denied", null, e);
        }
    }
}
