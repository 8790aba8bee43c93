namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What <c>cosign save</c> writes is a subject like any other layout, with all its evidence.</summary>
public sealed class SavedImageTests : IAsyncLifetime
{
    private static readonly string[] Legacy = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];
    private static readonly string[] Bundle = ["--signing-config", "offline.json"];

    private readonly Scene _scene = new();
    private DockerRegistry? _registry;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_registry is not null)
        {
            await _registry.DisposeAsync();
        }
        _scene.Dispose();
    }

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task A_saved_image_is_verified_inspected_and_loaded()
    {
        _registry = await DockerRegistry.StartAsync();
        _scene.Write(
            "offline.json",
            """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"""
        );
        _scene.Shell("tar cf layer.tar data.csv");
        await PeerAsync("cosign", "generate-key-pair", "--output-key-prefix", "saved");
        foreach (var (form, options) in ((string, string[])[])[("legacy", Legacy), ("bundle", Bundle)])
        {
            var name = $"{_registry.Host}/demo/{form}";
            await PeerAsync("crane", "append", "--oci-empty-base", "-f", "layer.tar", "-t", $"{name}:1");
            var image = $"{name}@{await PeerAsync("crane", "digest", $"{name}:1")}";
            await PeerAsync("cosign", ["sign", .. options, "--key", "saved.key", image]);
            await PeerAsync(
                "cosign",
                ["attest", .. options, "--key", "saved.key", "--type", "slsaprovenance1", "--predicate", "provenance.json", image]
            );
            await PeerAsync("cosign", "save", "--dir", form, $"{name}:1");
            Verified($"oci-layout:{form}");
            Assert.Contains("slsa.dev/provenance", _scene.Require("inspect", $"oci-layout:{form}").Output, StringComparison.Ordinal);
            _scene.Refuses(1, "no trusted key made the signature", "verify", $"oci-layout:{form}", "--key", "other.pub");
            var loaded = $"{_registry.Host}/loaded/{form}:1";
            _scene.Require("copy", $"oci-layout:{form}", loaded);
            Verified(loaded);
            string[] verify = ["verify", .. form == "legacy" ? Legacy[..1] : [], "--key", "saved.pub", "--insecure-ignore-tlog"];
            await PeerAsync("cosign", [.. verify, loaded]);
        }

        void Verified(string subject)
        {
            _scene.Require("verify", subject, "--key", "saved.pub");
            _scene.Require("verify", subject, "--key", "saved.pub", "--type", "slsaprovenance1");
        }
    }

    private Task<string> PeerAsync(string program, params string[] arguments) => Peers.RequireAsync(_scene.Folder, program, arguments);
}
