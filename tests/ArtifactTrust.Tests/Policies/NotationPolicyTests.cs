using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

/// <summary>Policies that ask for signatures of the Notary Project: by whom, by which certificates, and what becomes of one that does not hold.</summary>
public sealed class NotationPolicyTests
{
    private const string Stores = "ca: { test: { file: ca/root.pem } }";
    private const string Signer = "trustStores: [ca:test], trustedIdentities: \"x509.subject: C=DE, ST=Berlin, O=Example\"";

    private static readonly Digest Manifest = DigestAlgorithm.Sha256.Hash(NotationScene.Data("manifest.json"));

    /// <summary>One thing wrong with the signature, and the check that fails; where it is none the envelope cannot be read.</summary>
    private static readonly (string Name, Action<NotationDraft> Change, string Check, FailureCode Code)[] Wrong =
    [
        (
            "unsupported critical attribute",
            d => d.AddCritical("com.example.rule", "x"),
            "notation.attributes",
            FailureCode.UnsupportedMaterial
        ),
        ("plugin", d => d.AddCritical("io.cncf.notary.verificationPlugin", "x"), "notation.attributes", FailureCode.UnsupportedMaterial),
        (
            "another digest",
            d => Target(d)["digest"] = DigestAlgorithm.Sha256.Hash("other"u8).ToString(),
            "notation.subject",
            FailureCode.SubjectMismatch
        ),
        ("another size", d => Target(d)["size"] = 1, "notation.subject", FailureCode.SubjectMismatch),
        ("wrong CA", d => Use(d, TestChain.Create()), "notation.trust", FailureCode.CertificateInvalid),
        (
            "to be used no more",
            d => d.AddCritical(NotationDraft.Expiry, NotationScene.Now.AddMinutes(-1)),
            "notation.expiry",
            FailureCode.SignatureExpired
        ),
    ];

    public static TheoryData<string, bool> WrongNames() => Names(Wrong.Select(w => w.Name));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_signature_by_a_trusted_certificate_counts_for_its_identity(bool jws)
    {
        using var policy = Policy();
        var decision = Decide(policy, new NotationDraft(), jws);
        decision.Allowed();
        var rule = decision.Rule("image.signatures");
        Assert.Equal(["release"], rule.Signers);
        Assert.Single(rule.Evidence);
        var signer = Assert.Single(rule.Certificates);
        Assert.Equal("C=DE, S=Berlin, O=Example, CN=test signer (C=DE, S=Berlin, O=Example, CN=test intermediate)", signer);
        Assert.Contains($"signature by release as {signer}", DecisionText.Format(decision), StringComparison.Ordinal);
    }

    [Fact]
    public void The_summary_names_the_signer_of_each_envelope()
    {
        using var policy = Policy();
        var decision = Decide(policy, new NotationDraft(), jws: true);
        var summary = DecisionSummary.Create(
            decision,
            "urn:gate",
            new Dictionary<string, string>(),
            "urn:resource",
            "file:///policy.yaml"
        )!;
        var input = Assert.Single(VerificationSummary.Parse(summary.Predicate).InputAttestations);
        Assert.Equal(
            decision.Rule("image.signatures").Evidence,
            [Digest.FromHex(DigestAlgorithm.Sha256, input.Digest!.Values.Single().Value)]
        );
        Assert.Equal(decision.Rule("image.signatures").Certificates[0], input.Name);
        Assert.Contains("ARTIFACT_TRUST_SIGNED", VerificationSummary.Parse(summary.Predicate).VerifiedLevels);
    }

    [Fact]
    public void Without_a_signature_it_is_denied()
    {
        using var policy = Policy();
        Evaluate(policy, []).DeniedBy("image.signatures", DenialCode.NoEvidence);
    }

