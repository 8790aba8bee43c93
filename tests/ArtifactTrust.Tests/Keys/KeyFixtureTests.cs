using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>The files of <c>keys-test/</c>: which are keys, and why the others are not.</summary>
public sealed class KeyFixtureTests
{
    public static TheoryData<string, string> Accepted =>
        new()
        {
            { "NOT-SECRET-ed25519-v2.key.pem", "ed25519" },
            { "NOT-SECRET-p256-sec1-with-parameters.key.pem", "p256" },
            { "NOT-SECRET-p256-sec1.key.pem", "p256" },
            { "NOT-SECRET-pbes2-aes128-sha1.key.pem", "p256" },
            { "NOT-SECRET-pbes2-aes192-sha384.key.pem", "p256" },
            { "NOT-SECRET-pbes2-aes256-sha512.key.pem", "p256" },
            { "NOT-SECRET-pbes2-scrypt.key.pem", "p256" },
            { "NOT-SECRET-rsa3072-pkcs1.key.pem", "rsa3072" },
            { "NOT-SECRET-rsa3072-pkcs1.pub.pem", "rsa3072" },
            { "NOT-SECRET-rsa2048.pub.pem", "" },
        };

    public static TheoryData<string, string> Refused =>
        new()
        {
            { "NOT-SECRET-cut-short.key.pem", "no PEM block" },
            { "NOT-SECRET-ed25519-v1-with-public-key.key.pem", "version 0 has no such form" },
            { "NOT-SECRET-ed25519-v2-with-another-public-key.key.pem", "do not belong together" },
            { "NOT-SECRET-openssh.key.pem", "not 'OPENSSH PRIVATE KEY'" },
            { "NOT-SECRET-p256-explicit-parameters.key.pem", "explicit curve parameters" },
            { "NOT-SECRET-p256-legacy-encryption.key.pem", "openssl pkcs8 -topk8 -v2 aes-256-cbc" },
            { "NOT-SECRET-pbes1.key.pem", "openssl pkcs8 -topk8 -v2 aes-256-cbc" },
            { "NOT-SECRET-pbes2-des3.key.pem", "openssl pkcs8 -topk8 -v2 aes-256-cbc" },
            { "NOT-SECRET-pbes2-scrypt-too-costly.key.pem", "scrypt with N=16, r=1, p=17" },
            { "NOT-SECRET-pbes2-too-many-iterations.key.pem", "10000001 iterations" },
            { "NOT-SECRET-private-key.pub.pem", "a private key ('PRIVATE KEY') was given" },
            { "NOT-SECRET-rsa2048.key.pem", "2048 bits; 3072 to 16384" },
            { "NOT-SECRET-rsa3072-pss.key.pem", "id-RSASSA-PSS" },
            { "NOT-SECRET-secp256k1.key.pem", "curve 1.3.132.0.10 is not one of" },
            { "NOT-SECRET-x25519.key.pem", "key type 1.3.101.110 is not one of" },
            { "certificate.key.pem", "'CERTIFICATE' was given where a private key is expected" },
            { "certificate.pub.pem", "a certificate was given" },
            { "cut-short.pub.pem", "no PEM block" },
            { "ed25519-neutral-element.pub.pem", "small order" },
            { "ed25519-not-on-curve.pub.pem", "not on the curve" },
            { "ed25519-not-reduced.pub.pem", "not below the field's prime" },
            { "ed25519-short.pub.pem", "31 bytes; 32 are expected" },
            { "ed25519-small-order.pub.pem", "small order" },
            { "p256-compressed.pub.pem", "an uncompressed point of 65 bytes" },
            { "p256-explicit-parameters.pub.pem", "explicit curve parameters" },
            { "p256-infinity.pub.pem", "an uncompressed point of 65 bytes" },
            { "p256-not-on-curve.pub.pem", "the point is not on P-256" },
            { "p256-trailing-byte.pub.pem", "not a DER SubjectPublicKeyInfo" },
            { "p256-zero-point.pub.pem", "the point is not on P-256" },
            { "public-key.key.pem", "'PUBLIC KEY' was given where a private key is expected" },
            { "rsa1024.pub.pem", "1024 bits; 2048 to 16384" },
            { "rsa16392.pub.pem", "16392 bits; 2048 to 16384" },
            { "rsa2047.pub.pem", "2047 bits; 2048 to 16384" },
            { "rsa3072-even-modulus.pub.pem", "an odd number is expected" },
            { "rsa3072-exponent-1.pub.pem", "an odd number from 3" },
            { "rsa3072-exponent-even.pub.pem", "an odd number from 3" },
            { "rsa3072-exponent-over-31-bits.pub.pem", "an odd number from 3" },
            { "rsa3072-pss.pub.pem", "id-RSASSA-PSS" },
            { "rsa3072-without-null.pub.pem", "not a DER SubjectPublicKeyInfo" },
            { "secp256k1.pub.pem", "curve 1.3.132.0.10 is not one of" },
            { "text-after.pub.pem", "nothing else" },
            { "text-before.pub.pem", "nothing else" },
            { "two-keys.pub.pem", "nothing else" },
            { "x25519.pub.pem", "key type 1.3.101.110 is not one of" },
        };

    [Theory]
    [InlineData("accepted", nameof(Accepted))]
    [InlineData("refused", nameof(Refused))]
    public void Every_file_is_expected_here(string folder, string table)
    {
        var rows = table == nameof(Accepted) ? Accepted : Refused;
        Assert.Equal(TestKeys.Names(folder).Order(StringComparer.Ordinal), rows.Select(r => (string)r[0]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("p256", "PKIX_ECDSA_P256_SHA_256")]
    [InlineData("p384", "PKIX_ECDSA_P384_SHA_384")]
    [InlineData("p521", "PKIX_ECDSA_P521_SHA_512")]
    [InlineData("ed25519", "PKIX_ED25519")]
    [InlineData("rsa3072", "PKIX_RSA_PKCS1V15_SHA256")]
    [InlineData("p256-pbes2", "PKIX_ECDSA_P256_SHA_256")]
    [InlineData("p256-cosign", "PKIX_ECDSA_P256_SHA_256")]
    public void A_fixed_key_signs_for_its_public_key(string name, string algorithm)
    {
        using var key = TestKeys.Read(name);
        using var publicKey = KeyFile.ReadVerificationKey(TestKeys.PathOf($"NOT-SECRET-{name.Split('-')[0]}.pub.pem"));
        Assert.Equal(algorithm, key.Algorithm.Name);
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
        Assert.True(publicKey.Verify([1, 2, 3], key.Sign([1, 2, 3])));
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void A_key_in_another_form_is_the_same_key(string file, string name)
    {
        using var key = ReadPublic($"accepted/{file}");
        if (name.Length > 0)
        {
            using var expected = KeyFile.ReadVerificationKey(TestKeys.PathOf($"NOT-SECRET-{name}.pub.pem"));
            Assert.Equal(expected.Fingerprint, key.Fingerprint);
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_file_that_is_no_key_is_refused_with_the_reason(string file, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => ReadPublic($"refused/{file}"));
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    private static VerificationKey ReadPublic(string file)
    {
        var path = TestKeys.PathOf(file);
        if (path.EndsWith(".pub.pem", StringComparison.Ordinal))
        {
            return KeyFile.ReadVerificationKey(path);
        }
        using var key = KeyFile.ReadSigningKey(path, TestKeys.AskPassword);
        return VerificationKey.FromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span);
    }
}
