using System.Text;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

public sealed class OtherLocksTests
{
    [Fact]
    public void What_a_built_dotnet_application_needs_is_read()
    {
        var hash = Convert.ToBase64String(new byte[64]);
        var found = Found.Installed(
            (
                "app/app.deps.json",
                $$"""
                {"runtimeTarget":{"name":".NETCoreApp,Version=v8.0"},
                 "targets":{".NETCoreApp,Version=v8.0":{"app/1.0.0":{"dependencies":{"Serilog":"3.1.1"} },"Serilog/3.1.1":{"dependencies":{"A":"1.0.0"} } } },
                 "libraries":{"app/1.0.0":{"type":"project","sha512":""},"Serilog/3.1.1":{"type":"package","sha512":"sha512-{{hash}}"},"A/1.0.0":{"type":"package"} } }
                """
            )
        );
        Assert.Equal(["pkg:nuget/A@1.0.0", "pkg:nuget/Serilog@3.1.1", "pkg:nuget/app@1.0.0"], found.Urls());
        Assert.Equal(["A"], found.Needs("Serilog"));
        Assert.Equal([$"SHA-512 {new string('0', 128)}"], found.One("Serilog").Hashes());
        Assert.Contains(found.One("app").Properties, p => p is { Name: PackagePropertyNames.Origin, Value: "project" });
    }

    [Fact]
    public void Nugets_lock_is_read()
    {
        var hash = Convert.ToBase64String(new byte[64]);
        var found = Found.Locked(
            "packages.lock.json",
            $$"""
            {"version":1,"dependencies":{"net8.0":{
              "Newtonsoft.Json":{"type":"Direct","requested":"[13, )","resolved":"13.0.3","contentHash":"{{hash}}"},
              "Other":{"type":"Transitive","resolved":"1.0.0","contentHash":"broken","dependencies":{"newtonsoft.json":"13.0.1"} },
              "Third":{"type":"Transitive","resolved":"1.0.0"},
              "mine":{"type":"Project","dependencies":{"Third":"[1.0.0, )"} } } } }
            """
        );
        Assert.Equal(["pkg:nuget/Newtonsoft.Json@13.0.3", "pkg:nuget/Other@1.0.0", "pkg:nuget/Third@1.0.0"], found.Urls());
        Assert.Equal(["pkg:nuget/Newtonsoft.Json@13.0.3", "pkg:nuget/Third@1.0.0"], found.Direct.Order(StringComparer.Ordinal));
        Assert.Equal(["Newtonsoft.Json"], found.Needs("Other"));
        Assert.Single(found.One("Newtonsoft.Json").DeclaredHashes);
        Assert.Empty(found.One("Other").DeclaredHashes);
    }

    [Fact]
    public void Cargos_lock_is_read()
    {
        var hex = new string('a', 64);
        var found = Found.Locked(
            "Cargo.lock",
            $"version = 3\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://x\"\nchecksum = \"{hex}\"\ndependencies = [\n \"libc 0.2.0\",\n \"rand\",\n]\n[[package]]\nname = \"libc\"\nversion = \"0.2.0\"\n[[package]]\nname = \"libc\"\nversion = \"0.1.0\"\n[[package]]\nname = \"rand\"\nversion = \"0.8.0\"\n"
        );
        Assert.Equal(["pkg:cargo/libc@0.1.0", "pkg:cargo/libc@0.2.0", "pkg:cargo/rand@0.8.0", "pkg:cargo/serde@1.0.1"], found.Urls());
        Assert.Equal(["pkg:cargo/libc@0.2.0", "pkg:cargo/rand@0.8.0"], found.One("serde").DependsOn);
        Assert.Equal([$"SHA-256 {hex}"], found.One("serde").Hashes());
        Assert.Empty(found.One("serde").Properties);
        Assert.Equal([new SbomProperty(PackagePropertyNames.Origin, "project")], found.One("rand").Properties);
    }

