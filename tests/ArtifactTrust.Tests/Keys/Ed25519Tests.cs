using System.Numerics;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using static ArtifactTrust.Tests.Keys.Bytes;

namespace ArtifactTrust.Tests.Keys;

/// <summary>Vectors: RFC 8032 §7.1.</summary>
public sealed class Ed25519Tests
{
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )]
    public void The_published_signatures_are_made_and_verify(string seed, string publicKey, string message, string signature)
    {
        using var key = Ed25519SigningKey.Import(Hex(seed));
        Assert.Equal(Hex(publicKey), key.PublicKey.SubjectPublicKeyInfo.Span[^32..].ToArray());
        Assert.Equal(Hex(signature), key.Sign(Hex(message)));
        Assert.True(key.PublicKey.Verify(Hex(message), Hex(signature)));
    }

    [Fact]
    public void A_signature_whose_number_was_raised_by_the_group_order_is_refused()
    {
        var order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);
        using var key = TestKeys.Read("ed25519");
        var signature = key.Sign([]);
        var raised = new BigInteger(signature.AsSpan(32), isUnsigned: true) + order;
        Assert.True(raised.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true));
        Assert.False(key.PublicKey.Verify([], signature));
    }

    // The eight points of small order, and the other spellings that their coordinates have below 2^255.
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    public void A_point_that_anyone_can_sign_for_is_no_key(string point)
    {
        Assert.Throws<MalformedDataException>(() => Ed25519VerificationKey.Import(Hex(point)));
    }

    [Fact]
    public void The_points_that_are_keys_are_half_of_all_encodings_and_all_that_signers_have()
    {
        var random = new Random(3);
        var encodings = Enumerable.Range(0, 400).Select(_ => RandomBytes(random)).ToList();
        var onCurve = encodings.Count(e => Ed25519Point.Problem(e) is null);
        Assert.InRange(onCurve, 150, 250);
        foreach (var seed in encodings.Take(100))
        {
            using var key = Ed25519SigningKey.Import(seed);
            Assert.Null(Ed25519Point.Problem(key.PublicKey.SubjectPublicKeyInfo.Span[^32..]));
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        var bytes = new byte[32];
        random.NextBytes(bytes);
        return bytes;
    }
}
