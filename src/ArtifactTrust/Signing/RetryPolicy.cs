using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ArtifactTrust.Signing;

/// <summary>How often, and with what pauses, a request that may be sent again is sent again.</summary>
/// <remarks>
/// Tried again: broken connections, attempts without an answer, and the statuses 429, 500, 502, 503 and 504. Never tried again: every other
/// status, host names that do not exist, and TLS that cannot be trusted. RFC 9110 §10.2.3 (Retry-After) is honoured up to <see cref="MaximumDelay"/>.
/// </remarks>
public sealed class RetryPolicy
{
    /// <summary>How often a request is sent at most.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The pause before the second attempt; each further pause is twice as long. Half of each pause is random.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause, also where the server asks for a longer one.</summary>
    public TimeSpan MaximumDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt may take, from the first byte sent to the last received.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request, as often as needed, and reads the whole answer.</summary>
    /// <param name="http">The client. It should not follow redirects.</param>
    /// <param name="request">Makes the request anew for each attempt; it must be harmless to send twice.</param>
    /// <param name="maximumBytes">The longest answer accepted.</param>
    /// <param name="time">The clock that pauses and time limits are measured with.</param>
    /// <param name="cancellation">Stops at once.</param>
    /// <returns>The last answer, whatever its status.</returns>
    /// <exception cref="HttpRequestException">There was no answer, or it is too long.</exception>
    /// <exception cref="InvalidOperationException">The client followed a redirect by itself.</exception>
    public async Task<BoundedResponse> SendAsync(
        HttpClient http,
        Func<HttpRequestMessage> request,
        int maximumBytes,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(time);
        (BoundedResponse? Response, HttpRequestException? Failure) before = default;
        for (var tried = 1; ; tried++)
        {
            try
            {
                try
                {
                    var response = await SendOnceAsync(http, request, maximumBytes, time, cancellation).ConfigureAwait(false);
                    if (tried >= Attempts || !IsTransient(response.Status))
                    {
                        return response with { Attempts = tried };
                    }
                    before = (response, null);
                }
                catch (HttpRequestException e) when (tried < Attempts && IsTransient(e))
                {
                    before = (null, e);
                }
                await Task.Delay(Delay(tried, before.Response?.RetryAfter), time, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (before != default)
            {
                throw new RetryInterruptedException(tried, before.Response, before.Failure, e, cancellation);
            }
        }
    }

    /// <summary>The pause after a number of attempts.</summary>
    internal TimeSpan Delay(int tried, TimeSpan? asked)
    {
        // Half of the pause is random, so that many clients that failed together do not come back together.
        var pause = FirstDelay * Math.Pow(2, Math.Min(tried - 1, 16)) * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 2000.0));
        if (asked > pause)
        {
            pause = asked.Value;
        }
        return pause < MaximumDelay ? pause : MaximumDelay;
    }

    private async Task<BoundedResponse> SendOnceAsync(
        HttpClient http,
        Func<HttpRequestMessage> create,
        int maximumBytes,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(RequestTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        using var request = create();
        var address = request.RequestUri;
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token)
                .ConfigureAwait(false);
            if (response.RequestMessage?.RequestUri is { } reached && reached != address)
            {
                throw new InvalidOperationException(
                    "the HttpClient follows redirects by itself; make its handler with AllowAutoRedirect = false"
                );
            }
            var body = await ReadAsync(response.Content, maximumBytes, linked.Token).ConfigureAwait(false);
            return new BoundedResponse(response.StatusCode, body)
            {
                Location = response.Headers.TryGetValues("Location", out var locations) ? locations.FirstOrDefault() : null,
                RetryAfter = response.Headers.RetryAfter switch
                {
                    { Delta: { } delta } => delta,
                    { Date: { } date } => date - time.GetUtcNow(),
                    _ => null,
                },
            };
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException(
                HttpRequestError.Unknown,
                $"no answer within {RequestTimeout.TotalSeconds:0.#} s",
                new TimeoutException(e.Message, e)
            );
        }
        catch (IOException e)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "the connection broke within the answer", e);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, int maximumBytes, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > maximumBytes)
        {
            throw TooLong(maximumBytes);
        }
        var stream = await content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var buffer = new MemoryStream();
            var chunk = new byte[16 << 10];
            int read;
            while ((read = await stream.ReadAsync(chunk, cancellation).ConfigureAwait(false)) > 0)
            {
                if (buffer.Length + read > maximumBytes)
                {
                    throw TooLong(maximumBytes);
                }
                buffer.Write(chunk, 0, read);
            }
            return buffer.ToArray();
        }
    }

    private static bool IsTransient(HttpStatusCode status) => (int)status is 429 or 500 or 502 or 503 or 504;

    private static bool IsTransient(HttpRequestException e) =>
        e.HttpRequestError switch
        {
            // EAI_AGAIN: the name server itself did not answer.
            HttpRequestError.NameResolutionError => e.InnerException is SocketException { SocketErrorCode: SocketError.TryAgain },
            HttpRequestError.SecureConnectionError or HttpRequestError.ConfigurationLimitExceeded => false,
            _ => true,
        };

    private static HttpRequestException TooLong(int maximumBytes) =>
        new(HttpRequestError.ConfigurationLimitExceeded, $"the answer is over {maximumBytes} bytes");
}

/// <summary>A request was stopped after it had failed.</summary>
/// <param name="tried">How often it was sent.</param>
/// <param name="response">The last answer.</param>
/// <param name="failure">Why there was none.</param>
/// <param name="inner">What stopped it.</param>
/// <param name="token">Likewise.</param>
internal sealed class RetryInterruptedException(
    int tried,
    BoundedResponse? response,
    HttpRequestException? failure,
    OperationCanceledException inner,
    CancellationToken token
) : OperationCanceledException(inner.Message, inner, token)
{
    internal int Tried => tried;

    internal BoundedResponse? Response => response;

    internal HttpRequestException? Failure => failure;
}

/// <summary>A whole answer, of bounded length.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body.</param>
public sealed record BoundedResponse(HttpStatusCode Status, ReadOnlyMemory<byte> Body)
{
    /// <summary>The header of that name, as it was sent; null where there is none.</summary>
    public string? Location { get; init; }

    /// <summary>How long the server asks to be left alone; null where it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How often the request was sent.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Whether the status is one of 200 to 299.</summary>
    public bool IsSuccess => (int)Status is >= 200 and <= 299;
}