    [Theory]
    [MemberData(nameof(WrongNames))]
    public void What_is_wrong_with_a_signature_denies_for_that_reason(string name, bool jws)
    {
        var (_, change, check, code) = Wrong.Single(w => w.Name == name);
        using var policy = Policy();
        var draft = new NotationDraft();
        change(draft);
        var reports = Verify(policy, NotationScene.Parse(jws, draft.Build(jws)));
        var failure = Assert.Single(reports).Failure;
        Assert.Equal((check, code), (failure?.Name, failure?.Code));
        Decide(policy, draft, jws).DeniedBy("image.signatures", DenialCode.NoEvidence);
    }

    [Theory]
    [InlineData("C=DE, ST=Berlin, O=Other")]
    [InlineData("C=DE, ST=Berlin, O=Example, CN=test")]
    [InlineData("C=DE, ST=Berlin, O=Example, OU=release")]
    public void Another_name_by_the_same_authority_denies(string name)
    {
        using var policy = Policy(Stores, Signer.Replace("C=DE, ST=Berlin, O=Example", name, StringComparison.Ordinal));
        foreach (var jws in (bool[])[true, false])
        {
            var reports = Verify(policy, NotationScene.Parse(jws, new NotationDraft().Build(jws)));
            Assert.Equal(FailureCode.IdentityMismatch, Assert.Single(reports).Failure?.Code);
            Evaluate(policy, reports).DeniedBy("image.signatures", DenialCode.NoEvidence);
        }
    }

    [Fact]
    public void An_altered_payload_denies()
    {
        using var policy = Policy();
        var envelope = JsonNode.Parse(new NotationDraft().Build(jws: true))!;
        var other = JsonNode.Parse(new NotationDraft { PayloadText = "{\"targetArtifact\":{}}" }.Build(jws: true))!;
        envelope["payload"] = other["payload"]!.GetValue<string>();
        var reports = Verify(policy, NotationScene.Parse(true, Encoding.UTF8.GetBytes(envelope.ToJsonString())));
        Assert.Equal(FailureCode.SignatureInvalid, Assert.Single(reports).Failure?.Code);
        Evaluate(policy, reports).DeniedBy("image.signatures", DenialCode.NoEvidence);
    }

    [Fact]
    public void An_expired_certificate_denies_without_a_time_stamp_and_not_with_one()
    {
        var later = NotationScene.Now.AddYears(3);
        var stamped = NotationScene.Read("stamped.jws");
        using var without = Policy("ca: { test: { file: ca/example.pem } }");
        var failure = Assert.Single(Verify(without, stamped, later)).Failure;
        Assert.Equal(("notation.time", FailureCode.CertificateInvalid), (failure?.Name, failure?.Code));
        using var with = Policy(
            "ca: { test: { file: ca/example.pem } }, tsa: { own: { file: ca/tsa.pem } }",
            Signer.Replace("[ca:test]", "[ca:test, tsa:own], verifyTimestamp: afterCertExpiry", StringComparison.Ordinal)
        );
        Evaluate(with, Verify(with, stamped, later)).Allowed();
        // Where all certificates are valid still, that setting asks for none; the default does.
        Evaluate(with, Verify(with, NotationScene.Read("p256.jws"))).Allowed();
        using var always = Policy(
            "ca: { test: { file: ca/example.pem } }, tsa: { own: { file: ca/tsa.pem } }",
            Signer.Replace("[ca:test]", "[ca:test, tsa:own]", StringComparison.Ordinal)
        );
        Assert.Equal(FailureCode.UntrustedTime, Assert.Single(Verify(always, NotationScene.Read("p256.jws"))).Failure?.Code);
        Evaluate(always, Verify(always, stamped, later)).Allowed();
    }

    [Fact]
    public void A_certificate_that_could_be_revoked_counts_where_the_policy_says_so()
    {
        var revocable = NotationScene.Read("revocable.cose");
        using var strict = Policy("ca: { test: { file: ca/example.pem } }");
        Assert.True(Assert.Single(Verify(strict, revocable)).IsUndecided);
        Evaluate(strict, Verify(strict, revocable)).DeniedBy("image.signatures", DenialCode.NoEvidence);
        using var lax = Policy("ca: { test: { file: ca/example.pem } }", $"{Signer}, skipRevocation: true");
        Evaluate(lax, Verify(lax, revocable)).Allowed();
    }

