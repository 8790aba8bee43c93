using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>An answer of a registry.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="Type">Its media type.</param>
/// <param name="Digest">What the registry says the body's digest is; nothing where null.</param>
internal sealed record Answer(int Status, byte[] Body, string Type = "application/json", string? Digest = null)
{
    /// <summary>Other headers.</summary>
    internal Dictionary<string, string> Headers { get; } = [];

    internal static Answer Text(int status, string body) => new(status, Encoding.UTF8.GetBytes(body), "text/html");
}

/// <summary>A registry on loopback that answers every request as the test says: it lies, breaks off, or is out of order.</summary>
internal sealed class FaultyRegistry : IDisposable
{
    internal const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private readonly HttpListener _listener = new();
    private readonly Func<string, string, Answer?> _answer;

    /// <param name="answer">Given the method and the path, such as <c>manifests/1.0</c> below the repository; null ends the connection.</param>
    internal FaultyRegistry(Func<string, string, Answer?> answer)
    {
        _answer = answer;
        Host = $"127.0.0.1:{LoopbackPort.Free()}";
        _listener.Prefixes.Add($"http://{Host}/");
        _listener.Start();
        _ = ServeAsync();
    }

    /// <summary>Host and port.</summary>
    internal string Host { get; }

    /// <summary>A minimal image manifest, with its digest.</summary>
    internal static (byte[] Bytes, string Digest) Manifest(string? note = null)
    {
        var text = $$$"""
            {"schemaVersion":2,"mediaType":"{{{ManifestType}}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"annotations":{"note":"{{{note}}}" } }
            """;
        var bytes = Encoding.UTF8.GetBytes(text);
        return (bytes, DigestOf(bytes));
    }

    internal static string DigestOf(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";

    public void Dispose() => _listener.Close();

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
            _ = Task.Run(() => Answer(context));
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        var answer = _answer(context.Request.HttpMethod, path.StartsWith("/v2/demo/app/", StringComparison.Ordinal) ? path[13..] : path);
        try
        {
            if (answer is null)
            {
                context.Response.ContentLength64 = 1000;
                context.Response.OutputStream.Write("{"u8);
                context.Response.Abort();
                return;
            }
            var response = context.Response;
            response.StatusCode = answer.Status;
            response.ContentType = answer.Type;
            if (answer.Digest is not null)
            {
                response.Headers["Docker-Content-Digest"] = answer.Digest;
            }
            foreach (var (name, value) in answer.Headers)
            {
                response.Headers[name] = value;
            }
            response.ContentLength64 = answer.Body.Length;
            if (context.Request.HttpMethod != "HEAD")
            {
                response.OutputStream.Write(answer.Body);
            }
            response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The client has seen enough.
        }
    }
}
