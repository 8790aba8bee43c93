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
    internal static RegistryException From(HttpRequestException e, string operation)
    {
        var (reason, hint, passes) = e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => (
                "the host's name is not known",
                "check the name, and the network of this machine",
                // EAI_AGAIN: the name server itself did not answer.
                e.InnerException
                    is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.TryAgain }
            ),
            HttpRequestError.SecureConnectionError => (
                "no trusted TLS connection",
                "the registry's certificate is not trusted here, or it speaks plain http",
                false
            ),
            HttpRequestError.ConnectionError => ("no connection", "check that the registry runs and can be reached", true),
            HttpRequestError.ConfigurationLimitExceeded => ("the answer's header is too long", null, false),
            _ => ("the connection broke", (string?)null, true),
        };
        return new RegistryException(null, null, $"{operation}: {reason}", hint, e) { IsTransient = passes };
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
