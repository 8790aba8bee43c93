using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Oci;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>One run that meets the same image several times fetches and verifies its evidence once, and takes it for nothing else.</summary>
public sealed class RepeatedSubjectTests : IAsyncLifetime
{
    private readonly Scene _scene = new();
    private HostileRegistry _registry = null!;
    private string _image = "";

    public async Task InitializeAsync()
    {
        _registry = await HostileRegistry.StartAsync();
        _image = $"{_registry.Host}/demo/app";
        _scene.Require("push", "model", $"{_image}:1");
        _scene.Require("sign", $"{_image}:1", "--key", "ci.key");
        _registry.Content.Tags["2"] = _registry.Content.Tags["1"];
        _registry.Requests.Clear();
    }

    public async Task DisposeAsync()
    {
        await _registry.DisposeAsync();
        _scene.Dispose();
    }

    [Fact]
    public void Evidence_on_one_image_under_several_names_is_fetched_once()
    {
        _scene.Require(Gate(Policy("ci", "ci"), $"{_image}:1", $"{_image}:2"));
        var requests = _registry.Requests.Select(r => $"{r.Method} {r.Path}").ToList();
        // What each name leads to is asked each time.
        Assert.Equal(requests.Count, requests.Distinct().Count());
        Assert.Single(requests, r => r.Contains("/referrers/", StringComparison.Ordinal));
        Assert.Single(requests, r => r.Contains("/blobs/", StringComparison.Ordinal));
        Assert.Contains($"GET /v2/demo/app/manifests/1", requests);
        Assert.Contains($"GET /v2/demo/app/manifests/2", requests);
    }

    [Fact]
    public async Task Evidence_that_is_about_several_images_is_fetched_once_and_verified_for_each()
    {
        _scene.Write("model/config.json", "{}");
        _scene.Require("push", "model", $"{_image}:3");
        _scene.Write("model/config.json", "[]");
        _scene.Require("push", "model", $"{_image}:4");
        using var http = RegistryClient.CreateHttpClient();
        using var client = new RegistryClient(http, new RegistryReference(_registry.Host, "demo/app"));
        var evidence = new EvidenceStore(client, TimeProvider.System);
        var images = new[] { (await client.FindManifestAsync("3"))!.Descriptor, (await client.FindManifestAsync("4"))!.Descriptor };
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        _scene.Write("ci.pub", key.PublicKey.ToPem());
        using var empty = JsonDocument.Parse("{}");
        var statement = new Statement(
            [.. images.Select(i => new ResourceDescriptor(null, null, new DigestSet(i.Digest)))],
            BundleVerifier.ImageSignatureType,
            empty.RootElement
        );
        var bundle = await new BundleSigner(Credential.FromKey(key)).SignStatementAsync(statement);
        foreach (var image in images.Append((await client.FindManifestAsync("1"))!.Descriptor))
        {
            await evidence.AttachAsync(image, bundle.Utf8, BundleVerifier.ImageSignatureType);
        }
        _registry.Requests.Clear();
        _scene.Require(Gate(Policy("ci", "ci"), $"{_image}:3", $"{_image}:4"));
        Assert.Equal((2, 1), (_registry.Count("GET", "/referrers/"), _registry.Count("GET", "/blobs/")));
        // It lies beside this one too, and is about others.
        var ended = _scene.Run(Gate(Policy("ci", "ci"), $"{_image}:3", $"{_image}:1"));
        Assert.True(ended.ExitCode == 1, ended.ToString());
    }

    [Fact]
    public void What_one_key_vouches_for_another_does_not()
    {
        var ended = _scene.Run(Gate(Policy("ci", "other"), $"{_image}:1", $"{_image}:2"));
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains("second", ended.Text, StringComparison.Ordinal);
        ended = _scene.Run(Gate(Policy("other", "ci"), $"{_image}:1", $"{_image}:2"));
        Assert.True(ended.ExitCode == 1, ended.ToString());
    }

    [Fact]
    public async Task Evidence_in_one_place_is_none_for_the_same_image_in_another_or_for_another_image_there()
    {
        await using var mirror = await HostileRegistry.StartAsync();
        _scene.Require("copy", $"{_image}:1", $"{mirror.Host}/demo/app:1", "--without-evidence");
        var ended = _scene.Run(Gate(Policy("ci", "ci"), $"{_image}:1", $"{mirror.Host}/demo/app:1"));
        Assert.True(ended.ExitCode == 1, ended.ToString());
        _scene.Write("model/config.json", "{}");
        _scene.Require("push", "model", $"{_image}:3");
        ended = _scene.Run(Gate(Policy("ci", "ci"), $"{_image}:1", $"{_image}:3"));
        Assert.True(ended.ExitCode == 1, ended.ToString());
    }

    private string Policy(string first, string second)
    {
        _scene.Write(
            "images.yaml",
            $$"""
            version: 1
            name: images
            identities: {ci: {keys: [{file: ci.pub}]}, other: {keys: [{file: other.pub}]} }
            subjects:
              first: {kind: image, signatures: {from: {{first}}} }
              second: {kind: image, signatures: {from: {{second}}} }
            """
        );
        return "images.yaml";
    }

    private static string[] Gate(string policy, string first, string second) =>
        ["gate", $"first={first}", $"second={second}", "--policy", policy, "--dry-run"];
}
