using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>ML-DSA where the platform has it, and what is said where it has not.</summary>
public sealed class MLDsaTests
{
    public static TheoryData<string> Algorithms => new(SignatureAlgorithm.PostQuantum.Select(a => a.Name));

    [MLDsaTheory(isThere: true)]
    [MemberData(nameof(Algorithms))]
    public void A_key_signs_and_survives_its_file(string name)
    {
        using var key = SigningKey.Generate(Find(name));
        var signature = key.Sign("message"u8);
        Assert.True(key.PublicKey.Verify("message"u8, signature));
        Assert.False(key.PublicKey.Verify("other"u8, signature));
        Assert.False(key.PublicKey.Verify("message"u8, signature.AsSpan(1)));
        using var read = VerificationKey.FromPem(key.PublicKey.ToPem());
        Assert.Equal(Find(name), read.Algorithm);
        Assert.True(read.Verify("message"u8, signature));
        using var again = KeyFile.ParseSigningKey(
            Encoding.ASCII.GetBytes(ArtifactTrust.Formats.Pem.Encode("PRIVATE KEY", key.ExportPkcs8())),
            () => null!
        );
        Assert.True(read.Verify("message"u8, again.Sign("message"u8)));
        signature[^1] ^= 1;
        Assert.False(read.Verify("message"u8, signature));
    }

    [MLDsaTheory(isThere: false)]
    [MemberData(nameof(Algorithms))]
    public void Without_the_platform_the_error_says_what_is_needed(string name)
    {
        var made = Assert.Throws<PlatformNotSupportedException>(() => SigningKey.Generate(Find(name)));
        Assert.Contains("OpenSSL 3.5", made.Message, StringComparison.Ordinal);
        var spki = PublicKeyEncoding.WriteMLDsa(Find(name), new byte[Find(name).MLDsa!.PublicKeySizeInBytes]);
        Assert.Throws<PlatformNotSupportedException>(() => VerificationKey.FromSubjectPublicKeyInfo(spki));
    }

    private static SignatureAlgorithm Find(string name) => SignatureAlgorithm.PostQuantum.Single(a => a.Name == name);
}

/// <summary>A theory for platforms that have ML-DSA, or for those that have not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MLDsaTheoryAttribute : TheoryAttribute
{
    public MLDsaTheoryAttribute(bool isThere) =>
        Skip =
            MLDsa.IsSupported == isThere ? null
            : isThere ? "OpenSSL 3.5 or newer is needed"
            : "this platform has ML-DSA";
}
