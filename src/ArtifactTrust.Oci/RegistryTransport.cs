using System.Net;
using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

/// <summary>One request to a registry; may be sent several times.</summary>
/// <param name="Operation">What it is for, with host and repository, for messages.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Uri">Where to.</param>
/// <param name="Access">What it wants to do.</param>
internal sealed record RegistryRequest(string Operation, HttpMethod Method, Uri Uri, RegistryAccess Access)
{
    /// <summary>Makes the body anew for each time it is sent.</summary>
    internal Func<HttpContent>? Content { get; init; }

    /// <summary>More headers.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The length of the body, which gives the request more time.</summary>
    internal long ContentBytes { get; init; }

    /// <summary>What the address of a redirect must have in it; where it has not, the redirect is the answer. Null: each is followed.</summary>
    internal string? FollowsOnlyTo { get; init; }
}

/// <summary>Sends requests to one repository of a registry: authorization, redirects, timeouts, and trying again.</summary>
internal sealed class RegistryTransport : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient _http;
    private readonly RegistryReference _repository;
    private readonly RegistryOptions _options;
    private readonly RegistryAuthorization _authorization;

    internal RegistryTransport(HttpClient http, RegistryReference repository, RegistryOptions options)
    {
        _http = http;
        _repository = repository;
        _options = options;
        var scheme = (options.PlainHttp ?? repository.IsLoopback) ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        Registry = new Uri($"{scheme}://{repository.ApiHost}/");
        _authorization = new RegistryAuthorization(http, repository, options, Registry);
    }

    /// <summary>The registry's address.</summary>
    internal Uri Registry { get; }

    /// <summary>The repository that blobs are mounted from, for the token of such a request.</summary>
    internal string? MountFrom
    {
        get => _authorization.MountFrom;
        set => _authorization.MountFrom = value;
    }

    /// <summary>The address of something in the repository.</summary>
    internal Uri Address(string path) => new(Registry, $"/v2/{_repository.Repository}/{path}");

    /// <summary>Whether the address has the registry's scheme, host and port.</summary>
    internal bool IsRegistry(Uri address) =>
        address.Scheme == Registry.Scheme && address.IdnHost == Registry.IdnHost && address.Port == Registry.Port;

    /// <summary>What an operation is called in messages.</summary>
    internal string Operation(string what) => $"{what} in {_repository.Place}";

    /// <summary>Does something until it succeeds, fails for good, or was tried often enough.</summary>
    /// <param name="operation">What it is, for messages.</param>
    /// <param name="bytes">How much it moves, which decides how long it may take.</param>
    /// <param name="attempt">One try; it must be harmless to do again.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <param name="attempts">How often it is tried in all; null as the options say.</param>
    /// <param name="whyNotAgain">Asked after a failure that may pass: why it cannot be tried again; null where it can.</param>
    internal async Task<T> CallAsync<T>(
        string operation,
        long bytes,
        Func<CancellationToken, Task<T>> attempt,
        CancellationToken cancellation,
        int? attempts = null,
        Func<string?>? whyNotAgain = null
    )
    {
        var allowed = _options.Allow(_options.OverallTimeout, bytes);
        using var overall = new CancellationTokenSource(allowed, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, overall.Token);
        RegistryException? before = null;
        for (var tried = 1; ; tried++)
        {
            RegistryException failure;
            try
            {
                return await attempt(linked.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                if (overall.IsCancellationRequested)
                {
                    throw OutOfTime(operation, allowed, before, tried, e);
                }
                failure = NoAnswer(operation, e);
            }
            catch (RegistryException e) when (e.IsTransient)
            {
                failure = e;
            }
            catch (HttpRequestException e)
            {
                failure = RegistryFailure.From(e, operation, Registry);
            }
            if (!failure.IsTransient || tried >= (attempts ?? _options.Attempts))
            {
                throw tried == 1 ? failure : Tried(failure, $"tried {tried} times");
            }
            if (whyNotAgain?.Invoke() is { } why)
            {
                throw new RegistryException(failure.Status, failure.Code, failure.Message, why, failure);
            }
            try
            {
                await PauseAsync(tried, failure.RetryAfter, linked.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                throw OutOfTime(operation, allowed, failure, tried, e);
            }
            before = failure;
        }
    }

    /// <summary>Sends a request once, or twice where the first time needs authorization. The caller disposes of the answer.</summary>
    internal async Task<RegistryResponse> SendAsync(RegistryRequest request, CancellationToken cancellation)
    {
        for (var answered = false; ; answered = true)
        {
            var used = _authorization.HeaderFor(request.Access);
            var response = await SendFollowingAsync(request, used, cancellation).ConfigureAwait(false);
            if (response.Status != HttpStatusCode.Unauthorized || !response.FromRegistry || answered)
            {
                return response;
            }
            try
            {
                if (!await _authorization.TryAnswerAsync(response.Message, request.Access, used, cancellation).ConfigureAwait(false))
                {
                    throw await FailureAsync(response, request.Operation).ConfigureAwait(false);
                }
            }
            finally
            {
                response.Dispose();
            }
        }
    }

    /// <summary>The exception for an answer that is not the one hoped for.</summary>
    internal Task<RegistryException> FailureAsync(RegistryResponse response, string operation) =>
        RegistryFailure.FromAsync(response.Message, operation, _options, _authorization, response.Token);

    /// <summary>Throws where an address may not be used: from https nothing leads to http, and from http only to the registry itself, or within this machine.</summary>
    internal void CheckTarget(Uri address, string operation)
    {
        var allowed =
            address.Scheme == Uri.UriSchemeHttps
            || (
                address.Scheme == Uri.UriSchemeHttp
                && Registry.Scheme == Uri.UriSchemeHttp
                && (IsRegistry(address) || (_repository.IsLoopback && RegistryReference.IsLoopbackHost(address.IdnHost)))
            );
        if (!allowed)
        {
            // Only the host is shown: the query of such an address is often a key to it.
            throw new RegistryException(
                null,
                null,
                $"{operation}: the registry leads to {address.Scheme}://{Text.Clean(address.Authority, 200)}, which is not https; refused"
            );
        }
    }

    /// <summary>An address in an answer, which may be relative to the request's.</summary>
    internal static Uri? TryResolve(Uri request, string? location) =>
        location is { Length: > 0 and <= 16_384 } && Uri.TryCreate(request, location, out var address) && address.IsAbsoluteUri
            ? address
            : null;

    /// <inheritdoc/>
    public void Dispose() => _authorization.Dispose();

    private async Task<RegistryResponse> SendFollowingAsync(RegistryRequest request, string? authorization, CancellationToken cancellation)
    {
        var address = request.Uri;
        var fromRegistry = IsRegistry(address);
        for (var redirects = 0; ; redirects++)
        {
            CheckTarget(address, request.Operation);
            // Once the way has left the registry, what comes is another's wish: no credentials, even if it leads back.
            fromRegistry = fromRegistry && IsRegistry(address);
            var response = await SendOnceAsync(request, address, fromRegistry, authorization, cancellation).ConfigureAwait(false);
            var location = IsRedirect(response.Status) ? TryResolve(address, response.Header("Location")) : null;
            if (location is null || (request.FollowsOnlyTo is { } part && !location.AbsoluteUri.Contains(part, StringComparison.Ordinal)))
            {
                return response;
            }
            response.Dispose();
            if (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head)
            {
                throw new RegistryException(response.Status, null, $"{request.Operation}: the registry redirects an upload; refused");
            }
            if (redirects == OciLimits.Redirects)
            {
                throw new RegistryException(response.Status, null, $"{request.Operation}: more than {OciLimits.Redirects} redirects");
            }
            address = location;
        }
    }

    private async Task<RegistryResponse> SendOnceAsync(
        RegistryRequest request,
        Uri address,
        bool toRegistry,
        string? authorization,
        CancellationToken cancellation
    )
    {
        using var message = new HttpRequestMessage(request.Method, address) { Content = request.Content?.Invoke() };
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        foreach (var (name, value) in request.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }
        if (toRegistry && authorization is not null)
        {
            message.Headers.TryAddWithoutValidation("Authorization", authorization);
        }
        var clock = new RequestClock(_options, request.ContentBytes, cancellation);
        try
        {
            var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, clock.Token).ConfigureAwait(false);
            if (response.RequestMessage?.RequestUri is { } reached && reached != address)
            {
                response.Dispose();
                throw new InvalidOperationException(
                    "the HttpClient follows redirects by itself; make it with RegistryClient.CreateHttpClient or CreateHandler"
                );
            }
            await DrainAsync(response, clock.Token).ConfigureAwait(false);
            return new RegistryResponse(response, request.Operation, clock, toRegistry);
        }
        catch
        {
            clock.Dispose();
            throw;
        }
    }

    /// <summary>Reads the short body of an answer that is not the one hoped for, so that its connection serves the next request.</summary>
    private static async Task DrainAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode || response.Content.Headers.ContentLength is not (> 0 and <= OciLimits.ErrorBytes))
        {
            return;
        }
        try
        {
            await response.Content.LoadIntoBufferAsync(OciLimits.ErrorBytes, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The status is the answer.
        }
    }

    internal static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private RegistryException NoAnswer(string operation, OperationCanceledException inner) =>
        new(null, null, $"{operation}: no answer within {_options.RequestTimeout.TotalSeconds:0.#} s", null, inner) { IsTransient = true };

    /// <summary>There was no time left to try again: what was answered before says more than that.</summary>
    private static RegistryException OutOfTime(
        string operation,
        TimeSpan allowed,
        RegistryException? before,
        int tried,
        OperationCanceledException inner
    )
    {
        var why = $"not done within {allowed.TotalSeconds:0.#} s";
        return before is null
            ? new RegistryException(null, null, $"{operation}: {why}", null, inner)
            : Tried(before, tried == 1 ? why : $"tried {tried} times, {why}");
    }

    private static RegistryException Tried(RegistryException e, string how) =>
        new(e.Status, e.Code, $"{e.Message} ({how})", e.Hint, e.InnerException);

    /// <summary>Waits before something is tried again.</summary>
    /// <param name="tried">How often it was.</param>
    /// <param name="retryAfter">How long the registry asks to be left alone.</param>
    /// <param name="cancellation">Stops the wait.</param>
    internal Task PauseAsync(int tried, TimeSpan? retryAfter, CancellationToken cancellation)
    {
        // Half of the pause is random, so that many clients that failed together do not come back together.
        var pause = FirstDelay * Math.Pow(2, Math.Min(tried - 1, 10)) * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 2000.0));
        if (retryAfter > pause)
        {
            pause = retryAfter.Value;
        }
        return _options.DelayAsync(pause < _options.MaximumDelay ? pause : _options.MaximumDelay, cancellation);
    }
}
