using System.Net.Http.Headers;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Signing;

/// <summary>Sends requests to services of one kind, and says in their name what went wrong.</summary>
internal sealed class ServiceClient(HttpClient http, TimeProvider time, RetryPolicy retry, TimeSpan limit)
{
    /// <summary>What to do where an answer makes no sense.</summary>
    internal const string NotTheService = "is this URL that of the service?";

    private const int SaidCharacters = 300;

    internal TimeProvider Time => time;

    /// <summary>How often a service is asked for what it does not have yet.</summary>
    internal int Attempts => retry.Attempts;

    /// <summary>Does work that may take as long as signing may; the limit's end is told as the failure of the service waited for.</summary>
    internal async Task<T> WithinLimitAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await work(linked.Token).ConfigureAwait(false);
        }
        catch (ServiceInterruptedException e)
        {
            cancellation.ThrowIfCancellationRequested();
            var why = $"signing was not done within {limit.TotalSeconds:0.#} s";
            throw e.Before is { } before
                ? new SigningServiceException(before, e.Tried == 1 ? why : $"tried {e.Tried} times, {why}")
                : new SigningServiceException(e.Kind, e.Url, why, "try again later, or allow more time", e);
        }
    }

    internal Task<BoundedResponse> GetAsync(SigningServiceKind kind, Uri url, int maximumBytes, CancellationToken cancellation) =>
        SendAsync(kind, url, () => Request(HttpMethod.Get, url, null, null, null), null, maximumBytes, cancellation);

    /// <param name="kind">What the service does.</param>
    /// <param name="url">Where to.</param>
    /// <param name="body">The body.</param>
    /// <param name="mediaType">The body's media type.</param>
    /// <param name="token">The bearer token, or null.</param>
    /// <param name="maximumBytes">The longest answer accepted.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal Task<BoundedResponse> PostAsync(
        SigningServiceKind kind,
        Uri url,
        ReadOnlyMemory<byte> body,
        string mediaType,
        string? token,
        int maximumBytes,
        CancellationToken cancellation
    ) => SendAsync(kind, url, () => Request(HttpMethod.Post, url, body, mediaType, token), token, maximumBytes, cancellation);

    /// <summary>Waits before a service is asked again.</summary>
    /// <param name="before">What it answered, as the exception that would tell of it.</param>
    /// <param name="tried">How often it was asked.</param>
    /// <param name="cancellation">Stops the wait.</param>
    internal async Task PauseAsync(SigningServiceException before, int tried, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(retry.Delay(tried, null), time, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw new ServiceInterruptedException(before.Kind, before.Url!, e, cancellation) { Before = before, Tried = tried };
        }
    }

    /// <summary>Reads an answer with a parser that throws where it cannot.</summary>
    internal static T Read<T>(SigningServiceKind kind, Uri url, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (MalformedDataException e)
        {
            throw new SigningServiceException(kind, url, $"its answer cannot be read: {Clean(e.Message)}", NotTheService, e);
        }
    }

    /// <summary>The exception for an answer that is not the one hoped for.</summary>
    internal static SigningServiceException Refused(
        SigningServiceKind kind,
        Uri url,
        BoundedResponse response,
        string? secret = null,
        bool isTokenRejected = false
    )
    {
        var status = (int)response.Status;
        var said = ServiceError.Read(response.Body)?.Message;
        var times = response.Attempts > 1 ? $" (tried {response.Attempts} times)" : "";
        var message =
            isTokenRejected ? $"it rejects the identity token ({status})"
            : status is >= 300 and < 400 ? $"it redirects ({status}); refused"
            : $"it answered {status}{times}";
        if (said is { Length: > 0 })
        {
            var safe = secret is { Length: > 0 } ? said.Replace(secret, "(token)", StringComparison.Ordinal) : said;
            message = $"{message}: {Clean(safe)}";
        }
        var hint = status switch
        {
            _ when isTokenRejected =>
                "the token may have expired, be for another audience (sigstore is usual), or come from an issuer not known to the authority; get a new one",
            429 => "the service limits requests; try again later",
            >= 500 => "the service has a problem; try again later",
            < 300 or 404 or 405 => "is this URL that of the service, and of the version in the signing config?",
            _ => null,
        };
        return new SigningServiceException(kind, url, message, hint) { Status = response.Status, IsTokenRejected = isTokenRejected };
    }

    /// <summary>A path below a service's address.</summary>
    internal static Uri Address(Uri service, string path) =>
        new UriBuilder(service) { Path = service.AbsolutePath.TrimEnd('/') + path }.Uri;

    /// <summary>What a service said, fit to be shown: on one line, without control characters, and short.</summary>
    internal static string Clean(string text)
    {
        var clean = new string([.. text.Take(SaidCharacters).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)]);
        return text.Length > SaidCharacters ? clean + "…" : clean;
    }

    private async Task<BoundedResponse> SendAsync(
        SigningServiceKind kind,
        Uri url,
        Func<HttpRequestMessage> request,
        string? secret,
        int maximumBytes,
        CancellationToken cancellation
    )
    {
        try
        {
            return await retry.SendAsync(http, request, maximumBytes, time, cancellation).ConfigureAwait(false);
        }
        catch (RetryInterruptedException e)
        {
            throw new ServiceInterruptedException(kind, url, e, cancellation)
            {
                Before = e.Response is { } response ? Refused(kind, url, response, secret) : Failed(kind, url, e.Failure!),
                Tried = e.Tried,
            };
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
        {
            throw new ServiceInterruptedException(kind, url, e, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw Failed(kind, url, e);
        }
    }

    private static SigningServiceException Failed(SigningServiceKind kind, Uri url, HttpRequestException e)
    {
        var (reason, hint) = e.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => ("the host's name is not known", "check the URL, and the network of this machine"),
            HttpRequestError.SecureConnectionError => ("no trusted TLS connection", "its certificate is not trusted here"),
            HttpRequestError.ConnectionError => ("no connection", "check that the service runs and can be reached from here"),
            HttpRequestError.ConfigurationLimitExceeded => (e.Message, "is this URL that of the service?"),
            _ when e.InnerException is TimeoutException => (e.Message, "the service may be overloaded; try again later"),
            _ => ("the connection broke", "try again later"),
        };
        return new SigningServiceException(kind, url, reason, hint, e);
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri url, ReadOnlyMemory<byte>? body, string? mediaType, string? token)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.TryAddWithoutValidation("User-Agent", "artifact-trust");
        if (body is { } bytes)
        {
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType!);
            request.Headers.TryAddWithoutValidation("Accept", mediaType == "application/json" ? "application/json" : "*/*");
        }
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        return request;
    }
}

