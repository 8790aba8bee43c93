using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Artifacts that are neither images nor models, as oras stores them: a Helm chart, an SBOM, a file of no known kind.</summary>
public sealed class OtherArtifactTests : IDisposable
{
    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [PeerTheory("docker-registry", "oras", "cosign")]
    [InlineData("application/vnd.cncf.helm.config.v1+json", null, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")]
    [InlineData(null, "application/vnd.cyclonedx+json", "application/vnd.cyclonedx+json")]
    [InlineData(null, "application/vnd.example.anything", "application/octet-stream")]
    public async Task They_are_signed_verified_inspected_and_copied_as_images_are(
        string? configType,
        string? artifactType,
        string layerType
    )
    {
        await using var registry = await DockerRegistry.StartAsync();
        var artifact = $"{registry.Host}/other/thing:1";
        _scene.Write("content", $"{layerType}\n");
        _scene.Write("config.json", """{"name":"chart","version":"1.0.0","apiVersion":"v2"}""");
        string[] kind = configType is null ? ["--artifact-type", artifactType!] : ["--config", $"config.json:{configType}"];
        await OrasAsync(["push", "--plain-http", .. kind, artifact, $"content:{layerType}"]);

        _scene.Refuses(1, "no signature was found", "verify", artifact, "--key", "ci.pub");
        _scene.Require("sign", artifact, "--key", "ci.key");
        _scene.Require("verify", artifact, "--key", "ci.pub");
        Assert.Contains("verified", _scene.Require("inspect", artifact, "--key", "ci.pub").ToString(), StringComparison.Ordinal);
        var cosign = await Peers.RunAsync(
            _scene.Folder,
            "cosign",
            "verify",
            "--key",
            "ci.pub",
            "--insecure-ignore-tlog",
            "--allow-http-registry",
            artifact
        );
        Assert.True(cosign.ExitCode == 0, cosign.ToString());

        var copy = $"{registry.Host}/elsewhere/thing:1";
        _scene.Require("copy", artifact, copy);
        _scene.Require("verify", copy, "--key", "ci.pub");
        await OrasAsync(["pull", "--plain-http", "--output", "pulled", copy]);
        Assert.Equal(_scene.Read("content"), _scene.Read("pulled/content"));

        using var http = RegistryClient.CreateHttpClient();
        using var client = new RegistryClient(http, new RegistryReference(registry.Host, "elsewhere/thing"));
        var manifest = (await client.FindManifestAsync("1"))!.ToImageManifest();
        Assert.Equal((artifactType, layerType), (manifest.ArtifactType, manifest.Layers.Single().MediaType));
        if (configType is not null)
        {
            Assert.Equal(configType, manifest.Config.MediaType);
        }
    }

    private async Task OrasAsync(string[] arguments)
    {
        var ended = await Peers.RunAsync(_scene.Folder, "oras", arguments);
        Assert.True(ended.ExitCode == 0, ended.ToString());
    }
}
