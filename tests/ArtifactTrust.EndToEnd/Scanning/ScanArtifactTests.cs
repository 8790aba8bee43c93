using System.Text;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary><c>scan</c> of models stored as OCI artifacts, where they are.</summary>
public sealed class ScanArtifactTests : IDisposable
{
    private static readonly byte[] Pickle = Encoding.ASCII.GetBytes("cos\nsystem\n(S'id'\ntR.");

    private readonly Scene _scene = new();

    public ScanArtifactTests()
    {
        _scene.Shell("mkdir tmp");
        _scene.Write("model/vocabulary/words.pkl", Pickle);
    }

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_is_looked_into_in_a_registry_a_layout_and_an_archive(bool asArchives)
    {
        await using var registry = await HostileRegistry.StartAsync();
        var image = $"{registry.Host}/demo/app:1";
        _scene.Require(["push", "model", image, .. asArchives ? ["--tar"] : Array.Empty<string>()]);
        _scene.Require("copy", image, "oci-layout:layout:1");
        _scene.Require("save", image, "model.tar");
        using var layout = ImageLayout.Open(_scene.At("layout"));
        var layers = (await layout.FindManifestAsync("1"))!.ToImageManifest().Layers;
        foreach (var subject in new[] { image, "oci-layout:layout:1", "oci-archive:model.tar" })
        {
            var finding = Findings(subject, "model").Single();
            Assert.Equal("vocabulary/words.pkl", finding.Target);
            var layer = Assert.Single(layers, l => finding.Location.Contains($"layer {l.Digest}", StringComparison.Ordinal));
            Assert.Equal(asArchives, layer.MediaType.EndsWith(".tar", StringComparison.Ordinal));
        }
        Assert.Empty(Directory.GetFileSystemEntries(_scene.At("tmp")));
    }

    [TrivyTheory]
    [InlineData("all")]
    [InlineData("trivy")]
    public void What_is_no_container_is_not_given_to_Trivy_and_said_so(string scanners)
    {
        _scene.Require("push", "model", "oci-layout:layout:1", "--ignore-path", "vocabulary");
        var ended = _scene.Run("scan", "oci-layout:layout:1", "--scanners", scanners, "--trivy", RealTrivy.Executable!, "--offline");
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("Trivy scans container images, and 'oci-layout:layout", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("hint: --scanners model", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_directory_is_not_pushed_and_makes_no_layout()
    {
        _scene.Shell("mkdir empty");
        _scene.Refuses(1, "has no files", "push", "empty", "oci-layout:layout:1");
        _scene.Refuses(2, "it is a path; an image layout is written oci-layout:./layout", "push", "model", "./layout");
    }

    [Fact]
    public void Rules_that_are_not_there_are_a_mistake_of_the_user() =>
        _scene.Refuses(2, "'absent.json' does not exist", "scan", "model", "--scanners", "model", "--model-rules", "absent.json");

    [Fact]
    public void The_SBOM_of_an_artifact_of_files_is_that_of_its_directory()
    {
        _scene.Require("push", "model", "oci-layout:layout:1");
        _scene.Refuses(1, "artifact-trust pull REF DIR", "sbom", "oci-layout:layout:1");
    }

    [Theory]
    [InlineData("application/vnd.kitops.modelkit.config.v1+json", "application/vnd.kitops.modelkit.model.v1.tar", null)]
    [InlineData("application/vnd.oci.empty.v1+json", "application/octet-stream", "words.pkl")]
    public async Task Artifacts_of_other_tools_are_looked_into(string config, string type, string? title)
    {
        using var layout = await ImageLayout.CreateAsync(_scene.At("layout"));
        _scene.Shell("tar --format=ustar -C model/vocabulary -cf kit.tar words.pkl");
        var layer = await layout.PushBlobAsync(type, title is null ? await File.ReadAllBytesAsync(_scene.At("kit.tar")) : Pickle);
        var titles = title is null ? [] : new Dictionary<string, string> { [ModelArtifact.TitleAnnotation] = title };
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            await layout.PushBlobAsync(config, "{}"u8.ToArray()),
            [layer with { Annotations = titles }],
            null,
            new Dictionary<string, string> { ["ml.kitops.modelkit.cli-version"] = "v1.4.0" }
        );
        await layout.PushManifestAsync(manifest.ToUtf8Bytes(), "1");
        var finding = Findings("oci-layout:layout:1", "model").Single();
        Assert.Equal("words.pkl", finding.Target);
        Assert.Contains($"layer {layer.Digest}", finding.Location, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_in_an_artifact_are_found_and_files_of_version_control_are_looked_into_there()
    {
        _scene.Shell("mkdir model/.github");
        _scene.Write("model/.github/deploy.txt", $"key = AKIA{new string('Z', 8)}ABCD2345\n");
        _scene.Require("push", "model", "oci-layout:layout:1", "--no-ignore-git-paths");
        Assert.All(Findings("oci-layout:layout:1", "data"), f => Assert.Equal(".github/deploy.txt", f.Target));
    }

    [Fact]
    public async Task Other_bytes_than_a_layers_digest_are_not_looked_into()
    {
        _scene.Require("push", "model", "oci-layout:layout:1");
        using (var layout = ImageLayout.Open(_scene.At("layout")))
        {
            var layers = (await layout.FindManifestAsync("1"))!.ToImageManifest().Layers;
            _scene.ChangeOneByte($"layout/blobs/sha256/{layers[0].Digest.Hex}");
        }
        var ended = Scan("oci-layout:layout:1", "model");
        Assert.True(ended.ExitCode == 1, ended.ToString());
        Assert.Contains("\"digest\"", ended.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_scene.At("tmp")));
    }

    private List<(string Target, string Location)> Findings(string subject, string scanners)
    {
        var ended = Scan(subject, scanners);
        Assert.True(ended.ExitCode == 1, ended.ToString());
        return
        [
            .. ended
                .Json()
                .GetProperty("scans")
                .EnumerateArray()
                .SelectMany(s => s.GetProperty("findings").EnumerateArray())
                .Select(f => (f.GetProperty("target").GetString()!, f.GetProperty("location").GetString()!)),
        ];
    }

    private Ended Scan(string subject, string scanners) =>
        Tool.Run(
            _scene.Folder,
            new Dictionary<string, string?> { ["TMPDIR"] = _scene.At("tmp") },
            "scan",
            subject,
            "--scanners",
            scanners,
            "--output",
            "json"
        );
}
