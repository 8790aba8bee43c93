using System.Buffers.Binary;
using System.IO.Compression;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Scanning;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>Packages that only Trivy reads: rpm databases, Java archives, programs of Go and Rust.</summary>
public sealed class TrivyPackagesTests : IDisposable
{
    private static ReadOnlySpan<byte> Dpkg =>
        "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.4+deb12u5\nMaintainer: A <a@acme.example>\n\n"u8;

    private readonly PackageScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [TrivyFact(false, "rpm", "rpmbuild", "db5.3_load")]
    public void A_database_of_rpm_is_read_in_each_of_its_forms()
    {
        MakeDatabases();
        var rows = "";
        foreach (var (form, file) in ((string, string)[])[("sqlite", "rpmdb.sqlite"), ("bdb", "Packages"), ("ndb", "Packages.db")])
        {
            var root = Path.Join(_scene.Folder, $"root-{form}");
            Fedora(root, form);
            var ours = _scene.Sbom(root, WithTrivy(null));
            rows += PackageScene.Compare($"rpm's own, {form}", PackageScene.Read(ours), PackageScene.Read(_scene.TrivyOfRoot(root)));
            var document = Document.Read(ours);
            Assert.Equal("complete", document.Aggregate);
            Assert.Equal(["acme-data", "acme-libs", "acme-tool"], document.Packages.Select(p => p.Name));
            Assert.All(document.Packages, p => Assert.Equal([$"var/lib/rpm/{file}"], p.Places));
            Assert.All(document.Packages, p => Assert.Equal("Trivy", p.FoundBy));
            var libs = document.Packages[1];
            Assert.Equal("pkg:rpm/fedora/acme-libs@2.1-3?arch=x86_64&distro=fedora-40&epoch=1", libs.Url);
            Assert.Equal("LGPL-2.1-or-later", libs.License);
            Assert.Equal([libs.Url], document.DependsOn(document.Packages[2].Url));
            // As with Debian's packages, the system depends on them, and the root on the system.
            Assert.Equal(document.Packages.Select(p => p.Url), document.DependsOn("os:fedora@40"));
        }
        PackageScene.Approve("Databases of rpm", rows);
    }

    [TrivyFact(true, "rpm", "rpmbuild", "db5.3_load", "crane")]
    public async Task What_is_read_here_stands_beside_what_trivy_reads_and_is_never_replaced()
    {
        MakeDatabases();
        var root = Path.Join(_scene.Folder, "both");
        Fedora(Path.Join(root, "0"), "sqlite");
        File.WriteAllText(Path.Join(root, "0", "etc", "os-release"), "ID=debian\nVERSION_ID=12\n");
        // By this file Trivy knows a Debian.
        Write(root, "0/etc/debian_version", "12.4\n"u8);
        Write(root, "0/var/lib/dpkg/status", Dpkg);
        Write(root, "1/opt/app/site-packages/six-1.16.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n"u8);
        Write(root, "1/usr/share/deno/package.json", """{"name":"left-pad","version":"1.3.0"}"""u8);
        Jar(Path.Join(root, "1", "opt", "app", "gson.jar"));
        Copy(Peers.Find("crane"), Path.Join(root, "1", "usr", "bin", "crane"));
        Rust(Path.Join(root, "1", "usr", "bin", "acme"));
        var layout = Path.Join(_scene.Folder, "layout");
        var layers = await PackageScene.StoreAsync(layout, root);
        var cache = _scene.Databases();

        var without = Document.Read(_scene.Sbom($"oci-layout:{layout}"));
        Assert.Equal("incomplete", without.Aggregate);
        Assert.Equal(
            [
                "opt/app/gson.jar: a Java archive",
                "usr/bin/acme: a program with Rust crates compiled in",
                "usr/bin/crane: a program with Go modules compiled in",
                "var/lib/rpm/rpmdb.sqlite: a database of rpm packages",
            ],
            without.Gaps
        );

        var ours = _scene.Sbom($"oci-layout:{layout}", WithTrivy(cache));
        var document = Document.Read(ours);
        // Trivy takes what rpm installed for packages of Debian: they are listed as it calls them, and the database stays a gap.
        Assert.Equal("incomplete", document.Aggregate);
        Assert.Equal(["var/lib/rpm/rpmdb.sqlite: a database of rpm packages, of which Trivy names no package"], document.Gaps);
        PackageScene.Compare("both", PackageScene.Read(ours), PackageScene.Read(_scene.TrivyOfImage(layout, cache)));
        Assert.Equal(document.Packages.Count, document.Packages.Select(p => p.Url).Distinct().Count());
        foreach (var own in without.Packages)
        {
            var now = Assert.Single(document.Packages, p => p.Name == own.Name);
            Assert.Equal((own.Url, null), (now.Url, now.FoundBy));
            Assert.Equal(own.Places, now.Places);
        }
        Found("gson", "pkg:maven/com.google.code.gson/gson@2.10.1", "opt/app/gson.jar");
        Found("serde", "pkg:cargo/serde@1.0.200", "usr/bin/acme");
        Found("acme", "pkg:cargo/acme@0.1.0", "usr/bin/acme");
        Assert.Equal(["pkg:cargo/serde@1.0.200"], document.DependsOn("pkg:cargo/acme@0.1.0"));
        var stdlib = Assert.Single(document.Packages, p => p.Name == "stdlib");
        Assert.Equal(["usr/bin/crane"], stdlib.Places);
        Assert.Equal(
            ["acme-data", "acme-libs", "acme-tool", "base-files"],
            document.Packages.Where(p => p.Url.StartsWith("pkg:deb/debian/", StringComparison.Ordinal)).Select(p => p.Name)
        );

        void Found(string name, string url, string place)
        {
            var package = Assert.Single(document.Packages, p => p.Name == name);
            Assert.Equal((url, "Trivy", layers[1]), (package.Url, package.FoundBy, package.Layer));
            Assert.Equal([place], package.Places);
        }
    }

