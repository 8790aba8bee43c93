using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>Bundles that cosign and sigstore-js made on an instance of their own servers.</summary>
public sealed class PeerBundleTests
{
    public static TheoryData<string, string, string> Bundles =>
        new()
        {
            { "blob.rekor2.sigstore.json", ".*", ".*" },
            { "blob.rekor1.sigstore.json", ".*", ".*" },
            { "blob.github.sigstore.json", @"https://github\.com/acme/widget/.*", "http://127.0.0.1:18080/github" },
            { "blob.gitlab.sigstore.json", @"https://gitlab\.example\.com/acme/widget/.*", "http://127.0.0.1:18080/gitlab" },
            { "blob.ci.sigstore.json", @"https://ci\.example\.com/acme/widget/.*", "http://127.0.0.1:18080/ci" },
            { "blob.uri.sigstore.json", @"http://127\.0\.0\.1:18080/users/1", "http://127.0.0.1:18080/uri" },
            { "blob.username.sigstore.json", "dev!127.0.0.1", "http://127.0.0.1:18080/username" },
            { "blob.spiffe.sigstore.json", "spiffe://example.com/ns/a/sa/b", "http://127.0.0.1:18080/spiffe" },
            { "ambient.sigstore.json", ".*", ".*" },
            { "device.sigstore.json", ".*", ".*" },
            { "tuf.sigstore.json", ".*", ".*" },
            { "js.rekor1.sigstore.messageSignature.json", ".*", ".*" },
            { "js.sigstore.messageSignature.json", ".*", ".*" },
            { "js5.rekor1.sigstore.messageSignature.json", ".*", ".*" },
            { "js5.sigstore.messageSignature.json", ".*", ".*" },
            { "attest.rekor1.sigstore.json", ".*", ".*" },
            { "attest.rekor2.sigstore.json", ".*", ".*" },
            { "js.rekor1.sigstore.dsseEnvelope.json", ".*", ".*" },
            { "js5.rekor1.sigstore.dsseEnvelope.json", ".*", ".*" },
        };

    [VectorTheory]
    [MemberData(nameof(Bundles))]
    public void A_bundle_of_another_client_verifies(string name, string identity, string issuer)
    {
        var verifier = new BundleVerifier([], new SigstoreTrust(Root(), IdentityRule.Create(identity, true, issuer, true)));
        var bundle = Bundle.Parse(File.ReadAllBytes(Vectors.Require($"local-sigstore/{name}")));
        using var blob = ArtifactFile.Open(Vectors.Require("local-sigstore/blob.txt"));

        var report = bundle.Message is null
            ? verifier.VerifyAttestation(bundle, new DigestSet(blob.Digest(DigestAlgorithm.Sha256)))
            : verifier.VerifyMessage(bundle, blob);

        Assert.True(report.IsVerified, $"{report.Failure?.Name}: {report.Failure?.Message}");
        Assert.NotEmpty(report.Verified.Times);
    }

    [VectorFact]
    public void A_logged_signature_by_a_managed_key_verifies()
    {
        using var key = VerificationKey.FromPem(File.ReadAllText(Vectors.Require("local-sigstore/cosign.pub")));
        var verifier = new BundleVerifier([key], new SigstoreTrust(Root()));
        var bundle = Bundle.Parse(File.ReadAllBytes(Vectors.Require("local-sigstore/key.sigstore.json")));
        using var blob = ArtifactFile.Open(Vectors.Require("local-sigstore/blob.txt"));
        var report = verifier.VerifyMessage(bundle, blob);
        Assert.True(report.IsVerified, $"{report.Failure?.Name}: {report.Failure?.Message}");
    }

    private static TrustedRoot Root() => TrustedRoot.Parse(File.ReadAllBytes(Vectors.Require("local-sigstore/trusted_root.json")));
}
