using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Sigstore;

/// <summary>Makes the HTTP client for Sigstore's services, so that all of them are spoken to by the same rules.</summary>
/// <remarks>
/// The proxy is the environment's (<c>HTTPS_PROXY</c>, <c>NO_PROXY</c>). A redirect from https to http is not followed; no cookies are kept.
/// </remarks>
internal static class ServiceHttp
{
    private const int Redirects = 5;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A client; the caller disposes of it.</summary>
    /// <param name="caFile">The only authorities whose TLS certificates are accepted, PEM; null for the system's.</param>
    /// <param name="timeout">How long one request may take.</param>
    /// <param name="redirects">Whether redirects are followed.</param>
    /// <exception cref="CliException">The file cannot be used.</exception>
    internal static HttpClient Create(string? caFile, TimeSpan timeout, bool redirects)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = redirects,
            MaxAutomaticRedirections = Redirects,
            ConnectTimeout = ConnectTimeout,
            UseCookies = false,
        };
        if (caFile is not null)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                // Revocation lists are for the system's authorities; a private one seldom has any that can be reached.
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.AddRange(ReadAuthorities(caFile));
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }
        var client = new HttpClient(handler, disposeHandler: true) { Timeout = timeout };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"artifact-trust/{Session.Version}");
        return client;
    }

    private static X509Certificate2Collection ReadAuthorities(string path)
    {
        CliException.RequireFile(path, "CA file");
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(System.Text.Encoding.UTF8.GetString(EvidenceFiles.ReadBounded(path, Limits.TrustedRootBytes)));
        }
        catch (Exception e) when (e is CryptographicException or MalformedDataException or IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"the CA file '{path}' cannot be used: {e.Message}", null, e);
        }
        return certificates.Count > 0 ? certificates : throw CliException.Usage($"the CA file '{path}' has no certificate");
    }
}
