using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>A key with one byte changed is refused, or is another key, or (where the byte carries no meaning) the same: nothing else.</summary>
public sealed class KeyMutationTests
{
    public static TheoryData<string> PublicKeys => new("p256", "p384", "p521", "ed25519", "rsa3072");

    public static TheoryData<string> PrivateKeys =>
        new(
            "NOT-SECRET-p256.key.pem",
            "NOT-SECRET-p521.key.pem",
            "NOT-SECRET-ed25519.key.pem",
            "accepted/NOT-SECRET-ed25519-v2.key.pem",
            "accepted/NOT-SECRET-p256-sec1.key.pem",
            "accepted/NOT-SECRET-pbes2-aes128-sha1.key.pem",
            "accepted/NOT-SECRET-pbes2-aes256-sha512.key.pem",
            "accepted/NOT-SECRET-pbes2-scrypt.key.pem"
        );

    [Theory]
    [MemberData(nameof(PublicKeys))]
    public void A_changed_public_key_is_refused_or_another(string name)
    {
        using var original = KeyFile.ReadVerificationKey(TestKeys.PathOf($"NOT-SECRET-{name}.pub.pem"));
        var der = original.SubjectPublicKeyInfo.ToArray();
        foreach (var changed in Bytes.WithOneByteChanged(der).Concat(Bytes.WithOtherLength(der)))
        {
            try
            {
                using var key = VerificationKey.FromSubjectPublicKeyInfo(changed);
                Assert.NotEqual(original.Fingerprint, key.Fingerprint);
                Assert.False(key.Verify([], new byte[64]));
            }
            catch (MalformedDataException) { }
        }
    }

    [Theory]
    [MemberData(nameof(PublicKeys))]
    public void A_changed_pem_of_a_public_key_is_refused_or_another(string name)
    {
        var pem = File.ReadAllBytes(TestKeys.PathOf($"NOT-SECRET-{name}.pub.pem"));
        foreach (var changed in Bytes.WithOneByteChanged(pem).Concat(Bytes.WithOtherLength(pem)))
        {
            try
            {
                using var key = VerificationKey.FromPem(Encoding.UTF8.GetString(changed));
            }
            catch (MalformedDataException) { }
        }
    }

    [Theory]
    [MemberData(nameof(PrivateKeys))]
    public void A_changed_private_key_is_refused_or_another(string file)
    {
        var pem = File.ReadAllBytes(TestKeys.PathOf(file));
        var (label, der) = Pem.DecodeSingle(pem, "test");
        var changes = Bytes.WithOneByteChanged(der).Concat(Bytes.WithOtherLength(der)).Select(d => Pem.EncodeToUtf8(label, d));
        foreach (var changed in changes.Concat(Bytes.WithOneByteChanged(pem)).Concat(Bytes.WithOtherLength(pem)))
        {
            CheckReads(changed);
        }
    }

    [Fact]
    public void A_changed_rsa_key_is_refused_or_another()
    {
        var (label, der) = Pem.DecodeSingle(File.ReadAllBytes(TestKeys.PathOf("NOT-SECRET-rsa3072.key.pem")), "test");
        foreach (var changed in Bytes.WithOneByteChanged(der).Where((_, i) => i < 120 || i % 13 == 0))
        {
            CheckReads(Pem.EncodeToUtf8(label, changed));
        }
    }

    [Fact]
    public void A_changed_cosign_key_is_refused()
    {
        var json = CheapCosignKey();
        using (var key = Parse(json)) { }
        var count = 0;
        foreach (var changed in Bytes.WithOneByteChanged(json).Concat(Bytes.WithOtherLength(json)))
        {
            var e = Record.Exception(() => Parse(changed).Dispose());
            // Every byte of the text has a meaning, and all of the key is authenticated.
            Assert.True(e is MalformedDataException or KeyPasswordException, $"{Encoding.UTF8.GetString(changed)}: {e}");
            count++;
        }
        Assert.Equal((4 * json.Length) + 1, count);
    }

