using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

/// <summary>Policies that trust an authority of one's own, and not an instance of Sigstore.</summary>
public sealed class AuthorityPolicyTests : IDisposable
{
    private const string Whole = "caRoots: ca/roots.pem, caIntermediates: ca/between.pem, tsaCerts: ca/tsa.pem";
    private const string Host = "ci.test";

    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void A_signer_is_known_by_name_alone()
    {
        using var policy = Policy(Whole, $"subject: {TestLeaf.Name}");
        var signed = Sign(policy, new Forgery()).Verified!;

        Assert.Equal(("ca/roots.pem", (string?)null), (policy.Sigstore!.File, policy.Sigstore.Profile));
        Assert.Equal([TestLeaf.Name], policy.Identities[0].Subjects);
        Assert.Empty(policy.Identities[0].Certificates);
        Assert.Equal([TestLeaf.Name], signed.Names);
        Assert.Equal(["ci"], Decide(policy, signed).Rule("model.signatures").Signers);
    }

    [Fact]
    public void A_host_may_sign_and_is_named_in_the_decision()
    {
        using var policy = Policy(Whole, $"subject: {Host}");
        var decision = Decide(policy, Sign(policy, new Forgery { NameExtension = HostName() }).Verified!);

        decision.Allowed();
        Assert.Equal([Host], decision.Rule("model.signatures").Certificates);
    }

    [Theory]
    [InlineData("dev@tes")]
    [InlineData("DEV@test")]
    [InlineData(Host)]
    public void Another_name_is_refused(string subject)
    {
        using var policy = Policy(Whole, $"subject: {subject}");
        Assert.Equal("certificate.identity", Sign(policy, new Forgery()).Failure?.Name);

        // And where another identity of the same authority signed, it is not this one's.
        using var both = Policy(
            Whole,
            $"subject: {TestLeaf.Name}",
            $"  other: {{ certificates: [ {{ subject: {subject} }} ] }}\n",
            "other"
        );
        var signed = Sign(both, new Forgery()).Verified!;
        Decide(both, signed).DeniedBy("model.signatures", DenialCode.SignerNotAccepted);
    }

    [Fact]
    public void A_certificate_with_an_issuer_is_not_known_by_its_name_alone()
    {
        using var policy = Policy(Whole, $"subject: {TestLeaf.Name}");
        Assert.Equal("certificate.identity", Sign(policy, new Forgery { HasIssuerName = true }, true).Failure?.Name);

        // Even if something else had verified it.
        using var named = Policy(Whole, $"subject: {TestLeaf.Name}, issuer: {TestLeaf.IssuerUrl}");
        var signed = Sign(named, new Forgery { HasIssuerName = true }, true).Verified!;
        Decide(named, signed).Allowed();
        Decide(policy, signed).DeniedBy("model.signatures", DenialCode.UnknownSigner);
    }

    [Fact]
    public void Without_a_time_stamp_nothing_is_verified()
    {
        using var policy = Policy(Whole, $"subject: {TestLeaf.Name}");
        Assert.Equal("time.threshold", Sign(policy, new Forgery { HasTimestamp = false }).Failure?.Name);
        using var two = Policy(Whole + ", timeThreshold: 2", $"subject: {TestLeaf.Name}");
        Assert.Equal("time.threshold", Sign(two, new Forgery()).Failure?.Name);
    }

    [Fact]
    public void Another_authority_is_refused()
    {
        using var other = new TestAuthority();
        using var policy = Policy(Whole, $"subject: {TestLeaf.Name}");
        Assert.Equal(
            "certificate.path",
            Sign(policy, new Forgery { LeafIssuer = (other.Intermediate, other.IntermediateKey) }).Failure?.Name
        );
    }

    [Fact]
    public void The_certificates_are_part_of_the_digest()
    {
        using var other = new TestAuthority();
        using var policy = Policy(Whole, "subject: a");
        foreach (var file in new[] { "ca/roots.pem", "ca/between.pem", "ca/tsa.pem" })
        {
            using var changed = Policy(Whole, "subject: a", change: (name, bytes) => name == file ? [.. bytes, (byte)'\n'] : bytes);
            Assert.NotEqual(policy.Digest, changed.Digest);
            Assert.Equal(policy.FileDigest, changed.FileDigest);
        }
    }

