using System.IO.Compression;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Scanning;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>The packages of images, beside those that Trivy lists.</summary>
public sealed class ImagePackagesTests : IDisposable
{
    private readonly PackageScene _scene = new();

    private string Folder => _scene.Folder;

    public void Dispose() => _scene.Dispose();

    [DebianTrivyFact]
    public async Task No_package_of_a_real_image_is_missing_that_trivy_lists()
    {
        var repository = RealTrivy.Repository;
        var made = Tool.Execute(
            Folder,
            null,
            "",
            [
                Path.Join(repository, "tests", "ArtifactTrust.EndToEnd", "Sbom", "make-roots.sh"),
                Path.Join(repository, "examples"),
                Path.Join(Folder, "roots"),
            ]
        );
        Assert.True(made.ExitCode == 0, made.ToString());
        var rows = "";
        foreach (
            var (image, what) in ((string, string)[])
                [
                    ("system", "a system, a package taken away and one upgraded by a second layer"),
                    ("python", "a system, and a Python application in `site-packages`"),
                    ("node", "a system, and a Node.js application with `node_modules`"),
                ]
        )
        {
            var layout = Path.Join(Folder, image);
            await PackageScene.StoreAsync(layout, Path.Join(Folder, "roots", image));
            // Programs, their settings and their compiled code are no models.
            var scanned = Tool.Run(Folder, "scan", $"oci-layout:{layout}", "--scanners", "model", "--fail-on", "unknown");
            Assert.True(scanned.ExitCode == 0, scanned.ToString());
            rows += PackageScene.Compare(
                what,
                PackageScene.Read(_scene.Sbom($"oci-layout:{layout}")),
                PackageScene.Read(_scene.TrivyOfImage(layout))
            );
        }
        PackageScene.Approve("Debian packages", rows);
    }

