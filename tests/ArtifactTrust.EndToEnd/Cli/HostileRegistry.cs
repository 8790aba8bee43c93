using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What a registry holds.</summary>
internal sealed class RegistryContent
{
    /// <summary>Digest to manifest.</summary>
    internal ConcurrentDictionary<string, byte[]> Manifests { get; } = new(StringComparer.Ordinal);

    /// <summary>Tag to digest.</summary>
    internal ConcurrentDictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    /// <summary>Digest to blob.</summary>
    internal ConcurrentDictionary<string, byte[]> Blobs { get; } = new(StringComparer.Ordinal);

    /// <summary>The same, to be changed without changing this.</summary>
    internal RegistryContent Copy()
    {
        var copy = new RegistryContent();
        foreach (var (digest, bytes) in Manifests)
        {
            copy.Manifests[digest] = bytes;
        }
        foreach (var (tag, digest) in Tags)
        {
            copy.Tags[tag] = digest;
        }
        foreach (var (digest, bytes) in Blobs)
        {
            copy.Blobs[digest] = bytes;
        }
        return copy;
    }

    /// <summary>Stores a manifest, and gives its digest.</summary>
    internal string Add(byte[] manifest)
    {
        var digest = DigestOf(manifest);
        Manifests[digest] = manifest;
        return digest;
    }

    /// <summary>The descriptors of the manifests about another, as an honest registry lists them.</summary>
    internal IReadOnlyList<string> Referrers(string subject) =>
        [
            .. Manifests
                .Select(m => (m.Key, m.Value.Length, Json: JsonNode.Parse(m.Value)!))
                .Where(m => (string?)m.Json["subject"]?["digest"] == subject)
                .OrderBy(m => m.Key, StringComparer.Ordinal)
                .Select(m => Descriptor(m.Key, m.Length, (string?)m.Json["artifactType"] ?? "")),
        ];

    /// <summary>A descriptor of a manifest.</summary>
    internal static string Descriptor(string digest, long size, string artifactType) =>
        $$"""{"mediaType":"{{HostileRegistry.ManifestType}}","digest":"{{digest}}","size":{{size}},"artifactType":"{{artifactType}}"}""";

    internal static string DigestOf(byte[] bytes) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
}

/// <summary>One registry on loopback, honest until the test says otherwise.</summary>
internal sealed class HostileRegistry : IAsyncDisposable
{
    internal const string ManifestType = "application/vnd.oci.image.manifest.v1+json";
    internal const string IndexType = "application/vnd.oci.image.index.v1+json";
    private const string Repository = "/v2/demo/app/";

    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, MemoryStream> _uploads = new(StringComparer.Ordinal);

    private HostileRegistry(WebApplication application, RegistryContent content)
    {
        _application = application;
        Content = content;
        application.Run(ServeAsync);
    }

    /// <summary>Host and port.</summary>
    internal string Host { get; private set; } = "";

    internal RegistryContent Content { get; }

    internal bool HasReferrersApi { get; set; } = true;

    /// <summary>Sees each request first, with its path below the repository; true where it answered.</summary>
    internal Func<HttpContext, string, Task<bool>>? Misbehave { get; set; }

    /// <summary>Method, path and authorization of what was asked, in order.</summary>
    internal ConcurrentQueue<(string Method, string Path, string? Authorization)> Requests { get; } = [];

