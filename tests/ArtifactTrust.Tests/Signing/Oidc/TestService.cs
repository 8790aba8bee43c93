using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ArtifactTrust.Tests.Signing.Oidc;

/// <summary>A web server on loopback, or on a Unix socket with HTTP/2, that answers as the test says.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _application;

    private TestService(WebApplication application) => _application = application;

    public string Url { get; private init; } = "";

    public static Task<TestService> StartAsync(RequestDelegate answer) => StartAsync(answer, null);

    public static async Task<TestService> StartAsync(RequestDelegate answer, string? socket)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(o =>
        {
            if (socket is null)
            {
                o.Listen(IPAddress.Loopback, 0);
            }
            else
            {
                o.ListenUnixSocket(socket, l => l.Protocols = HttpProtocols.Http2);
            }
        });
        var application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return new TestService(application) { Url = socket is null ? application.Urls.Single().TrimEnd('/') : "" };
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}

internal static class TestAnswers
{
    public static async Task JsonAsync(this HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    public static async Task HtmlAsync(this HttpContext context)
    {
        context.Response.ContentType = "text/html";
        await context.Response.WriteAsync("<html>please sign in to this network</html>");
    }

    /// <summary>More than is read of any answer.</summary>
    public static async Task HugeAsync(this HttpContext context)
    {
        context.Response.ContentType = "application/json";
        try
        {
            for (var i = 0; i < 64; i++)
            {
                await context.Response.WriteAsync(new string(' ', 1 << 20), context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The other side had enough.
        }
    }
}
