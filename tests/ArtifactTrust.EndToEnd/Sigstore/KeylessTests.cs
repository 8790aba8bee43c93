using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Sigstore;

/// <summary>Signing by identity against a real Sigstore instance, and cosign's and sigstore-go's word on it.</summary>
public sealed class KeylessTests : IDisposable
{
    private const string Workflow = "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main";

    private readonly KeylessScene _scene = new();

    public void Dispose() => _scene.Dispose();

    /// <summary>The instance's signing configs: logs of the second version, of the first, and of both.</summary>
    public static TheoryData<string> Configs => ["signing_config.json", "signing_config.rekor1.json", "signing_config.both.json"];

    [SigstoreTheory("cosign", "sigstore-go-verification")]
    [MemberData(nameof(Configs))]
    public async Task A_file_signed_here_verifies_everywhere(string config)
    {
        var signer = await _scene.SignerAsync(config);
        _scene.Ours(["sign", "blob.txt", .. signer]);
        _scene.Ours(["attest", "blob.txt", "--type", KeylessScene.PredicateType, "--predicate", "predicate.json", .. signer]);
        _scene.Ours(["verify", "blob.txt", .. KeylessScene.Root, .. KeylessScene.IsDeveloper]);
        _scene.Ours(["verify", "blob.txt", "--type", KeylessScene.PredicateType, .. KeylessScene.Root, .. KeylessScene.IsDeveloper]);

        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        await _scene.PeerAsync("cosign", ["verify-blob", "--bundle", "blob.txt.sig", .. trust, "blob.txt"]);
        await _scene.PeerAsync(
            "cosign",
            [
                "verify-blob-attestation",
                "--type",
                KeylessScene.PredicateType,
                "--bundle",
                "blob.txt.attestations.jsonl",
                .. trust,
                "blob.txt",
            ]
        );
        await _scene.GoVerifiesAsync("blob.txt.sig", KeylessScene.Developer, "email", "-artifact", "blob.txt");
        await _scene.GoVerifiesAsync("blob.txt.attestations.jsonl", KeylessScene.Developer, "email", "-artifact", "blob.txt");

        File.AppendAllText(_scene.At("blob.txt"), "x");
        Assert.Equal(1, _scene.Run(["verify", "blob.txt", .. trust]).ExitCode);
    }

    [SigstoreTheory("sigstore-go-verification")]
    [MemberData(nameof(Configs))]
    public async Task A_model_signed_here_verifies_everywhere(string config)
    {
        var signer = await _scene.SignerAsync(config);
        var signed = _scene.Ours(["sign", "model", .. signer, "--output", "json"]).Json();
        _scene.Ours(["attest", "model", "--type", KeylessScene.PredicateType, "--predicate", "predicate.json", .. signer]);
        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        _scene.Ours(["verify", "model", .. trust]);
        _scene.Ours(["verify", "model", "--type", KeylessScene.PredicateType, .. trust]);

        // The method of OpenSSF Model Signing: the subject is the root of the files' digests.
        var root = signed.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString()!;
        await _scene.GoVerifiesAsync("model.sig", KeylessScene.Developer, "email", "-artifact-digest", root);
        await _scene.GoVerifiesAsync("model.attestations.jsonl", KeylessScene.Developer, "email", "-artifact-digest", root);

        File.AppendAllText(_scene.At("model/weights.bin"), "x");
        Assert.Equal(1, _scene.Run(["verify", "model", .. trust]).ExitCode);
    }