/// <summary>The caller, or the time limit, stopped a request.</summary>
internal sealed class ServiceInterruptedException(SigningServiceKind kind, Uri url, Exception inner, CancellationToken token)
    : OperationCanceledException(inner.Message, inner, token)
{
    internal SigningServiceKind Kind => kind;

    internal Uri Url => url;

    /// <summary>What the service had answered; null where this was the first request.</summary>
    internal SigningServiceException? Before { get; init; }

    /// <summary>How often it was asked.</summary>
    internal int Tried { get; init; } = 1;
}

/// <summary>How the services' gateways tell of a refusal.</summary>
/// <param name="Code">A code of gRPC, or the HTTP status again.</param>
/// <param name="Message">For people.</param>
internal sealed record ServiceError(int Code, string? Message)
{
    private const string Format = "service error";

    /// <summary>The error, or null where the body is none.</summary>
    internal static ServiceError? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            var json = StrictJson.Parse(body, Format, Limits.ServiceErrorBytes);
            return
                json.ValueKind == System.Text.Json.JsonValueKind.Object
                && json.TryGetProperty("code", out var code)
                && code.ValueKind == System.Text.Json.JsonValueKind.Number
                && code.TryGetInt32(out var number)
                ? new ServiceError(number, StrictJson.OptionalString(json, "message", Format, "$"))
                : null;
        }
        catch (MalformedDataException)
        {
            // Proxies answer with HTML. The status is enough.
            return null;
        }
    }
}