    [TrivyFact(false, "rpm", "rpmbuild", "db5.3_load")]
    public async Task A_package_of_dpkg_beside_rpm_is_listed_once()
    {
        MakeDatabases();
        var root = Path.Join(_scene.Folder, "both");
        Fedora(Path.Join(root, "0"), "sqlite");
        Write(root, "1/var/lib/dpkg/status", Dpkg);
        var layout = Path.Join(_scene.Folder, "layout");
        var layers = await PackageScene.StoreAsync(layout, root);
        Assert.Contains("pkg:rpm/fedora/base-files@12.4%2Bdeb12u5", PackageScene.Read(_scene.TrivyOfImage(layout)));
        var document = Document.Read(_scene.Sbom($"oci-layout:{layout}", WithTrivy(null)));
        Assert.Equal("complete", document.Aggregate);
        Assert.Equal(["acme-data", "acme-libs", "acme-tool", "base-files"], document.Packages.Select(p => p.Name));
        Assert.Equal(("pkg:deb/", null), (document.Packages[3].Url[..8], document.Packages[3].FoundBy));
        Assert.All(
            document.Packages.Take(3),
            p => Assert.Equal((layers[0], "var/lib/rpm/rpmdb.sqlite"), (p.Layer, Assert.Single(p.Places)))
        );
    }

    [TrivyFact(true)]
    public void Every_module_of_a_program_of_go_is_listed()
    {
        var root = Path.Join(_scene.Folder, "root");
        Write(root, "etc/os-release", "ID=debian\nVERSION_ID=12\n"u8);
        // Trivy itself is one, of hundreds of modules.
        Copy(RealTrivy.Executable!, Path.Join(root, "usr", "bin", "trivy"));
        Jar(Path.Join(root, "opt", "gson.jar"));
        Rust(Path.Join(root, "usr", "bin", "acme"));
        var cache = _scene.Databases();
        var ours = _scene.Sbom(root, WithTrivy(cache));
        var rows = PackageScene.Compare(
            "a program of Go, one of Rust, a Java archive",
            PackageScene.Read(ours),
            PackageScene.Read(_scene.TrivyOfRoot(root, cache))
        );
        var document = Document.Read(ours);
        Assert.Equal("complete", document.Aggregate);
        var go = document.Packages.Where(p => p.Url.StartsWith("pkg:golang/", StringComparison.Ordinal)).ToList();
        Assert.True(go.Count > 100, $"{go.Count} modules");
        Assert.All(go, p => Assert.Equal(["usr/bin/trivy"], p.Places));
        Assert.Contains(go, p => document.DependsOn(p.Url).Count > 100);
        PackageScene.Approve("Programs and archives", rows);
    }

