using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>A request as it came in.</summary>
internal sealed record TestRequest(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string? Authorization => Headers.GetValueOrDefault("authorization");

    public string? Parameter(string name) =>
        Query
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Split('=', 2))
            .Where(p => p[0] == name)
            .Select(p => Uri.UnescapeDataString(p[1]))
            .FirstOrDefault();
}

/// <summary>An answer; <see cref="Raw"/> writes it by hand where HTTP itself is to be broken.</summary>
internal sealed record TestResponse(int Status, byte[]? Body = null)
{
    public List<(string Name, string Value)> Headers { get; } = [];

    public Func<Stream, CancellationToken, Task>? Raw { get; init; }

    public static TestResponse Json(int status, string json) =>
        new TestResponse(status, Encoding.UTF8.GetBytes(json)).With("Content-Type", "application/json");

    public static TestResponse Error(int status, string code, string message = "no") =>
        Json(status, $$"""{"errors":[{"code":"{{code}}","message":"{{message}}"}]}""");

    public TestResponse With(string name, string value)
    {
        Headers.Add((name, value));
        return this;
    }
}

/// <summary>
/// A registry on loopback that follows the distribution specification, unless it is told to misbehave: <see cref="Intercept"/> sees each request
/// first. One connection a request, so that a broken answer breaks nothing else.
/// </summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    public const string CertificateSubject = "CN=registry.example";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private readonly X509Certificate2? _certificate;
    private readonly Dictionary<string, MemoryStream> _uploads = [];
    private int _sessions;
    private int _connections;

    public TestRegistry(bool tls = false)
        : this(tls ? SelfSigned() : null) { }

    /// <summary>A registry with a certificate of the caller's, which is disposed of with it.</summary>
    public TestRegistry(X509Certificate2? certificate)
    {
        _certificate = certificate;
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>Whether a connection is used for more than one request.</summary>
    public bool KeepsConnections { get; set; }

    /// <summary>Whether TLS clients are asked for a certificate.</summary>
    public bool AsksForCertificate { get; set; }

    /// <summary>The subjects of the certificates that TLS clients showed; "" where one showed none.</summary>
    public ConcurrentQueue<string> ClientCertificates { get; } = [];

    /// <summary>Connections that were made.</summary>
    public int Connections => _connections;

    /// <summary>Whether blobs are mounted from another repository: all of them are in every one here, but only after a mount they are found.</summary>
    public Func<TestRequest, bool>? Mounts { get; set; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Host => $"127.0.0.1:{Port}";

    public bool HasReferrersApi { get; set; } = true;

    /// <summary>Referrers of one page.</summary>
    public int PageSize { get; set; } = 1000;

    /// <summary>Whether conditional writes are obeyed.</summary>
    public bool HasConditions { get; set; }

    /// <summary>Whether it says how far an upload came.</summary>
    public bool TellsUploads { get; set; }

    /// <summary>The bearer token asked for, given out at /token.</summary>
    public string? Token { get; set; }

    /// <summary>User and password for Basic, or for the token service.</summary>
    public string? BasicPair { get; set; }

    public Func<TestRequest, TestResponse?>? Intercept { get; set; }

    public ConcurrentQueue<TestRequest> Requests { get; } = [];

    /// <summary>Digest to bytes and type.</summary>
    public ConcurrentDictionary<string, (byte[] Bytes, string MediaType)> Manifests { get; } = [];

    /// <summary>Tag to digest.</summary>
    public ConcurrentDictionary<string, string> Tags { get; } = [];

    public ConcurrentDictionary<string, byte[]> Blobs { get; } = [];

    public int Count(string method, string pathPart) =>
        Requests.Count(r => r.Method == method && r.Path.Contains(pathPart, StringComparison.Ordinal));

    /// <summary>Answers by ending the connection after so many bytes of a chunk came.</summary>
    public TestResponse Cut(TestRequest chunk, int bytes)
    {
        Take(chunk, chunk.Body.AsSpan(0, bytes));
        return new TestResponse(0) { Raw = (_, _) => Task.CompletedTask };
    }

    /// <summary>Adds bytes to the upload that a request is for.</summary>
    public void Take(TestRequest request, ReadOnlySpan<byte> bytes)
    {
        lock (_uploads)
        {
            _uploads[request.Path.Split('/')[^1]].Write(bytes);
        }
    }

    /// <summary>Forgets all uploads that are under way.</summary>
    public void ForgetUploads()
    {
        lock (_uploads)
        {
            _uploads.Clear();
        }
    }

    /// <summary>Stores an image of one layer under a tag.</summary>
    public StoredManifest AddImage(string tag, string content = "layer")
    {
        var layer = Encoding.UTF8.GetBytes(content);
        var config = "{}"u8.ToArray();
        Blobs[DigestAlgorithm.Sha256.Hash(layer).ToString()] = layer;
        Blobs[DigestAlgorithm.Sha256.Hash(config).ToString()] = config;
        var bytes = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            Descriptor.Of("application/vnd.oci.image.config.v1+json", config),
            [Descriptor.Of("application/vnd.oci.image.layer.v1.tar", layer)],
            null,
            new Dictionary<string, string>()
        ).ToUtf8Bytes();
        return AddManifest(bytes, tag);
    }

    public StoredManifest AddManifest(byte[] bytes, string? tag)
    {
        var stored = StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, null);
        var digest = stored.Descriptor.Digest.ToString();
        Manifests[digest] = (bytes, stored.Descriptor.MediaType);
        if (tag is not null)
        {
            Tags[tag] = digest;
        }
        return stored;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _certificate?.Dispose();
        _stop.Dispose();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(CertificateSubject, key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        // The last is what a listener says that was stopped between two connections.
        catch (Exception e)
            when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException) { }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            Interlocked.Increment(ref _connections);
            Stream stream = client.GetStream();
            if (_certificate is not null)
            {
                var tls = new SslStream(stream, false, (_, certificate, _, _) => certificate is null || certificate.Subject.Length > 0);
                await tls.AuthenticateAsServerAsync(_certificate, AsksForCertificate, false);
                if (AsksForCertificate)
                {
                    ClientCertificates.Enqueue(tls.RemoteCertificate?.Subject ?? "");
                }
                stream = tls;
            }
            while (await ReadAsync(stream) is { } request)
            {
                Requests.Enqueue(request);
                var response = Intercept?.Invoke(request) ?? Answer(request);
                await WriteAsync(stream, request, response);
                if (!KeepsConnections || response.Raw is not null)
                {
                    break;
                }
            }
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e)
            when (e
                    is IOException
                        or SocketException
                        or OperationCanceledException
                        or System.Security.Authentication.AuthenticationException
            ) { }
    }

    private async Task<TestRequest?> ReadAsync(Stream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            // Not a letter: someone speaks TLS to a registry that does not.
            if (await stream.ReadAsync(one, _stop.Token) == 0 || (head.Count == 0 && !char.IsAsciiLetterUpper((char)one[0])))
            {
                return null;
            }
            head.Add(one[0]);
        }
        var lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        var headers = lines[1..].Select(l => l.Split(':', 2)).ToDictionary(p => p[0].ToLowerInvariant(), p => p[1].Trim());
        var body = new byte[int.Parse(headers.GetValueOrDefault("content-length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        var target = first[1].Split('?', 2);
        return new TestRequest(first[0], target[0], target.Length > 1 ? target[1] : "", headers, body);
    }

    private async Task WriteAsync(Stream stream, TestRequest request, TestResponse response)
    {
        if (response.Raw is { } raw)
        {
            await raw(stream, _stop.Token);
            return;
        }
        var head = new StringBuilder($"HTTP/1.1 {response.Status} {(HttpStatusCode)response.Status}\r\n");
        if (!KeepsConnections)
        {
            head.Append("Connection: close\r\n");
        }
        foreach (var (name, value) in response.Headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }
        if (!response.Headers.Exists(h => h.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)))
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {response.Body?.Length ?? 0}\r\n");
        }
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), _stop.Token);
        if (request.Method != "HEAD" && response.Body is { } body)
        {
            await stream.WriteAsync(body, _stop.Token);
        }
        await stream.FlushAsync(_stop.Token);
    }

    private TestResponse Answer(TestRequest request)
    {
        lock (_uploads)
        {
            if (request.Path == "/token")
            {
                return AnswerToken(request);
            }
            if (Challenge(request) is { } challenge)
            {
                return challenge;
            }
            var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            return parts switch
            {
                ["v2", _, "manifests", var reference] => AnswerManifest(request, reference),
                ["v2", _, "referrers", var digest] when HasReferrersApi => AnswerReferrers(request, digest),
                ["v2", _, "blobs", "uploads", ..] => AnswerUpload(request, parts),
                ["v2", _, "blobs", var digest] => AnswerBlob(request, digest),
                _ => new TestResponse(404, "404 page not found\n"u8.ToArray()),
            };
        }
    }

    private TestResponse AnswerToken(TestRequest request)
    {
        var pair = BasicPair is null ? null : $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(BasicPair))}";
        return pair is null || request.Authorization == pair
            ? TestResponse.Json(200, $$"""{"token":"{{Token}}","expires_in":300}""")
            : TestResponse.Error(401, "UNAUTHORIZED");
    }

    private TestResponse? Challenge(TestRequest request)
    {
        var scheme = _certificate is null ? "http" : "https";
        var access = request.Method is "GET" or "HEAD" ? "pull" : "pull,push";
        if (Token is not null && request.Authorization != $"Bearer {Token}")
        {
            return TestResponse
                .Error(401, "UNAUTHORIZED", "authentication required")
                .With(
                    "WWW-Authenticate",
                    $"Bearer realm=\"{scheme}://{Host}/token\",service=\"test\",scope=\"repository:{request.Path.Split('/')[2]}:{access}\""
                );
        }
        return
            Token is null
            && BasicPair is not null
            && request.Authorization != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(BasicPair))}"
            ? TestResponse.Error(401, "UNAUTHORIZED").With("WWW-Authenticate", "Basic realm=\"test\"")
            : null;
    }

    private TestResponse AnswerManifest(TestRequest request, string reference)
    {
        var digest = reference.Contains(':', StringComparison.Ordinal) ? reference : Tags.GetValueOrDefault(reference);
        if (request.Method == "PUT")
        {
            return PutManifest(request, reference, digest);
        }
        return digest is not null && Manifests.TryGetValue(digest, out var manifest)
            ? new TestResponse(200, manifest.Bytes)
                .With("Content-Type", manifest.MediaType)
                .With("Docker-Content-Digest", digest)
                .With("ETag", $"\"{digest}\"")
            : TestResponse.Error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    }

    private TestResponse PutManifest(TestRequest request, string reference, string? current)
    {
        if (HasConditions)
        {
            var missed =
                (request.Headers.TryGetValue("if-none-match", out _) && current is not null)
                || (request.Headers.TryGetValue("if-match", out var tag) && tag != $"\"{current}\"");
            if (missed)
            {
                return TestResponse.Error(412, "DENIED", "changed");
            }
        }
        var stored = AddManifest(request.Body, reference.Contains(':', StringComparison.Ordinal) ? null : reference);
        var digest = stored.Descriptor.Digest.ToString();
        if (reference.Contains(':', StringComparison.Ordinal) && reference != digest)
        {
            return TestResponse.Error(400, "DIGEST_INVALID");
        }
        var response = new TestResponse(201).With("Location", $"/v2/app/manifests/{digest}").With("Docker-Content-Digest", digest);
        return HasReferrersApi && stored.Subject is { } subject ? response.With("OCI-Subject", subject.Digest.ToString()) : response;
    }

    private TestResponse AnswerReferrers(TestRequest request, string digest)
    {
        var all = Manifests
            .Values.Select(m => StoredManifest.Create(DigestAlgorithm.Sha256.Hash(m.Bytes), m.Bytes, null))
            .Where(m => m.Subject?.Digest.ToString() == digest)
            .OrderBy(m => m.Descriptor.Digest.Hex, StringComparer.Ordinal)
            .Select(m => $$"""{"mediaType":"{{m.Descriptor.MediaType}}","digest":"{{m.Descriptor.Digest}}","size":{{m.Descriptor.Size}}}""")
            .ToArray();
        var start = int.Parse(request.Parameter("start") ?? "0", CultureInfo.InvariantCulture);
        var body =
            $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{string.Join(',', all.Skip(start).Take(PageSize))}}]}""";
        var response = new TestResponse(200, Encoding.UTF8.GetBytes(body)).With("Content-Type", OciMediaTypes.ImageIndex);
        return start + PageSize < all.Length
            ? response.With("Link", $"</v2/app/referrers/{digest}?start={start + PageSize}>; rel=\"next\"")
            : response;
    }

    private TestResponse AnswerBlob(TestRequest request, string digest)
    {
        if (!Blobs.TryGetValue(digest, out var blob))
        {
            return TestResponse.Error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        }
        if (request.Headers.TryGetValue("range", out var range))
        {
            var from = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
            return new TestResponse(206, blob[from..]).With("Content-Range", $"bytes {from}-{blob.Length - 1}/{blob.Length}");
        }
        return request.Method == "HEAD"
            ? new TestResponse(200).With("Content-Length", blob.Length.ToString(CultureInfo.InvariantCulture))
            : new TestResponse(200, blob).With("Docker-Content-Digest", digest);
    }

    private TestResponse AnswerUpload(TestRequest request, string[] parts)
    {
        if (request.Method == "POST" && Mounts?.Invoke(request) == true)
        {
            return new TestResponse(201).With("Location", $"/v2/app/blobs/{request.Parameter("mount")}");
        }
        if (request.Method == "DELETE")
        {
            _uploads.Remove(parts[^1]);
            return new TestResponse(204);
        }
        if (request.Method == "POST")
        {
            var id = $"{++_sessions}";
            _uploads[id] = new MemoryStream();
            return new TestResponse(202).With("Location", $"/v2/app/blobs/uploads/{id}?state=a%3Db");
        }
        if (request.Parameter("state") != "a=b" || !_uploads.TryGetValue(parts[^1], out var upload))
        {
            return TestResponse.Error(404, "BLOB_UPLOAD_UNKNOWN");
        }
        if (request.Method == "GET" && TellsUploads)
        {
            return new TestResponse(204)
                .With("Location", request.Path + "?state=a%3Db")
                .With("Range", $"0-{Math.Max(upload.Length - 1, 0)}");
        }
        if (request.Method == "PATCH" && request.Headers["content-range"] != $"{upload.Length}-{upload.Length + request.Body.Length - 1}")
        {
            return TestResponse.Error(416, "BLOB_UPLOAD_INVALID");
        }
        upload.Write(request.Body);
        if (request.Method == "PATCH")
        {
            return new TestResponse(202).With("Location", request.Path + "?state=a%3Db").With("Range", $"0-{upload.Length - 1}");
        }
        var digest = DigestAlgorithm.Sha256.Hash(upload.ToArray()).ToString();
        if (digest != request.Parameter("digest"))
        {
            return TestResponse.Error(400, "DIGEST_INVALID");
        }
        Blobs[digest] = upload.ToArray();
        _uploads.Remove(parts[^1]);
        return new TestResponse(201).With("Location", $"/v2/app/blobs/{digest}");
    }
}
