using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>Images for several platforms, evidence in cosign's older form, annotations, and directories as artifacts.</summary>
public sealed class ImageFormTests : IDisposable
{
    private const string Image = "oci-layout:image:1.0";
    private const int Rejected = 1;
    private const int Usage = 2;

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task An_index_is_signed_with_every_platform_in_it()
    {
        var (index, arm) = await IndexAsync();
        _scene.Require("sign", Image, "--key", "ci.key");
        _scene.Refuses(Rejected, "no signature", ["verify", Image, "--key", "ci.pub", "--platform", "linux/arm64/v8"]);
        var signed = _scene.Require("sign", Image, "--key", "ci.key", "--recursive");
        Assert.Contains(index, signed.Output, StringComparison.Ordinal);
        Assert.Contains(arm, signed.Errors, StringComparison.Ordinal);
        var told = _scene.Require("sign", Image, "--key", "ci.key", "--recursive", "--output", "json").Json();
        var inner = told.GetProperty("inner").EnumerateArray().ToList();
        Assert.Contains(arm, inner.Select(i => i.GetProperty("digests").GetProperty("sha256").GetString()));
        Assert.All(inner, i => Assert.StartsWith("referrer sha256:", i.GetProperty("written").GetString(), StringComparison.Ordinal));
        var verified = _scene.Require("verify", Image, "--key", "ci.pub", "--platform", "linux/arm64/v8", "--output", "json").Json();
        Assert.Equal(arm, verified.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString());
        _scene.Require("verify", Image, "--key", "ci.pub", "--platform", "linux/arm64");
        _scene.Refuses(Rejected, "no manifest for linux/riscv64", ["verify", Image, "--key", "ci.pub", "--platform", "linux/riscv64"]);
        _scene.Refuses(Usage, "OS/ARCH", ["verify", Image, "--key", "ci.pub", "--platform", "linux"]);
        _scene.Refuses(Usage, "images only", ["verify", "model", "--key", "ci.pub", "--platform", "linux/amd64"]);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("legacy-referrer")]
    public async Task Evidence_in_the_older_form_is_found_and_verified_by_kind(string format)
    {
        await IndexAsync();
        _scene.Require(
            "attest",
            Image,
            "--key",
            "ci.key",
            "--type",
            "slsaprovenance1",
            "--predicate",
            "provenance.json",
            "--format",
            format
        );
        _scene.Refuses(Rejected, "no signature", ["verify", Image, "--key", "ci.pub"]);
        _scene.Require("verify", Image, "--key", "ci.pub", "--type", "slsaprovenance1");
        _scene.Require("sign", Image, "--key", "ci.key", "--format", format, "--annotation", "team=ml");
        _scene.Require("verify", Image, "--key", "ci.pub", "--annotation", "team=ml");
        _scene.Refuses(Rejected, "team=other", ["verify", Image, "--key", "ci.pub", "--annotation", "team=other"]);
        _scene.Refuses(Rejected, "", ["verify", Image, "--key", "gate.pub"]);
        Assert.Contains("evidence (2)", _scene.Require("inspect", Image).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_asks_for_annotations_and_the_command_gets_the_digest()
    {
        var (index, _) = await IndexAsync();
        _scene.Write(
            "policy.yaml",
            """
            version: 1
            name: images
            identities:
              ci:
                keys:
                  - file: ci.pub
            subjects:
              image:
                kind: image
                signatures: { from: ci, annotations: { team: ml } }

            """
        );
        string[] gate = [.. Scene.Gate.Select(a => a == "model" ? Image : a)];
        _scene.Require("sign", Image, "--key", "ci.key");
        _scene.Refuses(Rejected, "team=ml", gate);
        _scene.Require("sign", Image, "--key", "ci.key", "--annotation", "team=ml");
        var ended = _scene.Run([.. gate[..^2], "echo", "run x@{digest}"]);
        Assert.Equal($"run x@sha256:{index}\n", ended.Output);
    }

    [Fact]
    public void A_directory_is_pushed_and_pulled_only_when_it_is_signed()
    {
        const string Model = "oci-layout:artifact:1.0";
        _scene.Require("push", "model", Model);
        _scene.Refuses(Usage, "nobody is trusted", ["pull", Model, "pulled"]);
        _scene.Refuses(Rejected, "nothing was fetched", ["pull", Model, "pulled", "--key", "ci.pub"]);
        _scene.Require("sign", Model, "--key", "ci.key");
        _scene.Refuses(Rejected, "nothing was fetched", ["pull", Model, "pulled", "--key", "gate.pub"]);
        Assert.False(Path.Exists(_scene.At("pulled")));
        _scene.Require("pull", Model, "pulled", "--key", "ci.pub");
        _scene.Shell("diff -r model pulled");
        _scene.Refuses(Usage, "exists", ["pull", Model, "pulled", "--key", "ci.pub"]);
    }

    [Fact]
    public void Options_of_images_are_refused_for_other_subjects()
    {
        _scene.Refuses(Usage, "--format legacy is for images", ["sign", "model", "--key", "ci.key", "--format", "legacy", "--force"]);
        _scene.Refuses(Usage, "--recursive is for images", ["sign", "model", "--key", "ci.key", "--recursive", "--force"]);
        _scene.Refuses(Usage, "NAME=VALUE", ["verify", "model", "--key", "ci.pub", "--annotation", "x"]);
    }

    /// <summary>An index of two platforms; its digest and that of the second.</summary>
    private async Task<(string Index, string Arm)> IndexAsync()
    {
        using var layout = await ImageLayout.CreateAsync(_scene.At("image"));
        var platforms = new List<Descriptor>();
        foreach (var platform in new[] { new Platform("linux", "amd64"), new Platform("linux", "arm64", "v8") })
        {
            var config = await layout.PushBlobAsync(
                "application/vnd.oci.image.config.v1+json",
                System.Text.Encoding.UTF8.GetBytes($"{{\"architecture\":\"{platform.Architecture}\",\"os\":\"linux\"}}")
            );
            var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [], null, new Dictionary<string, string>());
            platforms.Add(await layout.PushManifestAsync(manifest.ToUtf8Bytes()) with { Platform = platform });
        }
        var entries = platforms.Select(p =>
            $"{{\"mediaType\":\"{p.MediaType}\",\"digest\":\"{p.Digest}\",\"size\":{p.Size},\"platform\":{{\"os\":\"linux\",\"architecture\":\"{p.Platform!.Architecture}\"{(p.Platform.Variant is { } v ? $",\"variant\":\"{v}\"" : "")}}}}}"
        );
        var index = System.Text.Encoding.UTF8.GetBytes(
            $"{{\"schemaVersion\":2,\"mediaType\":\"{OciMediaTypes.ImageIndex}\",\"manifests\":[{string.Join(',', entries)}]}}"
        );
        return ((await layout.PushManifestAsync(index, "1.0")).Digest.Hex, platforms[1].Digest.Hex);
    }
}
