using System.Net;
using System.Net.Sockets;

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

/// <summary>Stands before a service on loopback, and does to its first requests what the test says.</summary>
internal sealed class FaultProxy : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Uri _service;
    private readonly Fault _fault;
    private readonly int _times;
    private readonly string _method;
    private readonly Task _loop;
    private int _requests;

    /// <param name="service">The service.</param>
    /// <param name="fault">What goes wrong.</param>
    /// <param name="times">With how many requests; those after them go well.</param>
    /// <param name="method">Of which method.</param>
    internal FaultProxy(string service, Fault fault, int times = int.MaxValue, string method = "POST")
    {
        (_service, _fault, _times, _method) = (new Uri(service), fault, times, method);
        for (var attempt = 0; ; attempt++)
        {
            Url = $"http://127.0.0.1:{FreePort()}";
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add($"{Url}/");
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (attempt < 5)
            {
                // Somebody took the port.
            }
        }
        _loop = Task.Run(ServeAsync);
    }

    /// <summary>The address to use in place of the service's.</summary>
    internal string Url { get; }

    /// <summary>How many requests of the method came.</summary>
    internal int Requests => _requests;

    /// <summary>Done once the first of them came.</summary>
    internal Task Asked => _asked.Task;

    public void Dispose()
    {
        _listener.Close();
        _loop.Wait();
        _http.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = AnswerAsync(context);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var request = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(request);
            var isMeant = context.Request.HttpMethod == _method;
            var number = isMeant ? Interlocked.Increment(ref _requests) : int.MaxValue;
            if (isMeant)
            {
                _asked.TrySetResult();
            }
            if (!isMeant || number > _times)
            {
                var (status, type, body) = await ForwardAsync(context.Request, request.ToArray());
                await SendAsync(context.Response, status, type, body, body.Length);
                return;
            }
            switch (_fault)
            {
                case Fault.CutBefore:
                    context.Response.Abort();
                    break;
                case Fault.CutAfter:
                    await ForwardAsync(context.Request, request.ToArray());
                    context.Response.Abort();
                    break;
                case Fault.CutMiddle:
                    var (status, type, body) = await ForwardAsync(context.Request, request.ToArray());
                    await SendAsync(context.Response, status, type, body, body.Length / 2);
                    break;
                case Fault.Unavailable:
                    context.Response.Headers["Retry-After"] = "1";
                    await SendAsync(context.Response, 503, "text/plain", "busy"u8.ToArray(), 4);
                    break;
                case Fault.Html:
                    var page = "<html><body>Please sign in to the network</body></html>"u8.ToArray();
                    await SendAsync(context.Response, 200, "text/html", page, page.Length);
                    break;
                case Fault.Redirect:
                    context.Response.Headers["Location"] = new Uri(_service, context.Request.Url!.PathAndQuery).AbsoluteUri;
                    await SendAsync(context.Response, 307, "text/plain", [], 0);
                    break;
                case Fault.Hang:
                    break;
                default:
                    throw new InvalidOperationException($"{_fault} is no fault");
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException or HttpRequestException)
        {
            // The other side is gone.
        }
    }

    private static async Task SendAsync(HttpListenerResponse response, int status, string? type, byte[] body, int length)
    {
        response.StatusCode = status;
        response.ContentType = type;
        response.ContentLength64 = body.Length;
        await response.OutputStream.WriteAsync(body.AsMemory(0, length));
        if (length < body.Length)
        {
            await response.OutputStream.FlushAsync();
            response.Abort();
        }
        else
        {
            response.Close();
        }
    }

    private async Task<(int Status, string? Type, byte[] Body)> ForwardAsync(HttpListenerRequest request, byte[] body)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.HttpMethod), new Uri(_service, request.Url!.PathAndQuery));
        if (body.Length > 0)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }
        foreach (var name in (string[])["Authorization", "Accept"])
        {
            if (request.Headers[name] is { } value)
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await _http.SendAsync(message);
        return ((int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), await response.Content.ReadAsByteArrayAsync());
    }
}
