using ArtifactTrust.Formats;
using ArtifactTrust.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Notation;

/// <summary>Signatures that notation 1.3.2 made, with keys and chains that OpenSSL made, and time stamps by <c>openssl ts</c>.</summary>
public sealed class RealSignatureTests
{
    [Theory]
    [CombinedData("rsa2048", "PS256")]
    [CombinedData("rsa3072", "PS384")]
    [CombinedData("rsa4096", "PS512")]
    [CombinedData("p256", "ES256")]
    [CombinedData("p384", "ES384")]
    [CombinedData("p521", "ES512")]
    public void A_signature_of_every_algorithm_verifies(string key, string algorithm, string format)
    {
        using var scene = new NotationScene();
        scene.Annotations["build"] = "7";
        var signature = NotationScene.Read($"{key}.{format}");
        var report = scene.Verify(signature);
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.Null(report.Failure);
        Assert.All(report.Checks, c => Assert.True(c.Outcome is CheckOutcome.Passed or CheckOutcome.NotRequired));
        Assert.Equal(algorithm, signature.Algorithm);
        Assert.Equal("notary.x509", signature.SigningScheme);
        Assert.Equal("notation-go/1.3.2", signature.SigningAgent);
        Assert.False(signature.HasTimestamp);
        Assert.Null(signature.Expiry);
        Assert.InRange(signature.SigningTime!.Value, NotationScene.Now.AddHours(-12), NotationScene.Now);
        Assert.Equal(3, signature.Certificates.Count);
        Assert.Contains($"CN=signer {key}", report.Verified.Signer.Subject, StringComparison.Ordinal);
        Assert.Equal(("models", "7"), (report.Verified.Rule, report.Verified.Annotations["build"]));
        Assert.Empty(report.Verified.Times);
    }

    [Theory]
    [InlineData("self-signed.jws")]
    [InlineData("self-signed.cose")]
    public void A_self_signed_certificate_that_the_store_has_verifies(string name)
    {
        using var scene = new NotationScene { Stores = "\"ca:self\"", Identities = "\"*\"" };
        // It is valid for a day.
        scene.Time = NotationScene.Read(name).SigningTime!.Value.AddMinutes(1);
        Assert.True(scene.Verify(NotationScene.Read(name)).IsVerified);
        scene.Stores = "\"ca:example\"";
        Assert.Equal("notation.trust", scene.Verify(NotationScene.Read(name)).Failure?.Name);
    }

