using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

public sealed class Ed25519PreHashedTests
{
    // RFC 8032 §7.3, "TEST abc".
    private const string Seed = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
    private const string Published =
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

    private static VerificationKey Key()
    {
        using var key = Ed25519SigningKey.Import(Convert.FromHexString(Seed));
        return key.PublicKey.With(SignatureAlgorithm.Ed25519ph);
    }

    [Fact]
    public void The_published_signature_verifies()
    {
        using var key = Key();
        var signature = Convert.FromHexString(Published);
        Assert.True(key.Verify("abc"u8, signature));
        Assert.True(key.VerifyDigest(DigestAlgorithm.Sha512.Hash("abc"u8), signature));
        Assert.False(key.Verify("abd"u8, signature));
    }

    [Fact]
    public void Every_changed_byte_of_the_signature_is_refused()
    {
        using var key = Key();
        for (var i = 0; i < 64; i++)
        {
            var signature = Convert.FromHexString(Published);
            signature[i] ^= 1;
            Assert.False(key.Verify("abc"u8, signature));
        }
        Assert.False(key.Verify("abc"u8, Convert.FromHexString(Published).AsSpan(0, 63)));
    }

    [Fact]
    public void A_number_over_the_order_is_refused()
    {
        using var key = Key();
        var signature = Convert.FromHexString(Published);
        var number = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true);
        var order = System.Numerics.BigInteger.Pow(2, 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493");
        (number + order).TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true);
        Assert.False(key.Verify("abc"u8, signature));
    }

    [Fact]
    public void A_pure_signature_is_none_of_the_other_kind_and_none_is_made()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
        using var preHashed = key.PublicKey.With(SignatureAlgorithm.Ed25519ph);
        Assert.False(preHashed.Verify("abc"u8, key.Sign("abc"u8)));
        Assert.False(preHashed.Verify("abc"u8, key.Sign(DigestAlgorithm.Sha512.Hash("abc"u8).Bytes)));
        Assert.Throws<ArgumentException>(() => SigningKey.Generate(SignatureAlgorithm.Ed25519ph));
    }
}
