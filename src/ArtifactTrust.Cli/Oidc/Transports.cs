using System.Net;
using System.Net.Sockets;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>The ways to services that hand out tokens.</summary>
internal static class Transports
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>To services of the network. Redirects are errors: they could take a secret elsewhere.</summary>
    internal static HttpClient ToServices() => Client(Handler());

    /// <summary>To Google's metadata server, which no proxy must see, and to its https services, which one may be needed for.</summary>
    internal static HttpClient ToGoogle()
    {
        var handler = Handler();
        handler.Proxy = new HttpsProxy();
        return Client(handler);
    }

    /// <summary>To the agent on this machine.</summary>
    internal static HttpClient To(SpiffeToken spiffe)
    {
        EndPoint endpoint = spiffe.SocketPath is { } path ? new UnixDomainSocketEndPoint(path) : spiffe.Address!;
        var handler = Handler();
        handler.UseProxy = false;
        handler.ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(
                endpoint.AddressFamily,
                SocketType.Stream,
                endpoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp
            );
            try
            {
                await socket.ConnectAsync(endpoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return Client(handler);
    }

    private static SocketsHttpHandler Handler() =>
        new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };

    private static HttpClient Client(SocketsHttpHandler handler) => new(handler) { Timeout = Patience };

    /// <summary>The system's proxy, for https alone.</summary>
    private sealed class HttpsProxy : IWebProxy
    {
        public ICredentials? Credentials
        {
            get => HttpClient.DefaultProxy.Credentials;
            set => throw new NotSupportedException();
        }

        public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : HttpClient.DefaultProxy.GetProxy(destination);

        public bool IsBypassed(Uri host) => host.Scheme != Uri.UriSchemeHttps || HttpClient.DefaultProxy.IsBypassed(host);
    }
}
