using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification;

public sealed class LegacyVerifierTests
{
    private const string Provenance = "https://slsa.dev/provenance/v1";

    private static readonly Digest Image = DigestAlgorithm.Sha256.Hash("image"u8);
    private static readonly Digest Other = DigestAlgorithm.Sha256.Hash("another"u8);

    [Theory]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("ecdsa-p521")]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    public async Task A_signature_by_any_kind_of_key_verifies(string kind)
    {
        using var key = Key(kind);
        var report = new BundleVerifier([key.PublicKey]).VerifyLegacy(await SignAsync(key), Image);
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Equal(EvidenceKind.Signature, report.Verified.Kind);
        Assert.Equal(Image.Hex, report.Verified.Subject["sha256"]);
        Assert.Equal("ml", report.Verified.Annotations["team"]);
    }

    [Fact]
    public async Task A_signature_of_another_image_is_refused()
    {
        using var key = Key();
        Assert.Equal(FailureCode.SubjectMismatch, Verify(key, await SignAsync(key), Other).Failure!.Code);
    }

    [Fact]
    public async Task A_signature_by_another_key_is_refused()
    {
        using var key = Key();
        using var stranger = Key();
        Assert.Equal(FailureCode.SignatureInvalid, Verify(stranger, await SignAsync(key)).Failure!.Code);
    }

    [Fact]
    public void A_payload_of_another_type_is_no_signature()
    {
        using var key = Key();
        var payload = new SimpleSigningPayload("r", Image, "atomic container signature", new Dictionary<string, string>()).ToUtf8Bytes();
        var report = Verify(key, LegacySignature.OfImage(payload, key.Sign(payload)));
        Assert.Equal(FailureCode.PayloadTypeMismatch, report.Failure!.Code);
    }

    [Fact]
    public void A_signed_payload_with_an_unknown_critical_member_is_refused()
    {
        using var key = Key();
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                critical = new
                {
                    identity = new Dictionary<string, string> { ["docker-reference"] = "r" },
                    image = new Dictionary<string, string> { ["docker-manifest-digest"] = Image.ToString() },
                    type = SimpleSigningPayload.CosignType,
                    more = "1",
                },
            }
        );
        var report = Verify(key, LegacySignature.OfImage(payload, key.Sign(payload)));
        Assert.Equal(FailureCode.MalformedEvidence, report.Failure!.Code);
    }

    [Fact]
    public async Task No_byte_of_the_payload_or_the_signature_can_be_changed()
    {
        using var key = Key();
        var signed = await SignAsync(key);
        for (var i = 0; i < signed.Payload.Length; i++)
        {
            var payload = signed.Payload.ToArray();
            payload[i] ^= 1;
            Assert.False(Verify(key, LegacySignature.OfImage(payload, signed.Value.Span)).IsVerified);
        }
        for (var i = 0; i < signed.Value.Length; i++)
        {
            var value = signed.Value.ToArray();
            value[i] ^= 1;
            Assert.False(Verify(key, LegacySignature.OfImage(signed.Payload, value)).IsVerified);
        }
    }

    [Fact]
    public async Task An_attestation_is_one_and_never_a_signature()
    {
        using var key = Key();
        var report = Verify(key, await AttestAsync(key, Provenance));
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Equal((EvidenceKind.Attestation, Provenance), (report.Verified.Kind, report.Verified.Statement!.PredicateType));
        Assert.Equal(FailureCode.SubjectMismatch, Verify(key, await AttestAsync(key, Provenance), Other).Failure!.Code);
    }

    [Fact]
    public async Task A_statement_of_a_signatures_type_does_not_pass_as_an_attestation()
    {
        using var key = Key();
        var statement = new Statement(
            [new ResourceDescriptor(null, null, new DigestSet(Image))],
            BundleVerifier.ImageSignatureType,
            JsonDocument.Parse("{}").RootElement
        );
        var bundle = await new BundleSigner(Credential.FromKey(key)).SignStatementAsync(statement);
        var legacy = LegacySignature.OfAttestation(EnvelopeOf(bundle), BundleVerifier.ImageSignatureType);
        Assert.Equal(FailureCode.PredicateTypeMismatch, Verify(key, legacy).Failure!.Code);
    }

    [Fact]
    public async Task A_signature_does_not_pass_where_an_attestation_is_asked_for()
    {
        using var key = Key();
        var report = new BundleVerifier([key.PublicKey]).VerifyLegacy(await SignAsync(key), Image, Provenance);
        Assert.Equal(FailureCode.PayloadTypeMismatch, report.Failure!.Code);
    }

    [Fact]
    public void An_envelope_that_cannot_be_read_is_reported()
    {
        using var key = Key();
        var report = Verify(key, LegacySignature.OfAttestation("{\"payload\":1}"u8.ToArray(), Provenance));
        Assert.Equal(FailureCode.MalformedEvidence, report.Failure!.Code);
    }

    [Fact]
    public async Task Annotations_are_required_by_name_and_value()
    {
        using var key = Key();
        var report = Verify(key, await SignAsync(key));
        Assert.True(report.Requiring(new Dictionary<string, string> { ["team"] = "ml" }).IsVerified);
        foreach (var (name, value) in new[] { ("team", "other"), ("Team", "ml"), ("env", "ml"), ("team", "") })
        {
            var required = report.Requiring(new Dictionary<string, string> { [name] = value });
            Assert.Equal(FailureCode.AnnotationMismatch, required.Failure!.Code);
            Assert.Null(required.Verified);
        }
    }

    [Fact]
    public async Task Annotations_of_a_bundle_are_those_of_the_subject_itself()
    {
        using var key = Key();
        var statement = new Statement(
            [
                new ResourceDescriptor(null, null, new DigestSet(Other)) { Annotations = new Dictionary<string, string> { ["a"] = "1" } },
                new ResourceDescriptor(null, null, new DigestSet(Image)) { Annotations = new Dictionary<string, string> { ["b"] = "2" } },
            ],
            BundleVerifier.ImageSignatureType,
            JsonDocument.Parse("{}").RootElement
        );
        var bundle = await new BundleSigner(Credential.FromKey(key)).SignStatementAsync(statement);
        var verified = new BundleVerifier([key.PublicKey]).VerifyImageSignature(bundle, Image).Verified!;
        Assert.Equal(new Dictionary<string, string> { ["b"] = "2" }, verified.Annotations);
    }

    private static VerificationReport Verify(SigningKey key, LegacySignature signature, Digest? image = null) =>
        new BundleVerifier([key.PublicKey]).VerifyLegacy(signature, image ?? Image);

    private static Task<LegacySignature> SignAsync(SigningKey key) =>
        new BundleSigner(Credential.FromKey(key)).SignLegacyImageAsync(
            new SimpleSigningPayload(
                "registry.example.com/app",
                Image,
                SimpleSigningPayload.CosignType,
                new Dictionary<string, string> { ["team"] = "ml" }
            )
        );

    private static Task<LegacySignature> AttestAsync(SigningKey key, string type) =>
        new BundleSigner(Credential.FromKey(key)).SignLegacyStatementAsync(
            new Statement([new ResourceDescriptor(null, null, new DigestSet(Image))], type, JsonDocument.Parse("{\"a\":1}").RootElement),
            Image
        );

    private static byte[] EnvelopeOf(Bundle bundle)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            bundle.Envelope!.WriteTo(writer);
        }
        return buffer.WrittenMemory.ToArray();
    }

    private static SigningKey Key(string kind = "ecdsa-p256") =>
        SigningKey.Generate(
            kind switch
            {
                "ecdsa-p384" => SignatureAlgorithm.EcdsaP384,
                "ecdsa-p521" => SignatureAlgorithm.EcdsaP521,
                "ed25519" => SignatureAlgorithm.Ed25519,
                "rsa" => SignatureAlgorithm.RsaPkcs1,
                _ => SignatureAlgorithm.EcdsaP256,
            }
        );
}