    [TrivyFact(false)]
    public void A_java_archive_that_nobody_knows_stays_unknown_and_a_trivy_that_fails_is_told()
    {
        var root = Path.Join(_scene.Folder, "root");
        Write(root, "etc/os-release", "ID=debian\nVERSION_ID=12\n"u8);
        Jar(Path.Join(root, "opt", "gson.jar"));
        Jar(Path.Join(root, "opt", "web.WAR"));
        Rust(Path.Join(root, "usr", "bin", "acme"));
        // Without its database of Java packages Trivy reads no archive, and nothing else where there is one.
        var to = Path.Join(_scene.Folder, "failed.json");
        var asked = _scene.Run(root, [.. WithTrivy(Path.Join(_scene.Folder, "none")), "--to", to]);
        Assert.Equal(3, asked.ExitCode);
        Assert.False(File.Exists(to));
        var found = Tool.Run(
            _scene.Folder,
            new Dictionary<string, string?> { ["ARTIFACT_TRUST_TRIVY"] = RealTrivy.Executable },
            ["sbom", root, "--to", to, "--offline", "--trivy-cache", Path.Join(_scene.Folder, "none")]
        );
        Assert.Equal(0, found.ExitCode);
        Assert.Contains(
            "Java archives are not looked into, and the SBOM says it is incomplete",
            found.ToString(),
            StringComparison.Ordinal
        );
        var document = Document.Read(to);
        Assert.Equal("incomplete", document.Aggregate);
        Assert.Equal(["opt/gson.jar: a Java archive", "opt/web.WAR: a Java archive"], document.Gaps);
        Assert.Equal(["acme", "serde"], document.Packages.Select(p => p.Name));
    }

