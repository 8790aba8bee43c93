using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Signing;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Signing;

/// <summary>The services of <see cref="TestAuthority"/> behind HTTP: right answers, and the wrong ones that a test asks for.</summary>
internal sealed class FakeSigstore : HttpMessageHandler
{
    public const string Certificate = "/api/v2/signingCert";
    public const string Time = "/api/v1/timestamp";
    public const string FirstLog = "/api/v1/log/entries";
    public const string SecondLog = "/api/v2/log/entries";
    public const string Token = "eyJhbGciOi.eyJpc3MiOi.c2VjcmV0";
    public const string Proof = "dev@ci.test";

    private readonly List<byte[]> _entries = [];
    private readonly Dictionary<string, (long Index, string Id, string Answer)> _known = [];
    private readonly Lock _lock = new();

    public TestAuthority Authority { get; } = new();

    /// <summary>Every request: its path, and whether it had a token.</summary>
    public List<(Uri Url, bool HasToken)> Requests { get; } = [];

    /// <summary>Takes the path, how often it was asked before, and what makes the right answer, which also takes effect.</summary>
    public Func<string, int, Func<HttpResponseMessage>, CancellationToken, Task<HttpResponseMessage>> Answer { get; set; } =
        (_, _, right, _) => Task.FromResult(right());

    /// <summary>In what certificates, tokens and entries differ from right ones.</summary>
    public Forgery Forgery { get; set; } = new();

    /// <summary>Entries of others before ours.</summary>
    public int OtherEntries { get; init; } = 1;

    /// <summary>Whether the log has full tiles only; what it does not know of one is zero here.</summary>
    public bool HasFullTilesOnly { get; init; }

    public Action<JsonObject>? ChangeEntry { get; set; }

    public byte[]? Nonce { get; set; }

    public byte[]? Imprint { get; set; }

    public TimeProvider Clock { get; } = new TestClock();

    public IEnumerable<string> KnownIds => _known.Values.Select(k => k.Id);

    public int Count(string path) => Requests.Count(r => r.Url.AbsolutePath == path);

    public SigningConfig Config(int logs = 2, bool hasTime = true, string scheme = "https", string end = "2030-01-01T00:00:00Z") =>
        SigningConfig.Parse(
            Encoding.UTF8.GetBytes(
                $$"""
                {"mediaType":"{{SigningConfig.MediaTypeV02}}",
                 "caUrls":[{{Service($"{scheme}://ca.test", 1, end)}}],
                 "rekorTlogUrls":[{{(logs == 0 ? "" : Service(logs == 1 ? "https://rekor.test" : "https://log.test", logs, end))}}],
                 "rekorTlogConfig":{"selector":"ANY"},
                 "tsaUrls":[{{(hasTime ? Service($"https://tsa.test{Time}", 1, end) : "")}}],
                 "tsaConfig":{"selector":"ALL"} }
                """
            )
        );

    public SigstoreServices Services(
        SigningConfig? config = null,
        RetryPolicy? retry = null,
        TimeSpan? limit = null,
        TimeProvider? clock = null
    ) =>
        new(
            new HttpClient(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan },
            config ?? Config(),
            clock ?? Clock,
            retry ?? new RetryPolicy { FirstDelay = TimeSpan.FromMilliseconds(1), Attempts = 3 }
        )
        {
            TimeLimit = limit ?? TimeSpan.FromMinutes(1),
        };

    public static HttpResponseMessage Status(int status, string body = "") =>
        new((HttpStatusCode)status) { Content = new StringContent(body) };

    public static HttpResponseMessage Json(int status, string body) =>
        new((HttpStatusCode)status) { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!;
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        int before;
        lock (_lock)
        {
            before = Count(url.AbsolutePath);
            Requests.Add((url, request.Headers.Authorization is not null));
        }
        var response = await Answer(url.AbsolutePath, before, () => Right(url.AbsolutePath, body), cancellationToken);
        response.RequestMessage = request;
        return response;
    }

    protected override void Dispose(bool disposing)
    {
        Authority.Dispose();
        base.Dispose(disposing);
    }

    private HttpResponseMessage Right(string path, byte[] body)
    {
        lock (_lock)
        {
            return path switch
            {
                Certificate => IssueCertificate(body),
                Time => Stamp(body),
                FirstLog => Log(body, 1),
                SecondLog => Log(body, 2),
                "/api/v2/checkpoint" => Bytes(Note(2).ToBytes()),
                _ when path.StartsWith("/api/v2/", StringComparison.Ordinal) && Tile.TryParse(path["/api/v2/".Length..], out var tile) =>
                    Read(tile),
                _ when _known.Values.FirstOrDefault(k => path.EndsWith(k.Id, StringComparison.Ordinal)) is { Answer: { } answer } => Json(
                    200,
                    answer
                ),
                _ => Status(404),
            };
        }
    }