    [Theory]
    [InlineData("expiring.jws")]
    [InlineData("expiring.cose")]
    public void A_signature_holds_until_its_expiry_and_not_at_it(string name)
    {
        using var scene = new NotationScene();
        var signature = NotationScene.Read(name);
        scene.Time = signature.Expiry!.Value.AddSeconds(-1);
        Assert.True(scene.Verify(signature).IsVerified);
        scene.Time = signature.Expiry.Value;
        Assert.Equal(FailureCode.SignatureExpired, scene.Verify(signature).Failure?.Code);
        // A rule that lets it pass is not honoured.
        scene.Verification = """{"level":"permissive","override":{"expiry":"log"}}""";
        var report = scene.Verify(signature);
        Assert.Equal(FailureCode.SignatureExpired, report.Failure?.Code);
        Assert.Contains("not honoured", report.Checks[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stamped.jws")]
    [InlineData("stamped.cose")]
    public void A_time_stamp_outlives_the_certificate(string name)
    {
        using var scene = new NotationScene { Stores = "\"ca:example\", \"tsa:own\"", Time = NotationScene.Now.AddYears(3) };
        var signature = NotationScene.Read(name);
        Assert.True(signature.HasTimestamp);
        Assert.True(signature.Certificates[0].NotAfter < scene.Time);
        var report = scene.Verify(signature);
        Assert.True(report.IsVerified, report.Failure?.Message);
        Assert.InRange(Assert.Single(report.Verified.Times), NotationScene.Now.AddHours(-12), NotationScene.Now);
        scene.Verification = """{"level":"strict","verifyTimestamp":"afterCertExpiry"}""";
        Assert.Single(scene.Verify(signature).Verified!.Times);
        // Where all certificates are valid still, that rule does not look at it.
        scene.Time = NotationScene.Now;
        Assert.Empty(scene.Verify(signature).Verified!.Times);
    }

    [Theory]
    [InlineData("stamped.jws")]
    [InlineData("stamped.cose")]
    public void Without_a_store_for_time_stamps_an_expired_certificate_is_refused(string name)
    {
        using var scene = new NotationScene { Time = NotationScene.Now.AddYears(3) };
        var failure = scene.Verify(NotationScene.Read(name)).Failure;
        Assert.Equal(("notation.time", FailureCode.CertificateInvalid), (failure?.Name, failure?.Code));
        Assert.Contains("tsa:", failure!.Hint, StringComparison.Ordinal);
        scene.Time = NotationScene.Now.AddDays(-30);
        Assert.Equal("notation.time", scene.Verify(NotationScene.Read(name)).Failure?.Name);
    }

    [Theory]
    [InlineData("stamped.jws")]
    [InlineData("stamped.cose")]
    public void A_time_stamp_by_another_authority_is_refused(string name)
    {
        using var scene = new NotationScene { Stores = "\"ca:example\", \"tsa:other\"" };
        scene.Add("tsa", "other", NotationScene.Data("root.pem"));
        Assert.Equal(FailureCode.TimestampInvalid, scene.Verify(NotationScene.Read(name)).Failure?.Code);
    }

    [Theory]
    [InlineData("p256.jws")]
    [InlineData("p256.cose")]
    public void A_rule_with_a_store_for_time_stamps_asks_for_one(string name)
    {
        using var scene = new NotationScene { Stores = "\"ca:example\", \"tsa:own\"" };
        Assert.Equal(FailureCode.UntrustedTime, scene.Verify(NotationScene.Read(name)).Failure?.Code);
        scene.Verification = """{"level":"audit"}""";
        Assert.Equal(FailureCode.UntrustedTime, scene.Verify(NotationScene.Read(name)).Failure?.Code);
        scene.Verification = """{"level":"strict","verifyTimestamp":"afterCertExpiry"}""";
        Assert.True(scene.Verify(NotationScene.Read(name)).IsVerified);
    }

    [Theory]
    [InlineData("revocable.jws")]
    [InlineData("revocable.cose")]
    public void A_certificate_that_names_a_revocation_service_leaves_it_open(string name)
    {
        using var scene = new NotationScene();
        var report = scene.Verify(NotationScene.Read(name));
        Assert.False(report.IsVerified);
        Assert.True(report.IsUndecided);
        Assert.Contains("--notation-skip-revocation", report.Failure!.Hint, StringComparison.Ordinal);
        // The policy's own word for it does not count: it was written for a tool that asks.
        scene.Verification = """{"level":"strict","override":{"revocation":"skip"}}""";
        Assert.True(scene.Verify(NotationScene.Read(name)).IsUndecided);
        scene.SkipRevocation = true;
        Assert.True(scene.Verify(NotationScene.Read(name)).IsVerified);
    }

    [Theory]
    [InlineData("C=DE, ST=Berlin, O=Example", true)]
    [InlineData("C=DE,S=Berlin,O=Example,OU=Models,L=Mitte,CN=signer p256", true)]
    [InlineData("C=DE, ST=Berlin, O=Example, CN=signer p384", false)]
    [InlineData("C=DE, ST=Berlin, O=example", false)]
    [InlineData("C=DE, ST=Berlin, O=Example, STREET=Main", false)]
    public void An_identity_is_matched_by_every_attribute_it_names(string identity, bool isTrusted)
    {
        using var scene = new NotationScene { Identities = $"\"x509.subject: C=FR, ST=Paris, O=Example\", \"x509.subject: {identity}\"" };
        foreach (var name in (string[])["p256.jws", "p256.cose"])
        {
            var failure = scene.Verify(NotationScene.Read(name)).Failure;
            Assert.Equal(isTrusted ? null : FailureCode.IdentityMismatch, failure?.Code);
        }
    }

    [Theory]
    [InlineData("p256.jws")]
    [InlineData("p256.cose")]
    public void Another_manifest_type_size_or_annotation_is_refused(string name)
    {
        using var scene = new NotationScene { Manifest = [.. NotationScene.Data("manifest.json"), 32] };
        Assert.Equal(FailureCode.SubjectMismatch, scene.Verify(NotationScene.Read(name)).Failure?.Code);
        scene.Manifest = NotationScene.Data("manifest.json");
        scene.MediaType = "application/vnd.docker.distribution.manifest.v2+json";
        Assert.Equal(FailureCode.SubjectMismatch, scene.Verify(NotationScene.Read(name)).Failure?.Code);
        var digest = ArtifactTrust.Hashing.DigestAlgorithm.Sha256.Hash(scene.Manifest);
        var report = scene.Verifier().Verify(NotationScene.Read(name), "application/vnd.oci.image.manifest.v1+json", digest, 562);
        Assert.Equal(FailureCode.SubjectMismatch, report.Failure?.Code);
        scene.MediaType = "application/vnd.oci.image.manifest.v1+json";
        scene.Annotations["build"] = "8";
        Assert.Equal(FailureCode.AnnotationMismatch, scene.Verify(NotationScene.Read(name)).Failure?.Code);
    }

    [Fact]
    public void An_envelope_is_not_read_as_the_other_form()
    {
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws: true, NotationScene.Data("p256.cose")));
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws: false, NotationScene.Data("p256.jws")));
        Assert.Throws<MalformedDataException>(() => NotationSignature.Parse("text/plain", NotationScene.Data("p256.jws")));
    }

    [Theory]
    [InlineData("jws")]
    [InlineData("cose")]
    public void No_envelope_with_a_changed_byte_verifies_as_something_else(string format)
    {
        using var scene = new NotationScene();
        Mutate(scene, $"p256.{format}");
    }

    [Theory]
    [InlineData("jws")]
    [InlineData("cose")]
    public void No_stamped_envelope_with_a_changed_byte_verifies_as_something_else(string format)
    {
        using var scene = new NotationScene { Stores = "\"ca:example\", \"tsa:own\"", Time = NotationScene.Now.AddYears(3) };
        Mutate(scene, $"stamped.{format}");
    }

    /// <summary>
    /// Changes each byte in two ways. What still verifies may differ only in the name of the program that signed, which is not signed and decides nothing.
    /// </summary>
    private static void Mutate(NotationScene scene, string name)
    {
        var verifier = scene.Verifier();
        var digest = ArtifactTrust.Hashing.DigestAlgorithm.Sha256.Hash(scene.Manifest);
        var original = NotationScene.Read(name);
        var envelope = NotationScene.Data(name);
        foreach (var bit in (byte[])[0x01, 0x80])
        {
            for (var i = 0; i < envelope.Length; i++)
            {
                envelope[i] ^= bit;
                try
                {
                    var changed = NotationScene.Parse(name.EndsWith(".jws", StringComparison.Ordinal), envelope);
                    var report = verifier.Verify(changed, scene.MediaType, digest, scene.Manifest.Length);
                    Assert.True(
                        !report.IsVerified || changed.SigningAgent != original.SigningAgent,
                        $"byte {i} of {name} with {bit:x2} verifies"
                    );
                }
                catch (MalformedDataException)
                {
                    // Not read at all.
                }
                envelope[i] ^= bit;
            }
        }
    }

    [Theory]
    [InlineData("stamped.jws")]
    [InlineData("stamped.cose")]
    public void An_envelope_that_is_cut_off_or_has_more_is_malformed(string name)
    {
        var jws = name.EndsWith(".jws", StringComparison.Ordinal);
        var envelope = NotationScene.Data(name);
        for (var length = 0; length < envelope.Length; length++)
        {
            Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws, envelope[..length]));
        }
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws, [.. envelope, (byte)'x']));
        Assert.Throws<MalformedDataException>(() => NotationScene.Parse(jws, new byte[Limits.NotationEnvelopeBytes + 1]));
    }

    [AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
    private sealed class CombinedDataAttribute(string key, string algorithm) : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) =>
            [
                [key, algorithm, "jws"],
                [key, algorithm, "cose"],
            ];
    }
}
