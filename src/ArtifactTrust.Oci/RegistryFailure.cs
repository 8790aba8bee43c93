using System.Net;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Turns answers and lower-level failures into <see cref="RegistryException"/>.</summary>
internal static class RegistryFailure
{
    private const int MessageCharacters = 300;
    private const int CodeCharacters = 64;

    /// <summary>Reads what the registry says of its refusal.</summary>
    internal static async Task<RegistryException> FromAsync(
        HttpResponseMessage response,
        string operation,
        RegistryOptions options,
        RegistryAuthorization authorization,
        CancellationToken cancellation
    )
    {
        var (code, said) = await ReadErrorAsync(response, cancellation).ConfigureAwait(false);
        var status = response.StatusCode;
        var message = $"{operation}: {(int)status} {code ?? Text.Clean(response.ReasonPhrase ?? status.ToString(), CodeCharacters)}";
        if (said is not null)
        {
            message = $"{message}: {Text.Clean(authorization.Redact(said), MessageCharacters)}";
        }
        return new RegistryException(status, code, message, Hint(status, authorization.Credential))
        {
            IsTransient =
                status
                    is HttpStatusCode.TooManyRequests
                        or HttpStatusCode.InternalServerError
                        or HttpStatusCode.BadGateway
                        or HttpStatusCode.ServiceUnavailable
                        or HttpStatusCode.GatewayTimeout,
            RetryAfter = response.Headers.RetryAfter switch
            {
                { Delta: { } delta } => delta,
                { Date: { } date } => date - options.Time.GetUtcNow(),
                _ => null,
            },
        };
    }

    /// <summary>A failure below HTTP.</summary>
    /// <param name="e">What happened.</param>
    /// <param name="operation">What was done, for messages.</param>
    /// <param name="address">Where to.</param>
    internal static RegistryException From(HttpRequestException e, string operation, Uri address)
    {
        var (reason, hint, passes) =
            CertificateAlert(e) is { } alert
                ? (
                    $"the registry ended the TLS connection: {alert}",
                    "it may ask for a client certificate, or not take the one it was shown: see --registry-cert and --registry-key",
                    false
                )
            : ProxyFor(address) is { } proxy ? ThroughProxy(e, proxy)
            : Direct(e);
        return new RegistryException(null, null, $"{operation}: {reason}", hint, e) { IsTransient = passes };
    }

    private static (string Reason, string? Hint, bool Passes) Direct(HttpRequestException e) =>
        e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => (
                "the host's name is not known",
                "check the name, and the network of this machine",
                IsTryAgain(e)
            ),
            HttpRequestError.SecureConnectionError => (
                "no trusted TLS connection",
                "the registry's certificate is not trusted here, or it speaks plain http",
                false
            ),
            HttpRequestError.ConnectionError => ("no connection", "check that the registry runs and can be reached", true),
            HttpRequestError.ConfigurationLimitExceeded => ("the answer's header is too long", null, false),
            _ => ("the connection broke", null, true),
        };

    /// <summary>The same, where what cannot be reached is the proxy. Of its address only host and port are shown: it may hold a password.</summary>
    private static (string Reason, string? Hint, bool Passes) ThroughProxy(HttpRequestException e, string proxy)
    {
        const string Hint = "it is set by HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; NO_PROXY names hosts that are reached without";
        return e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => ($"the name of the proxy {proxy} is not known", Hint, IsTryAgain(e)),
            HttpRequestError.ConnectionError => ($"no connection to the proxy {proxy}", Hint, true),
            HttpRequestError.ProxyTunnelError => ($"the proxy {proxy} makes no connection to the registry", Hint, true),
            _ => Direct(e),
        };
    }

    // EAI_AGAIN: the name server itself did not answer.
    private static bool IsTryAgain(HttpRequestException e) =>
        e.InnerException is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.TryAgain };

    private static string? ProxyFor(Uri address) =>
        HttpClient.DefaultProxy is var proxies && !proxies.IsBypassed(address) && proxies.GetProxy(address) is { } proxy
            ? Text.Clean(proxy.Authority, 200)
            : null;

    /// <summary>What the other side says of our certificate when it ends a TLS connection, in OpenSSL's words; null where it said nothing of it.</summary>
    /// <remarks>
    /// Spec: RFC 8446 §6.2. With TLS 1.3 it comes after the handshake, in place of the answer; with TLS 1.2 some servers that get no certificate say no
    /// more than "handshake failure".
    /// </remarks>
    private static string? CertificateAlert(Exception e)
    {
        string[] alerts =
        [
            "certificate required",
            "bad certificate",
            "unsupported certificate",
            "certificate unknown",
            "unknown ca",
            "handshake failure",
        ];
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (alerts.FirstOrDefault(a => inner.Message.EndsWith($" alert {a}", StringComparison.Ordinal)) is { } alert)
            {
                return alert;
            }
        }
        return null;
    }

    private static string? Hint(HttpStatusCode status, RegistryCredential? credential) =>
        status switch
        {
            HttpStatusCode.Unauthorized when credential is null =>
                "no credentials were found; log in with 'docker login', or point REGISTRY_AUTH_FILE to a file that has them",
            HttpStatusCode.Unauthorized => $"the registry does not take the credentials of {credential}",
            HttpStatusCode.Forbidden => credential is null
                ? "anonymous access is not allowed to do this; log in with 'docker login'"
                : $"{credential} is not allowed to do this",
            HttpStatusCode.TooManyRequests => "the registry limits requests; log in, or try again later",
            _ => null,
        };

    private static async Task<(string? Code, string? Message)> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        byte[] body;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            (body, var more) = await BoundedStream.ReadUpToAsync(stream, OciLimits.ErrorBytes, cancellation).ConfigureAwait(false);
            if (more)
            {
                return (null, null);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The status is the answer; what explains it is lost.
            return (null, null);
        }
        try
        {
            var json = StrictJson.Parse(body, "registry error", OciLimits.ErrorBytes);
            if (
                json.ValueKind == JsonValueKind.Object
                && json.TryGetProperty("errors", out var errors)
                && errors.ValueKind == JsonValueKind.Array
                && errors.GetArrayLength() > 0
                && errors[0].ValueKind == JsonValueKind.Object
            )
            {
                var code = StrictJson.OptionalString(errors[0], "code", "registry error", "$.errors[0]");
                return (
                    code is { Length: > 0 and <= CodeCharacters } && code.All(c => c is (>= 'A' and <= 'Z') or '_' or (>= '0' and <= '9'))
                        ? code
                        : null,
                    StrictJson.OptionalString(errors[0], "message", "registry error", "$.errors[0]")
                );
            }
        }
        catch (MalformedDataException)
        {
            // Proxies answer with HTML. The status is enough.
        }
        return (null, null);
    }
}
