using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary><c>sbom --attest</c>: made, signed and put in place in one step, and verified.</summary>
public sealed class SbomAttestTests : IDisposable
{
    private const int Rejected = 1;
    private const int Usage = 2;
    private const string Image = "oci-layout:image:1.0";

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("cyclonedx-json", "cyclonedx", "CycloneDX 1.6")]
    [InlineData("spdx-json", "spdx", "SPDX 2.3")]
    [InlineData("spdx3-json", "spdx", "SPDX 3.0.1")]
    public void A_models_SBOM_is_attested_and_accepted_until_a_file_changes(string format, string type, string named)
    {
        _scene.Refuses(Rejected, "", "verify", "model", "--type", type, "--key", "ci.pub");
        var ended = _scene.Require("sbom", "model", "--format", format, "--attest", "--key", "ci.key");
        Assert.StartsWith("attested: model\n", ended.Output, StringComparison.Ordinal);
        Assert.Contains(named, ended.Output, StringComparison.Ordinal);
        _scene.Require("verify", "model", "--type", type, "--key", "ci.pub");
        _scene.Refuses(Rejected, "", "verify", "model", "--type", type, "--key", "other.pub");
        _scene.ChangeOneByte("model/weights.bin");
        _scene.Refuses(Rejected, "", "verify", "model", "--type", type, "--key", "ci.pub");
    }

    [Fact]
    public void What_is_attested_is_what_is_written()
    {
        var said = _scene.Require("sbom", "model", "--attest", "--key", "ci.key", "--to", "m.cdx.json", "--output", "json").Json();
        Assert.Equal("m.cdx.json", said.GetProperty("written").GetString());
        Assert.Equal("https://cyclonedx.org/bom", said.GetProperty("attestation").GetProperty("predicateType").GetString());
        var bundle = _scene.Read("model.attestations.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        using var json = JsonDocument.Parse(bundle);
        using var statement = JsonDocument.Parse(json.RootElement.GetProperty("dsseEnvelope").GetProperty("payload").GetBytesFromBase64());
        using var written = JsonDocument.Parse(_scene.Read("m.cdx.json"));
        Assert.True(JsonElement.DeepEquals(statement.RootElement.GetProperty("predicate"), written.RootElement));
        Assert.True(
            JsonElement.DeepEquals(
                said.GetProperty("attestation").GetProperty("digests"),
                statement.RootElement.GetProperty("subject")[0].GetProperty("digest")
            )
        );
    }

    [Fact]
    public void A_dataset_of_one_file_is_attested()
    {
        _scene.Require("sbom", "data.csv", "--dataset", "--attest", "--key", "ci.key");
        _scene.Require("verify", "data.csv", "--type", "cyclonedx", "--key", "ci.pub");
        _scene.Write("data.csv", "a,b\n1,3\n");
        _scene.Refuses(Rejected, "", "verify", "data.csv", "--type", "cyclonedx", "--key", "ci.pub");
    }

    /// <summary>The paths left out are left out of both, the document and the statement.</summary>
    [Fact]
    public void Ignored_paths_are_neither_described_nor_attested()
    {
        _scene.Require("sbom", "model", "--ignore-path", "vocabulary", "--attest", "--key", "ci.key", "--to", "m.json");
        Assert.DoesNotContain("words.txt", _scene.Read("m.json"), StringComparison.Ordinal);
        _scene.Write("model/vocabulary/words.txt", "other words\n");
        _scene.Require("verify", "model", "--ignore-path", "vocabulary", "--type", "cyclonedx", "--key", "ci.pub");
        _scene.Refuses(Rejected, "", "verify", "model", "--type", "cyclonedx", "--key", "ci.pub");
    }

    /// <summary>A file that is written all the time is seldom the same when it is described and when it is attested.</summary>
    [Fact]
    public void A_model_that_changes_while_it_is_described_is_not_attested()
    {
        const int Runs = 100;
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                _scene.Write("model/vocabulary/words.txt", $"word {i:d9}\n");
            }
        });
        writer.Start();
        Ended ended;
        var runs = 0;
        do
        {
            // Where the writer had no turn between the two, nothing changed, and the next run tells.
            File.Delete(_scene.At("model.attestations.jsonl"));
            ended = _scene.Run("sbom", "model", "--attest", "--key", "ci.key");
        } while (ended.ExitCode == 0 && ++runs < Runs);
        stop.Cancel();
        writer.Join();
        Assert.True(ended.ExitCode is 1 or 3, ended.ToString());
        Assert.Contains("changed", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
        Assert.False(File.Exists(_scene.At("model.attestations.jsonl")));
    }

    /// <summary>Of a source tree only some files are read; the statement is about all of them.</summary>
    [Fact]
    public void A_source_tree_that_changes_while_its_packages_are_listed_is_not_attested()
    {
        Directory.CreateDirectory(_scene.At("source"));
        _scene.Write("source/requirements.txt", "numpy==2.0.0\n");
        _scene.Write("source/main.py", "print(1)\n");
        _scene.Require("sbom", "source", "--attest", "--key", "ci.key");
        _scene.Require("verify", "source", "--type", "cyclonedx", "--key", "ci.pub");
        File.Delete(_scene.At("source.attestations.jsonl"));
        _scene.Write(
            "trivy",
            $$"""
            #!/bin/sh
            if [ "$1" = version ]; then
              echo '{"Version":"9.9.9"}'
              exit 0
            fi
            for a in "$@"; do
              if [ "$previous" = --output ]; then OUT=$a; fi
              previous=$a
            done
            echo '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[]}' > "$OUT"
            echo '# later' >> '{{_scene.At("source/main.py")}}'

            """
        );
        _scene.Shell("chmod +x trivy");
        var ended = _scene.Run("sbom", "source", "--attest", "--key", "ci.key", "--trivy", "./trivy");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("changed while it was described", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
        Assert.False(File.Exists(_scene.At("source.attestations.jsonl")));
    }

    [Fact]
    public async Task An_images_SBOM_is_attested_for_the_platform_that_it_describes()
    {
        var (index, amd, arm) = await IndexAsync();
        _scene.Require("sbom", Image, "--platform", "linux/arm64/v8", "--attest", "--key", "ci.key", "--to", "image.cdx.json");
        using var sbom = JsonDocument.Parse(_scene.Read("image.cdx.json"));
        var root = sbom.RootElement.GetProperty("metadata").GetProperty("component");
        Assert.Equal(arm, root.GetProperty("version").GetString());
        Assert.Contains("pkg:deb/debian/arm64-only@1.2-3", _scene.Read("image.cdx.json"), StringComparison.Ordinal);
        var verified = _scene.Require("verify", $"oci-layout:image@{arm}", "--type", "cyclonedx", "--key", "ci.pub", "--output", "json");
        Assert.Equal(arm[7..], verified.Json().GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString());
        _scene.Require("verify", Image, "--platform", "linux/arm64/v8", "--type", "cyclonedx", "--key", "ci.pub");
        _scene.Refuses(Rejected, "", "verify", $"oci-layout:image@{amd}", "--type", "cyclonedx", "--key", "ci.pub");
        _scene.Refuses(Rejected, "", "verify", $"oci-layout:image@{index}", "--type", "cyclonedx", "--key", "ci.pub");
    }

    /// <summary>The path of a layout is an image too, and what is signed is found by the layout's reference.</summary>
    [Fact]
    public async Task A_layouts_path_is_attested_as_its_image()
    {
        var (_, amd, _) = await IndexAsync();
        _scene.Require("sbom", "image", "--platform", "linux/amd64", "--attest", "--key", "ci.key");
        _scene.Require("verify", $"oci-layout:image@{amd}", "--type", "cyclonedx", "--key", "ci.pub");
    }

    [Fact]
    public async Task An_archive_cannot_hold_an_attestation()
    {
        await IndexAsync();
        _scene.Shell("tar -C image -cf image.tar .");
        _scene.Refuses(Usage, "archive", "sbom", "image.tar", "--platform", "linux/amd64", "--attest", "--key", "ci.key");
    }

    [Theory]
    [InlineData("--key", "ci.key")]
    [InlineData("--password-file", "x")]
    [InlineData("--certificate", "x")]
    [InlineData("--tsa", "http://127.0.0.1/")]
    [InlineData("--tsa-certs", "x")]
    [InlineData("--ca-roots", "x")]
    [InlineData("--ca-intermediates", "x")]
    [InlineData("--identity-token", "x")]
    [InlineData("--oidc-issuer", "https://issuer.example")]
    [InlineData("--oidc-client-id", "sigstore")]
    [InlineData("--oidc-client-secret-file", "x")]
    [InlineData("--oidc-flow", "device")]
    [InlineData("--profile", "staging")]
    [InlineData("--trusted-root", "x")]
    [InlineData("--signing-config", "x")]
    public void An_option_of_signatures_without_one_is_refused(string option, string value) =>
        _scene.Refuses(Usage, $"{option} is about a signature", "sbom", "model", option, value);

    [Fact]
    public void What_cannot_be_attested_is_refused_at_once()
    {
        _scene.Refuses(Usage, "XML", "sbom", "model", "--format", "cyclonedx-xml", "--attest", "--key", "ci.key");
        _scene.Refuses(Usage, "'nothing.key' does not exist", "sbom", "model", "--attest", "--key", "nothing.key");
    }

    /// <summary>An index of two platforms, each with one Debian package, and the digests of the three.</summary>
    private async Task<(string Index, string Amd, string Arm)> IndexAsync()
    {
        using var layout = await ImageLayout.CreateAsync(_scene.At("image"));
        var platforms = new List<Descriptor>();
        foreach (var platform in new[] { new Platform("linux", "amd64"), new Platform("linux", "arm64", "v8") })
        {
            var root = $"root-{platform.Architecture}";
            Directory.CreateDirectory(_scene.At($"{root}/etc"));
            Directory.CreateDirectory(_scene.At($"{root}/var/lib/dpkg"));
            _scene.Write($"{root}/etc/os-release", "ID=debian\nVERSION_ID=\"13\"\n");
            _scene.Write(
                $"{root}/var/lib/dpkg/status",
                $"""
                Package: {platform.Architecture}-only
                Status: install ok installed
                Architecture: {platform.Architecture}
                Version: 1.2-3
                Maintainer: Nobody <nobody@example.com>
                Description: one package


                """
            );
            _scene.Shell($"tar -C {root} --sort=name --mtime=@0 --owner=0 --group=0 -cf {root}.tar etc var");
            var tar = await File.ReadAllBytesAsync(_scene.At($"{root}.tar"));
            var layer = await layout.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", tar);
            var config = await layout.PushBlobAsync(
                "application/vnd.oci.image.config.v1+json",
                Encoding.UTF8.GetBytes(
                    $$$"""{"architecture":"{{{platform.Architecture}}}","os":"linux","rootfs":{"type":"layers","diff_ids":["{{{layer.Digest}}}"]}}"""
                )
            );
            var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [layer], null, new Dictionary<string, string>());
            platforms.Add(await layout.PushManifestAsync(manifest.ToUtf8Bytes()) with { Platform = platform });
        }
        var entries = platforms.Select(p =>
        {
            var variant = p.Platform!.Variant is { } v ? $",\"variant\":\"{v}\"" : "";
            var platform = $$"""{"os":"linux","architecture":"{{p.Platform.Architecture}}"{{variant}} }""";
            return $$"""{"mediaType":"{{p.MediaType}}","digest":"{{p.Digest}}","size":{{p.Size}},"platform":{{platform}} }""";
        });
        var index = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{string.Join(',', entries)}}]}"""
        );
        var pushed = await layout.PushManifestAsync(index, "1.0");
        // As builders write it: the index alone is listed, and leads to the others.
        var listed = JsonNode.Parse(_scene.Read("image/index.json"))!;
        listed["manifests"]!.AsArray().RemoveAll(m => (string?)m!["digest"] != pushed.Digest.ToString());
        _scene.Write("image/index.json", listed.ToJsonString());
        return (pushed.Digest.ToString(), platforms[0].Digest.ToString(), platforms[1].Digest.ToString());
    }
}
