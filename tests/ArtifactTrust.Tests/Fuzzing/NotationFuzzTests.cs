using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Notation;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

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

    [Fact]
    public void Policies_of_the_gate() =>
        new FuzzTarget(
            "policy with Notation signatures",
            [
                Encoding.UTF8.GetBytes(
                    """
                    version: 1
                    name: images
                    notation:
                      ca: { releases: { file: ca/root.pem } }
                      tsa: { stamps: { file: ca/tsa.pem } }
                    identities:
                      release:
                        notation:
                          trustStores: [ca:releases, tsa:stamps]
                          trustedIdentities: ["x509.subject: C=DE, ST=Berlin, O=Ex\\, ample, CN=a"]
                          verifyTimestamp: afterCertExpiry
                          skipRevocation: true
                    subjects:
                      image: { kind: image, signatures: { from: release } }
                    """
                ),
            ],
            input =>
            {
                using var policy = TrustPolicy.Parse(
                    input,
                    name =>
                        name switch
                        {
                            "ca/root.pem" => NotationScene.Data("root.pem"),
                            "ca/tsa.pem" => NotationScene.Data("tsa-root.pem"),
                            _ => throw new FileNotFoundException("no such file", name),
                        }
                );
                Assert.NotEmpty(policy.NotationVerifiers(TimeProvider.System));
            }
        ).Fuzz(output);
}
