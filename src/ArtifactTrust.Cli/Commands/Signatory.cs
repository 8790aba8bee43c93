using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Signing.Oidc;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Who signs in one command.</summary>
internal sealed class Signatory : IDisposable
{
    // Less than this is too little for the request of a certificate.
    private static readonly TimeSpan TokenReserve = TimeSpan.FromSeconds(30);
    private static readonly int[] IssuerVersions = [1];

    private readonly Session _session;
    private readonly SigningKey? _key;
    private readonly SigstoreInstance? _instance;
    private readonly HttpClient? _http;
    private readonly Func<CancellationToken, Task<IdentityToken>>? _getToken;
    private IdentityToken? _token;
    private Credential? _credential;
    private TrustedRoot? _authority;
    private IReadOnlyList<Uri> _timestamps = [];

    private Signatory(
        Session session,
        SigningKey? key,
        SigstoreInstance? instance,
        HttpClient? http,
        Func<CancellationToken, Task<IdentityToken>>? getToken
    ) => (_session, _key, _instance, _http, _getToken) = (session, key, instance, http, getToken);

    /// <summary>The function whose digests are signed, so that a file is read for it once; null where the whole content is signed.</summary>
    internal DigestAlgorithm? PreHash => _key is null ? DigestAlgorithm.Sha256 : _key.Algorithm.PreHash;

    /// <summary>The key with its certificate, where there is one. There once something was signed.</summary>
    internal Credential Credential => _credential ?? throw new InvalidOperationException("nothing was signed yet");

    /// <summary>The holder of a key.</summary>
    /// <param name="key">The key, owned from now on.</param>
    /// <param name="instance">The instance that logs the signatures; null for signatures that no service sees.</param>
    /// <param name="session">The command.</param>
    internal static Signatory Holding(SigningKey key, SigstoreInstance? instance, Session session) =>
        new(session, key, instance, instance?.CreateHttp(Timeout.InfiniteTimeSpan, redirects: false), null);

    /// <summary>The holder of a key, whose signatures get a time.</summary>
    /// <param name="key">The key, owned from now on.</param>
    /// <param name="authority">The certificates of the time-stamp authorities.</param>
    /// <param name="timestamps">Where they are.</param>
    /// <param name="session">The command.</param>
    internal static Signatory Timestamped(SigningKey key, TrustedRoot authority, IReadOnlyList<Uri> timestamps, Session session) =>
        new(session, key, null, ServiceHttp.Create(null, Timeout.InfiniteTimeSpan, redirects: false), null)
        {
            _authority = authority,
            _timestamps = timestamps,
        };

    /// <summary>The holder of a certificate by an authority of one's own.</summary>
    /// <param name="key">The key, owned from now on.</param>
    /// <param name="credential">The key with its certificate.</param>
    /// <param name="authority">The authority.</param>
    /// <param name="timestamps">Where the time-stamp authorities are; none for signatures that last as long as the certificate.</param>
    /// <param name="session">The command.</param>
    internal static Signatory Certified(
        SigningKey key,
        Credential credential,
        TrustedRoot authority,
        IReadOnlyList<Uri> timestamps,
        Session session
    )
    {
        if (timestamps.Count == 0)
        {
            session.Terminal.Note(
                $"nobody signs the time, so the signature is worth nothing after {Formats.Rfc3339.Format(credential.NotAfter!.Value)}; name a time-stamp authority with --tsa"
            );
        }
        var http = timestamps.Count == 0 ? null : ServiceHttp.Create(null, Timeout.InfiniteTimeSpan, redirects: false);
        return new(session, key, null, http, null)
        {
            _credential = credential,
            _authority = authority,
            _timestamps = timestamps,
        };
    }

    /// <summary>Whom an identity token names. It is asked for now, so that its absence is told before hours of hashing.</summary>
    internal static async Task<Signatory> NamedByTokenAsync(
        Func<CancellationToken, Task<IdentityToken>> getToken,
        SigstoreInstance instance,
        HttpClient http,
        Session session,
        CancellationToken cancellation
    )
    {
        var token = await getToken(cancellation);
        session.Terminal.Note(
            $"signing as {token.ProofSubject}, which the certificate and the public log of the instance will show for good"
        );
        return new Signatory(session, null, instance, http, getToken) { _token = token };
    }

    /// <summary>The issuer that a signing config names for people to sign in at, or null.</summary>
    internal static Uri? IssuerOf(SigstoreInstance instance, TimeProvider time) =>
        new ServiceSelection(ServiceSelector.Any, 1).Choose(instance.Config!.Issuers, IssuerVersions, time.GetUtcNow()) is [var issuer]
            ? issuer.Url
            : null;

    /// <summary>A signer that is ready now. A certificate is asked for only here, after all hashing: it lasts ten minutes.</summary>
    /// <exception cref="CliException">There is no usable token any more.</exception>
    /// <exception cref="SigningServiceException">The authority gave no certificate.</exception>
    internal async Task<BundleSigner> SignerAsync(CancellationToken cancellation)
    {
        if (_authority is not null)
        {
            var stamps =
                _timestamps.Count == 0 ? null : new SigstoreServices(_http!, SigningConfig.ForTimestamps(_timestamps), _session.Time);
            return _authority.IsOwnAuthority
                ? new BundleSigner(_credential!, _authority, _session.Time, stamps)
                : new BundleSigner(_credential ??= Credential.FromKey(_key!), stamps!, _authority);
        }
        if (_instance is null)
        {
            return new BundleSigner(_credential ??= Credential.FromKey(_key!));
        }
        var services = new SigstoreServices(_http!, _instance.Config!, _session.Time);
        if (_key is not null)
        {
            return new BundleSigner(_credential ??= Credential.FromKey(_key), services, _instance.Root);
        }
        if (_credential is null)
        {
            if (_token!.IsExpired(_session.Time.GetUtcNow() + TokenReserve))
            {
                _token = await _getToken!(cancellation);
            }
            _credential = await services.IssueAsync(_token, cancellation);
        }
        return new BundleSigner(_credential, services, _instance.Root);
    }

    public void Dispose()
    {
        _credential?.Dispose();
        _key?.Dispose();
        _http?.Dispose();
    }
}