    private HttpResponseMessage IssueCertificate(byte[] body)
    {
        var request = JsonNode.Parse(body)!["publicKeyRequest"]!;
        var key = ECDsa.Create();
        key.ImportFromPem((string)request["publicKey"]!["content"]!);
        Assert.True(
            key.VerifyData(
                Encoding.UTF8.GetBytes(Proof),
                Convert.FromBase64String((string)request["proofOfPossession"]!),
                HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence
            )
        );
        using var leaf = TestLeaf.Issue(Authority, Forgery.Key is null ? Forgery with { Key = TestKey.Of(key) } : Forgery);
        var chain = new JsonArray(leaf.Certificate.ExportCertificatePem(), Authority.Intermediate.ExportCertificatePem());
        var answer = new JsonObject
        {
            ["signedCertificateEmbeddedSct"] = new JsonObject { ["chain"] = new JsonObject { ["certificates"] = chain } },
        };
        return Json(200, answer.ToJsonString());
    }

    private HttpResponseMessage Stamp(byte[] body)
    {
        Assert.True(Rfc3161TimestampRequest.TryDecode(body, out var request, out _));
        Assert.True(request.RequestSignerCertificate);
        var nonce = Nonce ?? request.GetNonce()!.Value.ToArray();
        return Bytes(
            (Forgery.Tsa ?? Authority.Tsa).Stamp(
                [],
                Forgery.StampTime,
                HashAlgorithmName.SHA256,
                true,
                Imprint ?? request.GetMessageHash().ToArray(),
                new BigInteger(nonce, isUnsigned: true, isBigEndian: true)
            )
        );
    }

