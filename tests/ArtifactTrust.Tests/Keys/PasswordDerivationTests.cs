using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using static ArtifactTrust.Tests.Keys.Bytes;

namespace ArtifactTrust.Tests.Keys;

/// <summary>Vectors: RFC 7914 §12 (scrypt) and §11 (PBKDF2).</summary>
public sealed class PasswordDerivationTests
{
    [Theory]
    [InlineData(
        "",
        "",
        16,
        1,
        1,
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    )]
    [InlineData(
        "password",
        "NaCl",
        1024,
        8,
        16,
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )]
    [InlineData(
        "pleaseletmein",
        "SodiumChloride",
        16384,
        8,
        1,
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    )]
    public void Scrypt_derives_the_published_keys(string password, string salt, long n, long r, long p, string expected)
    {
        using var secret = KeyPassword.FromText(password);
        var key = PasswordDerivation.Scrypt(secret, System.Text.Encoding.ASCII.GetBytes(salt), n, r, p, 64, "test");
        Assert.Equal(Hex(expected), key);
    }

    [Fact]
    public void Pbkdf2_derives_the_published_key()
    {
        using var secret = KeyPassword.FromText("passwd");
        var key = PasswordDerivation.Pbkdf2(secret, "salt"u8, 1, HashAlgorithmName.SHA256, 64, "test");
        Assert.Equal(
            Hex(
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
            ),
            key
        );
    }

    [Theory]
    [InlineData(0, 8, 1)]
    [InlineData(1, 8, 1)]
    [InlineData(-65536, 8, 1)]
    [InlineData(65535, 8, 1)]
    [InlineData(1 << 21, 1, 1)]
    [InlineData(long.MaxValue, 8, 1)]
    [InlineData(long.MinValue, 8, 1)]
    [InlineData(1L << 62, 8, 1)]
    [InlineData(65536, 0, 1)]
    [InlineData(65536, 33, 1)]
    [InlineData(65536, long.MaxValue, 1)]
    [InlineData(65536, 8, 0)]
    [InlineData(65536, 8, 17)]
    [InlineData(1 << 20, 9, 1)]
    public void Scrypt_that_costs_too_much_or_nothing_is_refused_before_it_runs(long n, long r, long p)
    {
        using var secret = KeyPassword.FromText("");
        Assert.Throws<MalformedDataException>(() => PasswordDerivation.Scrypt(secret, [], n, r, p, 32, "test"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(10_000_001)]
    [InlineData(long.MaxValue)]
    public void Pbkdf2_that_costs_too_much_or_nothing_is_refused_before_it_runs(long iterations)
    {
        using var secret = KeyPassword.FromText("");
        Assert.Throws<MalformedDataException>(() =>
            PasswordDerivation.Pbkdf2(secret, [], iterations, HashAlgorithmName.SHA256, 32, "test")
        );
    }
}
