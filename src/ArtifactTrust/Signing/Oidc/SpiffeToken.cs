using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>The identity that a SPIFFE agent gives to this workload (a JWT-SVID).</summary>
/// <remarks>Spec: SPIFFE Workload API §§2-4 and 6 (FetchJWTSVID), Workload Endpoint §4; gRPC over HTTP/2 without TLS.</remarks>
public sealed class SpiffeToken : AmbientToken
{
    private const string Variable = "SPIFFE_ENDPOINT_SOCKET";
    private const int PermissionDenied = 7;
    private const int Unavailable = 14;

    private SpiffeToken(string? socket, IPEndPoint? address) => (SocketPath, Address) = (socket, address);

    /// <inheritdoc/>
    public override string Name => "SPIFFE";

    /// <summary>The path of the agent's Unix domain socket; null where it listens on TCP.</summary>
    public string? SocketPath { get; }

    /// <summary>The agent's TCP address, on this machine; null where it has a socket.</summary>
    public IPEndPoint? Address { get; }

    internal static new SpiffeToken? Detect(AmbientEnvironment environment)
    {
        if (environment.Get(Variable) is not { } endpoint)
        {
            return null;
        }
        if (Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Query.Length == 0 && uri.Fragment.Length == 0)
        {
            if (uri.Scheme == "unix" && uri.Authority.Length == 0 && uri.AbsolutePath.StartsWith('/') && uri.AbsolutePath.Length > 1)
            {
                return new SpiffeToken(Uri.UnescapeDataString(uri.AbsolutePath), null);
            }
            if (
                uri.Scheme == "tcp"
                && uri.AbsolutePath is "" or "/"
                && uri.Port > 0
                && IPAddress.TryParse(uri.Host, out var address)
                && IPAddress.IsLoopback(address)
            )
            {
                return new SpiffeToken(null, new IPEndPoint(address, uri.Port));
            }
        }
        throw new IdentityTokenException(
            IdentityTokenFailure.Configuration,
            $"{Variable} must be unix:///PATH or tcp://IP:PORT of this machine, not '{TokenService.Shown(endpoint)}'"
        );
    }

    private protected override async Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(SpiffeMessages.Request(audience));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost/SpiffeWorkloadAPI/FetchJWTSVID")
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TE.ParseAdd("trailers");
        // Workload Endpoint §6.1: so that a browser or a proxy cannot be made to ask.
        request.Headers.Add("workload.spiffe.io", "true");
        var answer = await TokenService.SendAsync(http, request, "the SPIFFE agent", cancellation).ConfigureAwait(false);
        CheckStatus(answer);
        return SpiffeMessages.FirstToken(answer.Body);
    }

    private void CheckStatus(TokenService.Answer answer)
    {
        if (answer.Status != HttpStatusCode.OK)
        {
            throw Failed(answer);
        }
        // An error without a message has its status among the first headers.
        var status = Value(answer.Response.TrailingHeaders, "grpc-status") ?? Value(answer.Response.Headers, "grpc-status");
        if (
            answer.MediaType is not ("application/grpc" or "application/grpc+proto")
            || !int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
        )
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                "the SPIFFE agent's answer is not gRPC",
                $"is {Variable} the agent's socket?"
            );
        }
        if (code != 0)
        {
            var message = Value(answer.Response.TrailingHeaders, "grpc-message") ?? Value(answer.Response.Headers, "grpc-message") ?? "";
            throw new IdentityTokenException(
                code switch
                {
                    PermissionDenied => IdentityTokenFailure.MissingPermission,
                    Unavailable => IdentityTokenFailure.Unavailable,
                    _ => IdentityTokenFailure.Refused,
                },
                $"the SPIFFE agent gave no identity token: gRPC status {code}{(message.Length == 0 ? "" : $" ({TokenService.Shown(Uri.UnescapeDataString(message))})")}",
                code == PermissionDenied ? "is this workload registered with the SPIFFE server?" : null
            );
        }
    }

    private static string? Value(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}
