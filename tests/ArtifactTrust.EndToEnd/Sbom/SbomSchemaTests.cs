using System.Xml;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>The SBOMs of images, source trees, root file systems and releases, against the published schemas and our own validator.</summary>
public sealed class SbomSchemaTests : IDisposable
{
    private const string Status = """
        Package: libx1
        Status: install ok unpacked
        Source: libx (1:1.2-2)
        Version: 1:1.2-2+b1
        Architecture: amd64
        Maintainer: Jöhn Doe <john@acme.example>
        Homepage: https://acme.example/x y

        Package: tool
        Status: install ok installed
        Version: 2.0~rc1
        Architecture: all

        """;

    private const string Installed = "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\nP:busybox\nV:1.36.1-r5\nA:x86_64\nL:GPL-2.0-only\no:busybox\n\n";

    private const string NpmLock = """
        {"name":"web","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"web","version":"1.0.0"},
        "node_modules/@scope/a":{"version":"1.0.0","license":"MIT OR Apache-2.0","integrity":"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="},
        "node_modules/b":{"version":"2.0.0-rc.1+x","license":"SEE LICENSE IN x","dev":true}}}
        """;

    private const string CargoLock = """
        version = 3
        [[package]]
        name = "serde"
        version = "1.0.0"
        source = "registry+https://github.com/rust-lang/crates.io-index"
        checksum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        """;

    private readonly PackageScene _scene = new();

    public void Dispose() => _scene.Dispose();

    public static TheoryData<string, string?, string> Forms() =>
        new()
        {
            { "cyclonedx-json", "1.6", "1.6" },
            { "cyclonedx-json", "1.7", "1.7" },
            { "cyclonedx-xml", "1.6", "1.6" },
            { "cyclonedx-xml", "1.7", "1.7" },
            { "spdx-json", null, "spdx-2.3" },
            { "spdx3-json", null, "spdx-3.0.1" },
        };

    [SbomTheory(validator: true)]
    [MemberData(nameof(Forms))]
    public async Task Every_kind_of_subject_is_valid_by_the_published_schema(string format, string? version, string schema)
    {
        var root = Root(Path.Join(_scene.Folder, "image", "0"));
        var layout = Path.Join(_scene.Folder, "layout");
        await PackageScene.StoreAsync(layout, Path.Join(_scene.Folder, "image"));
        (string Subject, string[] Options)[] subjects =
        [
            ($"oci-layout:{layout}", []),
            ($"oci-layout:{Path.Join(SbomPeers.Vectors, "trivy", "images", "oci")}", []),
            (root, ["--source"]),
            (Source(), ["--source"]),
            (Source(), []),
        ];
        var files = new List<string>();
        foreach (var (subject, options) in subjects)
        {
            var file = Path.Join(_scene.Folder, $"{files.Count}.{format}");
            var ended = _scene.Run(
                subject,
                [.. options, "--format", format, .. version is null ? [] : (string[])["--spec-version", version], "--to", file]
            );
            Assert.True(ended.ExitCode == 0, $"{subject}: {ended}");
            files.Add(file);
        }
        Valid(files, format, schema);
    }

    [SbomTheory(validator: true)]
    [InlineData("1.6")]
    [InlineData("1.7")]
    public void A_release_is_valid_by_the_published_schema(string version)
    {
        string[] parts = ["source.json", "root.json", "model.json"];
        string[] form = ["--spec-version", version, "--to"];
        Ok(_scene.Run(Source(), ["--source", .. form, parts[0]]));
        Ok(_scene.Run(Root(Path.Join(_scene.Folder, "root")), ["--source", .. form, parts[1]]));
        Ok(_scene.Run(Source(), ["--component-version", "1.0", .. form, parts[2]]));
        Ok(
            Tool.Run(
                _scene.Folder,
                null,
                ["sbom", "merge", .. parts, "--name", "release", "--component-version", "2.0", "--to", "release.json"]
            )
        );
        Valid([Path.Join(_scene.Folder, "release.json")], "cyclonedx-json", version);
    }

    private void Valid(List<string> files, string format, string schema)
    {
        if (format == "cyclonedx-xml")
        {
            files.ForEach(f => ValidXml(f, schema));
        }
        else
        {
            var lines = SbomPeers.Node("validate.mjs", [Path.Join(SbomPeers.Vectors, "bom-schemas"), schema, .. files]);
            Assert.Equal(files.Count, lines.Length);
            Assert.All(files.Zip(lines), l => Assert.True(l.Second == "valid", $"{l.First}: {l.Second}"));
        }
        Assert.All(files, f => Ok(Tool.Run(_scene.Folder, null, ["sbom", "validate", f])));
    }

    private static void ValidXml(string file, string version)
    {
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = CycloneDxXmlSchema.Of(version) };
        settings.ValidationEventHandler += (_, e) => Assert.Fail($"{file}: {e.Message}");
        using var xml = XmlReader.Create(file, settings);
        while (xml.Read()) { }
    }

    private static void Ok(Ended ended) => Assert.True(ended.ExitCode == 0, ended.ToString());

    private static string Root(string folder)
    {
        Write(folder, "etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
        Write(folder, "var/lib/dpkg/status", Status);
        Write(folder, "lib/apk/db/installed", Installed);
        Write(folder, "usr/lib/node_modules/b/package.json", """{"name":"b","version":"2.0.0","license":"(MIT AND Zlib)"}""");
        Write(
            folder,
            "usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: Own & odd\nHome-page: UNKNOWN\n"
        );
        return folder;
    }

    private string Source()
    {
        var folder = Path.Join(_scene.Folder, "source");
        Write(folder, "package-lock.json", NpmLock);
        Write(folder, "Cargo.lock", CargoLock);
        Write(folder, "requirements.txt", $"requests==2.31.0 --hash=sha256:{new string('a', 64)}\n");
        Write(folder, "go.mod", "module acme.example/m\n\ngo 1.22\n\nrequire golang.org/x/text v0.14.0\n");
        Write(folder, "README.md", "---\nlicense: [mit, llama3.1]\nbase_model: a/b\n---\n");
        return folder;
    }

    private static void Write(string folder, string name, string text)
    {
        var file = Path.Join(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
