using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>What holds for the keys of every algorithm.</summary>
public sealed class SignatureTests
{
    private static readonly byte[] Message = Encoding.UTF8.GetBytes("the message");

    public static TheoryData<string> Algorithms => new(SignatureAlgorithm.All.Select(a => a.Name));

    private static SignatureAlgorithm Find(string name) => SignatureAlgorithm.All.Single(a => a.Name == name);

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_signature_verifies_with_its_key_only(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        using var other = SigningKey.Generate(Find(name));
        var signature = key.Sign(Message);
        Assert.True(key.PublicKey.Verify(Message, signature));
        Assert.False(other.PublicKey.Verify(Message, signature));
        Assert.False(key.PublicKey.Verify([], signature));
        Assert.True(key.PublicKey.Verify([], key.Sign([])));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_public_key_survives_its_encodings(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        var signature = key.Sign(Message);
        using var fromDer = VerificationKey.FromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, Padding(key));
        using var fromPem = VerificationKey.FromPem(key.PublicKey.ToPem(), Padding(key));
        Assert.Equal(key.PublicKey.Fingerprint, fromDer.Fingerprint);
        Assert.Equal(key.PublicKey.Fingerprint, fromPem.Fingerprint);
        Assert.Equal(key.Algorithm, fromDer.Algorithm);
        Assert.True(fromDer.Verify(Message, signature));
        Assert.True(fromPem.Verify(Message, signature));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_digest_is_signed_as_its_message_is(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        if (key.Algorithm.PreHash is not { } hash)
        {
            var digest = DigestAlgorithm.Sha512.Hash(Message);
            Assert.Throws<ArgumentException>(() => key.SignDigest(digest));
            Assert.Throws<ArgumentException>(() => key.PublicKey.VerifyDigest(digest, new byte[64]));
            return;
        }
        Assert.True(key.PublicKey.Verify(Message, key.SignDigest(hash.Hash(Message))));
        Assert.True(key.PublicKey.VerifyDigest(hash.Hash(Message), key.Sign(Message)));
        var wrong = DigestAlgorithm.All.First(a => a != hash).Hash(Message);
        Assert.Throws<ArgumentException>(() => key.SignDigest(wrong));
        Assert.Throws<ArgumentException>(() => key.PublicKey.VerifyDigest(wrong, key.Sign(Message)));
    }

    private static SignatureAlgorithm? Padding(SigningKey key) =>
        key.Algorithm.Name.Contains("RSA", StringComparison.Ordinal) ? key.Algorithm : null;
}
