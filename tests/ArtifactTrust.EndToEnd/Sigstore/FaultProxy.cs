using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>What goes wrong with a request.</summary>
public enum Fault
{
    /// <summary>The connection ends, and the service hears of nothing.</summary>
    CutBefore,

    /// <summary>The service does its work, and the connection ends before the answer.</summary>
    CutAfter,

    /// <summary>The connection ends in the middle of the answer.</summary>
    CutMiddle,

    /// <summary>503 with Retry-After.</summary>
    Unavailable,

    /// <summary>200 and a page for people, as of a proxy that wants a sign-in.</summary>
    Html,

    /// <summary>A redirect to the service itself.</summary>
    Redirect,

    /// <summary>No answer at all.</summary>
    Hang,
}

/// <summary>Stands before a service on loopback, and does to its first requests what the test says. Each connection takes one request.</summary>
internal sealed class FaultProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _service;
    private readonly Fault _fault;
    private readonly int _times;
    private readonly Task _loop;
    private int _requests;

    /// <param name="service">The service.</param>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="times">With how many of the requests that ask for something to be done (POST); all others go well.</param>
    internal FaultProxy(string service, Fault fault, int times = int.MaxValue)
    {
        (_service, _fault, _times) = (new Uri(service), fault, times);
        _listener.Start();
        Url = $"http://{_listener.LocalEndpoint}";
        _loop = Task.Run(ServeAsync);
    }

    /// <summary>The address to use in place of the service's.</summary>
    internal string Url { get; }

    /// <summary>How many requests came that ask for something to be done.</summary>
    internal int Requests => _requests;

    /// <summary>Done once the first of them came.</summary>
    internal Task Asked => _asked.Task;

    public void Dispose()
    {
        _end.Cancel();
        _loop.Wait();
        _listener.Stop();
        _http.Dispose();
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        var answers = new List<Task>();
        try
        {
            while (true)
            {
                answers.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(answers);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                if (await ReadAsync(stream) is not { } request)
                {
                    return;
                }
                var isMeant = request.Method == "POST";
                var number = isMeant ? Interlocked.Increment(ref _requests) : int.MaxValue;
                var fault = isMeant && number <= _times ? _fault : (Fault?)null;
                if (isMeant)
                {
                    _asked.TrySetResult();
                }
                var answer = fault switch
                {
                    Fault.CutBefore => [],
                    Fault.CutAfter => (await ForwardAsync(request))[..0],
                    Fault.CutMiddle => Half(await ForwardAsync(request)),
                    Fault.Unavailable => Answer("503 Service Unavailable", "Retry-After: 1\r\n", "busy"u8),
                    Fault.Html => Answer("200 OK", "Content-Type: text/html\r\n", "<html><body>Please sign in</body></html>"u8),
                    Fault.Redirect => Answer("307 Temporary Redirect", $"Location: {new Uri(_service, request.Path)}\r\n", []),
                    Fault.Hang => await NeverAsync(),
                    null => await ForwardAsync(request),
                    _ => throw new InvalidOperationException($"{fault} is no fault"),
                };
                await stream.WriteAsync(answer, _end.Token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or HttpRequestException or OperationCanceledException)
        {
            // The other side is gone, or the test is over.
        }
    }

    // The head, and a part of the body.
    private static byte[] Half(byte[] answer)
    {
        var body = answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        return answer[..(body + ((answer.Length - body) / 2))];
    }

    private async Task<byte[]> NeverAsync()
    {
        await Task.Delay(Timeout.Infinite, _end.Token);
        return [];
    }

    private static byte[] Answer(string status, string headers, ReadOnlySpan<byte> body) =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{headers}Content-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body];

    /// <summary>Reads one request, whose body has a stated length; null where none comes.</summary>
    private async Task<Request?> ReadAsync(NetworkStream stream)
    {
        var bytes = new List<byte>();
        var buffer = new byte[16 << 10];
        var (head, length) = (-1, 0);
        Dictionary<string, string> headers = [];
        while (head < 0 || bytes.Count < head + length)
        {
            var read = await stream.ReadAsync(buffer, _end.Token);
            if (read == 0)
            {
                return null;
            }
            bytes.AddRange(buffer.AsSpan(0, read));
            if (head < 0 && bytes.ToArray().AsSpan().IndexOf("\r\n\r\n"u8) is > 0 and var end)
            {
                head = end + 4;
                headers = Encoding
                    .ASCII.GetString([.. bytes[..end]])
                    .Split("\r\n")
                    .Skip(1)
                    .Select(l => l.Split(':', 2))
                    .ToDictionary(l => l[0], l => l[1].Trim(), StringComparer.OrdinalIgnoreCase);
                length = headers.TryGetValue("Content-Length", out var stated) ? int.Parse(stated, CultureInfo.InvariantCulture) : 0;
            }
        }
        var line = Encoding.ASCII.GetString([.. bytes[..head]]).Split(' ', 3);
        return new Request(line[0], line[1], headers, [.. bytes[head..]]);
    }

    private async Task<byte[]> ForwardAsync(Request request)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_service, request.Path));
        if (request.Body.Length > 0)
        {
            message.Content = new ByteArrayContent(request.Body);
        }
        foreach (var (name, value) in request.Headers.Where(h => h.Key is not ("Host" or "Content-Length" or "Connection")))
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await _http.SendAsync(message, _end.Token);
        var type = response.Content.Headers.ContentType is { } t ? $"Content-Type: {t}\r\n" : "";
        var location = response.Headers.Location is { } l ? $"Location: {l}\r\n" : "";
        return Answer(
            $"{(int)response.StatusCode} {response.ReasonPhrase}",
            type + location,
            await response.Content.ReadAsByteArrayAsync(_end.Token)
        );
    }

    private sealed record Request(string Method, string Path, Dictionary<string, string> Headers, byte[] Body);
}
