using System.Net;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>One exchange with a service that hands out tokens: bounded, JSON only, and with errors that repeat no secret.</summary>
internal static class TokenService
{
    private const int ShownLength = 200;

    // A client's own time limit ends with the headers, and a body could come a byte an hour.
    private static readonly TimeSpan LongestBody = TimeSpan.FromSeconds(30);

    /// <summary>An answer.</summary>
    internal sealed record Answer(HttpResponseMessage Response, HttpStatusCode Status, string? MediaType, byte[] Body);

    /// <summary>Throws where tokens or codes would cross a network in the clear.</summary>
    /// <exception cref="IdentityTokenException">The address is neither https nor on this machine.</exception>
    internal static Uri RequireSecure(string address, string what)
    {
        if (
            Uri.TryCreate(address, UriKind.Absolute, out var uri)
            && uri.UserInfo.Length == 0
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        )
        {
            return uri;
        }
        throw new IdentityTokenException(
            IdentityTokenFailure.Configuration,
            $"{what} must be an https URL without a user name (http is for this machine only), not '{Shown(address)}'"
        );
    }

    /// <summary>Sends one request and reads the whole answer, whatever its status.</summary>
    /// <param name="http">The transport; it should follow no redirects.</param>
    /// <param name="request">The request.</param>
    /// <param name="service">The service's name, for errors.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">The service cannot be reached, is out of order, or answers too much.</exception>
    internal static async Task<Answer> SendAsync(
        HttpMessageInvoker http,
        HttpRequestMessage request,
        string service,
        CancellationToken cancellation
    )
    {
        var place = $"{service} ({request.RequestUri!.Authority})";
        try
        {
            // HttpMessageInvoker's method would make a client read the whole answer before its length is looked at.
            using var response = http is HttpClient client
                ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false)
                : await http.SendAsync(request, cancellation).ConfigureAwait(false);
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limited.CancelAfter(LongestBody);
            var body = await ReadAsync(response, place, limited.Token).ConfigureAwait(false);
            if ((int)response.StatusCode >= 500 || response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                throw new IdentityTokenException(
                    IdentityTokenFailure.Unavailable,
                    $"{place} answered with HTTP {(int)response.StatusCode}",
                    "try again later"
                );
            }
            return new Answer(response, response.StatusCode, response.Content.Headers.ContentType?.MediaType, body);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.Unavailable,
                $"{place} cannot be reached: {e.Message}",
                "is it reachable from here?",
                e
            );
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IdentityTokenException(IdentityTokenFailure.Unavailable, $"{place} did not answer in time", null, e);
        }
    }

    /// <summary>The answer's body as an object.</summary>
    /// <exception cref="IdentityTokenException">The body is no JSON object.</exception>
    internal static JsonElement Json(Answer answer, string service)
    {
        JsonElement json;
        try
        {
            json = StrictJson.Parse(answer.Body, "answer", Limits.OidcAnswerBytes);
        }
        catch (MalformedDataException e)
        {
            // The parser's words could repeat a part of the answer, and so of a token.
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"{service} answered with HTTP {(int)answer.Status} and {Described(answer)}, not with JSON",
                answer.MediaType == "text/html" ? "is the address right, and no proxy or sign-in page in between?" : null,
                e
            );
        }
        return json.ValueKind == JsonValueKind.Object
            ? json
            : throw new IdentityTokenException(IdentityTokenFailure.BadAnswer, $"{service} answered with JSON that is not an object");
    }

    /// <summary>A member of an answer that must be a string.</summary>
    /// <exception cref="IdentityTokenException">It is not.</exception>
    internal static string Text(JsonElement json, string name, string service) =>
        OptionalText(json, name, service)
        ?? throw new IdentityTokenException(IdentityTokenFailure.BadAnswer, $"the answer of {service} has no '{name}'");

    /// <summary>A member of an answer that may be a string; null where it is absent.</summary>
    /// <exception cref="IdentityTokenException">It is something else.</exception>
    internal static string? OptionalText(JsonElement json, string name, string service)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"'{name}' in the answer of {service} is not a string, or is empty"
            );
    }

    /// <summary>Reads a token that a service gave, with white space around it.</summary>
    /// <exception cref="IdentityTokenException">It is no token, has expired, or is for another audience.</exception>
    internal static IdentityToken Token(string text, string source, string audience, DateTimeOffset now)
    {
        IdentityToken token;
        try
        {
            token = IdentityToken.Parse(text.Trim(' ', '\t', '\r', '\n'));
        }
        catch (MalformedDataException e)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"{source} gave no identity token: {e.Location}: {e.Reason}",
                null,
                e
            );
        }
        try
        {
            token.RequireUsable(audience, now);
        }
        catch (IdentityTokenException e)
        {
            throw new IdentityTokenException(e.Failure, $"{source}: {e.Message}", e.Hint, e);
        }
        return token;
    }

    /// <summary>Text from outside, made fit for a message: short, on one line, and without the secrets that were sent.</summary>
    internal static string Shown(string text, params ReadOnlySpan<string?> secrets)
    {
        foreach (var secret in secrets)
        {
            if (!string.IsNullOrEmpty(secret))
            {
                text = text.Replace(secret, "***", StringComparison.Ordinal);
            }
        }
        var shown = new StringBuilder();
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, ShownLength)))
        {
            shown.Append(char.IsControl(c) ? '\uFFFD' : c);
        }
        return text.Length > ShownLength ? $"{shown}…" : shown.ToString();
    }

    private static string Described(Answer answer) =>
        answer.Body.Length == 0 ? "an empty body"
        : answer.MediaType is { } type ? Shown(type)
        : "a body of no stated type";

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string place, CancellationToken cancellation)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var kept = new MemoryStream();
            var buffer = new byte[16 << 10];
            for (int read; (read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0; )
            {
                if (kept.Length + read > Limits.OidcAnswerBytes)
                {
                    throw new IdentityTokenException(
                        IdentityTokenFailure.BadAnswer,
                        $"{place} answered with more than {Limits.OidcAnswerBytes} bytes"
                    );
                }
                kept.Write(buffer, 0, read);
            }
            return kept.ToArray();
        }
    }
}
