using System.Globalization;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>The command line with a key in SoftHSM2, and cosign's and OpenSSL's word on what it signs.</summary>
public sealed class HardwareKeyTests : IDisposable
{
    private const string Training = "pkcs11:token=release;object=training";

    private readonly Scene _scene = new();
    private readonly Dictionary<string, string?> _environment;

    public HardwareKeyTests()
    {
        _environment = new()
        {
            ["SOFTHSM2_CONF"] = _scene.At("softhsm2.conf"),
            ["ARTIFACT_TRUST_PIN"] = "1234",
            ["ARTIFACT_TRUST_PKCS11_MODULE"] = null,
        };
        if (Peers.Missing("softhsm2-util") is null)
        {
            _environment["ARTIFACT_TRUST_PKCS11_MODULE"] = Path.GetFullPath(
                Path.Join(Peers.Find("softhsm2-util"), "../../lib/softhsm/libsofthsm2.so")
            );
            Directory.CreateDirectory(_scene.At("tokens"));
            _scene.Write("softhsm2.conf", $"directories.tokendir = {_scene.At("tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n");
            Execute(Peers.Find("softhsm2-util"), "--init-token", "--free", "--label", "release", "--so-pin", "5678", "--pin", "1234");
        }
    }

    public void Dispose() => _scene.Dispose();

    [PeerTheory("softhsm2-util")]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("ecdsa-p521")]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    public void A_model_is_signed_by_a_token_and_verified_with_its_public_key(string algorithm)
    {
        Ours("keygen", "hard.pub", "--key", Training, "--algorithm", algorithm);
        Ours("sign", "model", "--key", Training, "--force");
        Ours("verify", "model", "--key", "hard.pub");
        Ours("verify", "model", "--key", Training);
        Ours("keygen", "again.pub", "--existing", "--key", Training + ";type=private");
        Assert.Equal(_scene.Read("hard.pub"), _scene.Read("again.pub"));
        Refuses(1, "no trusted key made the signature", "verify", "model", "--key", "other.pub");
        foreach (
            var form in (string[][])
                [
                    ["--shards", "16"],
                    ["--hash", "blake2b"],
                    ["--hash", "blake3", "--shards", "16"],
                ]
        )
        {
            Ours(["sign", "model", "--key", Training, "--force", .. form]);
            Ours("verify", "model", "--key", "hard.pub");
        }
        _scene.ChangeOneByte("model/weights.bin");
        Refuses(1, "model.files", "verify", "model", "--key", "hard.pub");
    }

