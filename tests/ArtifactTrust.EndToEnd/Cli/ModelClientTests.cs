using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.EndToEnd.Sigstore;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>
/// Models signed here and verified by the other clients of OpenSSF Model Signing, and the other way: the Python client, as the peers
/// <c>model_signing</c> (its command line) and <c>model_signing_python</c> (a Python that has its modules), and the Go client <c>model-signing</c>.
/// </summary>
public sealed class ModelClientTests : IDisposable
{
    private readonly Scene _scene = new();

    public ModelClientTests()
    {
        // Names on whose order the clients do not agree, an empty file, and one that takes several shards.
        _scene.Shell(
            "rm -rf model.* model && mkdir -p model/sub && echo {} > model/config.json && echo x > model/sub.txt && : > model/empty"
        );
        _scene.Write("model/sub/weights.bin", RandomNumberGenerator.GetBytes(5000));
        _scene.Write("model/é\U0001F600.bin", "names");
    }

    public void Dispose() => _scene.Dispose();

    [PeerTheory("model_signing", "model-signing")]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("ecdsa-p521")]
    public async Task A_model_signed_here_verifies_in_both_and_no_change_of_it_does(string algorithm)
    {
        _scene.Require("keygen", "model.key", "--algorithm", algorithm, "--no-password");
        _scene.Require("sign", "model", "--key", "model.key");
        string[] verify = ["verify", "key", "model", "--signature", "model.sig", "--public-key", "model.pub"];
        await Accepts("model_signing", verify);
        await Accepts("model-signing", verify);
        _scene.ChangeOneByte("model/sub/weights.bin");
        await Refuses("model_signing", verify);
        await Refuses("model-signing", verify);
        _scene.ChangeOneByte("model/sub/weights.bin");
        _scene.Write("model/added", "");
        await Refuses("model_signing", verify);
        await Refuses("model-signing", verify);
    }

    [PeerTheory("model_signing", "model-signing")]
    [InlineData("ecdsa-p256")]
    [InlineData("ecdsa-p384")]
    [InlineData("ecdsa-p521")]
    public async Task A_model_that_the_others_signed_verifies_here_and_no_change_of_it_does(string algorithm)
    {
        _scene.Require("keygen", "model.key", "--algorithm", algorithm, "--no-password");
        foreach (var client in new[] { "model_signing", "model-signing" })
        {
            await Accepts(client, "sign", "key", "model", "--signature", "model.sig", "--private-key", "model.key");
            string[] verify = ["verify", "model", "--key", "model.pub"];
            _scene.Require(verify);
            _scene.ChangeOneByte("model/sub/weights.bin");
            _scene.Refuses(1, "model.files", verify);
            _scene.ChangeOneByte("model/sub/weights.bin");
        }
    }

    // The Python client verifies other forms than SHA-256 of whole files only for programs that say which; the Go client has no BLAKE3.
    [PeerTheory("model_signing", "model_signing_python", "model-signing")]
    [InlineData("sha256", 0, true, true, true)]
    [InlineData("sha256", 1000, false, true, true)]
    [InlineData("blake2b", 0, false, true, true)]
    [InlineData("blake2b", 1000, false, true, true)]
    [InlineData("blake3", 0, false, true, false)]
    [InlineData("blake3", 1000, false, false, false)]
    public async Task Each_form_verifies_where_the_other_client_has_it(string hash, int shard, bool python, bool library, bool go)
    {
        string[] shards = shard > 0 ? ["--shards", $"{shard}", "--allow-unsigned-empty-files"] : [];
        _scene.Require(["sign", "model", "--key", "ci.key", "--hash", hash, .. shards]);
        string[] verify = ["verify", "key", "model", "--signature", "model.sig", "--public-key", "ci.pub"];
        await (python ? Accepts("model_signing", verify) : Refuses("model_signing", verify));
        await (go ? Accepts("model-signing", verify) : Refuses("model-signing", verify));
        string[] script = [Script, "verify", "model", "model.sig", "ci.pub", hash, $"{shard}"];
        await (library ? Accepts("model_signing_python", script) : Refuses("model_signing_python", script));

        await Accepts("model_signing_python", Script, "sign", "model", "model.sig", "ci.key", hash, $"{shard}");
        _scene.Require(["verify", "model", "--key", "ci.pub", .. shard > 0 ? (string[])["--allow-unsigned-empty-files"] : []]);
        _scene.ChangeOneByte("model/sub/weights.bin");
        _scene.Refuses(1, "model.files", ["verify", "model", "--key", "ci.pub", "--allow-unsigned-empty-files"]);
    }

    [PeerFact("model_signing", "model-signing")]
    public async Task Certificates_go_both_ways()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Issue("root", rootKey, null, rootKey);
        using var leaf = Issue("leaf", key, root, rootKey);
        _scene.Write("root.pem", root.ExportCertificatePem());
        _scene.Write("leaf.pem", leaf.ExportCertificatePem());
        _scene.Write("leaf.key", key.ExportPkcs8PrivateKeyPem());
        _scene.Require("sign", "model", "--key", "leaf.key", "--certificate", "leaf.pem", "--ca-roots", "root.pem");
        string[] theirs = ["verify", "certificate", "model", "--signature", "model.sig", "--certificate-chain", "root.pem"];
        await Accepts("model_signing", theirs);
        await Accepts("model-signing", theirs);
        string[] ours = ["verify", "model", "--ca-roots", "root.pem", "--certificate-identity", "release@example.com"];
        foreach (var client in new[] { "model_signing", "model-signing" })
        {
            await Accepts(
                client,
                [
                    "sign",
                    "certificate",
                    "model",
                    "--signature",
                    "model.sig",
                    "--private-key",
                    "leaf.key",
                    "--signing-certificate",
                    "leaf.pem",
                    "--certificate-chain",
                    "root.pem",
                ]
            );
            _scene.Require(ours);
        }
        _scene.ChangeOneByte("model/sub/weights.bin");
        _scene.Refuses(1, "model.files", ours);
    }

    [PeerFact("softhsm2-util", "model_signing", "model-signing")]
    public async Task What_a_token_signed_verifies_in_both()
    {
        Directory.CreateDirectory(_scene.At("tokens"));
        _scene.Write("softhsm2.conf", $"directories.tokendir = {_scene.At("tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n");
        var environment = new Dictionary<string, string?>
        {
            ["SOFTHSM2_CONF"] = _scene.At("softhsm2.conf"),
            ["ARTIFACT_TRUST_PIN"] = "1234",
            ["ARTIFACT_TRUST_PKCS11_MODULE"] = Path.GetFullPath(Path.Join(Peers.Find("softhsm2-util"), "../../lib/softhsm/libsofthsm2.so")),
        };
        string[] token = ["--init-token", "--free", "--label", "t", "--so-pin", "5678", "--pin", "1234"];
        foreach (
            var command in new string[][]
            {
                [Peers.Find("softhsm2-util"), .. token],
                [.. Tool.Start, "keygen", "hard.pub", "--key", "pkcs11:token=t;object=k", "--algorithm", "ecdsa-p384"],
                [.. Tool.Start, "sign", "model", "--key", "pkcs11:token=t;object=k"],
            }
        )
        {
            var ended = Tool.Execute(_scene.Folder, environment, "", command);
            Assert.True(ended.ExitCode == 0, ended.ToString());
        }
        string[] verify = ["verify", "key", "model", "--signature", "model.sig", "--public-key", "hard.pub"];
        await Accepts("model_signing", verify);
        await Accepts("model-signing", verify);
    }

    // The Go client knows logs of the first version alone: it takes the time from them, and writes to no other.
    [SigstoreTheory("model-signing")]
    [InlineData("signing_config.json", false)]
    [InlineData("signing_config.rekor1.json", true)]
    public async Task Models_signed_by_identity_go_both_ways_with_the_Go_client(string config, bool verifies)
    {
        using var keyless = new KeylessScene();
        keyless.Ours(["sign", "model", .. await keyless.SignerAsync(config)]);
        await File.WriteAllTextAsync(
            keyless.At("trust.json"),
            $$"""
            {
              "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
              "trustedRoot": {{await File.ReadAllTextAsync(SigstoreStack.File("trusted_root.json"))}},
              "signingConfig": {{await File.ReadAllTextAsync(SigstoreStack.File(config))}}
            }
            """
        );
        string[] identity = ["--identity", KeylessScene.Developer, "--identity-provider", SigstoreStack.Issuer("email")];
        string[] trust = ["--trust-config", "trust.json"];
        string[] verify = ["verify", "sigstore", "model", "--signature", "model.sig", .. identity, .. trust];
        Assert.Equal(verifies, (await Peers.RunAsync(keyless.Folder, "model-signing", verify)).ExitCode == 0);
        var token = await File.ReadAllTextAsync(await keyless.TokenAsync("email"));
        string[] sign = ["sign", "sigstore", "model", "--signature", "theirs.sig", "--identity-token", token, .. trust];
        Assert.Equal(verifies, (await Peers.RunAsync(keyless.Folder, "model-signing", sign)).ExitCode == 0);
        if (verifies)
        {
            keyless.Ours(["verify", "model", "--signature", "theirs.sig", .. KeylessScene.Root, .. KeylessScene.IsDeveloper]);
        }
        keyless.Write("model/weights.bin", "changed");
        Assert.NotEqual(0, (await Peers.RunAsync(keyless.Folder, "model-signing", verify)).ExitCode);
    }

    private static string Script => Path.Join(Repository.Root, "tests/ArtifactTrust.EndToEnd/Cli/model_signing_forms.py");

    private async Task Accepts(string client, params string[] arguments) => await Peers.RequireAsync(_scene.Folder, client, arguments);

    private async Task Refuses(string client, params string[] arguments)
    {
        var result = await Peers.RunAsync(_scene.Folder, client, arguments);
        Assert.True(result.ExitCode != 0, $"{result.Command} accepted: {result.Output}{result.Error}");
    }

    private static X509Certificate2 Issue(string name, ECDsa key, X509Certificate2? issuer, ECDsa issuerKey)
    {
        var isAuthority = issuer is null;
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign : X509KeyUsageFlags.DigitalSignature, true)
        );
        if (!isAuthority)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddEmailAddress("release@example.com");
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3")], false));
        }
        var now = DateTimeOffset.UtcNow;
        return request.Create(
            issuer?.SubjectName ?? request.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuerKey),
            now.AddHours(-1),
            now.AddHours(1),
            [isAuthority ? (byte)1 : (byte)2]
        );
    }
}
