using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Notation;

/// <summary>Signatures by a trusted signer with one thing wrong, each refused for that thing, in both forms.</summary>
public sealed class ForgedSignatureTests
{
    private const string OtherHash = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Name, the change, the check that fails, and its code; a code of None where the envelope cannot be read.</summary>
    private static readonly (string Name, Action<NotationDraft> Change, string Check, FailureCode Code)[] Vectors =
    [
        (
            "unknown scheme",
            d => d.Headers[NotationDraft.Scheme] = "notary.x509.other",
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        ("payload type", d => d.ContentType = "application/json", "notation.attributes", FailureCode.PayloadTypeMismatch),
        ("unknown critical header", d => d.AddCritical("com.example.rule", "x"), "notation.attributes", FailureCode.UnsupportedMaterial),
        (
            "critical header that is not there",
            d => d.Critical.Add(NotationDraft.Expiry),
            "notation.attributes",
            FailureCode.MalformedEvidence
        ),
        ("critical header twice", d => d.Critical.Add(NotationDraft.Scheme), "notation.attributes", FailureCode.MalformedEvidence),
        ("scheme not critical", d => d.Critical.Clear(), "notation.attributes", FailureCode.MalformedEvidence),
        (
            "expiry not critical",
            d => d.Headers[NotationDraft.Expiry] = NotationScene.Now.AddYears(1),
            "notation.attributes",
            FailureCode.MalformedEvidence
        ),
        (
            "expiry before signing",
            d => d.AddCritical(NotationDraft.Expiry, NotationScene.Now.AddDays(-1)),
            "notation.attributes",
            FailureCode.MalformedEvidence
        ),
        (
            "expired",
            d => d.AddCritical(NotationDraft.Expiry, NotationScene.Now.AddMinutes(-1)),
            "notation.expiry",
            FailureCode.SignatureExpired
        ),
        ("no signing time", d => d.Headers.Remove(NotationDraft.SigningTime), "notation.attributes", FailureCode.MalformedEvidence),
        (
            "authentic time without an authority",
            d => d.Headers[NotationDraft.AuthenticTime] = NotationScene.Now,
            "notation.attributes",
            FailureCode.MalformedEvidence
        ),
        (
            "critical authentic time without an authority",
            d => d.AddCritical(NotationDraft.AuthenticTime, NotationScene.Now),
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        (
            "plugin",
            d => d.AddCritical("io.cncf.notary.verificationPlugin", "com.example.plugin"),
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        (
            "plugin that is not critical",
            d => d.Headers["io.cncf.notary.verificationPlugin"] = "com.example.plugin",
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        (
            "plugin version",
            d => d.AddCritical("io.cncf.notary.verificationPluginMinVersion", "1.0.0"),
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        (
            "authority's scheme with a time of its own",
            d => d.Headers[NotationDraft.Scheme] = "notary.x509.signingAuthority",
            "notation.attributes",
            FailureCode.MalformedEvidence
        ),
        (
            "authority in the store of certificate authorities",
            d => d.UseAuthority(NotationScene.Now.AddHours(-1)),
            "notation.trust",
            FailureCode.CertificateInvalid
        ),
        ("algorithm of another curve", d => d.Algorithm = "ES384", "notation.signature", FailureCode.SignatureInvalid),
        ("algorithm of RSA", d => d.Algorithm = "PS256", "notation.signature", FailureCode.SignatureInvalid),
        ("algorithm none", d => d.Algorithm = "none", "notation.signature", FailureCode.SignatureInvalid),
        ("another key", d => d.Key = ECDsa.Create(ECCurve.NamedCurves.nistP256), "notation.signature", FailureCode.SignatureInvalid),
        (
            "P-384 signed as P-256",
            d => d.Key = ECDsa.Create(ECCurve.NamedCurves.nistP384),
            "notation.signature",
            FailureCode.SignatureInvalid
        ),
        ("another digest", d => Target(d)["digest"] = OtherHash, "notation.subject", FailureCode.SubjectMismatch),
        ("another type", d => Target(d)["mediaType"] = "application/octet-stream", "notation.subject", FailureCode.SubjectMismatch),
        ("another size", d => Target(d)["size"] = 1, "notation.subject", FailureCode.SubjectMismatch),
        ("no digest", d => Target(d).Remove("digest"), "notation.subject", FailureCode.MalformedEvidence),
        ("no size", d => Target(d).Remove("size"), "notation.subject", FailureCode.MalformedEvidence),
        ("size with a fraction", d => Target(d)["size"] = 563.5, "notation.subject", FailureCode.MalformedEvidence),
        (
            "annotation that is no text",
            d => Target(d)["annotations"] = new JsonObject { ["a"] = 1 },
            "notation.subject",
            FailureCode.MalformedEvidence
        ),
        ("more in the payload", d => d.Payload["more"] = 1, "notation.subject", FailureCode.MalformedEvidence),
        ("more in the descriptor", d => Target(d)["more"] = 1, "notation.subject", FailureCode.MalformedEvidence),
        (
            "a member of the payload twice",
            d =>
                d.PayloadText = d
                    .Payload.ToJsonString()
                    .Replace("\"size\"", $"\"digest\":\"{OtherHash}\",\"size\"", StringComparison.Ordinal),
            "notation.subject",
            FailureCode.MalformedEvidence
        ),
        ("payload that is no JSON", d => d.PayloadText = "sha256", "notation.subject", FailureCode.MalformedEvidence),
        ("chain out of order", d => d.Chain.Reverse(1, 2), "notation.certificates", FailureCode.CertificateInvalid),
        ("chain from the root", d => d.Chain.Reverse(), "notation.signature", FailureCode.SignatureInvalid),
        ("chain without the root", d => d.Chain.RemoveAt(2), "notation.certificates", FailureCode.CertificateInvalid),
        ("chain without the intermediate", d => d.Chain.RemoveAt(1), "notation.certificates", FailureCode.CertificateInvalid),
        ("root twice", d => d.Chain.Add(d.Chain[2]), "notation.certificates", FailureCode.CertificateInvalid),
        (
            "unrelated certificate",
            d => d.Chain.Add(TestChain.Create().Certificates[2]),
            "notation.certificates",
            FailureCode.CertificateInvalid
        ),
        ("no certificate", d => d.Chain.Clear(), "", FailureCode.None),
        ("too many certificates", d => d.Chain.AddRange(Enumerable.Repeat(d.Chain[2], 20)), "", FailureCode.None),
        ("time stamp that is none", d => d.Stamp = _ => [1, 2, 3], "notation.time", FailureCode.TimestampInvalid),
    ];

    /// <summary>Chains with one thing wrong, each refused by the profile of the specification.</summary>
    private static readonly (string Name, Func<TestChain> Chain, string Reason)[] Chains =
    [
        ("no key usage", () => TestChain.Create(leafUsage: X509KeyUsageFlags.None), "critical key usage"),
        ("key usage not critical", () => TestChain.Create(isUsageCritical: false), "critical key usage"),
        ("no digital signature", () => TestChain.Create(X509KeyUsageFlags.NonRepudiation), "digitalSignature"),
        (
            "more usages",
            () => TestChain.Create(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment),
            "more than signatures"
        ),
        ("server", () => TestChain.Create(extendedUsages: ["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.1"]), "serverAuth"),
        ("client", () => TestChain.Create(extendedUsages: ["1.3.6.1.5.5.7.3.2"]), "clientAuth"),
        ("mail", () => TestChain.Create(extendedUsages: ["1.3.6.1.5.5.7.3.4"]), "emailProtection"),
        ("time stamps", () => TestChain.Create(extendedUsages: ["1.3.6.1.5.5.7.3.8"]), "timeStamping"),
        ("any usage", () => TestChain.Create(extendedUsages: ["2.5.29.37.0"]), "anyExtendedKeyUsage"),
        ("authority signs", () => TestChain.Create(leafIsAuthority: true), "that of an authority"),
        ("unknown critical extension", () => TestChain.Create(leafExtension: new X509Extension("1.2.3.4", [5, 0], true)), "1.2.3.4"),
        ("intermediate is no authority", () => TestChain.Create(intermediateIsAuthority: false), "not that of an authority"),
        ("constraints not critical", () => TestChain.Create(areConstraintsCritical: false), "not that of an authority"),
        ("intermediate may not issue", () => TestChain.Create(intermediateUsage: X509KeyUsageFlags.CrlSign), "keyCertSign"),
        ("intermediate without key usage", () => TestChain.Create(intermediateUsage: X509KeyUsageFlags.None), "keyCertSign"),
        (
            "names constrained",
            // Only names below example.com, and not critical.
            () =>
                TestChain.Create(
                    intermediateExtension: new X509Extension(
                        "2.5.29.30",
                        Convert.FromHexString("3011A00F300D820B6578616D706C652E636F6D"),
                        false
                    )
                ),
            "constrains names"
        ),
        ("path too long", () => TestChain.Create(rootPathLength: 0), "allows 0 authorities"),
    ];

    public static TheoryData<string, bool> VectorNames() => Names(Vectors.Select(v => v.Name));

    public static TheoryData<string, bool> ChainNames() => Names(Chains.Select(c => c.Name));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_a_change_the_signature_verifies(bool jws)
    {
        using var scene = Scene();
        var report = scene.Verify(NotationScene.Parse(jws, new NotationDraft().Build(jws)));
        Assert.True(report.IsVerified, report.Failure?.Message);
        // A header that is neither known nor critical may be there, and an expiry in the future.
        var draft = new NotationDraft();
        draft.Headers["com.example.note"] = "x";
        draft.AddCritical(NotationDraft.Expiry, NotationScene.Now.AddDays(1));
        Assert.True(scene.Verify(NotationScene.Parse(jws, draft.Build(jws))).IsVerified);
    }

    [Theory]
    [MemberData(nameof(VectorNames))]
    public void A_signature_with_one_thing_wrong_is_refused_for_it(string name, bool jws)
    {
        using var scene = Scene();
        var (_, change, check, code) = Vectors.Single(v => v.Name == name);
        if (check == "notation.time")
        {
            scene.Stores += ", \"tsa:own\"";
        }
        var draft = new NotationDraft();
        change(draft);
        var envelope = draft.Build(jws);
        if (code == FailureCode.None)
        {
            Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws, envelope));
            return;
        }
        var report = scene.Verify(NotationScene.Parse(jws, envelope));
        Assert.False(report.IsVerified);
        Assert.Equal((check, code), (report.Failure?.Name, report.Failure?.Code));
    }

    [Theory]
    [MemberData(nameof(ChainNames))]
    public void A_chain_with_one_thing_wrong_is_refused_for_it(string name, bool jws)
    {
        using var scene = Scene();
        var (_, create, reason) = Chains.Single(c => c.Name == name);
        var chain = create();
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(chain.RootPem));
        var failure = scene.Verify(NotationScene.Parse(jws, Draft(chain).Build(jws))).Failure;
        Assert.Equal(("notation.certificates", FailureCode.CertificateInvalid), (failure?.Name, failure?.Code));
        Assert.Contains(reason, failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Usages_that_the_specification_leaves_open_verify(bool jws)
    {
        using var scene = Scene();
        var chain = TestChain.Create(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation,
            extendedUsages: ["1.3.6.1.5.5.7.3.3", "1.2.3.4"]
        );
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(chain.RootPem));
        Assert.True(scene.Verify(NotationScene.Parse(jws, Draft(chain).Build(jws))).IsVerified);
        // An authority below the root may be the one that is trusted.
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(chain.Certificates[1].ExportCertificatePem()));
        Assert.True(scene.Verify(NotationScene.Parse(jws, Draft(chain).Build(jws))).IsVerified);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_root_of_the_same_name_and_another_key_is_not_the_one_trusted(bool jws)
    {
        using var scene = Scene();
        var failure = scene.Verify(NotationScene.Parse(jws, Draft(TestChain.Create()).Build(jws))).Failure;
        Assert.Equal(("notation.trust", FailureCode.CertificateInvalid), (failure?.Name, failure?.Code));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_key_of_a_size_without_an_algorithm_is_refused(bool jws)
    {
        using var scene = Scene();
        var chain = TestChain.Create(leafKey: RSA.Create(2560));
        var draft = Draft(chain);
        draft.Algorithm = "PS256";
        var failure = scene.Verify(NotationScene.Parse(jws, draft.Build(jws))).Failure;
        Assert.Equal(("notation.signature", FailureCode.UnsupportedMaterial), (failure?.Name, failure?.Code));
        chain = TestChain.Create(leafKey: RSA.Create(3072));
        draft = Draft(chain);
        draft.Algorithm = "PS256";
        failure = scene.Verify(NotationScene.Parse(jws, draft.Build(jws))).Failure;
        Assert.Equal(("notation.signature", "PS384"), (failure?.Name, failure?.Expected));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signing_authority_vouches_for_the_time_when_its_own_store_trusts_it(bool jws)
    {
        using var scene = Scene();
        scene.Add("signingAuthority", "test", Encoding.ASCII.GetBytes(NotationDraft.Good.RootPem));
        scene.Stores = "\"signingAuthority:test\"";
        var draft = new NotationDraft();
        draft.UseAuthority(NotationScene.Now.AddHours(-1));
        // Long after the certificates have expired.
        scene.Time = NotationScene.Now.AddYears(20);
        var report = scene.Verify(NotationScene.Parse(jws, draft.Build(jws)));
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Equal([NotationScene.Now.AddHours(-1)], report.Verified.Times);
        draft.Headers[NotationDraft.AuthenticTime] = NotationScene.Now.AddYears(10);
        Assert.Equal("notation.time", scene.Verify(NotationScene.Parse(jws, draft.Build(jws))).Failure?.Name);
        // A signature of a certificate authority is not one of a signing authority.
        scene.Time = NotationScene.Now;
        Assert.Equal("notation.trust", scene.Verify(NotationScene.Parse(jws, new NotationDraft().Build(jws))).Failure?.Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_chain_with_a_SHA_1_signature_is_refused(bool jws)
    {
        // .NET signs no certificate so any more; the algorithm is in it twice, and is looked at before the signature.
        using var scene = Scene();
        var chain = TestChain.Create();
        byte[] withSha256 = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
        byte[] withSha1 = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01, 0x02];
        var der = chain.Certificates[0].RawData;
        for (var at = der.AsSpan().IndexOf(withSha256); at >= 0; at = der.AsSpan().IndexOf(withSha256))
        {
            withSha1.CopyTo(der, at);
        }
        var draft = Draft(chain);
        draft.Chain[0] = X509CertificateLoader.LoadCertificate(der);
        var failure = scene.Verify(NotationScene.Parse(jws, draft.Build(jws))).Failure;
        Assert.Equal("notation.certificates", failure?.Name);
        Assert.Contains("which is not one of", failure!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("C=DE, ST=Berlin, O=Example, OU=a, OU=b", "twice")]
    [InlineData("C=DE, O=Example", "none of the trusted")]
    public void A_subject_that_cannot_be_compared_matches_no_identity(string subject, string reason)
    {
        using var scene = Scene();
        var chain = TestChain.Create(leafName: subject);
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(chain.RootPem));
        var failure = scene.Verify(NotationScene.Parse(true, Draft(chain).Build(true))).Failure;
        Assert.Equal(FailureCode.IdentityMismatch, failure?.Code);
        Assert.Contains(reason, failure!.Message, StringComparison.Ordinal);
        scene.Identities = "\"*\"";
        Assert.True(scene.Verify(NotationScene.Parse(true, Draft(chain).Build(true))).IsVerified);
    }

    [Fact]
    public void A_rule_that_skips_verification_vouches_for_nothing()
    {
        using var scene = Scene();
        var policy = NotationTrustPolicy.Parse(
            """{"version":"1.0","trustPolicies":[{"name":"s","registryScopes":["a.example/b"],"signatureVerification":{"level":"skip"}}]}"""u8.ToArray()
        );
        var verifier = new NotationVerifier(policy.Find("a.example/b")!, NotationTrustStore.Open(scene.Folder), TimeProvider.System);
        var report = verifier.Verify(NotationScene.Read("p256.jws"), scene.MediaType, DigestAlgorithm.Sha256.Hash(scene.Manifest), 563);
        Assert.Equal("notation.policy", report.Failure?.Name);
    }

    [Theory]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":\"ES256\",\"alg\":\"PS256\"")]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":\"ES256\",\"\\u0061lg\":\"PS256\"")]
    [InlineData("\"alg\":\"ES256\",", "")]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":1")]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":\"ES256\",\"b64\":false")]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":\"ES256\",\"jwk\":{}")]
    [InlineData("\"alg\":\"ES256\"", "\"alg\":\"ES256\",\"kid\":\"x\"")]
    [InlineData("\"crit\":[\"io.cncf.notary.signingScheme\"]", "\"crit\":\"io.cncf.notary.signingScheme\"")]
    [InlineData("\"crit\":[\"io.cncf.notary.signingScheme\"]", "\"crit\":[1]")]
    [InlineData("\"io.cncf.notary.signingTime\":\"2026", "\"io.cncf.notary.signingTime\":\"x2026")]
    public void Protected_headers_of_another_form_are_malformed(string old, string replacement)
    {
        var draft = new NotationDraft { EditProtected = text => Replace(text, old, replacement) };
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(true, draft.Build(true)));
    }

    [Theory]
    [InlineData("\"payload\":", "\"payload\":\"\",\"payload\":")]
    [InlineData("\"payload\":", "\"signatures\":[],\"payload\":")]
    [InlineData("\"header\":{", "\"header\":{\"alg\":\"ES256\",")]
    [InlineData("\"header\":{", "\"header\":{\"io.cncf.notary.expiry\":\"2030-01-01T00:00:00Z\",")]
    [InlineData("\"x5c\":[\"MII", "\"x5c\":[\" MII")]
    [InlineData("\"x5c\":[\"", "\"x5c\":[1,\"")]
    [InlineData("\"signature\":\"", "\"signature\":\"=")]
    [InlineData("\"signature\":\"", "\"signature\": null, \"x\":\"")]
    public void A_JWS_of_another_form_is_malformed(string old, string replacement)
    {
        var text = Replace(Encoding.UTF8.GetString(new NotationDraft().Build(true)), old, replacement);
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(true, Encoding.UTF8.GetBytes(text)));
    }

    private static NotationScene Scene()
    {
        var scene = new NotationScene { Stores = "\"ca:test\"" };
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(NotationDraft.Good.RootPem));
        return scene;
    }

    private static NotationDraft Draft(TestChain chain)
    {
        var draft = new NotationDraft { Key = chain.LeafKey };
        draft.Chain.Clear();
        draft.Chain.AddRange(chain.Certificates);
        return draft;
    }

    private static JsonObject Target(NotationDraft draft) => draft.Payload["targetArtifact"]!.AsObject();

    private static string Replace(string text, string old, string replacement)
    {
        Assert.Contains(old, text, StringComparison.Ordinal);
        return text.Replace(old, replacement, StringComparison.Ordinal);
    }

    private static TheoryData<string, bool> Names(IEnumerable<string> names)
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in names)
        {
            data.Add(name, true);
            data.Add(name, false);
        }
        return data;
    }
}