    internal static async Task<HostileRegistry> StartAsync(RegistryContent? content = null, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(
                System.Net.IPAddress.Loopback,
                0,
                o =>
                {
                    if (certificate is not null)
                    {
                        o.UseHttps(certificate);
                    }
                }
            );
            k.Limits.MaxRequestBodySize = null;
            k.Limits.MinResponseDataRate = null;
        });
        var registry = new HostileRegistry(builder.Build(), content ?? new RegistryContent());
        await registry._application.StartAsync();
        registry.Host = new Uri(registry._application.Urls.Single()).Authority;
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        // Whoever is still being served slowly is cut off.
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    /// <summary>How often something was asked for.</summary>
    internal int Count(string method, string part) =>
        Requests.Count(r => r.Method == method && r.Path.Contains(part, StringComparison.Ordinal));

    /// <summary>Answers with a body.</summary>
    internal static async Task<bool> AnswerAsync(HttpContext http, int status, byte[] body, string type = "application/json")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        if (http.Request.Method != "HEAD")
        {
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
        }
        return true;
    }

    /// <summary>Answers with bytes that never end, as fast as they are taken.</summary>
    internal static async Task<bool> EndlessAsync(HttpContext http, int status, string type = "application/json")
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        var piece = new byte[64 << 10];
        piece.AsSpan().Fill((byte)' ');
        while (!http.RequestAborted.IsCancellationRequested)
        {
            await http.Response.Body.WriteAsync(piece, http.RequestAborted);
        }
        return true;
    }

    /// <summary>Answers with a body of which a byte comes now and then.</summary>
    internal static async Task<bool> DripAsync(HttpContext http, byte[] body, string type)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        for (var i = 0; i < body.Length; i++)
        {
            await http.Response.Body.WriteAsync(body.AsMemory(i, 1), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await Task.Delay(300, http.RequestAborted);
        }
        return true;
    }

    /// <summary>Answers with a part of a body that was promised whole, and ends the connection.</summary>
    internal static async Task<bool> CutAsync(HttpContext http, byte[] body, string type)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        http.Abort();
        return true;
    }

    /// <summary>Leads elsewhere.</summary>
    internal static Task<bool> RedirectAsync(HttpContext http, string location)
    {
        http.Response.StatusCode = 307;
        http.Response.Headers.Location = location;
        return Task.FromResult(true);
    }

    private async Task ServeAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        Requests.Enqueue((http.Request.Method, path + http.Request.QueryString, http.Request.Headers.Authorization));
        var below = path.StartsWith(Repository, StringComparison.Ordinal) ? path[Repository.Length..] : path;
        try
        {
            if (Misbehave is not { } misbehave || !await misbehave(http, below))
            {
                await ServeAsync(http, below);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has seen enough.
        }
    }

    private Task ServeAsync(HttpContext http, string path) =>
        (http.Request.Method, path.Split('/')) switch
        {
            (_, ["", "v2", ""]) => AnswerAsync(http, 200, "{}"u8.ToArray()),
            ("PUT", ["manifests", var reference]) => PutManifestAsync(http, reference),
            (_, ["manifests", var reference]) => GetManifestAsync(http, reference),
            (_, ["referrers", var subject]) when HasReferrersApi => AnswerAsync(http, 200, Index(Content.Referrers(subject)), IndexType),
            ("POST", ["blobs", "uploads", ""]) => StartUploadAsync(http),
            ("PATCH" or "PUT", ["blobs", "uploads", var session]) => UploadAsync(http, session),
            (_, ["blobs", var digest]) when Content.Blobs.TryGetValue(digest, out var blob) => AnswerAsync(
                http,
                200,
                blob,
                "application/octet-stream"
            ),
            _ => AnswerAsync(http, 404, "{}"u8.ToArray()),
        };

    /// <summary>A list of descriptors.</summary>
    internal static byte[] Index(IEnumerable<string> descriptors) =>
        System.Text.Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{IndexType}}","manifests":[{{string.Join(',', descriptors)}}]}"""
        );

    private Task<bool> GetManifestAsync(HttpContext http, string reference)
    {
        var digest = reference.Contains(':', StringComparison.Ordinal) ? reference : Content.Tags.GetValueOrDefault(reference);
        if (digest is null || !Content.Manifests.TryGetValue(digest, out var manifest))
        {
            return AnswerAsync(http, 404, "{}"u8.ToArray());
        }
        http.Response.Headers["Docker-Content-Digest"] = digest;
        using var json = JsonDocument.Parse(manifest);
        return AnswerAsync(http, 200, manifest, json.RootElement.GetProperty("mediaType").GetString()!);
    }

    private async Task PutManifestAsync(HttpContext http, string reference)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var digest = Content.Add(body.ToArray());
        if (!reference.Contains(':', StringComparison.Ordinal))
        {
            Content.Tags[reference] = digest;
        }
        http.Response.StatusCode = 201;
        http.Response.Headers["Docker-Content-Digest"] = digest;
        if (HasReferrersApi && (string?)JsonNode.Parse(body.ToArray())!["subject"]?["digest"] is { } subject)
        {
            http.Response.Headers["OCI-Subject"] = subject;
        }
    }

    private Task StartUploadAsync(HttpContext http)
    {
        var session = Guid.NewGuid().ToString("N");
        _uploads[session] = new MemoryStream();
        http.Response.StatusCode = 202;
        http.Response.Headers.Location = $"{Repository}blobs/uploads/{session}";
        return Task.CompletedTask;
    }

    private async Task UploadAsync(HttpContext http, string session)
    {
        var upload = _uploads[session];
        await http.Request.Body.CopyToAsync(upload);
        http.Response.Headers.Location = $"{Repository}blobs/uploads/{session}";
        if (http.Request.Method == "PATCH")
        {
            http.Response.StatusCode = 202;
            http.Response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{upload.Length - 1}");
            return;
        }
        var bytes = upload.ToArray();
        Content.Blobs[RegistryContent.DigestOf(bytes)] = bytes;
        http.Response.StatusCode = RegistryContent.DigestOf(bytes) == http.Request.Query["digest"] ? 201 : 400;
    }
}
