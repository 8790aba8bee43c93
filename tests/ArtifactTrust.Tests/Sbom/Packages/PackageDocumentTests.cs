using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

public sealed class PackageDocumentTests
{
    private static readonly PackageSubject Subject = new(SbomComponentType.Container, "infer", "1", DateTimeOffset.UnixEpoch)
    {
        Url = new PackageUrl("oci", null, "infer", "sha256:00"),
        Digest = DigestAlgorithm.Sha256.Hash("x"u8),
    };

    private static PackageInventory Inventory =>
        Found.Installed(
            ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
            ("var/lib/dpkg/status", "Package: a\nVersion: 1\nDepends: b\n\nPackage: b\nVersion: 1:2\n"),
            ("app/package.json", """{"name":"app","version":"1.0.0"}""")
        );

    [Fact]
    public void An_image_depends_on_its_system_and_its_applications()
    {
        var document = PackageDocument.Create(Subject, Inventory);
        Assert.Equal(["os:debian@12", "pkg:npm/app@1.0.0"], Dependencies(document, document.Root.Reference!));
        Assert.Equal(
            ["pkg:deb/debian/a@1?distro=debian-12", "pkg:deb/debian/b@1:2?distro=debian-12"],
            Dependencies(document, "os:debian@12")
        );
        Assert.Equal(["pkg:deb/debian/b@1:2?distro=debian-12"], Dependencies(document, "pkg:deb/debian/a@1?distro=debian-12"));
        Assert.Equal([document.Root.Reference!], document.CompleteAssemblies);
        var summary = CycloneDxReader.Read(CycloneDxJsonWriter.ToBytes(document));
        Assert.Equal(("container", 4), (summary.Root!.Type, summary.Components.Count));
    }

    [Fact]
    public void The_serial_number_is_of_the_content()
    {
        var one = PackageDocument.Create(Subject, Inventory);
        Assert.Equal(CycloneDxJsonWriter.ToBytes(one), CycloneDxJsonWriter.ToBytes(PackageDocument.Create(Subject, Inventory)));
        Assert.NotEqual(one.SerialNumber, PackageDocument.Create(Subject with { Version = "2" }, Inventory).SerialNumber);
        Assert.NotEqual(Guid.Empty, one.SerialNumber);
    }

