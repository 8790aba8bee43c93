using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;
using ArtifactTrust.Signing;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Models;

/// <summary>The certificate method of OpenSSF Model Signing, with the published bundles and those of its clients.</summary>
public sealed class ModelCertificateTests
{
    private static readonly IgnoreRules Ignored = new([.. IgnoreRules.GitPaths, "model.sig", "ignore-me"]);

    [VectorTheory]
    [InlineData("model1.cert.sig", "model1", "root", "", true)]
    [InlineData("model1.cert-nochain.sig", "model1", "root", "int", true)]
    [InlineData("model1.cert-nochain.sig", "model1", "root", "", false)]
    [InlineData("model1.cert.sig", "model1", "oldroot", "", false)]
    [InlineData("model2.py.cert.sig", "model2", "root", "", true)]
    [InlineData("model2.go.cert.sig", "model2", "root", "", true)]
    [InlineData("model2.go.cert-nochain.sig", "model2", "root", "int", true)]
    [InlineData("model2.py.cert.sig", "model1", "root", "", false)]
    [InlineData("model2.py.expired-cert.sig", "model2", "oldroot", "", false)]
    [InlineData("model1.p256.sig", "model1", "root", "", false)]
    public void Bundles_by_certificates_get_their_verdicts(string signature, string model, string root, string further, bool expected)
    {
        byte[] Pem(string name) => name.Length == 0 ? [] : File.ReadAllBytes(Vectors.Require($"oms/made/ca/{name}.pem"));
        var authority = TrustedRoot.ForAuthority(Pem(root), Pem(further));
        var verifier = new ModelVerifier(new BundleVerifier([], SigstoreTrust.ForModels(authority, TimeProvider.System)));
        using var tree = FileTree.Open(Vectors.Require($"oms/made/{model}"));
        var report = verifier.Verify(Read($"oms/made/{signature}"), new HashedTree(tree), Ignored).Report;
        Assert.True(report.IsVerified == expected, report.Failure?.ToString());
    }

    [VectorFact]
    public void An_expired_certificate_is_called_expired()
    {
        var authority = TrustedRoot.ForAuthority(File.ReadAllBytes(Vectors.Require("oms/made/ca/oldroot.pem")));
        var verifier = new ModelVerifier(new BundleVerifier([], SigstoreTrust.ForModels(authority, TimeProvider.System)));
        using var tree = FileTree.Open(Vectors.Require("oms/made/model2"));
        var failure = verifier.Verify(Read("oms/made/model2.py.expired-cert.sig"), new HashedTree(tree), Ignored).Report.Failure!;
        Assert.Equal(("certificate.path", FailureCode.CertificateInvalid), (failure.Name, failure.Code));
        Assert.Contains("valid from 2025-", $"{failure.Message} {failure.Actual}", StringComparison.Ordinal);
    }

    [VectorTheory]
    [InlineData("v0.2.0", true)]
    [InlineData("v0.3.1", false)]
    [InlineData("v1.0.0", false)]
    [InlineData("v1.0.1", false)]
    [InlineData("v1.1.0", false)]
    public void A_published_bundle_by_a_certificate_verifies_where_its_risks_are_taken_and_only_there(string version, bool isLegacy)
    {
        var bundle = Read($"oms/model-transparency/{version}-certificate/model.sig");
        Assert.Null(Verify(true, true).Failure);
        var authority = Verify(false, true).Failure!;
        Assert.Contains("authority", authority.Message, StringComparison.Ordinal);
        var legacy = Verify(true, false);
        Assert.Equal(isLegacy, legacy.Failure is not null);
        Assert.True(!isLegacy || legacy.Failure!.Hint!.Contains("--allow-legacy-oms", StringComparison.Ordinal));

        VerificationReport Verify(bool allowAuthority, bool allowLegacy) => VerifyPublished(bundle, version, allowAuthority, allowLegacy);
    }

