using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

public sealed class DistributionTests
{
    private const string Release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n# comment\n";

    private const string Status = """
        Package: libc6
        Status: install ok installed
        Maintainer: GNU Libc Maintainers <x@debian.org>
        Architecture: amd64
        Multi-Arch: same
        Source: glibc (2.36-9)
        Version: 2.36-9+deb12u4
        Provides: libc-virtual (= 1)
        Depends: libgcc-s1
        Description: GNU C Library
         A long
         description.

        Package: libgcc-s1
        Status: install ok unpacked
        Architecture: amd64
        Version: 12.2.0-14
        Depends: gcc-12-base (= 12.2.0-14), libc6 (>= 2.35)

        Package: vim
        Status: deinstall ok config-files
        Architecture: amd64
        Version: 1

        Package: nano
        Status: deinstall ok installed
        Architecture: all
        Version: 1:7.2-1
        Depends: missing | libc-virtual, libc6:any

        """;

    [Fact]
    public void Packages_of_dpkg_are_those_whose_files_are_there()
    {
        var found = Found.Installed(("var/lib/dpkg/status", Status), ("etc/os-release", Release));
        Assert.Equal(
            [
                "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12",
                "pkg:deb/debian/libgcc-s1@12.2.0-14?arch=amd64&distro=debian-12",
                "pkg:deb/debian/nano@1:7.2-1?arch=all&distro=debian-12",
            ],
            found.Urls()
        );
        Assert.Empty(found.Gaps);
        Assert.Equal(
            ("debian", "12", "Debian GNU/Linux 12 (bookworm)"),
            (found.OperatingSystem!.Id, found.OperatingSystem.Version, found.OperatingSystem.Name)
        );
        Assert.Equal(["libc6"], found.Needs("libgcc-s1"));
        Assert.Equal(["libc6"], found.Needs("nano"));
        Assert.Equal("GNU Libc Maintainers <x@debian.org>", found.One("libc6").Supplier);
        Assert.Equal(["glibc", "2.36", "9"], found.One("libc6").Properties.Select(p => p.Value));
        Assert.Equal(["nano", "7.2", "1", "1"], found.One("nano").Properties.Select(p => p.Value));
    }

    [Fact]
    public void A_distroless_image_has_a_file_for_each_package()
    {
        var found = Found.Installed(
            ("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n"),
            ("var/lib/dpkg/status.d/libssl3", "Package: libssl3\nVersion: 3.0.11-1\nArchitecture: amd64\nDepends: tzdata\n"),
            ("var/lib/dpkg/status.d/libssl3.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/lib/libssl.so.3\n")
        );
        Assert.Equal(["pkg:deb/debian/libssl3@3.0.11-1?arch=amd64", "pkg:deb/debian/tzdata@2024a-0?arch=all"], found.Urls());
        Assert.Equal(["tzdata"], found.Needs("libssl3"));
        Assert.Equal("var/lib/dpkg/status.d/libssl3", found.One("libssl3").Occurrences.Single().Location);
    }

    [Fact]
    public void A_machine_readable_copyright_gives_the_licences()
    {
        const string Copyright = """
            Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
            Upstream-Name: x

            Files: *
            Copyright: someone
            License: Expat

            Files: a/*
            License: GPL-2+ or Artistic
             text of it

            License: LGPL-2.1
             only a text

            Files: b
            License: BSD-3-clause
            """;
        var found = Found.Installed(
            ("var/lib/dpkg/status", "Package: x\nVersion: 1\n\nPackage: y\nVersion: 1\n"),
            ("usr/share/doc/x/copyright", Copyright),
            ("usr/share/doc/y/copyright", "This is free software under the GPL.\n\nFiles: no\nLicense: Expat")
        );
        Assert.Equal(["MIT", "GPL-2.0-or-later OR Artistic-1.0-Perl", "BSD-3-Clause"], found.One("x").Licenses.Select(l => l.ToString()));
        Assert.Empty(found.One("y").Licenses);
    }

    [Fact]
    public void A_python_package_that_dpkg_owns_is_a_part_of_its_package()
    {
        const string Metadata = "Metadata-Version: 2.1\nName: Six\nVersion: 1.16.0\n";
        var found = Found.Installed(
            ("var/lib/dpkg/status", "Package: python3-six\nVersion: 1.16.0-4\nArchitecture: all\n"),
            ("var/lib/dpkg/info/python3-six.list", "/.\n/usr\n/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO\n"),
            ("usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", Metadata),
            ("usr/local/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA", Metadata)
        );
        Assert.Equal(["pkg:deb/debian/python3-six@1.16.0-4?arch=all", "pkg:pypi/six@1.16.0"], found.Urls());
        Assert.Equal(
            ["pkg:pypi/six@1.16.0"],
            found.One("python3-six").Properties.Where(p => p.Name == PackagePropertyNames.Contains).Select(p => p.Value)
        );
        Assert.Equal(
            "usr/local/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA",
            found.One("Six").Occurrences.Single().Location
        );
    }

    [Theory]
    [InlineData("lib/apk/db/installed")]
    [InlineData("usr/lib/apk/db/installed")]
    public void Packages_of_apk_are_read_in_both_places(string path)
    {
        const string Installed = """
            C:Q1abc=
            P:musl
            V:1.2.4-r2
            A:x86_64
            L:MIT
            o:musl
            m:Timo <t@alpine>
            p:so:libc.musl-x86_64.so.1=1
            F:lib
            R:ld-musl-x86_64.so.1
            Z:Q1x=

            P:busybox
            V:1.36.1-r5
            A:x86_64
            L:GPL-2.0-only AND MIT
            D:so:libc.musl-x86_64.so.1 musl>=1.2 !other
            p:cmd:sh=1.36.1-r5
            """;
        var found = Found.Installed((path, Installed), ("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.18.4\n"));
        Assert.Equal(
            [
                "pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64&distro=alpine-3.18.4",
                "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.18.4",
            ],
            found.Urls()
        );
        Assert.Equal(["musl"], found.Needs("busybox"));
        Assert.Equal("GPL-2.0-only AND MIT", found.One("busybox").Licenses.Single().Expression);
        Assert.Contains(found.One("musl").Properties, p => p is { Name: "aquasecurity:trivy:SrcName", Value: "musl" });
    }

    [Fact]
    public void The_administrators_os_release_goes_before_the_distributions() =>
        Assert.Equal("b", Found.Installed(("usr/lib/os-release", "ID=a\n"), ("etc/os-release", "ID=b\n")).OperatingSystem!.Id);

    [Theory]
    [InlineData("Version: 1\n", "an entry without a package name")]
    [InlineData("Package: a b\nVersion: 1\n", "an entry without a package name")]
    [InlineData("Package: a\n", "the package 'a' has no version")]
    public void An_entry_that_is_none_is_named_and_hides_no_other(string entry, string reason)
    {
        var found = Found.Installed(("var/lib/dpkg/status", $"{entry}\nPackage: good\nVersion: 1\n"));
        Assert.Equal("good", Assert.Single(found.Packages).Name);
        Assert.Equal((("var/lib/dpkg/status", reason)), (found.Gaps.Single().Location, found.Gaps.Single().Reason));
    }

    [Fact]
    public void A_broken_apk_database_is_named()
    {
        var found = Found.Installed(("lib/apk/db/installed", "P:a\n\nnonsense\n\nP:b\nV:1\n"));
        Assert.Equal("b", Assert.Single(found.Packages).Name);
        Assert.Equal(2, found.Gaps.Count);
    }
}
