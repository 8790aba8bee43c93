using System.Diagnostics;
using System.Text.Json;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Keys;

/// <summary>What OpenSSL's and cosign's own commands say of keys and signatures made here, and the reverse.</summary>
public sealed class KeyPeerTests : IDisposable
{
    private static readonly byte[] Message = "the message\n"u8.ToArray();

    private readonly string _folder = Directory.CreateTempSubdirectory("keys-").FullName;

    public static TheoryData<string, KeyFileFormat> OpenSslKeys =>
        new()
        {
            { "PKIX_ECDSA_P256_SHA_256", KeyFileFormat.Pkcs8 },
            { "PKIX_ECDSA_P256_SHA_256", KeyFileFormat.EncryptedPkcs8 },
            { "PKIX_ECDSA_P384_SHA_384", KeyFileFormat.Pkcs8 },
            { "PKIX_ECDSA_P521_SHA_512", KeyFileFormat.EncryptedPkcs8 },
            { "PKIX_ED25519", KeyFileFormat.Pkcs8 },
            { "PKIX_ED25519", KeyFileFormat.EncryptedPkcs8 },
            { "PKIX_RSA_PKCS1V15_SHA256", KeyFileFormat.EncryptedPkcs8 },
            { "PKIX_RSA_PSS_SHA256", KeyFileFormat.Pkcs8 },
        };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [PeerTheory("openssl")]
    [MemberData(nameof(OpenSslKeys))]
    public void Openssl_reads_our_keys_and_we_agree_on_signatures(string algorithm, KeyFileFormat format)
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.All.Single(a => a.Name == algorithm));
        using var password = format == KeyFileFormat.Pkcs8 ? null : TestKeys.AskPassword();
        KeyFile.Write(At("our.key"), key, format, password);
        File.WriteAllBytes(At("message"), Message);
        File.WriteAllBytes(At("our.sig"), key.Sign(Message));
        Assert.Equal(key.PublicKey.ToPem(), Run("openssl", "pkey", "-in", At("our.key"), "-passin", "pass:not-secret", "-pubout"));

        string[] options = key.Algorithm.PreHash is { } hash ? ["-digest", hash.Name] : [];
        options = [.. options, .. key.Algorithm == SignatureAlgorithm.RsaPss ? PssOptions : []];
        Run(
            "openssl",
            ["pkeyutl", "-verify", "-rawin", .. options, "-pubin", "-inkey", At("our.pub"), "-in", At("message"), "-sigfile", At("our.sig")]
        );
        Run(
            "openssl",
            [
                "pkeyutl",
                "-sign",
                "-rawin",
                .. options,
                "-inkey",
                At("our.key"),
                "-passin",
                "pass:not-secret",
                "-in",
                At("message"),
                "-out",
                At("their.sig"),
            ]
        );
        Assert.True(key.PublicKey.Verify(Message, File.ReadAllBytes(At("their.sig"))));
    }

    [PeerTheory("openssl")]
    [InlineData("genpkey", "-algorithm", "ed25519")]
    [InlineData("genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:not-secret")]
    [InlineData("ecparam", "-name", "secp384r1", "-genkey")]
    [InlineData("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521")]
    [InlineData("genrsa", "3072")]
    [InlineData("genrsa", "-traditional", "3072")]
    [InlineData("genrsa", "-aes128", "-passout", "pass:not-secret", "3072")]
    public void We_read_keys_of_openssl(params string[] command)
    {
        File.WriteAllText(At("their.key"), Run("openssl", command));
        using var key = KeyFile.ReadSigningKey(At("their.key"), TestKeys.AskPassword);
        Assert.Equal(key.PublicKey.ToPem(), Run("openssl", "pkey", "-in", At("their.key"), "-passin", "pass:not-secret", "-pubout"));
    }

    // cosign 3.1.1 makes signatures with P-384 and P-521 that it does not verify itself; here it is the signer.
    [PeerTheory("cosign")]
    [InlineData("p256")]
    [InlineData("p384")]
    [InlineData("p521")]
    [InlineData("ed25519")]
    [InlineData("rsa3072")]
    public void Cosign_signs_with_our_keys_and_we_verify(string name)
    {
        using var key = TestKeys.Read(name);
        using var password = TestKeys.AskPassword();
        KeyFile.Write(At("our.key"), key, KeyFileFormat.Sigstore, password);
        File.WriteAllBytes(At("message"), Message);
        // A signing configuration without services keeps cosign from asking for the public ones.
        File.WriteAllText(At("services.json"), """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}""");
        Run(
            "cosign",
            "sign-blob",
            "--key",
            At("our.key"),
            "--signing-config",
            At("services.json"),
            "--bundle",
            At("bundle.json"),
            "--yes",
            At("message")
        );
        using var bundle = JsonDocument.Parse(File.ReadAllText(At("bundle.json")));
        var signature = bundle.RootElement.GetProperty("messageSignature").GetProperty("signature").GetBytesFromBase64();
        Assert.True(key.PublicKey.Verify(Message, signature));
    }

    [PeerFact("cosign")]
    public void We_read_a_key_that_cosign_generates()
    {
        Run("cosign", "generate-key-pair", "--output-key-prefix", At("their"));
        using var key = KeyFile.ReadSigningKey(At("their.key"), TestKeys.AskPassword);
        using var publicKey = KeyFile.ReadVerificationKey(At("their.pub"));
        Assert.Equal(publicKey.Fingerprint, key.PublicKey.Fingerprint);
    }

    private static string[] PssOptions =>
        ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest", "-pkeyopt", "rsa_mgf1_md:sha256"];

    private string At(string name) => Path.Combine(_folder, name);

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["COSIGN_PASSWORD"] = TestKeys.Password;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors.GetAwaiter().GetResult()}{output}");
        return output;
    }
}
