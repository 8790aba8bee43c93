using System.Net;
using ArtifactTrust.Tests.Trust.Tuf;

namespace ArtifactTrust.Tests.Cli.Sigstore;

/// <summary>A TUF repository over HTTP on this machine.</summary>
internal sealed class LoopbackTuf : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Task _loop;
    private readonly Lock _guard = new();
    private int _requests;

    internal LoopbackTuf(TufRepository repository)
    {
        Repository = repository;
        (_listener, Url) = Listen();
        _loop = Task.Run(ServeAsync);
    }

    internal TufRepository Repository { get; }

    internal Uri Url { get; }

    /// <summary>How many requests there were.</summary>
    internal int Requests => Volatile.Read(ref _requests);

    /// <summary>Whether every request fails.</summary>
    internal bool IsDown { get; set; }

    public void Dispose()
    {
        _listener.Close();
        _loop.Wait();
    }

    private static (HttpListener, Uri) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                listener.Start();
                return (listener, new Uri($"http://127.0.0.1:{port}"));
            }
            catch (HttpListenerException) when (attempt < 5)
            {
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            Interlocked.Increment(ref _requests);
            var path = context.Request.Url!.AbsolutePath[1..];
            byte[]? content;
            lock (_guard)
            {
                content = path.StartsWith("targets/", StringComparison.Ordinal)
                    ? Repository.TargetFiles.GetValueOrDefault(path["targets/".Length..])
                    : Repository.Files.GetValueOrDefault(path);
            }
            context.Response.StatusCode =
                IsDown ? 503
                : content is null ? 404
                : 200;
            try
            {
                if (context.Response.StatusCode == 200)
                {
                    await context.Response.OutputStream.WriteAsync(content);
                }
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or IOException)
            {
                // The client went away.
            }
        }
    }
}