    [Fact]
    public void A_trivy_that_fails_is_told_with_what_to_do()
    {
        var root = Path.Join(_scene.Folder, "root");
        Write(root, "etc/os-release", "ID=debian\nVERSION_ID=12\n"u8);
        Rust(Path.Join(root, "usr", "bin", "acme"));
        var trivy = Path.Join(_scene.Folder, "trivy");
        File.WriteAllText(trivy, "#!/bin/sh\necho 'FATAL walk dir error: no space left on device' >&2\nexit 1\n");
        MakeExecutable(trivy);
        var to = Path.Join(_scene.Folder, "failed.json");
        var found = Tool.Run(
            _scene.Folder,
            new Dictionary<string, string?> { ["ARTIFACT_TRUST_TRIVY"] = trivy },
            ["sbom", root, "--to", to, "--offline"]
        );
        Assert.Equal(0, found.ExitCode);
        Assert.Contains("1 files hold packages that only Trivy reads", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("could not scan", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("is not there any more or cannot be read", found.ToString(), StringComparison.Ordinal);
        Assert.Equal("incomplete", Document.Read(to).Aggregate);
    }

    [TrivyFact(true)]
    public void A_java_archive_without_a_name_is_said_to_be_unknown_to_trivy()
    {
        var root = Path.Join(_scene.Folder, "root");
        Write(root, "etc/os-release", "ID=debian\nVERSION_ID=12\n"u8);
        Jar(Path.Join(root, "opt", "own.jar"), named: false);
        var document = Document.Read(_scene.Sbom(root, WithTrivy(_scene.Databases())));
        Assert.Equal("incomplete", document.Aggregate);
        Assert.Equal(["opt/own.jar: a Java archive, of which Trivy names no package"], document.Gaps);
    }

    private static string[] WithTrivy(string? cache) =>
        ["--trivy", RealTrivy.Executable!, "--offline", .. (string[])(cache is null ? [] : ["--trivy-cache", cache])];

    private static void Write(string root, string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Join(root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
        MakeExecutable(to);
    }

    private static void MakeExecutable(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void Jar(string path, bool named = true)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var jar = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Entry("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\n");
        if (named)
        {
            Entry(
                "META-INF/maven/com.google.code.gson/gson/pom.properties",
                "artifactId=gson\ngroupId=com.google.code.gson\nversion=2.10.1\n"
            );
        }

        void Entry(string name, string content)
        {
            using var writer = new StreamWriter(jar.CreateEntry(name).Open());
            writer.Write(content);
        }
    }

    /// <summary>A program with nothing but what cargo-auditable puts into one: the crates as compressed JSON in a section <c>.dep-v0</c>.</summary>
    private static void Rust(string path)
    {
        using var crates = new MemoryStream();
        using (var zlib = new ZLibStream(crates, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(
                """{"packages":[{"name":"acme","version":"0.1.0","source":"local","dependencies":[1],"root":true},{"name":"serde","version":"1.0.200","source":"crates.io"}]}"""u8
            );
        }
        var data = crates.ToArray();
        var names = "\0.shstrtab\0.dep-v0\0"u8.ToArray();
        const int Header = 64;
        var file = new byte[Header + data.Length + names.Length + 3 * Header];
        var sections = Header + data.Length + names.Length;
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(16), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), 62);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), sections);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(52), Header);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), Header);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), 3);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(62), 1);
        data.CopyTo(file, Header);
        names.CopyTo(file, Header + data.Length);
        Section(1, name: 1, type: 3, Header + data.Length, names.Length);
        Section(2, name: 11, type: 1, Header, data.Length);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file);
        MakeExecutable(path);

        void Section(int index, int name, int type, int offset, int size)
        {
            var section = file.AsSpan(sections + index * Header);
            BinaryPrimitives.WriteInt32LittleEndian(section, name);
            BinaryPrimitives.WriteInt32LittleEndian(section[4..], type);
            BinaryPrimitives.WriteInt64LittleEndian(section[24..], offset);
            BinaryPrimitives.WriteInt64LittleEndian(section[32..], size);
        }
    }

    private void MakeDatabases()
    {
        var programs = Path.GetDirectoryName(Peers.Find("rpm"))!;
        var made = Tool.Execute(
            _scene.Folder,
            new Dictionary<string, string?>
            {
                ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}",
                ["HOME"] = _scene.Folder,
            },
            "",
            [
                Path.Join(RealTrivy.Repository, "tests", "ArtifactTrust.EndToEnd", "Sbom", "make-rpm-databases.sh"),
                Path.Join(_scene.Folder, "rpm"),
            ]
        );
        Assert.True(made.ExitCode == 0, made.ToString());
    }

    private void Fedora(string root, string form)
    {
        Write(root, "etc/os-release", "NAME=\"Fedora Linux\"\nID=fedora\nVERSION_ID=40\n"u8);
        var file = Directory.GetFiles(Path.Join(_scene.Folder, "rpm", form)).Single();
        Write(root, $"var/lib/rpm/{Path.GetFileName(file)}", File.ReadAllBytes(file));
    }

    /// <summary>What these tests ask of a document.</summary>
    private sealed record Document(
        string Aggregate,
        IReadOnlyList<string> Gaps,
        IReadOnlyList<Package> Packages,
        IReadOnlyDictionary<string, IReadOnlyList<string>> Dependencies
    )
    {
        internal static Document Read(string file)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = json.RootElement;
            return new Document(
                root.GetProperty("compositions")[0].GetProperty("aggregate").GetString()!,
                [.. Properties(root.GetProperty("metadata").GetProperty("component"), "artifact-trust:package:not-read")],
                [
                    .. root.GetProperty("components")
                        .EnumerateArray()
                        .Where(c => c.TryGetProperty("purl", out _))
                        .Select(Package.Read)
                        .OrderBy(p => p.Name, StringComparer.Ordinal),
                ],
                root.GetProperty("dependencies")
                    .EnumerateArray()
                    .ToDictionary(
                        d => d.GetProperty("ref").GetString()!,
                        d =>
                            (IReadOnlyList<string>)
                                [.. d.TryGetProperty("dependsOn", out var n) ? n.EnumerateArray().Select(r => r.GetString()!) : []]
                    )
            );
        }

        internal IReadOnlyList<string> DependsOn(string reference) => Dependencies[reference];

        internal static IEnumerable<string> Properties(JsonElement component, string name) =>
            component.TryGetProperty("properties", out var properties)
                ?
                [
                    .. properties
                        .EnumerateArray()
                        .Where(p => p.GetProperty("name").GetString() == name)
                        .Select(p => p.GetProperty("value").GetString()!),
                ]
                : [];
    }

    private sealed record Package(string Name, string Url, string? FoundBy, string? License, string? Layer, IReadOnlyList<string> Places)
    {
        internal static Package Read(JsonElement json)
        {
            var places = json.TryGetProperty("evidence", out var evidence)
                ? evidence.GetProperty("occurrences").EnumerateArray().ToList()
                : [];
            return new Package(
                json.GetProperty("name").GetString()!,
                json.GetProperty("purl").GetString()!,
                Document.Properties(json, "artifact-trust:package:found-by").FirstOrDefault(),
                json.TryGetProperty("licenses", out var l) ? l[0].GetProperty("license").GetProperty("id").GetString() : null,
                places.Select(p => p.TryGetProperty("additionalContext", out var c) ? c.GetString() : null).FirstOrDefault(),
                [.. places.Select(p => p.GetProperty("location").GetString()!)]
            );
        }
    }
}
