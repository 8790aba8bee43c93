using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Transparency;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>Logs with other kinds of keys than are usual: ECDSA for the second version, and Ed25519 for the first.</summary>
public sealed class LogKeyTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("PKIX_ECDSA_P256_SHA_256", 2)]
    [InlineData("PKIX_ECDSA_P384_SHA_384", 2)]
    [InlineData("PKIX_ECDSA_P521_SHA_512", 2)]
    [InlineData("PKIX_ED25519", 1)]
    public void A_log_with_such_a_key_is_verified(string details, int logVersion)
    {
        var algorithm = SignatureAlgorithm
            .VerifyOnly.Concat([
                SignatureAlgorithm.EcdsaP256,
                SignatureAlgorithm.EcdsaP384,
                SignatureAlgorithm.EcdsaP521,
                SignatureAlgorithm.Ed25519,
            ])
            .Single(a => a.Name == details);
        using var key = SigningKey.Generate(algorithm);
        using var other = SigningKey.Generate(algorithm);

        Assert.Null(Failure(key, key, logVersion));
        Assert.Equal("log.checkpoint", Failure(key, other, logVersion));
        Assert.Equal("log.checkpoint", Failure(key, key, logVersion, idChange: 1));
        Assert.Equal("log.checkpoint", Failure(key, key, logVersion, textChange: "x"));
        if (logVersion == 1)
        {
            // Its promise is by the same key.
            Assert.Equal("log.set", Failure(key, key, logVersion, promise: other));
        }
    }

    private string? Failure(
        SigningKey trusted,
        SigningKey signer,
        int logVersion,
        uint idChange = 0,
        string textChange = "",
        SigningKey? promise = null
    )
    {
        var spki = trusted.PublicKey.SubjectPublicKeyInfo.ToArray();
        var name = logVersion == 1 ? TestAuthority.FirstLogName : TestAuthority.LogName;
        // Both the notes' way for ECDSA, and the first version's for every key: the hash of the key alone.
        var id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(spki)) ^ idChange;
        var root = _authority.TrustedRoot(r =>
        {
            var log = r["tlogs"]![logVersion == 1 ? 1 : 0]!;
            log["publicKey"]!["rawBytes"] = TestAuthority.Base64(spki);
            log["publicKey"]!["keyDetails"] = trusted.Algorithm.Name;
        });
        var bundle = _authority.Sign(
            new Forgery
            {
                LogVersion = logVersion,
                PromiseKey = promise ?? signer,
                Checkpoint = c =>
                {
                    var text = Encoding.UTF8.GetBytes(c.ToText() + textChange);
                    var bytes = new byte[4];
                    BinaryPrimitives.WriteUInt32BigEndian(bytes, id);
                    var line = $"— {name} {Convert.ToBase64String([.. bytes, .. Sign(signer, text)])}\n";
                    return SignedNote.Parse(Encoding.UTF8.GetBytes($"{c.ToText()}\n{line}"));
                },
            }
        );
        return new BundleVerifier([], new SigstoreTrust(root, TestAuthority.Identity))
            .VerifyMessage(Bundle.Parse(TestAuthority.Utf8(bundle)), DigestAlgorithm.Sha256.Hash(TestAuthority.Artifact))
            .Failure?.Name;
    }

    /// <summary>As logs sign notes: with SHA-256 whatever the curve.</summary>
    private static byte[] Sign(SigningKey key, byte[] text)
    {
        if (key.Algorithm == SignatureAlgorithm.Ed25519)
        {
            return key.Sign(text);
        }
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(key.ExportPkcs8(), out _);
        return ecdsa.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }
}
