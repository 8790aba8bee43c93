using System.Net;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>Bounds the wait for an answer: from sending until it begins, and between its pieces.</summary>
internal sealed class RequestClock : IDisposable
{
    private readonly RegistryOptions _options;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    internal RequestClock(RegistryOptions options, long uploadBytes, CancellationToken cancellation)
    {
        _options = options;
        _source = new CancellationTokenSource(options.Allow(options.RequestTimeout, uploadBytes), options.Time);
        _registration = cancellation.Register(static s => ((CancellationTokenSource)s!).Cancel(), _source);
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>Something arrived: the wait begins again.</summary>
    internal void Restart() => _source.CancelAfter(_options.RequestTimeout);

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}

/// <summary>An answer whose body is not read yet, and the clock that bounds the wait for it.</summary>
internal sealed class RegistryResponse(HttpResponseMessage message, string operation, RequestClock clock, bool fromRegistry) : IDisposable
{
    internal HttpResponseMessage Message { get; } = message;

    /// <summary>Whether the registry itself gave it, and no place that it led to.</summary>
    internal bool FromRegistry { get; } = fromRegistry;

    internal HttpStatusCode Status => Message.StatusCode;

    internal CancellationToken Token => clock.Token;

    internal string? Header(string name) => Message.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    /// <summary>The media type of the body, without parameters; null where none is given.</summary>
    internal string? MediaType
    {
        get
        {
            var value = Message.Content.Headers.TryGetValues("Content-Type", out var values) ? values.FirstOrDefault() : null;
            var end = value?.IndexOf(';', StringComparison.Ordinal) ?? -1;
            return end < 0 ? value?.Trim() : value![..end].Trim();
        }
    }

    /// <summary>Reads a body of a bounded length.</summary>
    /// <exception cref="MalformedDataException">It is longer.</exception>
    internal async Task<byte[]> ReadAsync(int maximumBytes, string format)
    {
        if (Message.Content.Headers.ContentLength is { } length)
        {
            StrictJson.CheckLength(length, format, maximumBytes);
        }
        try
        {
            var stream = await Message.Content.ReadAsStreamAsync(Token).ConfigureAwait(false);
            return await BoundedStream
                .ReadAllAsync(
                    stream,
                    maximumBytes,
                    () => new MalformedDataException(format, "$", $"it is longer than {maximumBytes} bytes"),
                    Token
                )
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Broken(e);
        }
    }

    /// <summary>Reads the next piece of a body; 0 bytes at its end.</summary>
    internal async ValueTask<int> ReadAsync(Stream body, Memory<byte> buffer)
    {
        try
        {
            var read = await body.ReadAsync(buffer, Token).ConfigureAwait(false);
            clock.Restart();
            return read;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw Broken(e);
        }
    }

    public void Dispose()
    {
        Message.Dispose();
        clock.Dispose();
    }

    private RegistryException Broken(Exception e) =>
        new(null, null, $"{operation}: the connection broke before the end of the answer", null, e) { IsTransient = true };
}
