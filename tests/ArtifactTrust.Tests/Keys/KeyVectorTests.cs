using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>Keys and signatures that cosign 3.1.1, OpenSSL, the OMS tools and the Sigstore conformance suite made.</summary>
public sealed class KeyVectorTests
{
    private const string Keys = "cosign/keys";

    [VectorTheory]
    [InlineData("p256")]
    [InlineData("p384")]
    [InlineData("p521")]
    [InlineData("ed25519")]
    [InlineData("rsa2048")]
    [InlineData("rsa3072")]
    public void A_signature_by_cosign_verifies(string name)
    {
        using var key = KeyFile.ReadVerificationKey(Vectors.Require($"{Keys}/c-{name}.pub"));
        var message = File.ReadAllBytes(Vectors.Require($"{Keys}/blob.txt"));
        using var bundle = JsonDocument.Parse(File.ReadAllText(Vectors.Require($"{Keys}/blob.{name}.sigstore.json")));
        var signature = bundle.RootElement.GetProperty("messageSignature").GetProperty("signature").GetBytesFromBase64();
        Assert.True(key.Verify(message, signature));
        Assert.False(key.Verify([.. message, 0], signature));
        using var file = File.OpenHandle(Vectors.Require($"{Keys}/blob.txt"));
        Assert.True(key.VerifyFile(file, signature));
    }

    [VectorTheory]
    [InlineData("p256")]
    [InlineData("p384")]
    [InlineData("p521")]
    [InlineData("ed25519")]
    [InlineData("rsa3072")]
    public void A_key_that_cosign_encrypted_is_the_key(string name)
    {
        using var key = KeyFile.ReadSigningKey(Vectors.Require($"{Keys}/c-{name}.key"), () => KeyPassword.FromText("testpw"));
        using var publicKey = KeyFile.ReadVerificationKey(Vectors.Require($"{Keys}/c-{name}.pub"));
        using var plain = KeyFile.ReadSigningKey(Vectors.Require($"{Keys}/{name}.pem"));
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
        Assert.Equal(publicKey.Fingerprint, plain.PublicKey.Fingerprint);
        Assert.True(publicKey.Verify([1], key.Sign([1])));
        Assert.Throws<KeyPasswordException>(() =>
            KeyFile.ReadSigningKey(Vectors.Require($"{Keys}/c-{name}.key"), () => KeyPassword.FromText("testpW"))
        );
    }

    [VectorTheory]
    [InlineData("c-rsa2048.key", "2048 bits; 3072")]
    [InlineData("rsa2048.pem", "2048 bits; 3072")]
    [InlineData("rsapss.pem", "id-RSASSA-PSS")]
    public void A_key_that_does_not_sign_is_refused_with_the_reason(string file, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() =>
            KeyFile.ReadSigningKey(Vectors.Require($"{Keys}/{file}"), () => KeyPassword.FromText("testpw"))
        );
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    [VectorTheory]
    [InlineData("p256")]
    [InlineData("p384")]
    [InlineData("p521")]
    public void A_sec1_key_is_its_public_key(string name)
    {
        using var key = KeyFile.ReadSigningKey(Vectors.Require($"oms/made/{name}.key.pem"));
        using var publicKey = KeyFile.ReadVerificationKey(Vectors.Require($"oms/made/{name}.pub.pem"));
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
    }

    [VectorFact]
    public void A_pbes2_key_is_its_public_key()
    {
        var path = Vectors.Require("oms/made/p256.enc8.key.pem");
        using var key = KeyFile.ReadSigningKey(path, () => KeyPassword.FromText("secret"));
        using var publicKey = KeyFile.ReadVerificationKey(Vectors.Require("oms/made/p256.pub.pem"));
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
        Assert.Throws<KeyPasswordException>(() => KeyFile.ReadSigningKey(path, () => KeyPassword.FromText("Secret")));
    }

    [VectorFact]
    public void A_key_under_the_old_encryption_is_refused_with_the_way_out()
    {
        var e = Assert.Throws<MalformedDataException>(() =>
            KeyFile.ReadSigningKey(Vectors.Require("oms/made/p256.enc.key.pem"), () => KeyPassword.FromText("secret"))
        );
        Assert.Contains("openssl pkcs8 -topk8", e.Reason, StringComparison.Ordinal);
    }

    [VectorTheory]
    [InlineData("oms/model-signing-conformance/test/assets/keys/p384/signing-key")]
    [InlineData("oms/model-signing-conformance/test/assets/keys/p521/signing-key")]
    [InlineData("oms/model-signing-conformance/test/assets/keys/certificate/signing-key")]
    [InlineData("oms/model-signing-conformance/test/assets/keys/self-signed/signing-key")]
    [InlineData("oms/model-signing-conformance/test/assets/keys/wrong/wrong-key")]
    [InlineData("oms/model-transparency/keys/certificate/signing-key")]
    public void The_keys_of_the_oms_tools_are_read(string path)
    {
        using var key = KeyFile.ReadSigningKey(Vectors.Require($"{path}.pem"));
        using var publicKey = KeyFile.ReadVerificationKey(Vectors.Require($"{path}-pub.pem"));
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
    }

    [VectorFact]
    public void Every_public_key_of_the_vectors_is_read_but_the_one_that_is_off_its_curve()
    {
        foreach (var path in Directory.GetFiles(Vectors.Root!, "*.pub", SearchOption.AllDirectories))
        {
            if (path.Contains("managed-key-wrong-key_fail", StringComparison.Ordinal))
            {
                // Its base64 has stray bits at the end too, which some decoders drop; what they read is off the curve.
                Assert.Throws<MalformedDataException>(() => KeyFile.ReadVerificationKey(path));
                var der = Convert.FromBase64String(string.Concat(File.ReadAllLines(path)[1..^1]));
                var e = Assert.Throws<MalformedDataException>(() => VerificationKey.FromSubjectPublicKeyInfo(der));
                Assert.Equal("the point is not on P-256", e.Reason);
            }
            else
            {
                using var key = KeyFile.ReadVerificationKey(path);
                Assert.Equal(File.ReadAllText(path).Trim(), key.ToPem().Trim());
            }
        }
    }

    [VectorTheory]
    [InlineData("prod_trusted_root.json")]
    [InlineData("staging_trusted_root.json")]
    public void The_log_keys_of_sigstore_are_read(string file)
    {
        using var root = JsonDocument.Parse(File.ReadAllText(Vectors.Require(file)));
        foreach (var log in root.RootElement.GetProperty("tlogs").EnumerateArray())
        {
            using var key = VerificationKey.FromSubjectPublicKeyInfo(
                log.GetProperty("publicKey").GetProperty("rawBytes").GetBytesFromBase64()
            );
            Assert.Equal(log.GetProperty("publicKey").GetProperty("keyDetails").GetString(), key.Algorithm.Name);
        }
    }
}