    [Theory]
    [InlineData("\"N\":16", "\"N\":17", "scrypt with N=17")]
    [InlineData("\"N\":16", "\"N\":2097152", "scrypt with N=2097152")]
    [InlineData("\"N\":16", "\"N\":99999999999999999999", "an integer is required")]
    [InlineData("\"N\":16", "\"N\":\"16\"", "an integer is required")]
    [InlineData("\"N\":16", "\"N\":16,\"N\":16", "")]
    [InlineData("\"r\":1", "\"r\":64", "r=64")]
    [InlineData("\"p\":1", "\"p\":17", "p=17")]
    [InlineData("\"p\":1", "\"x\":1", "no such member")]
    [InlineData("scrypt", "argon2", "'scrypt' is expected")]
    [InlineData("nacl/secretbox", "aes", "'nacl/secretbox' is expected")]
    [InlineData("\"nonce\":\"", "\"nonce\":\"AAAA", "27 bytes; 24 are expected")]
    [InlineData("\"salt\":\"", "\"salt\":\"AAAA", "35 bytes; 32 are expected")]
    [InlineData("\"ciphertext\":\"", "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"x\":\"", "no such member")]
    public void A_cosign_key_that_asks_for_something_else_is_refused_with_the_reason(string old, string now, string reason)
    {
        var json = Encoding.UTF8.GetString(CheapCosignKey());
        Assert.Contains(old, json, StringComparison.Ordinal);
        var e = Assert.Throws<MalformedDataException>(() =>
            Parse(Encoding.UTF8.GetBytes(json.Replace(old, now, StringComparison.Ordinal))).Dispose()
        );
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cosign_key_of_nothing_is_refused()
    {
        var box = Encoding.UTF8.GetString(CheapCosignKey());
        using var document = JsonDocument.Parse(box);
        var ciphertext = document.RootElement.GetProperty("ciphertext").GetString()!;
        var empty = box.Replace(ciphertext, Convert.ToBase64String(new byte[16]), StringComparison.Ordinal);
        Assert.Throws<MalformedDataException>(() => Parse(Encoding.UTF8.GetBytes(empty)).Dispose());
    }

    private static void CheckReads(byte[] pem)
    {
        try
        {
            using var key = KeyFile.ParseSigningKey(pem, TestKeys.AskPassword);
            Assert.True(key.PublicKey.Verify([1], key.Sign([1])));
        }
        catch (MalformedDataException) { }
        catch (KeyPasswordException) { }
    }

    private static SigningKey Parse(byte[] json) =>
        KeyFile.ParseSigningKey(Pem.EncodeToUtf8("ENCRYPTED COSIGN PRIVATE KEY", json), TestKeys.AskPassword);

    /// <summary>A key as cosign encrypts it, but under an scrypt that takes no time.</summary>
    private static byte[] CheapCosignKey()
    {
        using var key = TestKeys.Read("p256");
        using var password = TestKeys.AskPassword();
        var (salt, nonce) = (new byte[32], new byte[24]);
        new Random(6).NextBytes(salt);
        new Random(7).NextBytes(nonce);
        var pkcs8 = key.ExportPkcs8();
        var box = new byte[16 + pkcs8.Length];
        SecretBox.Seal(box, pkcs8, nonce, PasswordDerivation.Scrypt(password, salt, 16, 1, 1, 32, "test"));
        var json =
            $"{{'kdf':{{'name':'scrypt','params':{{'N':16,'r':1,'p':1}},'salt':'{Convert.ToBase64String(salt)}'}},"
            + $"'cipher':{{'name':'nacl/secretbox','nonce':'{Convert.ToBase64String(nonce)}'}},'ciphertext':'{Convert.ToBase64String(box)}'}}";
        return Encoding.UTF8.GetBytes(json.Replace('\'', '"'));
    }
}
