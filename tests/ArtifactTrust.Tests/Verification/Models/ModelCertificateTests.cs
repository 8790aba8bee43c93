using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Attestations.Predicates;
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

    public static TheoryData<string, long?, string> Forms
    {
        get
        {
            var forms = new TheoryData<string, long?, string>();
            foreach (var algorithm in DigestAlgorithm.ForModels)
            {
                foreach (var shardSize in (long?[])[null, 8])
                {
                    foreach (
                        var key in (SignatureAlgorithm[])
                            [
                                SignatureAlgorithm.EcdsaP256,
                                SignatureAlgorithm.EcdsaP384,
                                SignatureAlgorithm.EcdsaP521,
                                SignatureAlgorithm.RsaPkcs1,
                                SignatureAlgorithm.Ed25519,
                            ]
                    )
                    {
                        forms.Add(algorithm.Name, shardSize, key.Name);
                    }
                }
            }
            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_model_of_every_form_signed_with_a_certificate_verifies_and_no_change_of_it_does(
        string algorithm,
        long? shardSize,
        string keyName
    )
    {
        using var directory = new TemporaryDirectory();
        directory.File("m/a/b", "1");
        var changed = directory.File("m/weights.bin", new string('w', 33));
        var form = new ManifestForm(DigestAlgorithm.FindForModels(algorithm)!, shardSize);
        using var key = SigningKey.Generate(SignatureAlgorithm.All.First(a => a.Name == keyName));
        var (root, leaf) = Issue(key);
        using var credential = Credential.FromModelChain(key, leaf, [], TimeProvider.System);

        Bundle bundle;
        using (var tree = FileTree.Open(Path.Combine(directory.Path, "m")))
        {
            var manifest = new HashedTree(tree).Manifest(IgnoreRules.None, form: form);
            bundle = await new BundleSigner(credential).SignModelAsync("m", manifest, new ModelSerialization { Form = form });
        }

        Assert.Null(Verify(root).Failure);
        Assert.Equal(FailureCode.CertificateInvalid, Verify(Issue(key).Root).Failure!.Code);
        await File.AppendAllTextAsync(changed, "x");
        Assert.Equal(FailureCode.ContentMismatch, Verify(root).Failure!.Code);

        VerificationReport Verify(byte[] authority)
        {
            using var tree = FileTree.Open(Path.Combine(directory.Path, "m"));
            var trust = SigstoreTrust.ForModels(TrustedRoot.ForAuthority(authority), TimeProvider.System);
            return new ModelVerifier(new BundleVerifier([], trust)).Verify(bundle, new HashedTree(tree), IgnoreRules.None).Report;
        }
    }

    /// <summary>A new authority, and a certificate of the key by it; both PEM.</summary>
    private static (byte[] Root, byte[] Leaf) Issue(SigningKey key)
    {
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var request = new CertificateRequest("CN=root", rootKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var root = request.CreateSelfSigned(from, to);
        var holder = PublicKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _);
        var below = new CertificateRequest(new X500DistinguishedName("CN=training"), holder, HashAlgorithmName.SHA384);
        below.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        below.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], false));
        using var leaf = below.Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), from, to, [1]);
        return (Encoding.UTF8.GetBytes(root.ExportCertificatePem()), Encoding.UTF8.GetBytes(leaf.ExportCertificatePem()));
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
