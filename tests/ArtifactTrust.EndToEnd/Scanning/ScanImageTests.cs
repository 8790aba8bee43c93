using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary><c>scan</c> of model files in the layers of container images, where they are.</summary>
public sealed class ScanImageTests : IDisposable
{
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private static readonly byte[] Pickle = Encoding.ASCII.GetBytes("cos\nsystem\n(S'id'\ntR.");
    private static readonly byte[] Harmless = [0x80, 4, (byte)'}', (byte)'.'];

    private readonly Scene _scene = new();

    public ScanImageTests() => _scene.Shell("mkdir tmp");

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_model_is_looked_into_in_a_registry_a_layout_and_archives_of_both_forms()
    {
        await using var registry = await HostileRegistry.StartAsync();
        var image = $"{registry.Host}/demo/app:1";
        // Longer than what is looked into in memory.
        var layer = Tar(("opt/models/words.pkl", [.. Pickle, .. new byte[2 << 20]]), ("usr/bin/app", "#!/bin/sh"u8.ToArray()));
        var first = Tar(("etc/hosts", "localhost"u8.ToArray()));
        await StoreAsync("linux", first, layer);
        _scene.Require("copy", "oci-layout:layout:linux", image);
        _scene.Require("save", "oci-layout:layout:linux", "app.tar");
        var saved = Tar(
            ("manifest.json", """[{"Config":"c.json","RepoTags":["app:1"],"Layers":["0.tar","1.tar"]}]"""u8.ToArray()),
            ("c.json", Encoding.UTF8.GetBytes(Configuration("amd64", first, layer))),
            ("0.tar", first),
            ("1.tar", layer)
        );
        _scene.Write("saved.tar", saved);
        foreach (var subject in new[] { image, "oci-layout:layout:linux", "oci-archive:app.tar", "docker-archive:saved.tar", "saved.tar" })
        {
            var ended = Scan(subject, subject == "saved.tar" ? ["--archive"] : []);
            Assert.True(ended.ExitCode == 1, ended.ToString());
            var finding = ended.Json().GetProperty("scans")[0].GetProperty("findings").EnumerateArray().Single();
            Assert.Equal("opt/models/words.pkl", finding.GetProperty("target").GetString());
            Assert.Contains(
                $"layer {DigestAlgorithm.Sha256.Hash(layer)}",
                finding.GetProperty("location").GetString(),
                StringComparison.Ordinal
            );
            Assert.Contains(
                "3 files in 2 layers",
                ended.Json().GetProperty("scans")[0].GetProperty("notes")[0].GetString(),
                StringComparison.Ordinal
            );
        }
        Assert.Empty(Directory.GetFileSystemEntries(_scene.At("tmp")));
    }

    [Fact]
    public async Task What_a_later_layer_hides_is_not_there()
    {
        var bad = Tar(("opt/models/words.pkl", Pickle));
        await StoreAsync("removed", bad, Tar(("opt/models/.wh.words.pkl", [])));
        await StoreAsync("replaced", bad, Tar(("opt/models/words.pkl", Harmless)));
        await StoreAsync("opaque", bad, Tar(("opt/models/.wh..wh..opq", [])));
        foreach (var tag in new[] { "removed", "replaced", "opaque" })
        {
            var ended = Scan($"oci-layout:layout:{tag}");
            Assert.True(ended.ExitCode == 0, ended.ToString());
        }
    }

