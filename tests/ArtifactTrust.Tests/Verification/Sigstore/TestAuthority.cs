using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>A whole Sigstore instance in memory, which signs what it is told to: right bundles, and wrong ones for each rule.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string LogName = "log.test";
    public const string FirstLogName = "rekor.test";

    public static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
    public static readonly byte[] Artifact = "the weights\n"u8.ToArray();

    private readonly List<IDisposable> _owned = [];

    public TestAuthority()
    {
        (Root, RootKey) = Authority("test root", null, null, Now.AddYears(-5), Now.AddYears(5));
        (Intermediate, IntermediateKey) = Authority("test intermediate", Root, RootKey, Now.AddYears(-4), Now.AddYears(4));
        (TsaRoot, TsaRootKey) = Authority("test time root", null, null, Now.AddYears(-5), Now.AddYears(5));
        Tsa = TestTsa.Create(this, "test time stamps", Now.AddYears(-4), Now.AddYears(4));
        CtKey = Own(SigningKey.Generate(SignatureAlgorithm.EcdsaP256));
        FirstLogKey = Own(SigningKey.Generate(SignatureAlgorithm.EcdsaP256));
        LogKey = Own(SigningKey.Generate(SignatureAlgorithm.Ed25519));
        LogSigner = new NoteSigner(LogName, LogKey);
        LogId = SHA256.HashData([.. Encoding.UTF8.GetBytes(LogName), 0x0a, 1, .. LogKey.PublicKey.SubjectPublicKeyInfo.Span[^32..]]);
    }

    public X509Certificate2 Root { get; }
    public ECDsa RootKey { get; }
    public X509Certificate2 Intermediate { get; }
    public ECDsa IntermediateKey { get; }
    public X509Certificate2 TsaRoot { get; }
    public ECDsa TsaRootKey { get; }
    public TestTsa Tsa { get; }
    public SigningKey CtKey { get; }
    public SigningKey FirstLogKey { get; }
    public SigningKey LogKey { get; }
    public NoteSigner LogSigner { get; }
    public byte[] LogId { get; }
    public byte[] FirstLogId => FirstLogKey.PublicKey.Fingerprint.Bytes.ToArray();

    public T Own<T>(T value)
        where T : IDisposable
    {
        _owned.Add(value);
        return value;
    }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    /// <summary>The trusted root as JSON, for tests to change.</summary>
    public JsonObject RootJson() =>
        new()
        {
            ["mediaType"] = "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            ["tlogs"] = new JsonArray(
                Log($"https://{LogName}", LogKey.PublicKey, "PKIX_ED25519", LogId),
                Log($"https://{FirstLogName}", FirstLogKey.PublicKey, "PKIX_ECDSA_P256_SHA_256", FirstLogId)
            ),
            ["certificateAuthorities"] = new JsonArray(AuthorityJson("test root", Intermediate, Root)),
            ["ctlogs"] = new JsonArray(
                Log("https://ct.test", CtKey.PublicKey, "PKIX_ECDSA_P256_SHA_256", CtKey.PublicKey.Fingerprint.Bytes.ToArray())
            ),
            ["timestampAuthorities"] = new JsonArray(AuthorityJson("test time root", Tsa.Certificate, TsaRoot)),
        };

    public TrustedRoot TrustedRoot(Action<JsonObject>? change = null)
    {
        var json = RootJson();
        change?.Invoke(json);
        return ArtifactTrust.Trust.TrustedRoot.Parse(Utf8(json));
    }

    public static IdentityRule Identity { get; } = IdentityRule.Exact(TestLeaf.Name, TestLeaf.IssuerUrl);

    public static byte[] Utf8(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString(RelaxedJson));

    private static readonly System.Text.Json.JsonSerializerOptions RelaxedJson = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>A bundle as the options say; a right one without any.</summary>
    public JsonObject Sign(Forgery? forgery = null)
    {
        var f = forgery ?? new Forgery();
        using var leaf = TestLeaf.Issue(this, f);
        var content = f.Envelope is { } e ? DsseEnvelope.PreAuthenticationEncoding(e.Type, e.Payload) : f.SignedContent ?? Artifact;
        var key = f.ManagedKey ?? leaf.Key;
        var signature = key.Sign(content);
        var entries = new JsonArray();
        if (f.LogVersion == 2)
        {
            entries.Add(SecondEntry(f, leaf.Certificate.RawData, key, content, signature));
        }
        else if (f.LogVersion == 1)
        {
            entries.Add(FirstEntry(f, leaf.Certificate, content, signature));
        }
        var material = new JsonObject
        {
            [f.ManagedKey is null ? "certificate" : "publicKey"] = f.ManagedKey is null
                ? new JsonObject { ["rawBytes"] = Base64(leaf.Certificate.RawData) }
                : new JsonObject { ["hint"] = "" },
            ["tlogEntries"] = entries,
            ["timestampVerificationData"] = new JsonObject { ["rfc3161Timestamps"] = new JsonArray() },
        };
        if (f.HasTimestamp)
        {
            var token = (f.Tsa ?? Tsa).Stamp(f.StampedContent ?? signature, f.StampTime, f.StampHash, f.StampHasCertificate);
            material["timestampVerificationData"]!["rfc3161Timestamps"]!
                .AsArray()
                .Add(new JsonObject { ["signedTimestamp"] = Base64(token) });
        }
        var bundle = new JsonObject { ["mediaType"] = Bundle.MediaTypeV03, ["verificationMaterial"] = material };
        if (f.Envelope is { } envelope)
        {
            bundle["dsseEnvelope"] = new JsonObject
            {
                ["payload"] = Base64(envelope.Payload),
                ["payloadType"] = envelope.Type,
                ["signatures"] = new JsonArray(new JsonObject { ["sig"] = Base64(signature) }),
            };
        }
        else
        {
            bundle["messageSignature"] = new JsonObject
            {
                ["messageDigest"] = new JsonObject { ["algorithm"] = "SHA2_256", ["digest"] = Base64(SHA256.HashData(content)) },
                ["signature"] = Base64(signature),
            };
        }
        f.Change?.Invoke(bundle);
        return bundle;
    }

    /// <summary>Verifies a bundle over <see cref="Artifact"/>.</summary>
    public VerificationReport Verify(JsonObject bundle, TrustedRoot? root = null, IdentityRule? identity = null) =>
        new BundleVerifier([], new SigstoreTrust(root ?? TrustedRoot(), identity ?? Identity)).VerifyMessage(
            Bundle.Parse(Utf8(bundle)),
            DigestAlgorithm.Sha256.Hash(Artifact)
        );

    private JsonObject SecondEntry(Forgery f, byte[] certificate, TestKey key, byte[] content, byte[] signature)
    {
        var digest = key.PreHash.Hash(content).Bytes.ToArray();
        var (member, verifier) = f.ManagedKey is null ? ("x509Certificate", certificate) : ("publicKey", key.Spki);
        var body = Encoding.UTF8.GetBytes(
            "{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{\"hashedRekordV002\":{\"data\":{\"algorithm\":\"SHA2_"
                + key.PreHash.Name[3..]
                + "\",\"digest\":\""
                + Base64(f.LoggedDigest ?? digest)
                + "\"},\"signature\":{\"content\":\""
                + Base64(f.LoggedSignature ?? signature)
                + "\",\"verifier\":{\"keyDetails\":\""
                + (f.LoggedDetails ?? key.Details)
                + "\",\""
                + member
                + "\":{\"rawBytes\":\""
                + Base64(f.LoggedCertificate ?? verifier)
                + "\"}}}}}}"
        );
        return Entry(f, LogId, "hashedrekord", "0.0.2", body, f.Signer ?? LogSigner, f.Origin ?? LogName, 1);
    }

    private JsonObject FirstEntry(Forgery f, X509Certificate2 certificate, byte[] content, byte[] signature)
    {
        var pem = Base64(
            Encoding.ASCII.GetBytes(
                f.ManagedKey is { } managed
                    ? new string(PemEncoding.Write("PUBLIC KEY", f.LoggedCertificate ?? managed.Spki)) + "\n"
                    : new string(PemEncoding.Write("CERTIFICATE", f.LoggedCertificate ?? certificate.RawData)) + "\n"
            )
        );
        var digest = Convert.ToHexStringLower(f.LoggedDigest ?? SHA256.HashData(f.Envelope?.Payload ?? content));
        var logged = Base64(f.LoggedSignature ?? signature);
        var (kind, version, spec) = (f.Envelope, f.Kind) switch
        {
            (null, _) => (
                "hashedrekord",
                "0.0.1",
                $$$$"""{"data":{"hash":{"algorithm":"sha256","value":"{{{{digest}}}}"}},"signature":{"content":"{{{{logged}}}}","publicKey":{"content":"{{{{pem}}}}"}}}"""
            ),
            (_, "intoto") => (
                "intoto",
                "0.0.2",
                $$$$"""{"content":{"envelope":{"payloadType":"{{{{f.Envelope!.Value.Type}}}}","signatures":[{"publicKey":"{{{{pem}}}}","sig":"{{{{Base64(Encoding.ASCII.GetBytes(logged))}}}}"}]},"hash":{"algorithm":"sha256","value":"{{{{digest}}}}"},"payloadHash":{"algorithm":"sha256","value":"{{{{digest}}}}"}}}"""
            ),
            _ => (
                "dsse",
                "0.0.1",
                $$$$"""{"envelopeHash":{"algorithm":"sha256","value":"{{{{digest}}}}"},"payloadHash":{"algorithm":"sha256","value":"{{{{digest}}}}"},"signatures":[{"signature":"{{{{logged}}}}","verifier":"{{{{pem}}}}"}]}"""
            ),
        };
        var body = Encoding.UTF8.GetBytes($$"""{"apiVersion":"{{version}}","kind":"{{kind}}","spec":{{spec}}}""");
        var entry = Entry(
            f,
            FirstLogId,
            kind,
            version,
            body,
            f.Signer ?? new NoteSigner(FirstLogName, FirstLogKey),
            f.Origin ?? $"{FirstLogName} - 4711",
            1000
        );
        var seconds = f.IntegratedTime.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var promised =
            $$"""{"body":"{{Base64(body)}}","integratedTime":{{seconds}},"logID":"{{Convert.ToHexStringLower(FirstLogId)}}","logIndex":1000}""";
        entry["integratedTime"] = seconds;
        entry["inclusionPromise"] = new JsonObject
        {
            ["signedEntryTimestamp"] = Base64((f.PromiseKey ?? FirstLogKey).Sign(Encoding.UTF8.GetBytes(promised))),
        };
        return entry;
    }

    private static JsonObject Entry(
        Forgery f,
        byte[] logId,
        string kind,
        string version,
        byte[] body,
        NoteSigner signer,
        string origin,
        long index
    )
    {
        var first = MerkleTree.HashLeaf("another entry"u8);
        var root = f.TreeRoot ?? MerkleTree.HashNode(first, MerkleTree.HashLeaf(body));
        var checkpoint = new Checkpoint(origin, 2, root);
        var note = f.Checkpoint?.Invoke(checkpoint) ?? checkpoint.Sign(signer);
        return new JsonObject
        {
            ["logIndex"] = index.ToString(CultureInfo.InvariantCulture),
            ["logId"] = new JsonObject { ["keyId"] = Base64(logId) },
            ["kindVersion"] = new JsonObject { ["kind"] = kind, ["version"] = version },
            ["inclusionProof"] = new JsonObject
            {
                ["logIndex"] = "1",
                ["rootHash"] = Base64(root.Bytes),
                ["treeSize"] = "2",
                ["hashes"] = new JsonArray(Base64(first.Bytes)),
                ["checkpoint"] = new JsonObject { ["envelope"] = note.ToString() },
            },
            ["canonicalizedBody"] = Base64(body),
        };
    }

    internal (X509Certificate2 Certificate, ECDsa Key) Authority(
        string name,
        X509Certificate2? issuer,
        ECDsa? issuerKey,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        var key = Own(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var signer = X509SignatureGenerator.CreateForECDsa(issuerKey ?? key);
        return (Own(request.Create(issuer?.SubjectName ?? request.SubjectName, signer, from, to, RandomNumberGenerator.GetBytes(12))), key);
    }

    internal static string Base64(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes);

    private static JsonObject Log(string url, VerificationKey key, string details, byte[] id) =>
        new()
        {
            ["baseUrl"] = url,
            ["hashAlgorithm"] = "SHA2_256",
            ["publicKey"] = new JsonObject
            {
                ["rawBytes"] = Base64(key.SubjectPublicKeyInfo.Span),
                ["keyDetails"] = details,
                ["validFor"] = new JsonObject { ["start"] = "2025-01-01T00:00:00Z" },
            },
            ["logId"] = new JsonObject { ["keyId"] = Base64(id) },
        };

    internal static JsonObject AuthorityJson(string name, params X509Certificate2[] chain) =>
        new()
        {
            ["subject"] = new JsonObject { ["organization"] = "test", ["commonName"] = name },
            ["uri"] = "https://ca.test",
            ["certChain"] = new JsonObject
            {
                ["certificates"] = new JsonArray([.. chain.Select(c => new JsonObject { ["rawBytes"] = Base64(c.RawData) })]),
            },
            ["validFor"] = new JsonObject { ["start"] = "2025-01-01T00:00:00Z" },
        };
}
