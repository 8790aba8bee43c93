using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>
/// Waits for the browser to come back from the issuer. It is a web server for one request, on a port of this machine that nobody knows before.
/// </summary>
internal sealed class LoopbackListener : IDisposable
{
    private const string CallbackPath = "/auth/callback";
    private const int HeadBytes = 32 << 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();

    internal LoopbackListener()
    {
        _listener.Start();
        Redirect = new Uri($"http://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}{CallbackPath}");
    }

    /// <summary>Where the browser has to come back to.</summary>
    internal Uri Redirect { get; }

    /// <summary>Waits for a request for exactly <see cref="Redirect"/>; all others are turned away.</summary>
    /// <param name="read">Reads the query; what it throws is told to the browser, and thrown.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<string> WaitAsync(Func<string, string> read, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stop.Token);
        // Browsers open connections ahead and leave them empty, so none may keep another waiting.
        var accept = AcceptAsync(read, result, linked.Token);
        try
        {
            return await result.Task.WaitAsync(cancellation);
        }
        finally
        {
            await _stop.CancelAsync();
            await accept;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<string, string> read, TaskCompletionSource<string> result, CancellationToken cancellation)
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(cancellation);
                open.RemoveAll(t => t.IsCompleted);
                open.Add(ServeAsync(client, read, result, cancellation));
            }
        }
        catch (OperationCanceledException)
        {
            // The answer is there, or nobody waits for it any longer.
        }
        catch (SocketException e)
        {
            result.TrySetException(new IOException($"the browser cannot come back: {e.Message}", e));
        }
        await Task.WhenAll(open);
    }

    private async Task ServeAsync(
        TcpClient client,
        Func<string, string> read,
        TaskCompletionSource<string> result,
        CancellationToken cancellation
    )
    {
        using var owned = client;
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Patience);
        Action? finish = null;
        try
        {
            var stream = client.GetStream();
            var (page, end) = Answer(await ReadHeadAsync(stream, limited.Token), read, result);
            finish = end;
            await stream.WriteAsync(page, CancellationToken.None);
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // This connection is of no use; the browser may open another.
        }
        finally
        {
            // Only once the page is on its way, so that the end of the program does not cut it off.
            finish?.Invoke();
        }
    }

    private (byte[] Page, Action? Finish) Answer(string? head, Func<string, string> read, TaskCompletionSource<string> result)
    {
        var lines = head?.Split("\r\n") ?? [];
        if (lines.Length == 0 || lines[0].Split(' ') is not [var method, var target, "HTTP/1.1" or "HTTP/1.0"])
        {
            return (Page("400 Bad Request", "That was no request."), null);
        }
        var hosts = lines.Skip(1).Where(l => l.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)).Select(l => l[5..].Trim());
        if (!hosts.SequenceEqual([Redirect.Authority]))
        {
            // Another name for this machine is how pages of others reach servers like this one.
            return (Page("400 Bad Request", "That was meant for another host."), null);
        }
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        if ((mark < 0 ? target : target[..mark]) != CallbackPath)
        {
            return (Page("404 Not Found", "There is nothing here."), null);
        }
        if (method != "GET")
        {
            return (Page("405 Method Not Allowed", "Only GET is answered.", "Allow: GET\r\n"), null);
        }
        try
        {
            var code = read(mark < 0 ? "" : target[mark..]);
            return (
                Page("200 OK", "The sign-in came through. You can close this page and go back to the terminal."),
                () => result.TrySetResult(code)
            );
        }
        catch (Signing.Oidc.IdentityTokenException e)
        {
            return (Page("400 Bad Request", $"The sign-in failed: {e.Message}. Go back to the terminal."), () => result.TrySetException(e));
        }
    }

    private static async Task<string?> ReadHeadAsync(NetworkStream stream, CancellationToken cancellation)
    {
        var buffer = new byte[HeadBytes];
        var used = 0;
        while (used < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(used), cancellation);
            if (read == 0)
            {
                throw new IOException("the connection was closed");
            }
            used += read;
            var end = buffer.AsSpan(0, used).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return Encoding.Latin1.GetString(buffer, 0, end);
            }
        }
        return null;
    }

    private static byte[] Page(string status, string text, string headers = "")
    {
        var body = Encoding.UTF8.GetBytes(
            $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>artifact-trust</title><p>{WebUtility.HtmlEncode(text)}</p></html>\n"
        );
        var head =
            $"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {body.Length}\r\n{headers}"
            + "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\n"
            + "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