    [Fact]
    public async Task The_reports_and_the_attestation_are_about_the_image()
    {
        await StoreAsync("1", Tar(("opt/models/words.pkl", Pickle)));
        var ended = Scan(
            "oci-layout:layout:1",
            "--sarif",
            "s.sarif",
            "--junit",
            "j.xml",
            "--test-result",
            "t.json",
            "--model-report",
            "m.json"
        );
        Assert.True(ended.ExitCode == 1, ended.ToString());
        var result = JsonNode.Parse(_scene.Read("s.sarif"))!["runs"]![0]!["results"]![0]!;
        Assert.Equal("opt/models/words.pkl", $"{result["locations"]![0]!["physicalLocation"]!["artifactLocation"]!["uri"]}");
        Assert.Contains("opt/models/words.pkl", _scene.Read("j.xml"), StringComparison.Ordinal);
        Assert.Contains("layer sha256:", _scene.Read("m.json"), StringComparison.Ordinal);
        Assert.Equal("opt/models/words.pkl", $"{JsonNode.Parse(_scene.Read("t.json"))!["failedTests"]![0]}");
        _scene.Require("attest", "oci-layout:layout:1", "--type", "test-result", "--predicate", "t.json", "--key", "ci.key");
        Assert.Contains(
            "test-result",
            _scene.Require("inspect", "oci-layout:layout:1", "--key", "ci.pub").Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Of_an_index_one_platform_is_looked_into()
    {
        using (var layout = await ImageLayout.CreateAsync(_scene.At("layout")))
        {
            var arm = await ManifestAsync(layout, "arm64", Tar(("words.pkl", Pickle)));
            var amd = await ManifestAsync(layout, "amd64", Tar(("words.pkl", Harmless)));
            var index = $$"""
                {"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{Entry(arm, "arm64")}},{{Entry(amd, "amd64")}}]}
                """;
            await layout.PushManifestAsync(Encoding.UTF8.GetBytes(index), "both");
        }
        Assert.Equal(1, Scan("oci-layout:layout:both", "--platform", "linux/arm64").ExitCode);
        var ended = Scan("oci-layout:layout:both", "--platform", "linux/amd64");
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Contains(
            "linux/amd64, manifest sha256:",
            ended.Json().GetProperty("scans")[0].GetProperty("notes")[0].GetString(),
            StringComparison.Ordinal
        );
        _scene.Refuses(
            1,
            "no manifest for linux/s390x",
            "scan",
            "oci-layout:layout:both",
            "--scanners",
            "model",
            "--platform",
            "linux/s390x"
        );
        _scene.Refuses(2, "--platform is for images only", "scan", "model", "--scanners", "model", "--platform", "linux/arm64");

        static string Entry(StoredManifest manifest, string architecture) =>
            $$$"""
                {"mediaType":"{{{manifest.Descriptor.MediaType}}}","digest":"{{{manifest.Descriptor.Digest}}}","size":{{{manifest.Descriptor.Size}}},"platform":{"os":"linux","architecture":"{{{architecture}}}"}}
                """;
    }

    /// <summary>What answers for Trivy writes down what it is asked, and ends.</summary>
    [Fact]
    public async Task Trivy_is_asked_about_the_image_that_was_looked_into()
    {
        string digest;
        using (var layout = await ImageLayout.CreateAsync(_scene.At("layout")))
        {
            // There is but one that this can be run for, whatever the machine.
            var only = await ManifestAsync(layout, "amd64", Tar(("words.pkl", Harmless)));
            digest = only.Descriptor.Digest.ToString();
            var index = $$$"""
                {"schemaVersion":2,"mediaType":"{{{OciMediaTypes.ImageIndex}}}","manifests":[{"mediaType":"{{{only.Descriptor.MediaType}}}","digest":"{{{digest}}}","size":{{{only.Descriptor.Size}}},"platform":{"os":"linux","architecture":"amd64"}}]}
                """;
            await layout.PushManifestAsync(Encoding.UTF8.GetBytes(index), "index");
        }
        _scene.Write(
            "trivy",
            $$"""
            #!/bin/sh
            if [ "$1" = version ] || [ "$1" = --version ]; then
              echo '{"Version":"9.9.9"}'
              exit 0
            fi
            echo "$@" >> '{{_scene.At("asked")}}'
            exit 1

            """
        );
        _scene.Shell("chmod +x trivy && mkdir -p cache/db && touch cache/db/trivy.db");
        _scene.Write("cache/db/metadata.json", $$"""{"Version":2,"UpdatedAt":"{{DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""");
        string[] trivy = ["--trivy", "./trivy", "--trivy-cache", "cache", "--offline"];
        var ended = _scene.Run(["scan", "oci-layout:layout:index", "--output", "json", .. trivy]);
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains(digest, ended.Output, StringComparison.Ordinal);
        Assert.Contains($"layout@{digest}", _scene.Read("asked"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_looked_into_is_inconclusive_or_refused()
    {
        await StoreAsync("cut", Tar(("opt/w.7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])));
        var ended = Scan("oci-layout:layout:cut");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("opt/w.7z", ended.Json().GetProperty("scans")[0].GetProperty("gaps")[0].GetString(), StringComparison.Ordinal);
        _scene.Refuses(2, "--pii does not look into", "scan", "oci-layout:layout:cut", "--scanners", "model", "--pii");
        _scene.Refuses(1, "no artifact of files", "scan", "oci-layout:layout:cut", "--scanners", "data");
        _scene.Write("no.tar", "text");
        _scene.Refuses(2, "is no archive of an image", "scan", "no.tar", "--archive", "--scanners", "model");
    }

    [Fact]
    public async Task Other_bytes_than_a_layers_digest_end_the_scan()
    {
        var layer = Tar(("opt/models/words.pkl", Harmless));
        await StoreAsync("1", layer);
        _scene.ChangeOneByte($"layout/blobs/sha256/{DigestAlgorithm.Sha256.Hash(layer).Hex}");
        var ended = Scan("oci-layout:layout:1");
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains("\"digest\"", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_Trivy_the_models_are_told_all_the_same()
    {
        await StoreAsync("1", Tar(("opt/models/words.pkl", Pickle)));
        var ended = Tool.Run(_scene.Folder, "scan", "oci-layout:layout:1", "--trivy", "/absent/trivy", "--output", "json");
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains("opt/models/words.pkl", ended.Output, StringComparison.Ordinal);
        Assert.Contains("/absent/trivy", ended.Output, StringComparison.Ordinal);
    }

    private Ended Scan(string subject, params string[] options) =>
        Tool.Run(
            _scene.Folder,
            new Dictionary<string, string?> { ["TMPDIR"] = _scene.At("tmp") },
            ["scan", subject, "--scanners", "model", "--output", "json", .. options]
        );

    private async Task StoreAsync(string tag, params byte[][] layers)
    {
        using var layout = Directory.Exists(_scene.At("layout"))
            ? ImageLayout.Open(_scene.At("layout"))
            : await ImageLayout.CreateAsync(_scene.At("layout"));
        var manifest = await ManifestAsync(layout, "amd64", layers);
        await layout.PushManifestAsync(manifest.Bytes, tag);
    }

    private static async Task<StoredManifest> ManifestAsync(OciStore store, string architecture, params byte[][] layers)
    {
        var blobs = new List<Descriptor>();
        foreach (var layer in layers)
        {
            blobs.Add(await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", layer));
        }
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            await store.PushBlobAsync(ConfigType, Encoding.UTF8.GetBytes(Configuration(architecture, layers))),
            blobs,
            null,
            new Dictionary<string, string>()
        ).ToUtf8Bytes();
        await store.PushManifestAsync(manifest, architecture);
        return await store.GetManifestAsync(DigestAlgorithm.Sha256.Hash(manifest));
    }

    private static string Configuration(string architecture, params byte[][] layers)
    {
        var ids = string.Join(',', layers.Select(l => $"\"{DigestAlgorithm.Sha256.Hash(l)}\""));
        return $$$"""{"os":"linux","architecture":"{{{architecture}}}","rootfs":{"type":"layers","diff_ids":[{{{ids}}}]}}""";
    }

    private static byte[] Tar(params (string Name, byte[] Content)[] files)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            }
        }
        return stream.ToArray();
    }
}