    [Fact]
    public void A_signing_authority_counts_by_its_own_kind_of_store()
    {
        var draft = new NotationDraft();
        draft.UseAuthority(NotationScene.Now.AddHours(-1));
        using var asAuthority = Policy(
            "signingAuthority: { test: { file: ca/root.pem } }",
            Signer.Replace("ca:test", "signingAuthority:test", StringComparison.Ordinal)
        );
        Decide(asAuthority, draft, jws: false).Allowed();
        Decide(asAuthority, new NotationDraft(), jws: false).DeniedBy("image.signatures", DenialCode.NoEvidence);
        using var asCa = Policy();
        Decide(asCa, draft, jws: false).DeniedBy("image.signatures", DenialCode.NoEvidence);
    }

    [Fact]
    public void A_signature_that_another_policy_accepts_counts_for_none_here()
    {
        using var policy = Policy();
        using var same = Policy();
        var signature = NotationScene.Parse(true, new NotationDraft().Build(true));
        // The names of rule and identity are the same; the trust is not this policy's.
        Evaluate(policy, Verify(same, signature)).DeniedBy("image.signatures", DenialCode.UnknownSigner);
        using var scene = new NotationScene { Stores = "\"ca:test\"" };
        scene.Add("ca", "test", Encoding.ASCII.GetBytes(NotationDraft.Good.RootPem));
        Evaluate(policy, [scene.Verify(signature)]).DeniedBy("image.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void A_signature_of_another_subject_does_not_count()
    {
        using var policy = Policy();
        var verified = Verify(policy, NotationScene.Parse(true, new NotationDraft().Build(true)));
        var other = new DigestSet(DigestAlgorithm.Sha256.Hash("other"u8));
        PolicyEvaluator
            .Evaluate(policy, [Given(other, verified)], NotationScene.Now)
            .DeniedBy("image.signatures", DenialCode.SubjectMismatch);
    }

    [Fact]
    public void A_certificate_of_two_identities_counts_for_neither()
    {
        using var policy = Policy(
            Stores,
            Signer,
            $"other: {{ notation: {{ {Signer.Replace("O=Example", "O=Example, CN=test signer", StringComparison.Ordinal)} }} }}"
        );
        var reports = Verify(policy, NotationScene.Parse(true, new NotationDraft().Build(true)));
        Assert.Equal(2, reports.Count);
        var rule = Evaluate(policy, reports).DeniedBy("image.signatures", DenialCode.AmbiguousSigner);
        Assert.Single(rule.Rejected);
    }

    [Fact]
    public void Two_signers_are_two_identities_and_two_signatures_of_one_are_not()
    {
        const string example = "trustStores: ca:example, trustedIdentities: \"x509.subject: C=DE, ST=Berlin, O=Example, CN=signer ";
        using var policy = Policy(
            "ca: { example: { file: ca/example.pem } }",
            $"{example}p256\"",
            $"other: {{ notation: {{ {example}p384\" }} }}",
            "{ from: [release, other], atLeast: 2 }"
        );
        var (one, again, two) = (NotationScene.Read("p256.jws"), NotationScene.Read("p256.cose"), NotationScene.Read("p384.jws"));
        Evaluate(policy, [.. Verify(policy, one), .. Verify(policy, again)]).DeniedBy("image.signatures", DenialCode.TooFewSigners);
        Evaluate(policy, [.. Verify(policy, one), .. Verify(policy, one), .. Verify(policy, two)]).Allowed();
    }

    [Fact]
    public void What_the_signer_says_of_the_image_can_be_asked_for()
    {
        using var policy = Policy(signatures: "{ from: release, annotations: { build: \"7\" } }");
        var draft = new NotationDraft();
        Target(draft)["annotations"] = new JsonObject { ["build"] = "7" };
        Decide(policy, draft, jws: true).Allowed();
        Target(draft)["annotations"] = new JsonObject { ["build"] = "8" };
        Decide(policy, draft, jws: true).DeniedBy("image.signatures", DenialCode.AnnotationMismatch);
        Decide(policy, new NotationDraft(), jws: true).DeniedBy("image.signatures", DenialCode.AnnotationMismatch);
    }

    [Fact]
    public void Any_holder_and_certificates_in_the_policy_itself_may_be_written()
    {
        var pem = NotationDraft.Good.RootPem.ReplaceLineEndings("\n").Replace("\n", "\n        ", StringComparison.Ordinal);
        using var policy = TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(
                $"version: 1\nname: t\nnotation:\n  ca:\n    test:\n      pem: |\n        {pem}\nidentities:\n"
                    + "  release: { notation: { trustStores: ca:test, trustedIdentities: \"*\" } }\n"
                    + "subjects:\n  image: { kind: image, signatures: { from: release } }\n"
            ),
            _ => throw new FileNotFoundException()
        );
        Decide(policy, new NotationDraft(), jws: true).Allowed();
    }

    [Fact]
    public void The_certificates_are_part_of_the_digest()
    {
        using var policy = Policy();
        using var changed = Policy(change: bytes => [.. bytes, (byte)'\n']);
        Assert.NotEqual(policy.Digest, changed.Digest);
        Assert.Equal(policy.FileDigest, changed.FileDigest);
    }

    [Theory]
    [InlineData("", Signer, "'notation' is empty")]
    [InlineData("ca: {}", Signer, "'ca' is empty")]
    [InlineData("roots: { test: { file: ca/root.pem } }", Signer, "unknown key 'roots'")]
    [InlineData("ca: { te st: { file: ca/root.pem } }", Signer, "the name of 'ca:te st'")]
    [InlineData("ca: { test: ca/root.pem }", Signer, "the store 'ca:test' is to be a mapping")]
    [InlineData("ca: { test: { file: ca/root.pem, pem: x } }", Signer, "needs one of 'file' and 'pem'")]
    [InlineData("ca: { test: { file: ../root.pem } }", Signer, "below the policy's own directory")]
    [InlineData("ca: { test: { file: none.pem } }", Signer, "cannot be read")]
    [InlineData("ca: { test: { pem: x } }", Signer, "not an X.509 certificate")]
    [InlineData("ca: { test: { file: ca/leaf.pem } }", Signer, "neither an authority's certificate nor self-signed")]
    [InlineData(
        Stores + ", tsa: { t: { file: ca/between.pem } }",
        "trustStores: [ca:test, tsa:t], trustedIdentities: \"*\"",
        "is not a root"
    )]
    [InlineData(Stores + ", tsa: { t: { file: ca/tsa.pem } }", Signer, "the store 'tsa:t' is of no use")]
    [InlineData(Stores, "trustedIdentities: \"*\"", "trustStores")]
    [InlineData(Stores, "trustStores: ca:test", "trustedIdentities")]
    [InlineData(Stores, "trustStores: ca:tets, trustedIdentities: \"*\"", "there is no trust store 'ca:tets'; did you mean 'ca:test'?")]
    [InlineData(Stores, "trustStores: root:test, trustedIdentities: \"*\"", "is not ca:NAME, signingAuthority:NAME or tsa:NAME")]
    [InlineData("tsa: { t: { file: ca/tsa.pem } }", "trustStores: tsa:t, trustedIdentities: \"*\"", "this could never hold")]
    [InlineData(Stores, "trustStores: [ca:test, ca:test], trustedIdentities: \"*\"", "twice")]
    [InlineData(Stores, "trustStores: ca:test, trustedIdentities: [\"*\", \"x509.subject: C=DE, ST=B, O=E\"]", "'*' stands alone")]
    [InlineData(Stores, "trustStores: ca:test, trustedIdentities: \"C=DE, ST=B, O=E\"", "x509.subject:")]
    [InlineData(Stores, "trustStores: ca:test, trustedIdentities: \"x509.subject: CN=a\"", "C, ST and O are required")]
    [InlineData(Stores, Signer + ", verifyTimestamp: never", "verifyTimestamp is to be one of always, afterCertExpiry")]
    [InlineData(Stores, Signer + ", skipRevocation: yes", "skipRevocation is to be true or false")]
    [InlineData(Stores, Signer + ", level: audit", "unknown key 'level'")]
    public void A_wrong_policy_is_refused(string stores, string signer, string reason)
    {
        var error = Assert.Throws<MalformedDataException>(() => Policy(stores, signer));
        Assert.Equal("policy", error.Format);
        Assert.StartsWith("line ", error.Location, StringComparison.Ordinal);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model: { kind: directory, signatures: { from: release } }", "takes no images")]
    [InlineData("model: { kind: [file, directory], signatures: { from: release } }", "takes no images")]
    [InlineData("image: { kind: image, attestations: [ { type: vulns, from: release, maxSeverity: LOW } ] }", "it attests nothing")]
    public void What_such_an_identity_can_never_do_is_not_asked_of_it(string subject, string reason)
    {
        var error = Assert.Throws<MalformedDataException>(() => Policy(subject: subject));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_certificates_at_the_top_an_identity_has_none_to_name()
    {
        var error = Assert.Throws<MalformedDataException>(() => Policy(stores: null));
        Assert.Contains("give its certificates in 'notation' at the top", error.Reason, StringComparison.Ordinal);
    }

    private static Decision Decide(TrustPolicy policy, NotationDraft draft, bool jws) =>
        Evaluate(policy, Verify(policy, NotationScene.Parse(jws, draft.Build(jws))));

    private static IReadOnlyList<NotationReport> Verify(TrustPolicy policy, NotationSignature signature, DateTimeOffset? now = null) =>
        [
            .. policy
                .NotationVerifiers(new NotationScene.Clock(now ?? NotationScene.Now))
                .Select(v =>
                    v.Verify(signature, "application/vnd.oci.image.manifest.v1+json", Manifest, NotationScene.Data("manifest.json").Length)
                ),
        ];

    private static Decision Evaluate(TrustPolicy policy, IReadOnlyList<NotationReport> reports) =>
        PolicyEvaluator.Evaluate(policy, [Given(new DigestSet(Manifest), reports)], NotationScene.Now);

    private static SubjectEvidence Given(DigestSet subject, IReadOnlyList<NotationReport> reports) =>
        new("image", SubjectKind.Image, "registry.example.com/app:1", subject, [])
        {
            NotationSignatures = [.. reports.Select(r => r.Verified).OfType<VerifiedNotationSignature>()],
        };

    private static TrustPolicy Policy(
        string? stores = Stores,
        string signer = Signer,
        string further = "",
        string signatures = "{ from: release }",
        string? subject = null,
        Func<byte[], byte[]>? change = null
    ) =>
        TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(
                $"version: 1\nname: t\n{(stores is null ? "" : $"notation: {{ {stores} }}\n")}identities:\n  release: {{ notation: {{ {signer} }} }}\n"
                    + (further.Length == 0 ? "" : $"  {further}\n")
                    + $"subjects:\n  {subject ?? $"image: {{ kind: image, signatures: {signatures} }}"}\n"
            ),
            name =>
            {
                var good = NotationDraft.Good;
                var bytes = name switch
                {
                    "ca/root.pem" => Encoding.ASCII.GetBytes(good.RootPem),
                    "ca/between.pem" => Encoding.ASCII.GetBytes(good.Certificates[1].ExportCertificatePem()),
                    "ca/leaf.pem" => Encoding.ASCII.GetBytes(good.Certificates[0].ExportCertificatePem()),
                    "ca/example.pem" => NotationScene.Data("root.pem"),
                    "ca/tsa.pem" => NotationScene.Data("tsa-root.pem"),
                    _ => throw new FileNotFoundException("no such file", name),
                };
                return change?.Invoke(bytes) ?? bytes;
            }
        );

    private static void Use(NotationDraft draft, TestChain chain)
    {
        draft.Key = chain.LeafKey;
        draft.Chain.Clear();
        draft.Chain.AddRange(chain.Certificates);
    }

    private static JsonObject Target(NotationDraft draft) => draft.Payload["targetArtifact"]!.AsObject();

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