    [SigstoreTheory]
    [InlineData("sha256", "8")]
    [InlineData("blake2b", null)]
    [InlineData("blake2b", "8")]
    [InlineData("blake3", null)]
    [InlineData("blake3", "8")]
    public async Task A_model_of_every_form_signed_by_identity_verifies_and_no_change_of_it_does(string hash, string? shards)
    {
        _scene.Write("model/sub/a:0:8 é\U0001F600", "name");
        string[] form = ["--hash", hash, .. shards is null ? Array.Empty<string>() : ["--shards", shards]];
        _scene.Ours(["sign", "model", .. form, .. await _scene.SignerAsync()]);
        string[] verify = ["verify", "model", .. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        _scene.Ours(verify);
        File.AppendAllText(_scene.At("model/sub/a:0:8 é\U0001F600"), "x");
        Assert.Equal(1, _scene.Run(verify).ExitCode);
    }

    [SigstoreTheory("cosign", "crane")]
    [InlineData("registry", "signing_config.json")]
    [InlineData("registry", "signing_config.rekor1.json")]
    [InlineData("registry_ref", "signing_config.json")]
    [InlineData("registry_ref", "signing_config.rekor1.json")]
    [InlineData("registry_ref", "signing_config.both.json")]
    public async Task An_image_signed_here_verifies_everywhere(string registry, string config)
    {
        var image = await _scene.ImageAsync(registry);
        var signer = await _scene.SignerAsync(config);
        _scene.Ours(["sign", image, .. signer]);
        _scene.Ours(["attest", image, "--type", "slsaprovenance1", "--predicate", Provenance(), .. signer]);
        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        _scene.Ours(["verify", image, .. trust]);
        _scene.Ours(["verify", image, "--type", "slsaprovenance1", .. trust]);
        await _scene.PeerAsync("cosign", ["verify", .. trust, image]);
        await _scene.PeerAsync("cosign", ["verify-attestation", "--type", "slsaprovenance1", .. trust, image]);
        var other = _scene.Run(["verify", image, .. KeylessScene.Root, .. KeylessScene.Identity("eve@example.com", "email")]);
        Assert.True(other.ExitCode == 1, other.ToString());
    }

    [SigstoreTheory("cosign", "sigstore-go-verification")]
    [InlineData("email", KeylessScene.Developer)]
    [InlineData("github", Workflow)]
    [InlineData("gitlab", "https://gitlab.example.com/acme/widget//.gitlab-ci.yml@refs/heads/main")]
    [InlineData("ci", "https://ci.example.com/acme/widget/build.yml@refs/heads/main")]
    [InlineData("uri", "{oidc}/users/1")]
    [InlineData("username", "dev!127.0.0.1")]
    [InlineData("spiffe", "spiffe://example.com/ns/a/sa/b")]
    public async Task Every_kind_of_identity_signs(string kind, string name)
    {
        name = name.Replace("{oidc}", SigstoreStack.Url("oidc"), StringComparison.Ordinal);
        var signed = _scene.Ours(["sign", "blob.txt", .. await _scene.SignerAsync(kind: kind), "--output", "json"]).Json();
        var certificate = signed.GetProperty("certificate");
        Assert.Equal(name, certificate.GetProperty("names")[0].GetString());
        Assert.Equal(SigstoreStack.Issuer(kind), certificate.GetProperty("issuer").GetString());

        _scene.Ours(["verify", "blob.txt", .. KeylessScene.Root, .. KeylessScene.Identity(name, kind)]);
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob", "--bundle", "blob.txt.sig", .. KeylessScene.Root, .. KeylessScene.Identity(name, kind), "blob.txt"]
        );
        await _scene.GoVerifiesAsync("blob.txt.sig", name, kind, "-artifact", "blob.txt");
    }

    [SigstoreTheory("cosign")]
    [MemberData(nameof(Configs))]
    public async Task What_cosign_signs_verifies_here(string config)
    {
        string[] signer = ["--yes", .. await _scene.SignerAsync(config)];
        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        await _scene.PeerAsync("cosign", ["sign-blob", .. signer, "--bundle", "blob.txt.sig", "blob.txt"]);
        _scene.Ours(["verify", "blob.txt", .. trust]);
        await _scene.PeerAsync(
            "cosign",
            [
                "attest-blob",
                .. signer,
                "--type",
                KeylessScene.PredicateType,
                "--predicate",
                "predicate.json",
                "--bundle",
                "theirs.json",
                "blob.txt",
            ]
        );
        _scene.Ours(["verify", "blob.txt", "--type", KeylessScene.PredicateType, "--signature", "theirs.json", .. trust]);
    }

    [SigstoreTheory("cosign", "crane")]
    [InlineData("registry", "signing_config.rekor1.json")]
    [InlineData("registry_ref", "signing_config.json")]
    public async Task Images_that_cosign_signs_verify_here(string registry, string config)
    {
        var image = await _scene.ImageAsync(registry);
        string[] signer = ["--yes", .. await _scene.SignerAsync(config)];
        string[] trust = [.. KeylessScene.Root, .. KeylessScene.IsDeveloper];
        await _scene.PeerAsync("cosign", ["sign", .. signer, image]);
        await _scene.PeerAsync("cosign", ["attest", .. signer, "--type", "slsaprovenance1", "--predicate", Provenance(), image]);
        _scene.Ours(["verify", image, .. trust]);
        _scene.Ours(["verify", image, "--type", "slsaprovenance1", .. trust]);
    }

    [SigstoreFact("cosign")]
    public async Task A_key_with_an_instance_is_logged_and_alone_it_is_not()
    {
        _scene.Ours("keygen", "training.key", "--no-password");
        Init();
        var alone = _scene.Ours("sign", "blob.txt", "--key", "training.key", "--output", "json").Json();
        Assert.Equal(0, Count(alone, "logEntries"));
        var logged = _scene.Ours("sign", "blob.txt", "--key", "training.key", "--profile", "stack", "--force", "--output", "json").Json();
        Assert.Equal(1, Count(logged, "logEntries"));
        Assert.Equal(1, logged.GetProperty("timestamps").GetInt32());
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob", "--key", "training.pub", "--bundle", "blob.txt.sig", .. KeylessScene.Root, "blob.txt"]
        );
        _scene.Ours("verify", "blob.txt", "--key", "training.pub");

