using System.Net;
using System.Net.Sockets;
using System.Text;
using ArtifactTrust.Cli.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class LoopbackListenerTests
{
    [Theory]
    [InlineData("POST /auth/callback?code=c HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n", "405")]
    [InlineData("HEAD /auth/callback?code=c HTTP/1.1\r\nHost: HOST\r\n\r\n", "405")]
    [InlineData("GET /auth/callback/?code=c HTTP/1.1\r\nHost: HOST\r\n\r\n", "404")]
    [InlineData("GET /AUTH/callback?code=c HTTP/1.1\r\nHost: HOST\r\n\r\n", "404")]
    [InlineData("GET / HTTP/1.1\r\nHost: HOST\r\n\r\n", "404")]
    [InlineData("GET /favicon.ico HTTP/1.1\r\nHost: HOST\r\n\r\n", "404")]
    [InlineData("GET /auth/callback?code=c HTTP/1.1\r\nHost: evil.example\r\n\r\n", "400")]
    [InlineData("GET /auth/callback?code=c HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET /auth/callback?code=c HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", "400")]
    [InlineData("GET /auth/callback?code=c\r\nHost: HOST\r\n\r\n", "400")]
    [InlineData("\u0016\u0003\u0001 TLS\r\n\r\n", "400")]
    public async Task Another_request_is_turned_away_and_the_right_one_still_counts(string request, string status)
    {
        using var listener = new LoopbackListener();
        var waiting = listener.WaitAsync(q => q, CancellationToken.None);
        Assert.StartsWith($"HTTP/1.1 {status} ", await SendAsync(listener, request), StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        var page = await SendAsync(listener, "GET /auth/callback?code=right HTTP/1.1\r\nHost: HOST\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", page, StringComparison.Ordinal);
        Assert.Contains("go back to the terminal", page, StringComparison.Ordinal);
        Assert.Equal("?code=right", await waiting);
    }

    [Fact]
    public async Task An_endless_request_is_cut_off()
    {
        using var listener = new LoopbackListener();
        var waiting = listener.WaitAsync(q => q, CancellationToken.None);
        var answer = await SendAsync(listener, $"GET /{new string('a', (32 << 10) - 5)}");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task A_silent_connection_keeps_nobody_waiting()
    {
        using var listener = new LoopbackListener();
        var waiting = listener.WaitAsync(q => q, CancellationToken.None);
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, listener.Redirect.Port);
        await SendAsync(listener, "GET /auth/callback?code=right HTTP/1.1\r\nHost: HOST\r\n\r\n");
        Assert.Equal("?code=right", await waiting);
    }

    [Fact]
    public async Task Giving_up_ends_the_wait()
    {
        using var listener = new LoopbackListener();
        using var source = new CancellationTokenSource();
        var waiting = listener.WaitAsync(q => q, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static async Task<string> SendAsync(LoopbackListener listener, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, listener.Redirect.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Replace("HOST", listener.Redirect.Authority, StringComparison.Ordinal)));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }
}
