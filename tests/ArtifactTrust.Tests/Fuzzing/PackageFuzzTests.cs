using System.Text;
using ArtifactTrust.Sbom.Packages;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Whatever a file of packages holds, reading it gives packages and gaps, and never an exception.</summary>
public sealed class PackageFuzzTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("etc/os-release", "ID=\"debian\"\nVERSION_ID='12'\n")]
    [InlineData(
        "var/lib/dpkg/status",
        "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nSource: s (1-2)\nDepends: b | c (>= 1), d:any\n X\n\nPackage: b\nVersion: 2\n"
    )]
    [InlineData("lib/apk/db/installed", "P:a\nV:1\nL:MIT\nD:so:x b>1 !c\np:so:x=1\nF:usr\nR:package.json\n\nP:b\nV:2\n")]
    [InlineData(
        "usr/share/doc/a/copyright",
        "Format: https://x/copyright-format/1.0/\nLicense: GPL-2+ or Expat\n\nFiles: *\nLicense: LGPL-2.1\n"
    )]
    [InlineData(
        "s/a.dist-info/METADATA",
        "Name: A_b\nVersion: 1.0\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\nRequires-Dist: x>1; extra == 'a'\n"
    )]
    [InlineData(
        "conda-meta/a.json",
        """{"name":"a","version":"1","channel":"https://x/main/linux-64","fn":"a.conda","depends":["b 1"],"sha256":"00"}"""
    )]
    [InlineData(
        "a/package.json",
        """{"name":"@s/a","version":"1","license":{"type":"MIT"},"author":{"name":"x"},"dependencies":{"b":"1"}}"""
    )]
    [InlineData(
        "a.deps.json",
        """{"runtimeTarget":{"name":"t"},"targets":{"t":{"a/1":{"dependencies":{"b":"2"} } } },"libraries":{"a/1":{"type":"package","sha512":"sha512-AA=="} } }"""
    )]
    [InlineData("requirements.txt", "a[b,c]==1.0 \\\n --hash=sha256:00\nb>=1,<2 ; python_version > '3' # c\nc @ https://x\n-r d\n")]
    [InlineData(
        "poetry.lock",
        "[[package]]\nname = \"a\"\nversion = '''1'''\nfiles = [{file = \"x\", hash = \"sha256:00\"},]\n[package.dependencies]\nb = {version = \">1\"}\n[metadata]\nx.y.\"z\" = 1.5\n"
    )]
    [InlineData("Cargo.lock", "version = 3\n[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n\"b 1 (x)\",\n]\n")]
    [InlineData("Pipfile.lock", """{"_meta":{"a":1},"default":{"a":{"version":"==1","hashes":["sha256:00"]} } }""")]
    [InlineData(
        "package-lock.json",
        """{"lockfileVersion":2,"packages":{"node_modules/a":{"version":"1","integrity":"sha1-AA==","dependencies":{"b":"1"} } },"dependencies":{"a":{"version":"1"} } }"""
    )]
    [InlineData(
        "npm-shrinkwrap.json",
        """{"dependencies":{"a":{"version":"npm:b@1","requires":{"c":"1"},"dependencies":{"c":{"version":"git+x"} } } } }"""
    )]
    [InlineData(
        "yarn.lock",
        "# yarn lockfile v1\n\n\"@a/b@^1\", c@2:\n  version \"1\"\n  integrity sha1-AA==\n  dependencies:\n    \"@x/y\" \"1\"\n    z 2\n"
    )]
    [InlineData(
        "x/yarn.lock",
        "__metadata:\n  version: 8\n\n\"a@npm:^1, a@npm:2\":\n  version: 1\n  resolution: \"a@npm:1\"\n  dependencies:\n    b: \"npm:^1\"\n  linkType: hard\n"
    )]
    [InlineData(
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\npackages:\n  '@s/a@1(b@2)':\n    resolution: {integrity: sha1-AA==}\nsnapshots:\n  '@s/a@1(b@2)':\n    dependencies: {b: 2}\n"
    )]
    [InlineData(
        "packages.lock.json",
        """{"version":1,"dependencies":{"net8.0":{"a":{"type":"Direct","resolved":"1","contentHash":"AA==","dependencies":{"b":"1"} } } } }"""
    )]
    [InlineData("go.mod", "module m\ngo 1.21\nrequire (\n a/b v1 // indirect\n)\nreplace a/b v1 => c/d v2\n")]
    public void Package_files(string path, string seed) =>
        new FuzzTarget(
            path,
            [Encoding.UTF8.GetBytes(seed)],
            input =>
            {
                var catalog = new PackageCatalog(PackageSearch.All);
                catalog.Add(new PackageFile(path, input));
                catalog.Add(new PackageFile("var/lib/dpkg/status", "Package: a\nVersion: 1\n"u8.ToArray()));
                foreach (var package in catalog.ToInventory().Packages)
                {
                    // What is written can be read again.
                    Assert.Equal(package.Url, PackageUrl.Parse(package.Url.ToString()));
                }
            }
        ).Fuzz(output);

    [Fact]
    public void Package_urls() =>
        new FuzzTarget(
            "package URL",
            ["pkg:npm/%40a/b@1?x=y&z=%20#sub/path"u8.ToArray(), "pkg:deb/debian/a@1:2-3?epoch=1"u8.ToArray()],
            input =>
            {
                var url = PackageUrl.Parse(Encoding.UTF8.GetString(input));
                Assert.Equal(url, PackageUrl.Parse(url.ToString()));
                Assert.NotNull(url.Identity);
            }
        ).Fuzz(output);
}
