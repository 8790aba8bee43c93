using System.Formats.Asn1;
using System.Security.Cryptography;
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

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_signature_with_any_byte_changed_or_of_another_length_is_refused_and_never_throws(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        var signature = key.Sign(Message);
        Assert.All(Bytes.WithOneByteChanged(signature), s => Assert.False(key.PublicKey.Verify(Message, s)));
        Assert.All(Bytes.WithOtherLength(signature), s => Assert.False(key.PublicKey.Verify(Message, s)));
        Assert.All(Bytes.WithOneByteChanged(Message), m => Assert.False(key.PublicKey.Verify(m, signature)));
        foreach (var value in new byte[] { 0x00, 0x30, 0xFF })
        {
            Assert.False(key.PublicKey.Verify(Message, [.. Enumerable.Repeat(value, signature.Length)]));
        }
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Random_bytes_are_no_signature_and_never_throw(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        var random = new Random(4);
        for (var i = 0; i < 200; i++)
        {
            var bytes = new byte[random.Next(0, 600)];
            random.NextBytes(bytes);
            Assert.False(key.PublicKey.Verify(Message, bytes));
        }
    }

    [Theory]
    [InlineData("PKIX_ECDSA_P256_SHA_256")]
    [InlineData("PKIX_ECDSA_P384_SHA_384")]
    [InlineData("PKIX_ECDSA_P521_SHA_512")]
    public void An_ecdsa_signature_has_one_encoding(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        var sequence = new AsnReader(key.Sign(Message), AsnEncodingRules.DER).ReadSequence();
        var (r, s) = (sequence.ReadIntegerBytes().ToArray(), sequence.ReadIntegerBytes().ToArray());
        byte[] content = [2, (byte)r.Length, .. r, 2, (byte)s.Length, .. s];
        byte[] length = content.Length < 128 ? [(byte)content.Length] : [0x81, (byte)content.Length];
        Assert.True(key.PublicKey.Verify(Message, [0x30, .. length, .. content]));
        byte[] padded = [2, (byte)(r.Length + 1), 0, .. r, 2, (byte)s.Length, .. s];
        var otherEncodings = new Dictionary<string, byte[]>
        {
            ["LongLength"] = [0x30, 0x82, 0, (byte)content.Length, .. content],
            ["IndefiniteLength"] = [0x30, 0x80, .. content, 0, 0],
            ["PaddedNumber"] = [0x30, 0x81, (byte)padded.Length, .. padded],
            ["DataAfter"] = [0x30, .. length, .. content, 0],
            ["DataWithin"] = [0x30, 0x81, (byte)(content.Length + 2), .. content, 5, 0],
            ["OneNumber"] = [0x30, (byte)(2 + r.Length), 2, (byte)r.Length, .. r],
            ["Zeros"] = [0x30, 6, 2, 1, 0, 2, 1, 0],
            ["Negative"] = [0x30, 6, 2, 1, 0xFF, 2, 1, 0xFF],
            ["Raw"] = [.. r, .. s],
            ["Empty"] = [],
        };
        Assert.All(otherEncodings, e => Assert.False(key.PublicKey.Verify(Message, e.Value), e.Key));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_key_is_used_from_several_threads(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        Parallel.For(
            0,
            64,
            i =>
            {
                byte[] message = [(byte)i];
                var signature = key.Sign(message);
                Assert.True(key.PublicKey.Verify(message, signature));
                Assert.False(key.PublicKey.Verify([(byte)(i + 1)], signature));
            }
        );
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_private_key_survives_pkcs8(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        using var read = PrivateKeyEncoding.ReadPkcs8(key.ExportPkcs8(), Padding(key));
        Assert.Equal(key.Algorithm, read.Algorithm);
        Assert.True(key.PublicKey.Verify(Message, read.Sign(Message)));
    }

    [Fact]
    public void Rsa_padding_is_bound_to_the_key_and_can_be_switched()
    {
        using var pkcs1 = TestKeys.Read("rsa3072");
        using var pss = KeyFile.ReadSigningKey(TestKeys.PathOf("NOT-SECRET-rsa3072.key.pem"), rsaPadding: SignatureAlgorithm.RsaPss);
        Assert.Equal((SignatureAlgorithm.RsaPkcs1, SignatureAlgorithm.RsaPss), (pkcs1.Algorithm, pss.Algorithm));
        Assert.False(pkcs1.PublicKey.Verify(Message, pss.Sign(Message)));
        Assert.False(pss.PublicKey.Verify(Message, pkcs1.Sign(Message)));
        using var switched = pkcs1.PublicKey.With(SignatureAlgorithm.RsaPss);
        Assert.True(switched.Verify(Message, pss.Sign(Message)));
        Assert.Equal(pkcs1.PublicKey.Fingerprint, switched.Fingerprint);
    }

    [Theory]
    [InlineData("p384", "PKIX_ECDSA_P384_SHA_256")]
    [InlineData("p521", "PKIX_ECDSA_P521_SHA_256")]
    public void The_hash_of_old_clients_is_verified_only_where_asked_for(string name, string algorithm)
    {
        using var key = TestKeys.Read(name);
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(File.ReadAllText(TestKeys.PathOf($"NOT-SECRET-{name}.key.pem")));
        var signature = ecdsa.SignData(Message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.False(key.PublicKey.Verify(Message, signature));
        using var old = key.PublicKey.With(SignatureAlgorithm.VerifyOnly.Single(a => a.Name == algorithm));
        Assert.True(old.Verify(Message, signature));
        Assert.True(old.VerifyDigest(DigestAlgorithm.Sha256.Hash(Message), signature));
        Assert.False(old.Verify(Message, key.Sign(Message)));
        using var back = old.With(key.Algorithm);
        Assert.True(back.Verify(Message, key.Sign(Message)));
        Assert.Throws<ArgumentException>(() => SigningKey.Generate(old.Algorithm));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_key_is_not_bound_to_what_it_is_not(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        // The registry's names start with the kind of key: PKIX_ECDSA_P256, PKIX_RSA, PKIX_ED25519.
        var kind = string.Join('_', name.Split('_').Take(name.Contains("ECDSA", StringComparison.Ordinal) ? 3 : 2));
        var all = SignatureAlgorithm.All.Concat(SignatureAlgorithm.VerifyOnly);
        var others = all.Where(a => !a.Name.StartsWith(kind, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(others);
        Assert.All(others, a => Assert.Throws<ArgumentException>(() => key.PublicKey.With(a)));
        Assert.Throws<ArgumentException>(() => VerificationKey.FromPem(key.PublicKey.ToPem(), SignatureAlgorithm.EcdsaP256));
        Assert.Throws<ArgumentException>(() => VerificationKey.FromPem(key.PublicKey.ToPem(), SignatureAlgorithm.Ed25519));
    }

    [Theory]
    [InlineData(3071)]
    [InlineData(2048)]
    [InlineData(3073)]
    [InlineData(16385)]
    [InlineData(16392)]
    [InlineData(0)]
    [InlineData(-8)]
    [InlineData(int.MaxValue)]
    public void Rsa_keys_of_other_sizes_are_not_made(int bits) =>
        Assert.Throws<ArgumentException>(() => SigningKey.Generate(SignatureAlgorithm.RsaPkcs1, bits));

    [Fact]
    public void Rsa_keys_of_the_size_asked_for_are_made()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.RsaPss, 4096);
        Assert.Equal(512, key.Sign(Message).Length);
        Assert.Throws<ArgumentException>(() => SigningKey.Generate(SignatureAlgorithm.EcdsaP256, 3072));
    }

    private static SignatureAlgorithm? Padding(SigningKey key) =>
        key.Algorithm.Name.Contains("RSA", StringComparison.Ordinal) ? key.Algorithm : null;
}
