using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

/// <summary>Policies whose identities sign with certificates.</summary>
public sealed class CertificatePolicyTests
{
    private const string Workflow = "https://github.com/acme/model/.github/workflows/release.yml@refs/heads/main";
    private const string Issuer = "https://token.actions.githubusercontent.com";

    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly Lock Guard = new();

    [Theory]
    [InlineData($"subject: {Workflow}")]
    [InlineData("subjectRegexp: 'https://github\\.com/acme/.*'")]
    public void The_subject_is_exact_or_a_pattern(string subject)
    {
        var decision = Decide($"[{{ issuer: {Issuer}, {subject} }}]", Signed());

        decision.Allowed();
        var rule = decision.Rule("model.signatures");
        Assert.Equal(["ci"], rule.Signers);
        Assert.Equal([$"{Workflow} ({Issuer})"], rule.Certificates);
        Assert.Equal($"signature by ci as {Workflow} ({Issuer})", rule.Message);
    }

    [Theory]
    [InlineData("issuer: https://evil.example.com, subjectRegexp: '.*'")]
    [InlineData($"issuer: {Issuer}/, subjectRegexp: '.*'")]
    [InlineData($"issuerRegexp: 'https://token', subjectRegexp: '.*'")]
    [InlineData($"issuer: {Issuer}, subject: https://github.com/acme/model")]
    [InlineData($"issuer: {Issuer}, subjectRegexp: 'github\\.com/acme'")]
    public void Another_subject_or_issuer_is_nobody(string conditions) =>
        Decide($"[{{ {conditions} }}]", Signed()).DeniedBy("model.signatures", DenialCode.UnknownSigner);

    [Fact]
    public void An_issuer_may_be_a_pattern() =>
        Decide("[{ issuerRegexp: 'https://.*\\.githubusercontent\\.com', subjectRegexp: '.*' }]", Signed()).Allowed();

