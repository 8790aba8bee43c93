using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Tests.Bundles;

public sealed class LegacySignatureTests
{
    // A record of Rekor v1: {"apiVersion":"0.0.1","kind":"hashedrekord"}
    private const string Body = "eyJhcGlWZXJzaW9uIjoiMC4wLjEiLCJraW5kIjoiaGFzaGVkcmVrb3JkIn0=";
    private const string LogId = "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d";
    private const string Log =
        $$$"""{"SignedEntryTimestamp":"c2V0","Payload":{"body":"{{{Body}}}","integratedTime":1700000000,"logIndex":42,"logID":"{{{LogId}}}"}}""";

    private static readonly byte[] Payload = "{\"critical\":{}}"u8.ToArray();

    [Fact]
    public void Every_part_is_read()
    {
        var certificate = Certificate();
        var signature = LegacySignature.Parse(
            LegacySignature.SimpleSigningType,
            Payload,
            new Dictionary<string, string>
            {
                [LegacySignature.SignatureAnnotation] = "c2ln",
                [LegacySignature.CertificateAnnotation] = Pem.Encode("CERTIFICATE", certificate),
                [LegacySignature.ChainAnnotation] = $"\n{Pem.Encode("CERTIFICATE", certificate)}\n{Pem.Encode("CERTIFICATE", certificate)}",
                [LegacySignature.LogEntryAnnotation] = Log,
                [LegacySignature.TimestampAnnotation] = """{"SignedRFC3161Timestamp":"dHM="}""",
            }
        );
        Assert.Equal(LegacySignatureKind.Image, signature.Kind);
        Assert.Equal(Payload, signature.Payload.ToArray());
        Assert.Equal("sig"u8.ToArray(), signature.Value.ToArray());
        Assert.Equal(3, signature.Certificates.Count);
        Assert.All(signature.Certificates, c => Assert.Equal(certificate, c.ToArray()));
        Assert.Equal("ts"u8.ToArray(), signature.Timestamp!.Value.ToArray());
        var entry = signature.LogEntry!;
        Assert.Equal((42, 1700000000, "hashedrekord", "0.0.1"), (entry.LogIndex, entry.IntegratedTime, entry.Kind, entry.Version));
        Assert.Equal(LogId, Convert.ToHexStringLower(entry.LogId.Span));
        Assert.Equal("set"u8.ToArray(), entry.InclusionPromise!.Value.ToArray());
        Assert.Equal(Body, Convert.ToBase64String(entry.CanonicalizedBody.Span));
    }

    [Fact]
    public void What_is_made_is_read_back_with_the_same_annotations()
    {
        var certificate = Certificate();
        var parsed = LegacySignature.Parse(
            LegacySignature.SimpleSigningType,
            Payload,
            new Dictionary<string, string>
            {
                [LegacySignature.SignatureAnnotation] = "c2ln",
                [LegacySignature.CertificateAnnotation] = Pem.Encode("CERTIFICATE", certificate),
                [LegacySignature.ChainAnnotation] = Pem.Encode("CERTIFICATE", certificate),
                [LegacySignature.LogEntryAnnotation] = Log,
                [LegacySignature.TimestampAnnotation] = """{"SignedRFC3161Timestamp":"dHM="}""",
            }
        );
        var made = LegacySignature.OfImage(Payload, parsed.Value.Span, parsed.Certificates, parsed.LogEntry, parsed.Timestamp);
        Assert.Equal(parsed.Annotations.OrderBy(a => a.Key), made.Annotations.OrderBy(a => a.Key));
    }

    [Fact]
    public void Where_there_is_no_timestamp_there_is_none_and_not_an_empty_one()
    {
        var made = LegacySignature.OfImage(Payload, "sig"u8);
        Assert.Null(made.Timestamp);
        Assert.Null(made.LogEntry);
        Assert.Empty(made.ToBundle().Material.Timestamps);
    }

    [Fact]
    public void A_bundle_made_of_it_is_the_same_each_time_and_has_no_root()
    {
        var certificate = Certificate();
        var made = LegacySignature.OfImage(Payload, "sig"u8, [certificate, certificate]);
        Assert.Equal(made.ToBundle().Digest, made.ToBundle().Digest);
        // The test's certificate issued itself: the leaf stays, so that the verifier says what is wrong with it.
        Assert.Single(made.ToBundle().Material.Certificates);
        Assert.Equal(1, made.ToBundle().Version);
    }

    [Fact]
    public void An_attestation_has_its_signatures_in_the_envelope()
    {
        var made = LegacySignature.OfAttestation("{}"u8.ToArray(), "https://slsa.dev/provenance/v1");
        Assert.Equal(LegacySignatureKind.Attestation, made.Kind);
        Assert.True(made.Value.IsEmpty);
        Assert.Equal("", made.Annotations[LegacySignature.SignatureAnnotation]);
        Assert.Equal("https://slsa.dev/provenance/v1", made.Annotations[LegacySignature.PredicateTypeAnnotation]);
    }

