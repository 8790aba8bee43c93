using System.Globalization;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>
/// cosign 3.1.1 and the command line, both ways, on a registry and on files. What cosign cannot verify though it made it itself is named by the
/// tests, so that a later cosign that can is noticed.
/// </summary>
public sealed class CosignTests : IAsyncLifetime, IDisposable
{
    private const string Password = "testpw";

    // No services, so that nothing leaves this machine.
    private const string SigningConfig = """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}""";

    private static readonly Dictionary<string, string?> Environment = new() { ["COSIGN_PASSWORD"] = Password };

    private readonly Scene _scene = new();
    private DockerRegistry? _registry;

    public async Task InitializeAsync()
    {
        if (Peers.Missing("docker-registry", "crane", "cosign") is not null)
        {
            return;
        }
        _registry = await DockerRegistry.StartAsync();
        _scene.Write("services.json", SigningConfig);
        _scene.Write("blob", "the blob\n");
        _scene.Shell("tar -cf layer.tar blob");
    }

    public async Task DisposeAsync()
    {
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }
        Dispose();
    }

    public void Dispose() => _scene.Dispose();

    [PeerTheory("docker-registry", "crane", "cosign")]
    [InlineData("ecdsa-p256")]
    [InlineData("rsa")]
    public async Task Cosign_accepts_what_we_put_beside_an_image(string algorithm)
    {
        var image = await PushAsync();
        Keygen(algorithm);
        Ours("sign", image, "--key", "k.key");
        Ours("attest", image, "--key", "k.key", "--type", "slsaprovenance1", "--predicate", "provenance.json");
        _scene.Write(
            "bom.json",
            """{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"a"}]}"""
        );
        Ours("attest", image, "--key", "k.key", "--type", "cyclonedx", "--predicate", "bom.json");
        _scene.Write(
            "vuln.json",
            """
            {"invocation":{"uri":"","event_id":"","builder.id":""},
             "scanner":{"uri":"pkg:github/aquasecurity/trivy@0.68.2","version":"0.68.2","db":{"uri":"","version":"2","lastUpdate":"2026-01-01T00:00:00Z"},
               "result":{"SchemaVersion":2,"Results":[]}},
             "metadata":{"scanStartedOn":"2026-01-02T00:00:00Z","scanFinishedOn":"2026-01-02T00:00:01Z"}}
            """
        );
        Ours("attest", image, "--key", "k.key", "--type", "vuln", "--predicate", "vuln.json");
        await AcceptsAsync("verify", "--key", "k.pub", image);
        foreach (var type in new[] { "slsaprovenance1", "cyclonedx", "vuln" })
        {
            await AcceptsAsync("verify-attestation", "--type", type, "--key", "k.pub", image);
            Ours("verify", image, "--key", "k.pub", "--type", type);
        }
        await RefusesAsync("verify", "--key", "other.pub", image);
    }

    [PeerTheory("docker-registry", "crane", "cosign")]
    [InlineData("ecdsa-p256", true)]
    [InlineData("rsa", true)]
    [InlineData("ecdsa-p384", false)]
    [InlineData("ecdsa-p521", false)]
    public async Task We_accept_what_cosign_puts_beside_an_image_though_it_refuses_its_own_P384_and_P521(
        string algorithm,
        bool acceptsItsOwn
    )
    {
        var image = await PushAsync();
        Keygen(algorithm);
        await CosignAsync("sign", "--key", "k.key", "--signing-config", "services.json", image);
        await CosignAsync(
            "attest",
            "--key",
            "k.key",
            "--signing-config",
            "services.json",
            "--type",
            "slsaprovenance1",
            "--predicate",
            "provenance.json",
            image
        );
        await VerifiesAsync(acceptsItsOwn, "verify", "--key", "k.pub", image);
        Ours("verify", image, "--key", "k.pub");
        Ours("verify", image, "--key", "k.pub", "--type", "slsaprovenance1");
        _scene.Refuses(1, "no trusted key made the signature", "verify", image, "--key", "ci.pub");
        // At the gate cosign's evidence is as good as ours, and an attestation is no signature, which cosign itself takes it for.
        _scene.Write(
            "images.yaml",
            $"""
            version: 1
            name: images
            identities: {"{"}k: {"{"}keys: [{"{"}file: k.pub{"}"}]{"}"}{"}"}
            subjects:
              image:
                kind: image
                signatures: {"{"}from: k{"}"}
                attestations: [{"{"}type: slsaprovenance1, from: k, builder: {Scene.Builder}{"}"}]
            """
        );
        string[] gate =
        [
            .. Scene.Gate.Select(a =>
                a == "model" ? image
                : a == "policy.yaml" ? "images.yaml"
                : a
            ),
        ];
        _scene.Require(gate);
        Assert.True(File.Exists(_scene.At("ran")));
    }

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task An_attestation_that_cosign_takes_for_a_signature_is_none_to_us()
    {
        var image = await PushAsync();
        Keygen("ecdsa-p256");
        Ours("attest", image, "--key", "k.key", "--type", "slsaprovenance1", "--predicate", "provenance.json");
        await AcceptsAsync("verify", "--key", "k.pub", image);
        _scene.Refuses(1, "no signature was found", "verify", image, "--key", "k.pub");
    }

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task Cosign_accepts_our_Ed25519_beside_an_image_and_makes_its_own_as_Ed25519ph_that_we_accept_and_it_does_not()
    {
        var image = await PushAsync();
        Keygen("ed25519");
        Ours("sign", image, "--key", "k.key");
        Ours("attest", image, "--key", "k.key", "--type", "slsaprovenance1", "--predicate", "provenance.json");
        await AcceptsAsync("verify", "--key", "k.pub", image);
        await AcceptsAsync("verify-attestation", "--type", "slsaprovenance1", "--key", "k.pub", image);
        var second = await PushAsync("second");
        await CosignAsync("sign", "--key", "k.key", "--signing-config", "services.json", second);
        await RefusesAsync("verify", "--key", "k.pub", second);
        Ours("verify", second, "--key", "k.pub");
    }

    [PeerTheory("docker-registry", "crane", "cosign")]
    [InlineData("ecdsa-p384")]
    [InlineData("ecdsa-p521")]
    public async Task Cosign_refuses_our_P384_and_P521_beside_an_image_as_it_does_its_own(string algorithm)
    {
        var image = await PushAsync();
        Keygen(algorithm);
        Ours("sign", image, "--key", "k.key");
        Ours("verify", image, "--key", "k.pub");
        await RefusesAsync("verify", "--key", "k.pub", image);
    }

    [PeerTheory("docker-registry", "crane", "cosign")]
    [InlineData("ecdsa-p256", true)]
    [InlineData("rsa", true)]
    [InlineData("ecdsa-p384", false)]
    [InlineData("ecdsa-p521", false)]
    [InlineData("ed25519", false)]
    public async Task A_signed_file_goes_both_ways_where_cosign_accepts_its_own_and_ours_to_us_where_not(
        string algorithm,
        bool acceptsItsOwn
    )
    {
        Keygen(algorithm);
        Ours("sign", "blob", "--key", "k.key");
        await CosignAsync("sign-blob", "--key", "k.key", "--signing-config", "services.json", "--bundle", "theirs.json", "blob");
        foreach (var bundle in new[] { "blob.sig", "theirs.json" })
        {
            await VerifiesAsync(acceptsItsOwn, "verify-blob", "--key", "k.pub", "--bundle", bundle, "blob");
            Ours("verify", "blob", "--key", "k.pub", "--signature", bundle);
        }
        _scene.ChangeOneByte("blob");
        _scene.Refuses(1, "the signature does not verify", "verify", "blob", "--key", "k.pub", "--signature", "theirs.json");
        await RefusesAsync("verify-blob", "--key", "k.pub", "--bundle", "blob.sig", "blob");
    }

    private void Keygen(string algorithm) => Ours("keygen", "k.key", "--algorithm", algorithm, "--format", "cosign");

    private void Ours(params string[] arguments)
    {
        var ended = Tool.Run(_scene.Folder, Environment, arguments);
        Assert.True(ended.ExitCode == 0, $"{string.Join(' ', arguments)}: {ended}");
    }

    private Task<string> CosignAsync(params string[] arguments) => Peers.RequireAsync(_scene.Folder, "cosign", arguments);

    private Task<string> AcceptsAsync(params string[] arguments) =>
        Peers.RequireAsync(_scene.Folder, "cosign", [arguments[0], "--insecure-ignore-tlog", .. arguments[1..]]);

    private Task VerifiesAsync(bool accepts, params string[] arguments) => accepts ? AcceptsAsync(arguments) : RefusesAsync(arguments);

    private async Task RefusesAsync(params string[] arguments)
    {
        var result = await Peers.RunAsync(_scene.Folder, "cosign", [arguments[0], "--insecure-ignore-tlog", .. arguments[1..]]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Matches("signature|digest", result.Error);
    }

    /// <summary>Pushes an image, and gives its name with the digest.</summary>
    private async Task<string> PushAsync(string repository = "app")
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{_registry!.Host}/demo/{repository}");
        await Peers.RequireAsync(_scene.Folder, "crane", "append", "-f", "layer.tar", "-t", $"{name}:1");
        return $"{name}@{await Peers.RequireAsync(_scene.Folder, "crane", "digest", $"{name}:1")}";
    }
}