    [VectorFact]
    public void Every_flipped_byte_of_a_bundle_of_the_first_version_is_refused()
    {
        var original = Read("oms/model-transparency/v0.2.0-certificate/model.sig").Envelope!.Payload.ToArray();
        var bundle = Read("oms/model-transparency/v0.2.0-certificate/model.sig");
        for (var i = 0; i < original.Length; i += 3)
        {
            var payload = original.ToArray();
            payload[i] ^= 1;
            var envelope = new DsseEnvelope(bundle.Envelope!.PayloadType, payload, bundle.Envelope.Signatures);
            var changed = Bundle.Parse(Bundle.Create(Chain(bundle), envelope, null).Utf8);
            Assert.False(VerifyPublished(changed, "v0.2.0", true, true).IsVerified, $"byte {i}");
        }
        Assert.True(
            VerifyPublished(Bundle.Parse(Bundle.Create(Chain(bundle), bundle.Envelope, null).Utf8), "v0.2.0", true, true).IsVerified
        );

        static VerificationMaterial Chain(Bundle b) => new() { Certificates = b.Material.Certificates, IsChain = true };
    }

    [Theory]
    [InlineData("a", "DSSEV1 1 t 1 b'a'")]
    [InlineData("\t\n\r\\", @"DSSEV1 1 t 4 b'\t\n\r\\'")]
    [InlineData("it's", "DSSEV1 1 t 4 b\"it's\"")]
    [InlineData("'\"", @"DSSEV1 1 t 2 b'\'""'")]
    [InlineData("\"", "DSSEV1 1 t 1 b'\"'")]
    [InlineData("\0\u007fé", @"DSSEV1 1 t 4 b'\x00\x7f\xc3\xa9'")]
    public void The_encoding_of_the_first_version_is_as_Python_spells_it(string payload, string expected)
    {
        var envelope = new DsseEnvelope("t", Encoding.UTF8.GetBytes(payload), []);
        Assert.Equal(expected, Encoding.UTF8.GetString(LegacyModel.Encode(envelope)));
    }

    [VectorFact]
    public async Task A_model_signed_with_a_certificate_of_ones_own_verifies_by_its_authority_and_by_no_other()
    {
        byte[] Made(string name) => File.ReadAllBytes(Vectors.Require($"oms/made/ca/{name}.pem"));
        using var key = KeyFile.ParseSigningKey(Made("leaf.key"), () => null);
        using var credential = Credential.FromModelChain(key, Made("leaf"), Made("int"), TimeProvider.System);
        using var tree = FileTree.Open(Vectors.Require("oms/made/model1"));
        var files = new HashedTree(tree);
        var bundle = await new BundleSigner(credential).SignModelAsync("model1", files.Manifest(Ignored), Ignored);
        Assert.Equal(2, bundle.Material.Certificates.Count);
        Assert.Contains("\"x509CertificateChain\"", Encoding.UTF8.GetString(bundle.Utf8.Span), StringComparison.Ordinal);
        Assert.Null(By("root").Failure);
        Assert.Equal(FailureCode.CertificateInvalid, By("oldroot").Failure!.Code);
        using var other = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        Assert.Throws<ArgumentException>(() => Credential.FromModelChain(other, Made("leaf"), Made("int"), TimeProvider.System));

        VerificationReport By(string root) =>
            new ModelVerifier(new BundleVerifier([], SigstoreTrust.ForModels(TrustedRoot.ForAuthority(Made(root)), TimeProvider.System)))
                .Verify(bundle, files, Ignored)
                .Report;
    }

    private static VerificationReport VerifyPublished(Bundle bundle, string version, bool allowAuthority, bool allowLegacy)
    {
        var root = TrustedRoot.ForAuthority(File.ReadAllBytes(Vectors.Require("oms/model-transparency/keys/certificate/ca-cert.pem")));
        var verifier = new ModelVerifier(new BundleVerifier([], SigstoreTrust.ForModels(root, TimeProvider.System, allowAuthority)));
        using var tree = FileTree.Open(Vectors.Require($"oms/model-transparency/{version}-certificate"));
        var options = new ModelVerificationOptions { Ignore = Ignored, AllowLegacy = allowLegacy };
        return verifier.Verify(bundle, new HashedTree(tree), options).Report;
    }

    private static Bundle Read(string path) => Bundle.Parse(File.ReadAllBytes(Vectors.Require(path)).AsMemory().TrimEnd("\r\n"u8));

    [Fact]
    public void Any_holder_is_never_accepted_of_a_Sigstore_instance() =>
        Assert.Throws<ArgumentException>(() => SigstoreTrust.ForModels(TrustedRoot.PublicGood, TimeProvider.System));
}
