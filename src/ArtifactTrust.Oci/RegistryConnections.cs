using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.Oci;

/// <summary>
/// The HTTP clients of one run, one for each registry host, so that connections are reused and each host gets its own certificates only.
/// </summary>
/// <remarks>Proxies are those of the environment: <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c>, <c>ALL_PROXY</c>, <c>NO_PROXY</c>. Safe to use from several threads.</remarks>
public sealed class RegistryConnections : IDisposable
{
    private readonly RegistryTlsOptions _tls;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _owned = [];

    /// <summary>Connections with these certificates.</summary>
    /// <param name="tls">The certificates; null for the system's own authorities, and no client certificates.</param>
    public RegistryConnections(RegistryTlsOptions? tls = null) => _tls = tls ?? new RegistryTlsOptions();

    /// <summary>For tests: what else is set on a handler.</summary>
    internal Action<SocketsHttpHandler>? Configure { get; init; }

    /// <summary>Opens the store that a reference is in; its connections are kept here.</summary>
    /// <exception cref="IOException">A file of certificates cannot be read, or there is no such layout or archive.</exception>
    /// <exception cref="Formats.MalformedDataException">A file of certificates, a layout or an archive is not what it should be.</exception>
    public OciStore Open(OciReference reference, RegistryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference is RegistryReference registry
            ? new RegistryClient(ClientFor(registry), registry, options)
            : OciStore.Open(reference);
    }

    /// <summary>The client for a registry.</summary>
    public HttpClient ClientFor(RegistryReference registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        lock (_lock)
        {
            if (!_clients.TryGetValue(registry.Host, out var client))
            {
                client = new HttpClient(CreateHandler(registry)) { Timeout = Timeout.InfiniteTimeSpan };
                _owned.Add(client);
                _clients.Add(registry.Host, client);
            }
            return client;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _owned.ForEach(o => o.Dispose());
            _owned.Clear();
            _clients.Clear();
        }
    }

    private HttpMessageHandler CreateHandler(RegistryReference registry)
    {
        var (own, shared, client, chain) = _tls.Read(registry.Host);
        var others = CreateHandler(shared, null);
        if (own.Count == 0 && client is null)
        {
            return others;
        }
        SslStreamCertificateContext? context = null;
        if (client is not null)
        {
            _owned.Add(client);
            context = SslStreamCertificateContext.Create(client, chain, offline: true);
        }
        return new RegistryHostHandler(registry.ApiHost, CreateHandler([.. own, .. shared], context), others);
    }

    private SocketsHttpHandler CreateHandler(X509Certificate2Collection authorities, SslStreamCertificateContext? client)
    {
        var handler = RegistryClient.CreateHandler();
        handler.SslOptions.ClientCertificateContext = client;
        if (authorities.Count > 0)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                errors == SslPolicyErrors.None
                || (
                    // The name must fit, whoever signed.
                    errors == SslPolicyErrors.RemoteCertificateChainErrors
                    && certificate is X509Certificate2 leaf
                    && IsSigned(leaf, chain, authorities)
                );
        }
        Configure?.Invoke(handler);
        return handler;
    }

    private static bool IsSigned(X509Certificate2 leaf, X509Chain? sent, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ExtraStore.AddRange(sent?.ChainPolicy.ExtraStore ?? []);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(leaf);
    }

    /// <summary>Sends what goes to the registry itself with its own certificates, and what it redirects elsewhere without.</summary>
    private sealed class RegistryHostHandler(string authority, HttpMessageHandler own, HttpMessageHandler others) : HttpMessageHandler
    {
        private readonly HttpMessageInvoker _own = new(own);
        private readonly HttpMessageInvoker _others = new(others);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            (IsOwn(request.RequestUri!) ? _own : _others).SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _own.Dispose();
                _others.Dispose();
            }
            base.Dispose(disposing);
        }

        private bool IsOwn(Uri address) =>
            new Uri($"{address.Scheme}://{authority}/") is var registry
            && registry.IdnHost == address.IdnHost
            && registry.Port == address.Port;
    }
}