    [PeerTheory("softhsm2-util")]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("rsa")]
    public void A_model_is_signed_by_a_token_with_a_certificate(string algorithm)
    {
        Ours("keygen", "hard.pub", "--key", Training, "--algorithm", algorithm);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var root = rootRequest.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        var request = new CertificateRequest(
            new X500DistinguishedName("CN=token"),
            PublicKey.CreateFromSubjectPublicKeyInfo(
                PemEncoding.Find(_scene.Read("hard.pub")) is var found
                    ? Convert.FromBase64String(_scene.Read("hard.pub")[found.Base64Data])
                    : [],
                out _
            ),
            HashAlgorithmName.SHA256
        );
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], false));
        using var leaf = request.Create(
            root.SubjectName,
            X509SignatureGenerator.CreateForECDsa(rootKey),
            now.AddMinutes(-30),
            now.AddMinutes(30),
            [1]
        );
        _scene.Write("root.pem", root.ExportCertificatePem());
        _scene.Write("leaf.pem", leaf.ExportCertificatePem());
        Ours("sign", "model", "--key", Training, "--certificate", "leaf.pem", "--ca-roots", "root.pem", "--force");
        Assert.Contains("x509CertificateChain", _scene.Read("model.sig"), StringComparison.Ordinal);
        string[] verify = ["verify", "model", "--ca-roots", "root.pem", "--any-certificate-identity"];
        Ours(verify);
        _scene.ChangeOneByte("model/weights.bin");
        Refuses(1, "model.files", verify);
        Ours("keygen", "other-hard.pub", "--key", "pkcs11:token=release;object=other", "--algorithm", algorithm);
        Refuses(
            2,
            "another key",
            "sign",
            "model",
            "--key",
            "pkcs11:token=release;object=other",
            "--certificate",
            "leaf.pem",
            "--ca-roots",
            "root.pem",
            "--force"
        );
    }

    [PeerTheory("softhsm2-util", "cosign")]
    [InlineData("ecdsa-p256")]
    [InlineData("rsa")]
    public async Task Cosign_verifies_a_file_that_a_token_signed(string algorithm)
    {
        Ours("keygen", "hard.pub", "--key", Training, "--algorithm", algorithm);
        _scene.Write("blob", "the blob\n");
        Ours("sign", "blob", "--key", Training);
        Ours("verify", "blob", "--key", "hard.pub");
        string[] verify = ["verify-blob", "--key", "hard.pub", "--bundle", "blob.sig", "--insecure-ignore-tlog", "blob"];
        await Peers.RequireAsync(_scene.Folder, "cosign", verify);
        _scene.ChangeOneByte("blob");
        Assert.NotEqual(0, (await Peers.RunAsync(_scene.Folder, "cosign", verify)).ExitCode);
    }

    [PeerTheory("softhsm2-util", "docker-registry", "crane", "cosign")]
    [InlineData("ecdsa-p256")]
    [InlineData("rsa")]
    [InlineData("ed25519")]
    public async Task Cosign_verifies_an_image_that_a_token_signed(string algorithm)
    {
        await using var registry = await DockerRegistry.StartAsync();
        _scene.Shell("echo blob > blob && tar -cf layer.tar blob");
        var image = $"{registry.Host}/hard:1";
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "-f", "layer.tar", "-t", image);
        Ours("keygen", "hard.pub", "--key", Training, "--algorithm", algorithm);
        Ours("sign", image, "--key", Training);
        Ours("attest", image, "--key", Training, "--type", "slsaprovenance1", "--predicate", "provenance.json");
        await Peers.RequireAsync(_scene.Folder, "cosign", "verify", "--key", "hard.pub", "--insecure-ignore-tlog", image);
        await Peers.RequireAsync(
            _scene.Folder,
            "cosign",
            "verify-attestation",
            "--type",
            "slsaprovenance1",
            "--key",
            "hard.pub",
            "--insecure-ignore-tlog",
            image
        );
    }

    [PeerFact("softhsm2-util")]
    public void A_gate_signs_its_decision_and_its_log_with_a_token()
    {
        Ours("keygen", "hard.pub", "--key", Training);
        Ours("log", "init", "hard-audit", "--origin", "example.com/hard", "--key", Training);
        var gate = Scene.Gate.Select(a =>
            a == "gate.key" ? Training
            : a == "audit" ? "hard-audit"
            : a
        );
        Ours([.. gate]);
        Assert.True(File.Exists(_scene.At("ran")));
        Ours("log", "verify", "hard-audit", "--key", "hard.pub");
        Ours("log", "verify", "hard-audit", "--key", Training);
    }

    [PeerFact("softhsm2-util")]
    public void What_is_wrong_with_a_key_is_said()
    {
        Ours("keygen", "hard.pub", "--key", Training);
        _scene.Write("pin", "0000");
        string[] sign = ["sign", "model", "--force", "--key"];
        Refuses(2, "no private key that fits", [.. sign, "pkcs11:token=release;object=other"]);
        Refuses(2, "no token fits", [.. sign, "pkcs11:token=other;object=training"]);
        Refuses(2, "names no key", [.. sign, "pkcs11:token=release"]);
        Refuses(2, "seen by every user", [.. sign, Training + "?pin-value=1234"]);
        Refuses(2, "both name a file", [.. sign, Training + "?pin-source=/p", "--password-file", "pin"]);
        Refuses(2, "refuses the PIN", [.. sign, Training, "--password-file", "pin"]);
        Refuses(2, "no PKCS#11 module", [.. sign, Training + "?module-path=/nowhere/x.so"]);
        Refuses(2, "exists and is not overwritten", "keygen", "hard.pub", "--key", "pkcs11:token=release;object=new");
        Refuses(2, "already", "keygen", "new.pub", "--key", Training);
        Refuses(2, "the name of a private key", "keygen", "new.key", "--key", Training);
        Refuses(2, "--no-password", "keygen", "new.pub", "--key", Training, "--no-password");
        Refuses(2, "--existing", "keygen", "new.pub", "--existing");
        Refuses(2, "--existing", "keygen", "new.pub", "--key", Training, "--existing", "--algorithm", "rsa");
        Refuses(2, "--bits", "keygen", "new.pub", "--key", "pkcs11:token=release;object=new", "--algorithm", "rsa", "--bits", "1024");
        string[] postQuantum = ["keygen", "new.pub", "--key", "pkcs11:token=release;object=new", "--algorithm", "ml-dsa-44"];
        Refuses(2, "--algorithm: keys for ML_DSA_44", postQuantum);
        Refuses(2, "a pkcs11: URI", "keygen", "new.pub", "--key", "training.key");
        _environment["ARTIFACT_TRUST_PIN"] = null;
        Refuses(2, "asks for a PIN", [.. sign, Training]);
    }

    [PeerFact("softhsm2-util")]
    public void A_password_that_was_meant_for_a_file_is_not_tried_as_a_PIN()
    {
        Ours("keygen", "hard.pub", "--key", Training);
        _environment["ARTIFACT_TRUST_PIN"] = null;
        _environment["ARTIFACT_TRUST_PASSWORD"] = "0000";
        Refuses(2, "asks for a PIN", "sign", "model", "--force", "--key", Training);
    }

    [PeerFact("swtpm", "tpm2")]
    public void A_TPM_signs_through_OpenSSLs_provider()
    {
        var lib = Path.GetFullPath(Path.Join(Peers.Find("tpm2"), "../../lib"));
        // The client takes the next port for the other channel.
        int port;
        do
        {
            port = LoopbackPort.Free();
        } while (LoopbackPort.Free() != port + 1);
        var address = string.Create(CultureInfo.InvariantCulture, $"swtpm:host=127.0.0.1,port={port}");
        _environment["OPENSSL_MODULES"] = Path.Join(lib, "ossl-modules");
        _environment["LD_LIBRARY_PATH"] = lib;
        _environment["TPM2OPENSSL_TCTI"] = address;
        _environment["TPM2TOOLS_TCTI"] = address;
        _environment["TSS2_LOG"] = "all+NONE";
        Directory.CreateDirectory(_scene.At("tpm"));
        using var process = Tool.Begin(
            _scene.Folder,
            null,
            [
                Peers.Find("swtpm"),
                "socket",
                "--tpm2",
                "--tpmstate",
                $"dir={_scene.At("tpm")}",
                "--server",
                $"type=tcp,port={port},bindaddr=127.0.0.1",
                "--ctrl",
                $"type=tcp,port={port + 1},bindaddr=127.0.0.1",
                "--flags",
                "not-need-init,startup-clear",
            ]
        );
        try
        {
            while (IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Count(l => l.Port == port || l.Port == port + 1) < 2)
            {
                Assert.False(process.HasExited, "swtpm ended");
                Thread.Sleep(20);
            }
            Refuses(3, "opens no key", "sign", "model", "--force", "--key", "tpm2:handle:0x81000009");
            string[] kinds = ["ecc256:ecdsa-sha256", "ecc384:ecdsa-sha384", "rsa2048:rsassa-sha256"];
            for (var i = 1; i <= kinds.Length; i++)
            {
                var key = $"tpm2:handle:0x8100000{i}";
                MakeTpmKey(kinds[i - 1], $"0x8100000{i}");
                Ours("keygen", $"tpm{i}.pub", "--existing", "--key", key);
                Ours("sign", "model", "--force", "--key", key);
                Ours("verify", "model", "--key", $"tpm{i}.pub");
                Ours("verify", "model", "--key", key);
            }
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
        Refuses(3, "opens no key", "sign", "model", "--force", "--key", "tpm2:handle:0x81000001");
        Refuses(2, "a persistent key", "sign", "model", "--force", "--key", "tpm2:file:/tmp/key");
        Refuses(2, "not made through", "keygen", "new.pub", "--key", "tpm2:handle:0x81000001");
    }

    [Fact]
    public void A_provider_that_is_not_installed_is_named_with_its_package()
    {
        _environment["OPENSSL_MODULES"] = _scene.Folder;
        Refuses(3, "install tpm2-openssl", "sign", "model", "--force", "--key", "tpm2:handle:0x81000001");
    }

    private void MakeTpmKey(string kind, string handle)
    {
        var tpm2 = Peers.Find("tpm2");
        const string Attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign";
        Execute(tpm2, "createprimary", "-Q", "-C", "o", "-G", kind, "-c", "key.ctx", "-a", Attributes);
        Execute(tpm2, "evictcontrol", "-Q", "-C", "o", "-c", "key.ctx", handle);
        Execute(tpm2, "flushcontext", "-t");
    }

    private void Execute(params string[] command)
    {
        var ended = Tool.Execute(_scene.Folder, _environment, "", command);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', command)}: {ended}");
    }

    private void Ours(params string[] arguments)
    {
        var ended = Tool.Run(_scene.Folder, _environment, arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
        Scene.AssertCalm(ended);
    }

    private void Refuses(int exitCode, string message, params string[] arguments)
    {
        var ended = Tool.Run(_scene.Folder, _environment, [.. arguments, "--output", "json"]);
        Assert.True(ended.ExitCode == exitCode, $"{string.Join(' ', arguments)}: {exitCode} was expected: {ended}");
        Assert.Equal(exitCode, ended.Json().GetProperty("exitCode").GetInt32());
        Assert.Contains(message, ended.Json().GetRawText().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("1234", ended.Text, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
    }
}