    public static TheoryData<string> Names => [.. CertificateClaims.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_extension_can_be_asked_for(string name)
    {
        var bundle = Signed((name, "right"));

        Decide($"[{{ issuer: {Issuer}, subject: {Workflow}, extensions: {{ {name}: right }} }}]", bundle).Allowed();
        foreach (var wrong in new[] { "wrong", "righ", "rightt", "Right" })
        {
            var rule = Decide($"[{{ issuer: {Issuer}, subject: {Workflow}, extensions: {{ {name}: {wrong} }} }}]", bundle)
                .DeniedBy("model.signatures", DenialCode.UnknownSigner);
            Assert.Contains("no identity of the policy has the certificate", rule.Message, StringComparison.Ordinal);
        }
        Decide($"[{{ issuer: {Issuer}, subject: {Workflow}, extensions: {{ {name}: right }} }}]", Signed())
            .DeniedBy("model.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void All_extensions_of_one_certificate_must_hold()
    {
        const string both =
            $"[{{ issuer: {Issuer}, subject: {Workflow}, extensions: {{ sourceRepositoryURI: a, runnerEnvironment: b }} }}]";

        Decide(both, Signed(("sourceRepositoryURI", "a"), ("runnerEnvironment", "b"))).Allowed();
        Decide(both, Signed(("sourceRepositoryURI", "a"))).DeniedBy("model.signatures", DenialCode.UnknownSigner);
        Decide(both, Signed(("sourceRepositoryURI", "a"), ("runnerEnvironment", "c")))
            .DeniedBy("model.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void One_of_several_certificates_is_enough() =>
        Decide($"[{{ issuer: {Issuer}, subject: other }}, {{ issuer: {Issuer}, subject: {Workflow} }}]", Signed()).Allowed();

    [Fact]
    public void An_identity_may_have_keys_and_certificates()
    {
        using var policy = Given.Policy(
            Head
                + $"  alice: {{ keys: [ {{ file: keys/alice.pub }} ], certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n"
                + Rules("alice")
        );

        Given.Decide(policy, Given.Signature("alice")).Allowed();
        Given.Decide(policy, Signed()).Allowed();
        Given.Decide(policy, Given.Signature("bob")).DeniedBy("model.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void A_key_and_a_certificate_of_one_identity_are_one_signer()
    {
        using var policy = Given.Policy(
            Head
                + $"  alice: {{ keys: [ {{ file: keys/alice.pub }} ], certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n"
                + "  bob: { keys: [ { file: keys/bob.pub } ] }\n"
                + Rules("[alice, bob], atLeast: 2")
        );

        Given.Decide(policy, Given.Signature("alice"), Signed()).DeniedBy("model.signatures", DenialCode.TooFewSigners);
        Given.Decide(policy, Given.Signature("bob"), Signed()).Allowed();
    }

    [Fact]
    public void A_certificate_of_two_identities_counts_for_neither()
    {
        using var policy = Given.Policy(
            Head
                + $"  one: {{ certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n"
                + $"  two: {{ certificates: [ {{ issuer: {Issuer}, subjectRegexp: '.*' }} ] }}\n"
                + Rules("[one, two]")
        );

        var rule = Given.Decide(policy, Signed()).DeniedBy("model.signatures", DenialCode.AmbiguousSigner);

        Assert.Contains("'one', 'two'", rule.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_for_the_key_of_an_identity_is_not_its_key()
    {
        using var policy = Given.Policy(
            Head
                + "  alice: { keys: [ { file: keys/alice.pub } ] }\n"
                + $"  ci: {{ certificates: [ {{ issuer: {Issuer}, subject: other }} ] }}\n"
                + Rules("[alice, ci]")
        );
        var bundle = new VerifiedBundle(
            EvidenceKind.Signature,
            Given.Fingerprint("alice"),
            Given.Model,
            null,
            Given.NextBundle(),
            Identity()
        );

        Given.Decide(policy, bundle).DeniedBy("model.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void The_decision_and_the_summary_name_whom_the_certificate_is_of()
    {
        var decision = Decide($"[{{ issuer: {Issuer}, subject: {Workflow} }}]", Signed());

        using var stream = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(stream))
        {
            decision.WriteTo(writer);
        }
        var json = Json.Parse(Encoding.UTF8.GetString(stream.ToArray()));
        Assert.Equal(
            $"{Workflow} ({Issuer})",
            json.GetProperty("subjects")[0].GetProperty("rules")[1].GetProperty("certificates")[0].GetString()
        );
        Assert.Contains(Workflow, DecisionText.Format(decision), StringComparison.Ordinal);
        var summary = DecisionSummary.Create(decision, "urn:v", new Dictionary<string, string>(), "urn:r", "file:///p")!;
        Assert.Equal($"{Workflow} ({Issuer})", summary.Predicate.GetProperty("inputAttestations")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void The_thresholds_go_to_the_verifier()
    {
        using var authority = new TestAuthority();
        using var policy = TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(
                $"version: 1\nname: t\nsigstore: {{ trustedRoot: root.json, logThreshold: 0, timeThreshold: 2, certificateLogThreshold: 3 }}\nidentities:\n  ci: {{ certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n"
                    + Rules("ci")
            ),
            name => name == "root.json" ? TestAuthority.Utf8(authority.RootJson()) : throw new FileNotFoundException()
        );

        Assert.Equal(("root.json", (string?)null), (policy.Sigstore!.File, policy.Sigstore.Profile));
        // The policy's own root, whatever the caller has.
        var trust = policy.CertificateTrust(TrustedRoot.PublicGood);
        Assert.Same(policy.Sigstore.Root, trust.Root);
        Assert.Equal((0, 2, 3), (trust.LogThreshold, trust.TimeThreshold, trust.CertificateLogThreshold));
        Assert.Equal(Workflow, Assert.Single(trust.Identities).Name);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData(", witnessThreshold: 1", 1)]
    public void The_witnesses_go_to_the_verifier_and_all_are_needed_unless_said_otherwise(string threshold, int needed)
    {
        using var policy = Given.Policy(Witnessed($"witnesses: [{First}, {Second}]{threshold}"));

        Assert.Equal([First, Second], policy.Sigstore!.Witnesses.Select(w => w.ToString()));
        var trust = policy.CertificateTrust(TrustedRoot.PublicGood);
        Assert.Equal([First, Second], trust.Witnesses.Select(w => w.ToString()));
        Assert.Equal(needed, trust.WitnessThreshold);
    }

    [Fact]
    public void A_policy_with_a_quorum_refuses_what_no_witness_saw()
    {
        using var authority = new TestAuthority();
        var signer = authority.LogSigner;
        Assert.Null(Failure("logThreshold: 1", null));
        Assert.Equal("log.witnesses", Failure($"witnesses: [{First}]", null));
        Assert.Null(Failure($"witnesses: [{First}, {Second}], witnessThreshold: 1", 0));
        Assert.Equal("log.witnesses", Failure($"witnesses: [{First}, {Second}]", 0));
        Assert.Equal("log.witnesses", Failure($"witnesses: [{Second}]", 0));

        string? Failure(string witnesses, int? cosigner)
        {
            using var policy = Given.Policy(Witnessed(witnesses));
            var trust = policy.CertificateTrust(authority.TrustedRoot());
            var bundle = authority.Sign(
                new Forgery
                {
                    Checkpoint = c =>
                        SignedNote.Parse(Encoding.UTF8.GetBytes(c.Sign(signer) + (cosigner is { } i ? Cosignature(c, i) : ""))),
                }
            );
            // What the witnesses saw is all that is of interest: the signer is whom the policy does not know.
            var report = new BundleVerifier(
                [],
                new SigstoreTrust(trust.Root, TestAuthority.Identity)
                {
                    Witnesses = trust.Witnesses,
                    WitnessThreshold = trust.WitnessThreshold,
                }
            ).VerifyMessage(Bundle.Parse(TestAuthority.Utf8(bundle)), DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact));
            return report.Failure?.Name;
        }
    }

    private static readonly SigningKey[] WitnessKeys =
    [
        SigningKey.Generate(SignatureAlgorithm.Ed25519),
        SigningKey.Generate(SignatureAlgorithm.Ed25519),
    ];

    private static readonly string First = NoteKey.CreateWitness("one.test", WitnessKeys[0].PublicKey).ToString();
    private static readonly string Second = NoteKey.CreateWitness("two.test", WitnessKeys[1].PublicKey).ToString();

    private static string Witnessed(string witnesses) =>
        $"version: 1\nname: t\nsigstore: {{ profile: a, {witnesses} }}\nidentities:\n  ci: {{ certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n{Rules("ci")}";

    private static string Cosignature(Checkpoint checkpoint, int witness)
    {
        const int time = 1_790_000_000;
        var key = NoteKey.Parse(witness == 0 ? First : Second);
        var signature = WitnessKeys[witness].Sign(Encoding.UTF8.GetBytes($"cosignature/v1\ntime {time}\n{checkpoint.ToText()}"));
        var bytes = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, key.Id);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(4), time);
        return $"— {key.Name} {Convert.ToBase64String([.. bytes, .. signature])}\n";
    }

    public static TheoryData<string, string> WrongWitnesses =>
        new()
        {
            { "witnessThreshold: 1", "there are 0 'witnesses'" },
            { $"witnesses: [{First}], witnessThreshold: 2", "there are 1 'witnesses'" },
            { $"witnesses: [{First}], witnessThreshold: 0", "witnessThreshold is to be an integer from 1" },
            { $"witnesses: [{First}, {First}]", "there twice" },
            { $"witnesses: [{First}, {NoteKey.CreateWitness("else.test", WitnessKeys[0].PublicKey)}]", "there twice" },
            { $"witnesses: [{NoteKey.Create("log.test", WitnessKeys[0].PublicKey)}]", "no key of a witness" },
            { "witnesses: [one.test]", "no key of a witness" },
            { $"witnesses: [{First[..^4]}AAAA]", "no key of a witness" },
            { "witnesses: one.test", "'witnesses'" },
        };

    [Theory]
    [MemberData(nameof(WrongWitnesses))]
    public void Wrong_witnesses_are_refused(string witnesses, string reason) =>
        Assert.Contains(reason, Given.Refused(Witnessed(witnesses)).Reason, StringComparison.Ordinal);

    [Fact]
    public void A_trusted_root_is_part_of_the_digest()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority();
        var digests = new[] { authority, other }
            .Select(a =>
            {
                using var policy = TrustPolicy.Parse(
                    Encoding.UTF8.GetBytes(
                        $"version: 1\nname: t\nsigstore: {{ trustedRoot: root.json }}\nidentities:\n  ci: {{ certificates: [ {{ issuer: {Issuer}, subject: {Workflow} }} ] }}\n"
                            + Rules("ci")
                    ),
                    _ => TestAuthority.Utf8(a.RootJson())
                );
                return policy.Digest;
            })
            .ToList();

        Assert.NotEqual(digests[0], digests[1]);
    }

    [Theory]
    [InlineData("sigstore: {}", "", "one of 'profile' and 'trustedRoot'")]
    [InlineData("sigstore: { profile: a, trustedRoot: b }", "", "one of 'profile' and 'trustedRoot'")]
    [InlineData("sigstore: { profil: a }", "", "did you mean 'profile'?")]
    [InlineData("sigstore: { profile: a, timeThreshold: 0 }", "", "timeThreshold is to be an integer from 1")]
    [InlineData("sigstore: { profile: a, logThreshold: -1 }", "", "logThreshold is to be an integer from 0")]
    [InlineData("sigstore: { trustedRoot: ../r.json }", "", "below the policy's own directory")]
    [InlineData("sigstore: { trustedRoot: r.json }", "", "the trusted root 'r.json' cannot be read")]
    [InlineData("", "issuer: i, subject: s", "certificates need 'sigstore'")]
    [InlineData("sigstore: { profile: a }", "issuer: i", "one of 'subject' and 'subjectRegexp'")]
    [InlineData("sigstore: { profile: a }", "subject: i", "one of 'issuer' and 'issuerRegexp'")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subject: s, subjectRegexp: s", "one of 'subject' and 'subjectRegexp'")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subjet: s", "did you mean 'subject'?")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subjectRegexp: '('", "is not a regular expression")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subjectRegexp: '(a)\\1'", "linear time")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subject: s, extensions: {}", "'extensions' is empty")]
    [InlineData(
        "sigstore: { profile: a }",
        "issuer: i, subject: s, extensions: { sourceRepositoryUri: x }",
        "did you mean 'sourceRepositoryURI'?"
    )]
    [InlineData("sigstore: { profile: a }", "issuer: i, subject: s, extensions: { runnerEnvironment: '' }", "is empty")]
    [InlineData("sigstore: { profile: a }", "issuer: i, subject: s, extensions: { sourceRepositoryIdentifier: 42 }", "quote it")]
    [InlineData(
        "sigstore: { profile: a }",
        "issuer: i, subject: s, extensions: { runnerEnvironment: a, 1.3.6.1.4.1.57264.1.11: a }",
        "by its name and by its object identifier"
    )]
    [InlineData("sigstore: { profile: a }", "issuer: i, subject: s }, { issuer: i, subject: s", "the same conditions")]
    public void A_wrong_policy_is_refused(string sigstore, string certificate, string reason)
    {
        var error = Given.Refused(
            $"version: 1\nname: t\n{sigstore}\nidentities:\n  ci: {{ certificates: [ {{ {(certificate.Length == 0 ? "issuer: i, subject: s" : certificate)} }} ] }}\n{Rules("ci")}"
        );

        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instance_that_nobody_uses_is_refused() =>
        Assert.Contains(
            "is of no use",
            Given.Refused($"{Head}  alice: {{ keys: [ {{ file: keys/alice.pub }} ] }}\n{Rules("alice")}").Reason,
            StringComparison.Ordinal
        );

    private const string Head = "version: 1\nname: t\nsigstore: { profile: public-good }\nidentities:\n";

    private static string Rules(string from) => $"subjects:\n  model: {{ kind: directory, signatures: {{ from: {from} }} }}\n";

    private static Decision Decide(string certificates, params VerifiedBundle[] bundles)
    {
        using var policy = Given.Policy($"{Head}  ci:\n    certificates: {certificates}\n{Rules("ci")}");
        return Given.Decide(policy, bundles);
    }

    private static VerifiedBundle Signed(params (string Name, string Value)[] claims) =>
        new(
            EvidenceKind.Signature,
            DigestAlgorithm.Sha256.Hash("some key"u8),
            Given.Model,
            null,
            Given.NextBundle(),
            Identity(claims),
            [Given.Noon]
        );

    private static CertificateIdentity Identity(params (string Name, string Value)[] claims)
    {
        lock (Guard)
        {
            var request = new CertificateRequest("", Key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(Workflow));
            request.CertificateExtensions.Add(names.Build(critical: true));
            Add("1.3.6.1.4.1.57264.1.8", Issuer, isDer: true);
            foreach (var (name, value) in claims)
            {
                // The numbers as Fulcio's table has them: 2 to 6 are bare text, the rest DER.
                var index = CertificateClaims.Names.ToList().IndexOf(name);
                var number = index < 5 ? index + 2 : index + 4;
                Add($"1.3.6.1.4.1.57264.1.{number}", value, number > 6);
            }
            using var certificate = request.CreateSelfSigned(Given.Noon, Given.Noon.AddMinutes(10));
            return CertificateIdentity.Read(certificate);

            void Add(string oid, string value, bool isDer)
            {
                var writer = new AsnWriter(AsnEncodingRules.DER);
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
                request.CertificateExtensions.Add(new X509Extension(oid, isDer ? writer.Encode() : Encoding.UTF8.GetBytes(value), false));
            }
        }
    }
}
