using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Scanning;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>The packages of images, beside those that Trivy lists.</summary>
public sealed class ImagePackagesTests : IDisposable
{
    private static readonly Dictionary<string, string?> Environment = new(StringComparer.Ordinal)
    {
        ["ARTIFACT_TRUST_TRIVY"] = "/nowhere/trivy",
        ["SOURCE_DATE_EPOCH"] = "1700000000",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("packages-").FullName;

    public void Dispose() => Tool.Execute("/", null, "", ["rm", "-rf", "--", _folder]);

    /// <summary>With APPROVE=1 the table is written to docs/sbom-packages.md; what the mirror has changes, so it is not compared.</summary>
    [DebianTrivyFact]
    public async Task No_package_of_a_real_image_is_missing_that_trivy_lists()
    {
        var repository = RealTrivy.Repository;
        var made = Tool.Execute(
            _folder,
            null,
            "",
            [
                Path.Join(repository, "tests", "ArtifactTrust.EndToEnd", "Sbom", "make-roots.sh"),
                Path.Join(repository, "examples"),
                Path.Join(_folder, "roots"),
            ]
        );
        Assert.True(made.ExitCode == 0, made.ToString());
        var rows = new StringBuilder();
        foreach (
            var (image, what) in ((string, string)[])
                [
                    ("system", "a system, a package taken away and one upgraded by a second layer"),
                    ("python", "a system, and a Python application in `site-packages`"),
                    ("node", "a system, and a Node.js application with `node_modules`"),
                ]
        )
        {
            var layout = Path.Join(_folder, image);
            await StoreAsync(layout, Path.Join(_folder, "roots", image));
            var ours = Read(Sbom($"oci-layout:{layout}"));
            var trivy = Read(Trivy(layout));
            Assert.NotEmpty(trivy);
            var missing = trivy.Except(ours, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            var extra = ours.Except(trivy, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            Assert.True(missing.Count == 0, $"{image}: missing are {string.Join(", ", missing)}");
            foreach (var type in ours.Concat(trivy).Select(TypeOf).Distinct().Order(StringComparer.Ordinal))
            {
                rows.Append(
                    CultureInfo.InvariantCulture,
                    $"| {what} | {type} | {ours.Intersect(trivy).Count(k => TypeOf(k) == type)} | {missing.Count(k => TypeOf(k) == type)} | {string.Join(", ", extra.Where(k => TypeOf(k) == type).Select(k => $"`{k}`").DefaultIfEmpty("0"))} |\n"
                );
            }
        }
        if (System.Environment.GetEnvironmentVariable("APPROVE") == "1")
        {
            var file = Path.Join(repository, "docs", "sbom-packages.md");
            var text = File.ReadAllText(file);
            const string Head = "|---|---|---|---|---|\n";
            var start = text.IndexOf(Head, StringComparison.Ordinal) + Head.Length;
            var end = text.IndexOf("\n\n", start, StringComparison.Ordinal) + 1;
            File.WriteAllText(file, string.Concat(text.AsSpan(0, start), rows.ToString(), text.AsSpan(Math.Max(end, start))));
        }
    }

    [TrivyFact]
    public void Trivy_finds_in_our_sbom_what_it_finds_in_the_image()
    {
        var layout = Path.Join(RealTrivy.Material!, "images", "oci");
        Assert.Equal(Read(Trivy(layout)).Order(), Read(Sbom($"oci-layout:{layout}")).Order());
        var cache = Path.Join(_folder, "cache");
        Tool.Execute("/", null, "", ["cp", "-r", Path.Join(RealTrivy.Material!, "cache"), cache]);
        string[] options = ["--cache-dir", cache, "--skip-db-update", "--skip-java-db-update", "--offline-scan", "-q", "-f", "json", "-o"];
        TrivyRun(["sbom", Path.Join(_folder, "ours.json"), .. options, Path.Join(_folder, "v1.json")]);
        TrivyRun(["image", "--input", layout, .. options, Path.Join(_folder, "v2.json"), "--scanners", "vuln"]);
        var expected = Vulnerabilities(Path.Join(_folder, "v2.json"));
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Vulnerabilities(Path.Join(_folder, "v1.json")));
    }

    [TrivyFact]
    public void An_image_is_the_same_in_every_form()
    {
        var images = Path.Join(RealTrivy.Material!, "images");
        var layout = Read(Sbom($"oci-layout:{images}/oci")).Order().ToList();
        Assert.Equal(layout, Read(Sbom(Path.Join(images, "oci"))).Order());
        Assert.Equal(layout, Read(Sbom(Path.Join(images, "oci.tar"))).Order());
        Assert.Equal(layout, Read(Sbom(Path.Join(images, "image.tar"))).Order());
    }

    [TrivyFact(true, "zstd", "crane", "docker-registry")]
    public async Task Layers_that_zstd_compressed_have_the_packages_that_trivy_finds_in_a_layout_and_in_a_registry()
    {
        var image = Path.Join(RealTrivy.Material!, "images", "oci");
        var layout = Path.Join(_folder, "zstd");
        await CompressAsync(image, layout);
        var expected = Read(Trivy(layout)).Order().ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Read(Sbom($"oci-layout:{image}")).Order());
        Assert.Equal(expected, Read(Sbom($"oci-layout:{layout}")).Order());
        await using var registry = await DockerRegistry.StartAsync();
        await Peers.RequireAsync(_folder, "crane", "push", layout, $"{registry.Host}/zstd:1");
        Assert.Equal(expected, Read(Sbom($"registry:{registry.Host}/zstd:1")).Order());
    }

    [Fact]
    public void A_source_tree_is_told_from_a_model()
    {
        var source = Directory.CreateDirectory(Path.Join(_folder, "source")).FullName;
        File.WriteAllText(Path.Join(source, "requirements.txt"), "torch==2.1.0\n");
        var summary = CycloneDxReader.Read(File.ReadAllBytes(Sbom(source)));
        Assert.Equal(("application", "pkg:pypi/torch@2.1.0"), (summary.Root!.Type, summary.Components.Single().Purl));
        File.WriteAllBytes(Path.Join(source, "weights.npy"), [1]);
        var model = CycloneDxReader.Read(File.ReadAllBytes(Sbom(source)));
        Assert.Contains(model.Components, c => c.Type == "machine-learning-model");
        Assert.Contains(model.Components, c => c.Purl == "pkg:pypi/torch@2.1.0");
        var again = CycloneDxReader.Read(File.ReadAllBytes(Sbom(source, "--source")));
        Assert.Equal("pkg:pypi/torch@2.1.0", again.Components.Single().Purl);
    }

    [Fact]
    public void What_only_trivy_reads_is_said_where_trivy_is_not()
    {
        var root = Directory.CreateDirectory(Path.Join(_folder, "root")).FullName;
        Directory.CreateDirectory(Path.Join(root, "etc"));
        File.WriteAllText(Path.Join(root, "etc", "os-release"), "ID=debian\n");
        File.WriteAllText(Path.Join(root, "a.jar"), "");
        var to = Path.Join(_folder, "root.json");
        var ended = Tool.Run(_folder, Environment, "sbom", root, "--to", to);
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("incomplete", ended.ToString(), StringComparison.Ordinal);
        Assert.Contains("a.jar: a Java archive", File.ReadAllText(to), StringComparison.Ordinal);
        Assert.Contains("\"aggregate\": \"incomplete\"", File.ReadAllText(to), StringComparison.Ordinal);
        var asked = Tool.Run(_folder, Environment, "sbom", root, "--trivy", "/nowhere/trivy");
        Assert.Equal(3, asked.ExitCode);
    }

    private static string TypeOf(string purl) => purl[4..purl.IndexOf('/', StringComparison.Ordinal)];

    private string Sbom(string subject, params string[] options)
    {
        var to = Path.Join(_folder, "ours.json");
        var ended = Tool.Run(_folder, Environment, ["sbom", subject, .. options, "--to", to]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        return to;
    }

    private string Trivy(string layout)
    {
        var to = Path.Join(_folder, "trivy.json");
        TrivyRun([
            "image",
            "--input",
            layout,
            "-q",
            "-f",
            "cyclonedx",
            "-o",
            to,
            "--cache-dir",
            Path.Join(_folder, "empty"),
            "--offline-scan",
            "--skip-db-update",
            "--skip-java-db-update",
        ]);
        return to;
    }

    private void TrivyRun(string[] arguments)
    {
        var ended = Tool.Execute(
            _folder,
            new Dictionary<string, string?> { ["HOME"] = _folder },
            "",
            [RealTrivy.Executable!, .. arguments]
        );
        Assert.True(ended.ExitCode == 0, ended.ToString());
    }

    /// <summary>The packages of a document, with those that are parts of a distribution's.</summary>
    private static HashSet<string> Read(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var urls = new HashSet<string>(StringComparer.Ordinal);
        foreach (var component in json.RootElement.GetProperty("components").EnumerateArray())
        {
            if (component.TryGetProperty("purl", out var purl))
            {
                urls.Add(PackageUrl.Parse(purl.GetString()!).Identity);
            }
            foreach (var property in component.TryGetProperty("properties", out var p) ? p.EnumerateArray() : default)
            {
                if (property.GetProperty("name").GetString() == PackagePropertyNames.Contains)
                {
                    urls.Add(PackageUrl.Parse(property.GetProperty("value").GetString()!).Identity);
                }
            }
        }
        return urls;
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
            var path = Path.Join(_folder, layer.Digest.Hex);
            var blob = await source.GetBlobAsync(layer, int.MaxValue);
            await using (var tar = File.Create(path))
            {
                await using var gzip = new GZipStream(new MemoryStream(blob), CompressionMode.Decompress);
                await gzip.CopyToAsync(tar);
            }
            await Peers.RequireAsync(_folder, "zstd", "-q", "-19", path);
            layers.Add(await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar+zstd", File.ReadAllBytes($"{path}.zst")));
        }
        var config = await store.PushBlobAsync(image.Config.MediaType, await source.GetBlobAsync(image.Config, 1 << 20));
        await store.PushManifestAsync((image with { Config = config, Layers = layers }).ToUtf8Bytes(), "latest");
    }

    /// <summary>An image of the folders 0, 1, … as its layers.</summary>
    private static async Task StoreAsync(string layout, string root)
    {
        using var store = await ImageLayout.CreateAsync(layout);
        var layers = new List<Descriptor>();
        foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            using var tar = new MemoryStream();
            await System.Formats.Tar.TarFile.CreateFromDirectoryAsync(folder, tar, includeBaseDirectory: false);
            layers.Add(await store.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", tar.ToArray()));
        }
        var ids = string.Join(',', layers.Select(l => $"\"{l.Digest}\""));
        var config = await store.PushBlobAsync(
            "application/vnd.oci.image.config.v1+json",
            Encoding.UTF8.GetBytes(
                $"{{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{{}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{ids}]}}}}"
            )
        );
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, layers, null, new Dictionary<string, string>());
        await store.PushManifestAsync(manifest.ToUtf8Bytes(), "latest");
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