    [Fact]
    public void A_go_mod_is_read_with_its_replacements()
    {
        var found = Found.Locked(
            "go.mod",
            """
            module example.com/m

            go 1.21

            require github.com/Foo/bar v1.2.3 // a comment
            require (
            	golang.org/x/net v0.17.0 // indirect
            	gone.example/x v1.0.0
            	"plain" v0.1.0
            )
            replace gone.example/x v1.0.0 => github.com/new/x v1.0.1
            replace golang.org/x/net => ../net
            exclude a v1
            """
        );
        Assert.Equal(
            [
                "pkg:golang/github.com/foo/bar@v1.2.3",
                "pkg:golang/github.com/new/x@v1.0.1",
                "pkg:golang/golang.org/x/net@v0.17.0",
                "pkg:golang/plain@v0.1.0",
            ],
            found.Urls()
        );
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public void An_old_go_mod_does_not_name_all()
    {
        var found = Found.Locked("go.mod", "module m\ngo 1.16\nrequire a v1.0.0\n");
        Assert.Contains("1.17", found.Gaps.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void One_package_in_several_files_is_one_with_several_places()
    {
        var found = Found.In(
            PackageSearch.All,
            ("requirements.txt", "a==1\n"),
            ("usr/lib/python3/site-packages/a-1.dist-info/METADATA", "Name: a\nVersion: 1\nLicense: MIT\n")
        );
        Assert.Equal(
            ["requirements.txt", "usr/lib/python3/site-packages/a-1.dist-info/METADATA"],
            found.Packages.Single().Occurrences.Select(o => o.Location)
        );
        Assert.Equal("MIT", found.Packages.Single().Licenses.Single().Id);
    }

    [Fact]
    public void A_manifest_without_a_lock_is_a_gap()
    {
        var catalog = new PackageCatalog(PackageSearch.Locked);
        foreach (
            var path in (string[])["a/package.json", "b/package.json", "b/yarn.lock", "b/part/package.json", "c/c.csproj", "d/Gemfile.lock"]
        )
        {
            Assert.NotEqual(PackageFileUse.None, catalog.UseOf(path, false));
            catalog.Add(new PackageFile(path, "# yarn lockfile v1\n"u8.ToArray()));
        }
        var gaps = catalog.ToInventory().Gaps;
        Assert.Equal(["a/package.json", "c/c.csproj", "d/Gemfile.lock"], gaps.Select(g => g.Location));
        Assert.Equal([false, false, true], gaps.Select(g => g.IsForeign));
    }

    [Theory]
    [InlineData("usr/share/java/a.jar")]
    [InlineData("var/lib/rpm/rpmdb.sqlite")]
    [InlineData("usr/lib/sysimage/rpm/Packages.db")]
    [InlineData("usr/share/gems/specifications/a.gemspec")]
    public void What_only_others_read_is_a_gap(string path)
    {
        var catalog = new PackageCatalog(PackageSearch.Installed);
        Assert.Equal(PackageFileUse.Name, catalog.UseOf(path, false));
        catalog.Add(new PackageFile(path, default));
        Assert.True(catalog.ToInventory().Gaps.Single() is { IsForeign: true, IsUnreadable: false });
    }

    [Fact]
    public void A_program_is_looked_through_wherever_its_mark_lies()
    {
        byte[] mark = [0xff, .. "\u0020Go buildinf:"u8];
        foreach (var at in (int[])[10, 4090, 4095, 4096, 9000])
        {
            var program = new byte[10_000];
            "\u007fELF"u8.CopyTo(program);
            mark.CopyTo(program, at);
            foreach (var step in (int[])[1, 7, 4096, 10_000])
            {
                Assert.Equal("Go modules", Scan(program, step));
            }
        }
        Assert.Equal("Rust crates", Scan([.. "\u007fELF........"u8, .. ".dep-v0\0"u8], 5));
        Assert.Null(Scan([.. "#!/bin/sh"u8, .. mark], 4));
        Assert.Null(Scan(new byte[100], 10));

        static string? Scan(byte[] program, int step)
        {
            var scan = new ProgramScan();
            for (var i = 0; i < program.Length; i += step)
            {
                scan.Append(program.AsSpan(i, Math.Min(step, program.Length - i)));
            }
            return scan.Embedded;
        }
    }

    [Fact]
    public void The_search_is_to_be_decided() => Assert.Throws<ArgumentException>(() => new PackageCatalog(PackageSearch.None));

    [Fact]
    public void A_file_that_could_not_be_opened_is_a_gap()
    {
        var catalog = new PackageCatalog(PackageSearch.Locked);
        catalog.Add(new PackageFile("uv.lock", default) { Unreadable = "too large" });
        Assert.Equal("too large", catalog.ToInventory().Gaps.Single().Reason);
    }

    [Fact]
    public void Text_that_is_not_utf8_is_read_as_far_as_it_goes()
    {
        var catalog = new PackageCatalog(PackageSearch.Installed);
        catalog.Add(new PackageFile("var/lib/dpkg/status", Encoding.Latin1.GetBytes("Package: a\nVersion: 1\nMaintainer: J\u00f6rg\n")));
        Assert.Equal("J\ufffdrg", catalog.ToInventory().Packages.Single().Supplier);
    }
}