    [Theory]
    [InlineData(Whole + ", profile: a", "subject: s", "or 'caRoots'")]
    [InlineData(Whole + ", trustedRoot: a", "subject: s", "or 'caRoots'")]
    [InlineData("caIntermediates: ca/between.pem", "subject: s", "or 'caRoots'")]
    [InlineData("profile: a, tsaCerts: ca/tsa.pem", "subject: s, issuer: i", "belong to 'caRoots'")]
    [InlineData("profile: a, caIntermediates: ca/tsa.pem", "subject: s, issuer: i", "belong to 'caRoots'")]
    [InlineData("caRoots: ca/roots.pem", "subject: s", "needs 'tsaCerts'")]
    [InlineData(Whole + ", logThreshold: 1", "subject: s", "'logThreshold' is for an instance")]
    [InlineData(Whole + ", certificateLogThreshold: 1", "subject: s", "'certificateLogThreshold' is for an instance")]
    [InlineData(Whole + ", witnesses: [w]", "subject: s", "'witnesses' is for an instance")]
    [InlineData(Whole + ", witnessThreshold: 1", "subject: s", "'witnessThreshold' is for an instance")]
    [InlineData(Whole + ", timeThreshold: 0", "subject: s", "timeThreshold is to be an integer from 1")]
    [InlineData("caRoots: ../roots.pem, tsaCerts: ca/tsa.pem", "subject: s", "below the policy's own directory")]
    [InlineData("caRoots: none.pem, tsaCerts: ca/tsa.pem", "subject: s", "cannot be read")]
    [InlineData("caRoots: ca/tsa.pem, tsaCerts: ca/tsa.pem", "subject: s", "the certificates of the authority")]
    [InlineData("caRoots: ca/roots.pem, tsaCerts: ca/roots.pem", "subject: s", "the certificates of the authority")]
    [InlineData(Whole, "subjectRegexp: s", "by its 'subject' alone")]
    [InlineData(Whole, "subject: s, extensions: { runnerEnvironment: a }", "by its 'subject' alone")]
    [InlineData(Whole, "subject: ''", "subject is empty")]
    [InlineData(Whole, "subject: s }, { subject: s", "the same conditions")]
    public void A_wrong_policy_is_refused(string sigstore, string certificate, string reason)
    {
        var error = Assert.Throws<MalformedDataException>(() => Policy(sigstore, certificate));

        Assert.Equal("policy", error.Format);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    private VerificationReport Sign(TrustPolicy policy, Forgery forgery, bool keepIssuer = false) =>
        new BundleVerifier([], policy.CertificateTrust(TrustedRoot.PublicGood)).VerifyMessage(
            Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery with { LogVersion = 0, HasSct = false, HasIssuerName = keepIssuer }))),
            DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact)
        );

    private static Decision Decide(TrustPolicy policy, VerifiedBundle signed) =>
        PolicyEvaluator.Evaluate(
            policy,
            [new SubjectEvidence("model", SubjectKind.File, "a", signed.Subject, [signed])],
            TestAuthority.Now.AddMinutes(1)
        );

    private TrustPolicy Policy(
        string sigstore,
        string certificate,
        string further = "",
        string from = "ci",
        Func<string, byte[], byte[]>? change = null
    ) =>
        TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(
                $"version: 1\nname: t\nsigstore: {{ {sigstore} }}\nidentities:\n  ci: {{ certificates: [ {{ {certificate} }} ] }}\n{further}"
                    + $"subjects:\n  model: {{ kind: file, signatures: {{ from: {from} }} }}\n"
            ),
            name =>
            {
                var pem = name switch
                {
                    "ca/roots.pem" => Pem(_authority.Root),
                    "ca/between.pem" => Pem(_authority.Intermediate),
                    "ca/tsa.pem" => Pem(_authority.Tsa.Certificate) + Pem(_authority.TsaRoot),
                    _ => throw new FileNotFoundException("no such file", name),
                };
                var bytes = Encoding.UTF8.GetBytes(pem);
                return change?.Invoke(name, bytes) ?? bytes;
            }
        );

    private static X509Extension HostName()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        return names.Build(critical: true);
    }

    private static string Pem(X509Certificate2 certificate) => ArtifactTrust.Formats.Pem.Encode("CERTIFICATE", certificate.RawData);
}
