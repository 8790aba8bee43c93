using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing.Fulcio;
using ArtifactTrust.Signing.Oidc;
using ArtifactTrust.Signing.Rekor;
using ArtifactTrust.Signing.Timestamping;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Signing;

/// <summary>The services of one Sigstore instance, as its signing config names them. Safe to use from several threads.</summary>
/// <remarks>
/// Versions known here: Fulcio 1 (its API v2), Rekor 1 and 2, time-stamp authorities 1. Of each kind the highest version that is valid now is used.
/// </remarks>
public sealed class SigstoreServices
{
    private static readonly int[] AuthorityVersions = [1];
    private static readonly int[] LogVersions = [1, 2];
    private static readonly int[] TimestampVersions = [1];

    private readonly HttpClient _http;
    private readonly SigningConfig _config;
    private readonly RetryPolicy _retry;

    /// <summary>The services that a signing config names.</summary>
    /// <param name="http">Sends the requests; made with <see cref="CreateHandler"/> and without a time limit of its own. The caller disposes of it.</param>
    /// <param name="config">The signing config.</param>
    /// <param name="time">The clock.</param>
    /// <param name="retry">How often requests are sent again; as <see cref="RetryPolicy"/> has it where null.</param>
    public SigstoreServices(HttpClient http, SigningConfig config, TimeProvider time, RetryPolicy? retry = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(time);
        (_http, _config, Time, _retry) = (http, config, time, retry ?? new RetryPolicy());
    }

    /// <summary>How long one certificate, or one signature with its times and log entries, may take with all attempts.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(2);

    internal TimeProvider Time { get; }

    /// <summary>A handler as signing needs it: no redirects, no cookies, and a short time for connections.</summary>
    public static SocketsHttpHandler CreateHandler() =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };

    /// <summary>Makes a key and gets a certificate for it that says who has the token.</summary>
    /// <param name="token">The identity token.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The credential. Its key is in this process's memory only, and gone when the credential is disposed.</returns>
    /// <exception cref="SigningServiceException">No authority is valid now, or it gave no certificate for the key.</exception>
    public Task<Credential> IssueAsync(IdentityToken token, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(token);
        return IssueAsync(token.Reveal(), token.ProofSubject, cancellation);
    }

    /// <summary>Makes a key and gets a certificate for it that says who has the token.</summary>
    /// <param name="token">The identity token (JWT), as its issuer signed it.</param>
    /// <param name="proofSubject">What the key signs as proof of its possession: the token's e-mail address where it has one, or else its subject.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The credential. Its key is in this process's memory only, and gone when the credential is disposed.</returns>
    /// <exception cref="SigningServiceException">No authority is valid now, or it gave no certificate for the key.</exception>
    public Task<Credential> IssueAsync(string token, string proofSubject, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentException.ThrowIfNullOrEmpty(proofSubject);
        if (token.Length > Limits.IdentityTokenLength || token.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException("an identity token is one line of ASCII", nameof(token));
        }
        var services = new ServiceSelection(ServiceSelector.Any, 1).Choose(
            _config.CertificateAuthorities,
            AuthorityVersions,
            Time.GetUtcNow()
        );
        if (services is not [var service])
        {
            throw NoneValid(SigningServiceKind.CertificateAuthority, _config.CertificateAuthorities, AuthorityVersions, 1);
        }
        var client = CreateClient();
        return client.WithinLimitAsync(c => new FulcioClient(client, service.Url).IssueAsync(token, proofSubject, c), cancellation);
    }

    /// <summary>Chooses the services of one signature.</summary>
    /// <exception cref="SigningServiceException">Too few are valid now.</exception>
    internal SigningPlan Plan() =>
        new(
            Choose(SigningServiceKind.TransparencyLog, _config.TransparencyLogs, _config.TransparencyLogSelection, LogVersions),
            Choose(SigningServiceKind.TimestampAuthority, _config.TimestampAuthorities, _config.TimestampSelection, TimestampVersions)
        );

    /// <summary>Gets times and log entries for a signature. Times come first: what is logged stays logged.</summary>
    internal Task<(IReadOnlyList<ReadOnlyMemory<byte>> Timestamps, IReadOnlyList<TransparencyLogEntry> Entries)> CompleteAsync(
        SigningPlan plan,
        LogSubmission submission,
        TrustedRoot root,
        CancellationToken cancellation
    )
    {
        var client = CreateClient();
        return client.WithinLimitAsync<(IReadOnlyList<ReadOnlyMemory<byte>>, IReadOnlyList<TransparencyLogEntry>)>(
            async limited =>
            {
                var timestamps = await AllAsync(
                        plan.TimestampAuthorities,
                        (s, c) => new TimestampClient(client, s.Url).StampAsync(submission.Signature, root.TimestampAuthorities, c),
                        limited
                    )
                    .ConfigureAwait(false);
                var entries = await AllAsync(
                        plan.Logs,
                        (s, c) =>
                            s.MajorApiVersion == 1
                                ? new FirstRekorClient(client, s.Url).LogAsync(submission, c)
                                : new SecondRekorClient(client, s.Url, root.TransparencyLogs).LogAsync(submission, c),
                        limited
                    )
                    .ConfigureAwait(false);
                return (timestamps, entries);
            },
            cancellation
        );
    }

    /// <summary>Asks several services at once; the first failure stops the others.</summary>
    private static async Task<T[]> AllAsync<T>(
        IReadOnlyList<SigningService> services,
        Func<SigningService, CancellationToken, Task<T>> ask,
        CancellationToken cancellation
    )
    {
        if (services is [var only])
        {
            return [await ask(only, cancellation).ConfigureAwait(false)];
        }
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = services.Select(s => ask(s, stop.Token)).ToList();
        try
        {
            await foreach (var done in Task.WhenEach(running).WithCancellation(CancellationToken.None).ConfigureAwait(false))
            {
                await done.ConfigureAwait(false);
            }
            return [.. running.Select(r => r.Result)];
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private IReadOnlyList<SigningService> Choose(
        SigningServiceKind kind,
        IReadOnlyList<SigningService> services,
        ServiceSelection selection,
        IReadOnlyCollection<int> versions
    )
    {
        if (services.Count == 0)
        {
            return [];
        }
        var chosen = selection.Choose(services, versions, Time.GetUtcNow());
        return chosen.Count > 0 ? chosen : throw NoneValid(kind, services, versions, selection.Count);
    }

    private SigningServiceException NoneValid(
        SigningServiceKind kind,
        IReadOnlyList<SigningService> services,
        IEnumerable<int> versions,
        int needed
    ) =>
        new(
            kind,
            null,
            $"{needed} of version {string.Join(" or ", versions)}, by different operators, are needed at {Rfc3339.Format(Time.GetUtcNow())}; the signing config has "
                + (
                    services.Count == 0
                        ? "none"
                        : string.Join(
                            ", ",
                            services.Take(8).Select(s => $"{s.Url.Host} (version {s.MajorApiVersion}, valid from {s.ValidFor})")
                        )
                ),
            "get the instance's current signing config, and check the clock of this machine"
        );

    private ServiceClient CreateClient() => new(_http, Time, _retry, TimeLimit);
}

/// <summary>The services of one signature.</summary>
/// <param name="Logs">The logs it goes to.</param>
/// <param name="TimestampAuthorities">Who signs its time.</param>
internal sealed record SigningPlan(IReadOnlyList<SigningService> Logs, IReadOnlyList<SigningService> TimestampAuthorities);