        string[] files = [.. KeylessScene.Root, "--signing-config", SigstoreStack.File("signing_config.rekor1.json")];
        var first = _scene.Ours(["sign", "blob.txt", "--key", "training.key", "--force", .. files, "--output", "json"]).Json();
        Assert.Equal(1, Count(first, "logEntries"));
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob", "--key", "training.pub", "--bundle", "blob.txt.sig", .. KeylessScene.Root, "blob.txt"]
        );
    }

    [SigstoreFact("cosign")]
    public async Task A_profile_says_all_that_signing_and_verifying_need()
    {
        Init();
        string[] signer = ["--profile", "stack", "--identity-token", await _scene.TokenAsync("github")];
        _scene.Ours(["sign", "model", .. signer]);
        _scene.Ours(["verify", "model", "--profile", "stack", .. KeylessScene.Identity(Workflow, "github")]);
        _scene.Ours(["sign", "blob.txt", .. signer]);
        await _scene.PeerAsync("cosign", "initialize", "--mirror", SigstoreStack.Url("tuf"), "--root", SigstoreStack.File("tuf/root.json"));
        await _scene.PeerAsync(
            "cosign",
            ["verify-blob", "--bundle", "blob.txt.sig", .. KeylessScene.Identity(Workflow, "github"), "blob.txt"]
        );
        // What the public instance trusts is another world.
        var elsewhere = _scene.Run([
            "verify",
            "blob.txt",
            "--profile",
            "public-good",
            .. KeylessScene.Identity(Workflow, "github"),
            "--output",
            "json",
        ]);
        Assert.True(elsewhere.ExitCode == 1, elsewhere.ToString());
    }

    [SigstoreFact]
    public async Task A_gate_decides_by_the_identities_of_a_profile()
    {
        Init();
        _scene.Ours("keygen", "gate.key", "--no-password");
        _scene.Ours("log", "init", "audit", "--origin", "example.com/gate", "--key", "gate.key");
        string[] signer = ["--profile", "stack", "--identity-token", await _scene.TokenAsync("github")];
        _scene.Ours(["sign", "model", .. signer]);
        _scene.Ours(["attest", "model", "--type", KeylessScene.PredicateType, "--predicate", "predicate.json", .. signer]);
        string[] gate = ["gate", "model", "--policy", "policy.yaml", "--key", "gate.key", "--audit-log", "audit"];

        _scene.Write("policy.yaml", Policy("refs/heads/main", "stack"));
        var allowed = _scene.Ours([.. gate, "--output", "json"]).Json();
        Assert.Equal("allowed", allowed.GetProperty("result").GetString());

        _scene.Write("policy.yaml", Policy("refs/heads/other", "stack"));
        var denied = _scene.Run([.. gate, "--output", "json"]);
        Assert.True(denied.ExitCode == 1, denied.ToString());
        Assert.Equal("denied", denied.Json().GetProperty("result").GetString());

        // What cannot be told is recorded too.
        _scene.Write("policy.yaml", Policy("refs/heads/main", "down"));
        _scene.Write(
            "config/config.yaml",
            $"version: 1\nprofiles: {{ down: {{ tuf: {{ url: 'http://127.0.0.1:1', root: '{SigstoreStack.File("tuf/root.json")}' }} }} }}\n"
        );
        var unknown = _scene.Run([.. gate, "--output", "json"]);
        Assert.True(unknown.ExitCode == 3, unknown.ToString());
        var log = _scene.Ours("log", "show", "audit", "--key", "gate.pub", "--output", "json").Json();
        Assert.Equal(
            ["allow", "deny", "error"],
            log.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("record").GetProperty("decision").GetString())
        );
    }

    [SigstoreFact]
    public async Task A_second_signature_is_added_and_both_count()
    {
        var signer = await _scene.SignerAsync();
        _scene.Ours(["sign", "model", .. signer]);
        _scene.Ours(["sign", "model", "--add", .. await _scene.SignerAsync("signing_config.rekor1.json", "github")]);
        _scene.Ours(["verify", "model", .. KeylessScene.Root, .. KeylessScene.IsDeveloper]);
        _scene.Ours(["verify", "model", .. KeylessScene.Root, .. KeylessScene.Identity(Workflow, "github")]);
    }

    private static int Count(JsonElement json, string member) => json.TryGetProperty(member, out var list) ? list.GetArrayLength() : 0;

    private static string Policy(string reference, string profile) =>
        $$"""
            version: 1
            name: keyless
            sigstore: { profile: {{profile}} }
            identities:
              ci:
                certificates:
                  - { issuer: '{{SigstoreStack.Issuer(
                "github"
            )}}', subject: '{{Workflow}}', extensions: { sourceRepositoryRef: {{reference}} } }
            subjects:
              model: { kind: directory, signatures: { from: ci }, attestations: [{ type: '{{KeylessScene.PredicateType}}', from: ci }] }

            """;

    private void Init() =>
        _scene.Ours("trust", "init", "--root", SigstoreStack.File("tuf/root.json"), SigstoreStack.Url("tuf"), "--profile", "stack");

    private string Provenance()
    {
        _scene.Write(
            "provenance.json",
            """
            {
              "buildDefinition": { "buildType": "https://example.com/build/v1", "externalParameters": {} },
              "runDetails": { "builder": { "id": "https://example.com/builder" } }
            }
            """
        );
        return "provenance.json";
    }
}