    [TrivyFact]
    public void Trivy_finds_in_our_sbom_what_it_finds_in_the_image()
    {
        var layout = Path.Join(RealTrivy.Material!, "images", "oci");
        Assert.Equal(
            PackageScene.Read(_scene.TrivyOfImage(layout)).Order(),
            PackageScene.Read(_scene.Sbom($"oci-layout:{layout}")).Order()
        );
        string[] options =
        [
            "--cache-dir",
            _scene.Databases(),
            "--skip-db-update",
            "--skip-java-db-update",
            "--offline-scan",
            "-q",
            "-f",
            "json",
            "-o",
        ];
        _scene.TrivyRun(["sbom", Path.Join(Folder, "ours.json"), .. options, Path.Join(Folder, "v1.json")]);
        _scene.TrivyRun(["image", "--input", layout, .. options, Path.Join(Folder, "v2.json"), "--scanners", "vuln"]);
        var expected = Vulnerabilities(Path.Join(Folder, "v2.json"));
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Vulnerabilities(Path.Join(Folder, "v1.json")));
    }

    [TrivyFact]
    public void An_image_is_the_same_in_every_form()
    {
        var images = Path.Join(RealTrivy.Material!, "images");
        var layout = PackageScene.Read(_scene.Sbom($"oci-layout:{images}/oci")).Order().ToList();
        Assert.Equal(layout, PackageScene.Read(_scene.Sbom(Path.Join(images, "oci"))).Order());
        Assert.Equal(layout, PackageScene.Read(_scene.Sbom(Path.Join(images, "oci.tar"))).Order());
        Assert.Equal(layout, PackageScene.Read(_scene.Sbom(Path.Join(images, "image.tar"))).Order());
    }

    [TrivyFact(true, "zstd", "crane", "docker-registry")]
    public async Task Layers_that_zstd_compressed_have_the_packages_that_trivy_finds_in_a_layout_and_in_a_registry()
    {
        var image = Path.Join(RealTrivy.Material!, "images", "oci");
        var layout = Path.Join(Folder, "zstd");
        await CompressAsync(image, layout);
        var expected = PackageScene.Read(_scene.TrivyOfImage(layout)).Order().ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, PackageScene.Read(_scene.Sbom($"oci-layout:{image}")).Order());
        Assert.Equal(expected, PackageScene.Read(_scene.Sbom($"oci-layout:{layout}")).Order());
        await using var registry = await DockerRegistry.StartAsync();
        await Peers.RequireAsync(Folder, "crane", "push", layout, $"{registry.Host}/zstd:1");
        Assert.Equal(expected, PackageScene.Read(_scene.Sbom($"registry:{registry.Host}/zstd:1")).Order());
    }

    [Fact]
    public void A_source_tree_is_told_from_a_model()
    {
        var source = Directory.CreateDirectory(Path.Join(Folder, "source")).FullName;
        File.WriteAllText(Path.Join(source, "requirements.txt"), "torch==2.1.0\n");
        var summary = CycloneDxReader.Read(File.ReadAllBytes(_scene.Sbom(source)));
        Assert.Equal(("application", "pkg:pypi/torch@2.1.0"), (summary.Root!.Type, summary.Components.Single().Purl));
        File.WriteAllBytes(Path.Join(source, "weights.npy"), [1]);
        var model = CycloneDxReader.Read(File.ReadAllBytes(_scene.Sbom(source)));
        Assert.Contains(model.Components, c => c.Type == "machine-learning-model");
        Assert.Contains(model.Components, c => c.Purl == "pkg:pypi/torch@2.1.0");
        var again = CycloneDxReader.Read(File.ReadAllBytes(_scene.Sbom(source, "--source")));
        Assert.Equal("pkg:pypi/torch@2.1.0", again.Components.Single().Purl);
    }

    [Fact]
    public void What_only_trivy_reads_is_said_where_trivy_is_not()
    {
        var root = Directory.CreateDirectory(Path.Join(Folder, "root")).FullName;
        Directory.CreateDirectory(Path.Join(root, "etc"));
        File.WriteAllText(Path.Join(root, "etc", "os-release"), "ID=debian\n");
        File.WriteAllText(Path.Join(root, "a.jar"), "");
        var to = Path.Join(Folder, "root.json");
        var ended = _scene.Run(root, "--to", to);
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("incomplete", ended.ToString(), StringComparison.Ordinal);
        Assert.Contains("a.jar: a Java archive", File.ReadAllText(to), StringComparison.Ordinal);
        Assert.Contains("\"aggregate\": \"incomplete\"", File.ReadAllText(to), StringComparison.Ordinal);
        var asked = _scene.Run(root, "--trivy", "/nowhere/trivy");
        Assert.Equal(3, asked.ExitCode);
    }

    private static List<string> Vulnerabilities(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return
        [
            .. json
                .RootElement.GetProperty("Results")
                .EnumerateArray()
                .Where(r => r.TryGetProperty("Vulnerabilities", out _))
                .SelectMany(r => r.GetProperty("Vulnerabilities").EnumerateArray())
                .Select(v => $"{v.GetProperty("PkgName").GetString()} {v.GetProperty("VulnerabilityID").GetString()}")
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>The same image with its layers compressed by the zstd program.</summary>
    private async Task CompressAsync(string from, string to)
    {
        using var source = ImageLayout.Open(from);
        using var store = await ImageLayout.CreateAsync(to);
        var image = (await source.FindManifestAsync((string?)null))!.ToImageManifest();
        var layers = new List<Descriptor>();
        foreach (var layer in image.Layers)
        {
            var path = Path.Join(Folder, layer.Digest.Hex);
            var blob = await source.GetBlobAsync(layer, int.MaxValue);
            await using (var tar = File.Create(path))
            {
                await using var gzip = new GZipStream(new MemoryStream(blob), CompressionMode.Decompress);
                await gzip.CopyToAsync(tar);
            }
            await Peers.RequireAsync(Folder, "zstd", "-q", "-19", path);
            layers.Add(await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar+zstd", File.ReadAllBytes($"{path}.zst")));
        }
        var config = await store.PushBlobAsync(image.Config.MediaType, await source.GetBlobAsync(image.Config, 1 << 20));
        await store.PushManifestAsync((image with { Config = config, Layers = layers }).ToUtf8Bytes(), "latest");
    }
}

/// <summary>A test that needs the real Trivy and a Debian system, whose mirror it takes packages from.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class DebianTrivyFactAttribute : FactAttribute
{
    public DebianTrivyFactAttribute() =>
        Skip =
            RealTrivy.Executable is null ? "Trivy is not here (ARTIFACT_TRUST_PEERS)"
            : !File.Exists("/usr/share/keyrings/debian-archive-keyring.gpg") ? "this is not a Debian system"
            : null;
}
