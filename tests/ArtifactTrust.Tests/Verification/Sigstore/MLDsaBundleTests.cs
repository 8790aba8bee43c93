using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Tests.Keys;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>Bundles signed with ML-DSA, by a managed key and by a certificate; no log has such entries yet.</summary>
public sealed class MLDsaBundleTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly string _file = Path.GetTempFileName();

    public MLDsaBundleTests() => File.WriteAllBytes(_file, TestAuthority.Artifact);

    public void Dispose()
    {
        _authority.Dispose();
        File.Delete(_file);
    }

    public static TheoryData<string> Algorithms => new(SignatureAlgorithm.PostQuantum.Select(a => a.Name));

    [MLDsaTheory(isThere: true)]
    [MemberData(nameof(Algorithms))]
    public void A_managed_key_signs(string name)
    {
        var forgery = new Forgery { ManagedKey = TestKey.Create(name), LogVersion = 0 };

        Assert.Null(Failure(forgery));
        Assert.Equal("signature.key", Failure(forgery with { SignedContent = Encoding.UTF8.GetBytes("other") }));
        using var other = TestKey.Create(name).Verification;
        Assert.Equal("signature.key", Failure(forgery, other));
        Assert.Equal("signature.key", Failure(forgery with { Change = Flip, HasTimestamp = false }));
    }

    [MLDsaTheory(isThere: true)]
    [MemberData(nameof(Algorithms))]
    public void A_certificate_signs(string name)
    {
        var forgery = new Forgery { Key = TestKey.Create(name), LogVersion = 0 };

        Assert.Null(Failure(forgery));
        Assert.Equal("signature.key", Failure(forgery with { SignedContent = Encoding.UTF8.GetBytes("other") }));
        // What was stamped is the signature as it was.
        Assert.Equal("time.token", Failure(forgery with { Change = Flip }));
    }

    [MLDsaTheory(isThere: true)]
    [MemberData(nameof(Algorithms))]
    public void An_attestation_is_signed_and_another_payload_refused(string name)
    {
        var statement = Encoding.UTF8.GetBytes(
            $$$"""{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"{{{DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact).Hex}}}"}}],"predicateType":"https://example.com/p","predicate":{} }"""
        );
        var forgery = new Forgery
        {
            ManagedKey = TestKey.Create(name),
            LogVersion = 0,
            Envelope = ("application/vnd.in-toto+json", statement),
        };
        Assert.Null(Failure(null));
        Assert.Equal("signature.key", Failure(b => b["dsseEnvelope"]!["payload"] = TestAuthority.Base64([.. statement, (byte)' '])));

        string? Failure(Action<JsonObject>? change) =>
            new BundleVerifier([forgery.ManagedKey!.Verification])
                .VerifyAttestation(
                    Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery with { Change = change }))),
                    new DigestSet(DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact))
                )
                .Failure?.Name;
    }

    private static void Flip(JsonObject bundle)
    {
        var signature = Convert.FromBase64String(bundle["messageSignature"]!["signature"]!.GetValue<string>());
        signature[100] ^= 1;
        bundle["messageSignature"]!["signature"] = TestAuthority.Base64(signature);
    }

    private string? Failure(Forgery forgery, VerificationKey? key = null)
    {
        using var file = ArtifactFile.Open(_file);
        var root = _authority.TrustedRoot(r => r["tlogs"] = new JsonArray());
        VerificationKey[] keys =
            key is not null ? [key]
            : forgery.ManagedKey is { } managed ? [managed.Verification]
            : [];
        return new BundleVerifier(keys, new SigstoreTrust(root, TestAuthority.Identity))
            .VerifyMessage(Bundle.Parse(TestAuthority.Utf8(_authority.Sign(forgery))), file)
            .Failure?.Name;
    }
}