    private HttpResponseMessage Log(byte[] request, int version)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(request));
        if (_known.TryGetValue(key, out var known))
        {
            var what = version == 1 ? $"UUID {known.Id}" : $"index {known.Index}";
            var conflict = Json(
                409,
                $$"""{"code":{{(version == 1 ? 409 : 6)}},"message":"an equivalent entry already exists in the transparency log with {{what}}"}"""
            );
            if (version == 1)
            {
                // The host is none of ours: only the number may be used.
                conflict.Headers.TryAddWithoutValidation("Location", $"https://elsewhere.test{FirstLog}/{known.Id}");
            }
            return conflict;
        }
        var json = JsonNode.Parse(request)!;
        var body = Encoding.UTF8.GetBytes(version == 1 ? FirstBody(json) : SecondBody(json["hashedRekordRequestV002"]!));
        _entries.AddRange(Enumerable.Range(0, OtherEntries).Select(i => Encoding.UTF8.GetBytes($"another entry {i} {_entries.Count}")));
        _entries.Add(body);
        var entry = Entry(body, version);
        ChangeEntry?.Invoke(entry);
        var id = "00000000000012ab" + Convert.ToHexStringLower(MerkleTree.HashLeaf(body).Bytes);
        var answer = version == 1 ? new JsonObject { [id] = entry }.ToJsonString() : entry.ToJsonString();
        _known.Add(key, (_entries.Count - 1, id, answer));
        return Json(201, answer);
    }

    private JsonObject Entry(byte[] body, int version)
    {
        var index = _entries.Count - 1;
        var proof = Tree().Prove(index);
        var note = Note(version).ToString();
        string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
        if (version == 2)
        {
            return new JsonObject
            {
                ["logIndex"] = Number(index),
                ["logId"] = new JsonObject { ["keyId"] = Convert.ToBase64String(Authority.LogId) },
                ["kindVersion"] = new JsonObject { ["kind"] = "hashedrekord", ["version"] = "0.0.2" },
                ["integratedTime"] = "0",
                ["inclusionPromise"] = null,
                ["inclusionProof"] = new JsonObject
                {
                    ["logIndex"] = Number(index),
                    ["rootHash"] = Convert.ToBase64String(Tree().Root.Bytes),
                    ["treeSize"] = Number(_entries.Count),
                    ["hashes"] = new JsonArray([.. proof.Hashes.Select(h => JsonValue.Create(Convert.ToBase64String(h.Bytes)))]),
                    ["checkpoint"] = new JsonObject { ["envelope"] = note },
                },
                ["canonicalizedBody"] = Convert.ToBase64String(body),
            };
        }
        var seconds = Forgery.IntegratedTime.ToUnixTimeSeconds();
        var id = Convert.ToHexStringLower(Authority.FirstLogId);
        var promised =
            $$"""{"body":"{{Convert.ToBase64String(body)}}","integratedTime":{{Number(seconds)}},"logID":"{{id}}","logIndex":{{Number(index + 1000)}}}""";
        return new JsonObject
        {
            ["body"] = Convert.ToBase64String(body),
            ["integratedTime"] = seconds,
            ["logID"] = id,
            ["logIndex"] = index + 1000,
            ["verification"] = new JsonObject
            {
                ["inclusionProof"] = new JsonObject
                {
                    ["checkpoint"] = note,
                    ["hashes"] = new JsonArray([.. proof.Hashes.Select(h => JsonValue.Create(h.Hex))]),
                    ["logIndex"] = index,
                    ["rootHash"] = Tree().Root.Hex,
                    ["treeSize"] = _entries.Count,
                },
                ["signedEntryTimestamp"] = Convert.ToBase64String(
                    (Forgery.PromiseKey ?? Authority.FirstLogKey).Sign(Encoding.UTF8.GetBytes(promised))
                ),
            },
        };
    }

    private static string FirstBody(JsonNode request)
    {
        var spec = request["spec"]!;
        if ((string)request["kind"]! == "hashedrekord")
        {
            return "{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":" + spec.ToJsonString(Relaxed) + "}";
        }
        var text = (string)spec["proposedContent"]!["envelope"]!;
        var envelope = JsonNode.Parse(text)!;
        string Hash(byte[] bytes) => $$"""{"algorithm":"sha256","value":"{{Convert.ToHexStringLower(SHA256.HashData(bytes))}}"}""";
        var payload = Hash(Convert.FromBase64String((string)envelope["payload"]!));
        var signature = (string)envelope["signatures"]![0]!["sig"]!;
        var verifier = (string)spec["proposedContent"]!["verifiers"]![0]!;
        return $$$"""{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{{{Hash(Encoding.UTF8.GetBytes(text))}}},"payloadHash":{{{payload}}},"signatures":[{"signature":"{{{signature}}}","verifier":"{{{verifier}}}"}]}}""";
    }

    private static string SecondBody(JsonNode request)
    {
        var verifier = request["signature"]!["verifier"]!;
        var member = verifier["publicKey"] is null ? "x509Certificate" : "publicKey";
        var digest = (string)request["digest"]!;
        var algorithm = $"SHA2_{Convert.FromBase64String(digest).Length * 8}";
        return $$$$$$"""{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"{{{{{{algorithm}}}}}}","digest":"{{{{{{digest}}}}}}"},"signature":{"content":"{{{{{{(string)request["signature"]!["content"]!}}}}}}","verifier":{"keyDetails":"{{{{{{(string)verifier["keyDetails"]!}}}}}}","{{{{{{member}}}}}}":{"rawBytes":"{{{{{{(string)verifier[member]!["rawBytes"]!}}}}}}" """.TrimEnd()
            + "}}}}}}";
    }

    private HttpResponseMessage Read(Tile tile) =>
        HasFullTilesOnly && !tile.IsFull ? Status(404)
        : tile.IsEntryBundle
            ? Bytes(EntryBundle.Encode([.. _entries.Skip((int)tile.Index * 256).Take(tile.Width).Select(e => (ReadOnlyMemory<byte>)e)]))
        : Bytes([.. Hashes(Clip(tile)), .. new byte[(tile.Width - Clip(tile).Width) * MerkleTree.HashBytes]]);

    private Tile Clip(Tile tile) =>
        tile.WithWidth((int)Math.Min(tile.Width, Tile.HashesAt(tile.Level, _entries.Count) - (tile.Index * Tile.FullWidth)));

    private byte[] Hashes(Tile tile) =>
        [
            .. Enumerable
                .Range((int)tile.Index * 256, tile.Width)
                .SelectMany(i =>
                    (
                        tile.Level == 0 ? MerkleTree.HashLeaf(_entries[i]) : MerkleTree.Root(Hashes(Tile.Hashes(tile.Level - 1, i)))
                    ).Bytes.ToArray()
                ),
        ];

    private TiledTree Tree()
    {
        byte[] leaves = [.. _entries.SelectMany(e => MerkleTree.HashLeaf(e).Bytes.ToArray())];
        return new TiledTree(_entries.Count, MerkleTree.Root(leaves), t => Hashes(t));
    }

    private SignedNote Note(int version) =>
        version == 2
            ? new Checkpoint(TestAuthority.LogName, _entries.Count, Tree().Root).Sign(Forgery.Signer ?? Authority.LogSigner)
            : new Checkpoint($"{TestAuthority.FirstLogName} - 4711", _entries.Count, Tree().Root).Sign(
                Forgery.Signer ?? new NoteSigner(TestAuthority.FirstLogName, Authority.FirstLogKey)
            );

    private static HttpResponseMessage Bytes(byte[] bytes) => new(HttpStatusCode.OK) { Content = new ByteArrayContent(bytes) };

    private static string Service(string url, int version, string end) =>
        $$"""{"url":"{{url}}","majorApiVersion":{{version}},"validFor":{"start":"2025-01-01T00:00:00Z","end":"{{end}}"},"operator":"test"}""";

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private sealed class TestClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => TestAuthority.Now;
    }
}