    [Fact]
    public void What_was_not_read_makes_it_incomplete_and_is_named()
    {
        var inventory = Inventory with
        {
            Gaps = [new PackageGap("opt/a.jar", "a Java archive", true), new PackageGap("x", "broken", false)],
        };
        var document = PackageDocument.Create(Subject, inventory);
        Assert.Empty(document.CompleteAssemblies);
        Assert.Equal([document.Root.Reference!], document.IncompleteAssemblies);
        Assert.Equal(["opt/a.jar: a Java archive", "x: broken"], document.Root.Properties.Select(p => p.Value));
        Assert.Contains(
            "\"aggregate\": \"incomplete\"",
            Encoding.UTF8.GetString(CycloneDxJsonWriter.ToBytes(document)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Anothers_list_adds_what_is_not_known_and_fills_its_gaps()
    {
        var list = OtherPackageList.Read(
            "Trivy",
            """
            {"bomFormat":"CycloneDX","specVersion":"1.6","components":[
              {"bom-ref":"1","type":"library","name":"b","version":"2","purl":"pkg:deb/debian/b@2?epoch=1&arch=amd64"},
              {"bom-ref":"2","type":"library","name":"net","version":"v0.1.0","purl":"pkg:golang/golang.org/x/net@v0.1.0","licenses":[{"license":{"id":"MIT"}}],
               "hashes":[{"alg":"SHA-1","content":"5e23d4d537e9593a319ca691da83eb444e8f5aea"}],
               "properties":[{"name":"aquasecurity:trivy:LayerDiffID","value":"sha256:00"},{"name":"aquasecurity:trivy:PkgType","value":"gobinary"}]},
              {"bom-ref":"3","type":"application","name":"usr/bin/a"},
              {"bom-ref":"4","type":"library","name":"net","version":"v0.1.0","purl":"pkg:golang/golang.org/x/net@v0.1.0"},
              {"bom-ref":"5","type":"application","name":"usr/bin/b"},
              {"type":"library","name":"bad","purl":"nothing"}],
             "dependencies":[{"ref":"3","dependsOn":["2"]},{"ref":"5","dependsOn":["4"]},{"ref":"2","dependsOn":["1","3"]}]}
            """u8.ToArray()
        );
        var inventory = Inventory with { Gaps = [new PackageGap("usr/bin/a", "Go", true)] };
        var document = PackageDocument.Create(Subject, inventory, list);
        var added = document.Components.Single(c => c.Properties.Any(p => p.Name == PackagePropertyNames.FoundBy));
        Assert.Equal("pkg:golang/golang.org/x/net@v0.1.0", added.PackageUrl);
        Assert.Equal([new SbomOccurrence("usr/bin/a", "sha256:00"), new SbomOccurrence("usr/bin/b")], added.Occurrences);
        Assert.Equal([new SbomHash("SHA-1", "5e23d4d537e9593a319ca691da83eb444e8f5aea")], added.DeclaredHashes);
        // It needs the package that was read here, under the name that it has here.
        var own = document.Components.Single(c => c.Name == "b").Reference!;
        Assert.Equal([own], Dependencies(document, added.Reference!));
        Assert.Equal(5, document.Components.Count);
        Assert.Equal([document.Root.Reference!], document.CompleteAssemblies);
    }

    [Fact]
    public void A_file_in_which_the_other_program_found_nothing_stays_a_gap()
    {
        var list = OtherPackageList.Read(
            "Trivy",
            """
            {"bomFormat":"CycloneDX","specVersion":"1.6","components":[
              {"type":"library","name":"a","version":"1","purl":"pkg:maven/g/a@1",
               "properties":[{"name":"aquasecurity:trivy:FilePath","value":"app.war/WEB-INF/lib/a.jar"}]}]}
            """u8.ToArray()
        );
        string[] files = ["app.war", "own.jar", "var/lib/rpm/rpmdb.sqlite"];
        var inventory = Inventory with { Gaps = [.. files.Select(f => new PackageGap(f, "foreign", true))] };
        var document = PackageDocument.Create(Subject, inventory, list);
        Assert.Equal([document.Root.Reference!], document.IncompleteAssemblies);
        Assert.Equal(
            ["own.jar: foreign, of which Trivy names no package", "var/lib/rpm/rpmdb.sqlite: foreign, of which Trivy names no package"],
            document.Root.Properties.Where(p => p.Name == PackagePropertyNames.Gap).Select(p => p.Value)
        );
    }

    [Fact]
    public void An_rpm_package_was_found_in_the_database_and_keeps_what_advisories_are_found_by()
    {
        var list = OtherPackageList.Read(
            "Trivy",
            """
            {"bomFormat":"CycloneDX","specVersion":"1.6","components":[
              {"type":"library","name":"a-libs","version":"1-2","purl":"pkg:rpm/fedora/a-libs@1-2?arch=x86_64&distro=fedora-40",
               "properties":[{"name":"aquasecurity:trivy:SrcName","value":"a"},{"name":"aquasecurity:trivy:LayerDiffID","value":"sha256:00"}]}]}
            """u8.ToArray()
        );
        var inventory = Inventory with { Gaps = [new PackageGap("var/lib/rpm/rpmdb.sqlite", "rpm", true)] };
        var package = PackageDocument.Create(Subject, inventory, list).Components.Single(c => c.Name == "a-libs");
        Assert.Equal([new SbomOccurrence("var/lib/rpm/rpmdb.sqlite", "sha256:00")], package.Occurrences);
        Assert.Equal(
            [new SbomProperty("aquasecurity:trivy:SrcName", "a"), new SbomProperty(PackagePropertyNames.FoundBy, "Trivy")],
            package.Properties
        );
    }

    [Fact]
    public void A_model_gets_the_packages_that_its_files_ask_for()
    {
        var model = new SbomDocument(
            Guid.NewGuid(),
            DateTimeOffset.UnixEpoch,
            "1",
            new SbomComponent(SbomComponentType.Application, "application:m", "m"),
            [new SbomComponent(SbomComponentType.MachineLearningModel, "model:m", "m")],
            [new SbomDependency("application:m", ["model:m"]), new SbomDependency("model:m", [])],
            ["model:m"]
        );
        var document = PackageDocument.AddTo(model, Found.Locked("requirements.txt", "torch==2.1.0\nnumpy\n"));
        Assert.Equal(["pkg:pypi/numpy", "pkg:pypi/torch@2.1.0"], Dependencies(document, "model:m"));
        Assert.Equal(["model:m"], document.CompleteAssemblies);
        // The file leaves a version open.
        Assert.Equal(["application:m"], document.IncompleteAssemblies);
        Assert.Same(model, PackageDocument.AddTo(model, Found.Locked("requirements.txt", "# none\n")));
    }

    [Fact]
    public void Only_what_a_subject_needs_itself_is_its_dependency_and_all_can_be_reached()
    {
        var inventory = Found.Locked(
            "package-lock.json",
            """
            {"lockfileVersion":3,"packages":{
              "":{"dependencies":{"a":"1"},"devDependencies":{"b":"1"}},
              "node_modules/a":{"version":"1.0.0","dependencies":{"b":"1","c":"1"}},
              "node_modules/b":{"version":"1.0.0"},
              "node_modules/c":{"version":"1.0.0","dependencies":{"c":"1"}},
              "node_modules/left":{"version":"1.0.0"},
              "node_modules/x":{"version":"1.0.0","dependencies":{"y":"1"}},
              "node_modules/y":{"version":"1.0.0","dependencies":{"x":"1"}}}}
            """
        );
        var document = PackageDocument.Create(new PackageSubject(SbomComponentType.Application, "app", null, default), inventory);
        Assert.Equal(
            ["pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/left@1.0.0", "pkg:npm/x@1.0.0"],
            Dependencies(document, document.Root.Reference!)
        );
        Assert.Equal(["pkg:npm/b@1.0.0", "pkg:npm/c@1.0.0"], Dependencies(document, "pkg:npm/a@1.0.0"));
    }

    [Fact]
    public void A_package_with_an_archive_for_every_platform_can_be_read_again()
    {
        var files = string.Join(", ", Enumerable.Range(0, 200).Select(i => $"{{ hash = \"sha256:{i:x64}\" }}"));
        var inventory = Found.Locked("uv.lock", $"[[package]]\nname = \"a\"\nversion = \"1\"\nwheels = [{files}]\n");
        var document = PackageDocument.Create(new PackageSubject(SbomComponentType.Application, "app", null, default), inventory);
        Assert.Equal(200, CycloneDxReader.Read(CycloneDxJsonWriter.ToBytes(document)).Components.Single().Hashes.Count);
    }

    [Fact]
    public void A_part_of_a_workspace_is_not_said_to_be_fetched()
    {
        var found = Found.Locked(
            "package-lock.json",
            """{"lockfileVersion":3,"packages":{"":{},"parts/own":{"version":"1.0.0"},"node_modules/own":{"resolved":"parts/own","link":true}}}"""
        );
        Assert.Equal([new SbomProperty(PackagePropertyNames.Origin, "project")], found.One("own").Properties);
    }

    [Fact]
    public void A_directory_is_walked_by_what_it_is()
    {
        using var folder = new TemporaryDirectory();
        folder.File("app/package-lock.json", """{"lockfileVersion":3,"packages":{"node_modules/a":{"version":"1.0.0"}}}""");
        folder.File("app/package.json", """{"name":"app","version":"1.0.0"}""");
        folder.File("app/node_modules/a/package.json", """{"name":"a","version":"1.0.1"}""");
        folder.File("app/node_modules/a/yarn.lock", "broken");
        folder.File(".git/package.json", """{"name":"git","version":"1.0.0"}""");
        folder.File("usr/lib/os-release", "ID=x\n");
        Directory.CreateDirectory(Path.Combine(folder.Path, "etc"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, "etc", "os-release"), "../usr/lib/os-release");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "linked"), "app");
        var locked = PackageTree.Read(folder.Path, PackageSearch.Locked);
        Assert.Equal(["pkg:npm/a@1.0.0"], locked.Urls());
        Assert.Empty(locked.Gaps);
        var installed = PackageTree.Read(folder.Path, PackageSearch.Installed);
        Assert.Equal(["pkg:npm/a@1.0.1", "pkg:npm/app@1.0.0"], installed.Urls());
        Assert.Equal("etc/os-release", installed.OperatingSystem!.Occurrence.Location);
        Assert.True(PackageTree.IsInstalledSystem(folder.Path));
        Assert.False(PackageTree.HasManifest(folder.Path));
        Assert.True(PackageTree.HasManifest(Path.Combine(folder.Path, "app")));
    }

    private static IReadOnlyList<string> Dependencies(SbomDocument document, string reference) =>
        document.Dependencies.Single(d => d.Reference == reference).DependsOn;
}
