using System.Formats.Tar;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Scanning;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>A folder in which our list of packages and Trivy's are made of the same subject.</summary>
internal sealed class PackageScene : IDisposable
{
    private static readonly Dictionary<string, string?> Surroundings = new(StringComparer.Ordinal)
    {
        ["ARTIFACT_TRUST_TRIVY"] = "/nowhere/trivy",
        ["SOURCE_DATE_EPOCH"] = "1700000000",
    };

    internal string Folder { get; } = Directory.CreateTempSubdirectory("packages-").FullName;

    public void Dispose() => Tool.Execute("/", null, "", ["rm", "-rf", "--", Folder]);

    /// <summary>Runs <c>sbom</c> where no Trivy is found but the one that the options name.</summary>
    internal Ended Run(string subject, params string[] options) => Tool.Run(Folder, Surroundings, ["sbom", subject, .. options]);

    /// <summary>Our document.</summary>
    internal string Sbom(string subject, params string[] options)
    {
        var to = Path.Join(Folder, "ours.json");
        var ended = Run(subject, [.. options, "--to", to]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        return to;
    }

    /// <summary>Trivy's document of an image layout.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="cache">Where its databases are; it needs one for Java archives.</param>
    internal string TrivyOfImage(string layout, string? cache = null) => Trivy(["image", "--input", layout], cache);

    /// <summary>Trivy's document of a root file system.</summary>
    internal string TrivyOfRoot(string root, string? cache = null) => Trivy(["rootfs", root], cache);

    internal void TrivyRun(params string[] arguments)
    {
        var ended = Tool.Execute(Folder, new Dictionary<string, string?> { ["HOME"] = Folder }, "", [RealTrivy.Executable!, .. arguments]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
    }

    /// <summary>A copy of Trivy's small databases, which it may write beside.</summary>
    internal string Databases()
    {
        var cache = Path.Join(Folder, "cache");
        Tool.Execute("/", null, "", ["cp", "-r", Path.Join(RealTrivy.Material!, "cache"), cache]);
        return cache;
    }

    /// <summary>Stores an image of the folders 0, 1, … below a root as its layers.</summary>
    /// <returns>The layers' DiffIDs.</returns>
    internal static async Task<IReadOnlyList<string>> StoreAsync(string layout, string root)
    {
        using var store = await ImageLayout.CreateAsync(layout);
        var layers = new List<Descriptor>();
        foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            using var tar = new MemoryStream();
            await TarFile.CreateFromDirectoryAsync(folder, tar, includeBaseDirectory: false);
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
        return [.. layers.Select(l => l.Digest.ToString())];
    }

    /// <summary>The packages of a document, with those that are parts of a distribution's.</summary>
    internal static HashSet<string> Read(string file)
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

    /// <summary>Holds our packages against Trivy's, of which none may be missing.</summary>
    /// <returns>Rows of a table: what, type, in both, missing, only here.</returns>
    internal static string Compare(string what, IReadOnlySet<string> ours, IReadOnlySet<string> trivy)
    {
        Assert.NotEmpty(trivy);
        var missing = trivy.Except(ours, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var extra = ours.Except(trivy, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.True(missing.Count == 0, $"{what}: missing are {string.Join(", ", missing)}");
        var rows = new StringBuilder();
        foreach (var type in ours.Concat(trivy).Select(TypeOf).Distinct().Order(StringComparer.Ordinal))
        {
            rows.Append(
                CultureInfo.InvariantCulture,
                $"| {what} | {type} | {ours.Intersect(trivy).Count(k => TypeOf(k) == type)} | {missing.Count(k => TypeOf(k) == type)} | {string.Join(", ", extra.Where(k => TypeOf(k) == type).Select(k => $"`{k}`").DefaultIfEmpty("0"))} |\n"
            );
        }
        return rows.ToString();
    }

    /// <summary>With APPROVE=1 the table below a heading of docs/sbom-packages.md is written; what the mirror has changes, so it is not compared.</summary>
    internal static void Approve(string heading, string rows)
    {
        if (Environment.GetEnvironmentVariable("APPROVE") != "1")
        {
            return;
        }
        var file = Path.Join(RealTrivy.Repository, "docs", "sbom-packages.md");
        var text = File.ReadAllText(file);
        const string Head = "|---|---|---|---|---|\n";
        var start = text.IndexOf(Head, text.IndexOf($"# {heading}\n", StringComparison.Ordinal), StringComparison.Ordinal) + Head.Length;
        var end = text.IndexOf("\n\n", start - 1, StringComparison.Ordinal) + 1;
        File.WriteAllText(file, string.Concat(text.AsSpan(0, start), rows, text.AsSpan(end)));
    }

    private static string TypeOf(string purl) => purl[4..purl.IndexOf('/', StringComparison.Ordinal)];

    private string Trivy(string[] target, string? cache)
    {
        var to = Path.Join(Folder, "trivy.json");
        TrivyRun([
            .. target,
            "-q",
            "-f",
            "cyclonedx",
            "-o",
            to,
            "--cache-dir",
            cache ?? Path.Join(Folder, "empty"),
            "--offline-scan",
            "--skip-db-update",
            "--skip-java-db-update",
        ]);
        return to;
    }
}