    [Theory]
    [InlineData("dev.cosignproject.cosign/signature", "")]
    [InlineData("dev.cosignproject.cosign/signature", "*")]
    [InlineData("dev.sigstore.cosign/certificate", "no PEM")]
    [InlineData("dev.sigstore.cosign/certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----")]
    [InlineData("dev.sigstore.cosign/chain", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\nand more")]
    [InlineData("dev.sigstore.cosign/chain", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")]
    [InlineData("dev.sigstore.cosign/rfc3161timestamp", "{}")]
    [InlineData("dev.sigstore.cosign/rfc3161timestamp", "[]")]
    [InlineData("dev.sigstore.cosign/rfc3161timestamp", """{"SignedRFC3161Timestamp":"*"}""")]
    [InlineData("dev.sigstore.cosign/rfc3161timestamp", """{"SignedRFC3161Timestamp":"dHM=","more":1}""")]
    [InlineData("dev.sigstore.cosign/bundle", "{}")]
    [InlineData("dev.sigstore.cosign/bundle", "null")]
    [InlineData("dev.sigstore.cosign/bundle", "not JSON")]
    public void A_part_that_cannot_be_read_is_named(string annotation, string value)
    {
        var annotations = new Dictionary<string, string> { [LegacySignature.SignatureAnnotation] = "c2ln", [annotation] = value };
        Assert.Throws<MalformedDataException>(() => LegacySignature.Parse(LegacySignature.SimpleSigningType, Payload, annotations));
    }

    [Theory]
    [InlineData("\"logIndex\":42", "\"logIndex\":-1")]
    [InlineData("\"logIndex\":42", "\"logIndex\":\"42\"")]
    [InlineData("\"logIndex\":42", "\"logIndex\":1e99")]
    [InlineData("\"integratedTime\":1700000000,", "")]
    [InlineData(LogId, "c0d2")]
    [InlineData(LogId, "C0D23D6AD406973F9559F3BA2D1CA01F84147D8FFC5B8445C224F98B9591801D")]
    [InlineData(Body, "e30=")]
    [InlineData(Body, "W10=")]
    [InlineData(Body, "AAAA")]
    [InlineData("c2V0", "*")]
    public void A_record_of_the_log_with_a_bad_part_is_refused(string good, string bad)
    {
        var annotations = new Dictionary<string, string>
        {
            [LegacySignature.SignatureAnnotation] = "c2ln",
            [LegacySignature.LogEntryAnnotation] = Log.Replace(good, bad, StringComparison.Ordinal),
        };
        Assert.Throws<MalformedDataException>(() => LegacySignature.Parse(LegacySignature.SimpleSigningType, Payload, annotations));
    }

    [Fact]
    public void Every_changed_character_of_a_record_is_read_or_refused_and_nothing_else()
    {
        for (var i = 0; i < Log.Length; i++)
        {
            foreach (var c in "\"{},:0x\\")
            {
                var annotations = new Dictionary<string, string>
                {
                    [LegacySignature.SignatureAnnotation] = "c2ln",
                    [LegacySignature.LogEntryAnnotation] = $"{Log[..i]}{c}{Log[(i + 1)..]}",
                };
                try
                {
                    LegacySignature.Parse(LegacySignature.SimpleSigningType, Payload, annotations);
                }
                catch (MalformedDataException)
                {
                    // Refused.
                }
            }
        }
    }

    [Fact]
    public void More_certificates_than_accepted_are_refused()
    {
        var pem = Pem.Encode("CERTIFICATE", [1, 2, 3]);
        var annotations = new Dictionary<string, string>
        {
            [LegacySignature.SignatureAnnotation] = "c2ln",
            [LegacySignature.ChainAnnotation] = string.Concat(Enumerable.Repeat(pem, Limits.CertificatesPerBundle + 1)),
        };
        Assert.Throws<MalformedDataException>(() => LegacySignature.Parse(LegacySignature.SimpleSigningType, Payload, annotations));
    }

    [Fact]
    public void A_signature_annotation_on_an_attestation_is_refused() =>
        Assert.Throws<MalformedDataException>(() =>
            LegacySignature.Parse(
                LegacySignature.EnvelopeType,
                Payload,
                new Dictionary<string, string> { [LegacySignature.SignatureAnnotation] = "c2ln" }
            )
        );

    [Fact]
    public void A_payload_says_what_was_signed_and_round_trips()
    {
        var digest = DigestAlgorithm.Sha256.Hash("x"u8);
        var optional = new Dictionary<string, string> { ["env"] = "prod", ["a+b"] = "<&>" };
        var payload = new SimpleSigningPayload("registry.example/app", digest, SimpleSigningPayload.CosignType, optional);
        var read = SimpleSigningPayload.Parse(payload.ToUtf8Bytes());
        Assert.Equal((payload.DockerReference, digest, payload.Type), (read.DockerReference, read.ManifestDigest, read.Type));
        Assert.Equal(optional, read.Optional);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":{"docker-manifest-digest":"sha256:00"},"type":"t"}}""")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":{},"type":"t"}}""")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":DIGEST,"type":"t","more":1}}""")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":DIGEST,"type":"t"},"more":1}""")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":DIGEST,"image":DIGEST,"type":"t"}}""")]
    [InlineData("""{"critical":{"identity":{"docker-reference":"a"},"image":DIGEST},"optional":1}""")]
    [InlineData("""{"critical":{"identity":{},"image":DIGEST,"type":"t"}}""")]
    public void A_payload_that_could_be_read_otherwise_is_refused(string json)
    {
        json = json.Replace(
            "DIGEST",
            $$"""{"docker-manifest-digest":"{{DigestAlgorithm.Sha256.Hash("x"u8)}}"}""",
            StringComparison.Ordinal
        );
        Assert.Throws<MalformedDataException>(() => SimpleSigningPayload.Parse(Encoding.UTF8.GetBytes(json)));
    }

    private static byte[] Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=signer", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UnixEpoch,
            DateTimeOffset.UnixEpoch.AddDays(1)
        );
        return certificate.RawData;
    }
}
