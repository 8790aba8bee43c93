using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Tests.Fuzzing;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Notation;

/// <summary>Whatever the envelope or policy, it is read or said to be malformed; and what verifies is what was signed.</summary>
public sealed class NotationFuzzTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("jws")]
    [InlineData("cose")]
    public void Envelopes_that_verify_have_the_signature_that_was_made(string format)
    {
        using var scene = new NotationScene { Stores = "\"ca:example\", \"tsa:own\"" };
        scene.Verification = """{"level":"strict","verifyTimestamp":"afterCertExpiry"}""";
        var digest = DigestAlgorithm.Sha256.Hash(scene.Manifest);
        var verifier = scene.Verifier();
        string[] names = [$"p256.{format}", $"rsa2048.{format}", $"stamped.{format}"];
        var signatures = names.Select(n => NotationScene.Read(n).Envelope.Signature.ToArray()).ToList();
        new FuzzTarget(
            $"Notation signature, {format}",
            [.. names.Select(NotationScene.Data)],
            input =>
            {
                var signature = NotationScene.Parse(format == "jws", input);
                var report = verifier.Verify(signature, scene.MediaType, digest, scene.Manifest.Length);
                Assert.True((report.Failure is null) == report.IsVerified);
                if (report.IsVerified)
                {
                    Assert.Contains(signatures, s => s.AsSpan().SequenceEqual(signature.Envelope.Signature.Span));
                }
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Policies() =>
        new FuzzTarget(
            "Notation trust policy",
            [
                Encoding.UTF8.GetBytes(
                    """
                    {"version":"1.0","trustPolicies":[{"name":"a","registryScopes":["r.example/a"],
                    "signatureVerification":{"level":"strict","override":{"expiry":"log"},"verifyTimestamp":"always"},
                    "trustStores":["ca:x","tsa:y"],"trustedIdentities":["x509.subject: C=DE, ST=Berlin, O=Ex\\, ample\\C3\\BC, CN=a"]}]}
                    """
                ),
            ],
            input => Assert.NotEmpty(NotationTrustPolicy.Parse(input).Rules)
        ).Fuzz(output);
}
