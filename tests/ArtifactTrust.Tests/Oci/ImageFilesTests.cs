using System.Formats.Tar;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.Packages;
using ArtifactTrust.Tests.Formats.Zstandard;

namespace ArtifactTrust.Tests.Oci;

public sealed class ImageFilesTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Packages_have_the_layer_that_brought_them()
    {
        byte[] first = TestImage.Tar(
            TestImage.Package("app/node_modules/a/package.json", "a"),
            TestImage.File("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        );
        byte[] second = TestImage.Tar(TestImage.Package("app/node_modules/b/package.json", "b"));
        var found = await TestImage.FindAsync(first, second);
        Assert.Equal(["a", "b"], found.Packages.Select(p => p.Name));
        Assert.Equal(
            [DigestAlgorithm.Sha256.Hash(first).ToString(), DigestAlgorithm.Sha256.Hash(second).ToString()],
            found.Packages.Select(p => p.Occurrences.Single().Layer)
        );
        Assert.Equal("debian", found.OperatingSystem!.Id);
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public async Task A_later_layer_replaces_and_whites_out()
    {
        var found = await TestImage.FindAsync(
            TestImage.Tar(
                TestImage.File("var/lib/dpkg/status", "Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n"),
                TestImage.Package("x/package.json", "x"),
                TestImage.Package("y/package.json", "y"),
                TestImage.Package("z/package.json", "z"),
                TestImage.Package("w/package.json", "w")
            ),
            TestImage.Tar(
                TestImage.File("var/lib/dpkg/status", "Package: b\nVersion: 2\n"),
                TestImage.File("x/.wh.package.json", ""),
                TestImage.File(".wh.y", ""),
                TestImage.Package("z/new/package.json", "new"),
                TestImage.File("z/.wh..wh..opq", ""),
                TestImage.File("w", "a file in place of the directory")
            )
        );
        Assert.Equal(["pkg:deb/debian/b@2", "pkg:npm/new@1.0.0"], found.Packages.Select(p => p.Url.ToString()));
    }

    [Fact]
    public async Task A_member_behind_a_link_of_a_lower_layer_lies_where_the_link_leads()
    {
        var found = await TestImage.FindAsync(
            TestImage.Tar(TestImage.Link("lib", "usr/lib"), TestImage.File("usr/lib/apk/db/installed", "P:old\nV:1\n")),
            TestImage.Tar(TestImage.File("lib/apk/db/installed", "P:new\nV:2\n"))
        );
        var package = found.Packages.Single();
        Assert.Equal(("new", "usr/lib/apk/db/installed"), (package.Name, package.Occurrences.Single().Location));
    }

    [Theory]
    [InlineData("/usr/lib/os-release")]
    [InlineData("../usr/lib/os-release")]
    [InlineData("../../../../usr/lib/os-release")]
    [InlineData("/opt/other/release")]
    public async Task A_link_that_is_os_release_is_followed_inside_of_the_image(string target)
    {
        var found = await TestImage.FindAsync(
            TestImage.Tar(
                TestImage.Link("etc/os-release", target),
                TestImage.File("opt/other/release", "ID=mine\n"),
                TestImage.File(target.Contains("opt", StringComparison.Ordinal) ? "x" : "usr/lib/os-release", "ID=mine\n")
            )
        );
        Assert.Equal("mine", found.OperatingSystem!.Id);
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public async Task Links_that_lead_nowhere_or_in_a_circle_are_no_packages()
    {
        var found = await TestImage.FindAsync(
            TestImage.Tar(
                TestImage.Link("etc/os-release", "nowhere"),
                TestImage.Link("a", "b"),
                TestImage.Link("b", "a"),
                TestImage.Link("app/package.json", "/etc/passwd"),
                TestImage.Package("a/x/package.json", "x")
            )
        );
        Assert.Empty(found.Packages);
        Assert.Null(found.OperatingSystem);
        Assert.Equal("a/x/package.json", found.Gaps.Single().Location);
    }

    [Fact]
    public async Task A_hard_link_is_the_file_it_names_whether_that_was_wanted_or_not()
    {
        var found = await TestImage.FindAsync(
            TestImage.Tar(
                TestImage.Package("store/0001", "a"),
                TestImage.HardLink("app/a/package.json", "store/0001"),
                TestImage.Package("app/b/package.json", "b"),
                TestImage.HardLink("app/c/package.json", "app/b/package.json")
            ),
            TestImage.Tar(TestImage.File("app/b/.wh.package.json", ""))
        );
        Assert.Equal(["app/a/package.json", "app/c/package.json"], found.Packages.Select(p => p.Occurrences.Single().Location));
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public async Task A_hard_link_to_nothing_is_a_gap()
    {
        var found = await TestImage.FindAsync(TestImage.Tar(TestImage.HardLink("a/package.json", "nothing")));
        Assert.Equal(
            ("a/package.json", "a hard link to a file that is in no layer"),
            (found.Gaps.Single().Location, found.Gaps.Single().Reason)
        );
    }

    [Fact]
    public async Task Programs_with_packages_compiled_in_are_named_until_they_are_replaced()
    {
        byte[] program = [.. "\u007fELF"u8, .. new byte[300_000], 0xff, .. "\u0020Go buildinf:"u8];
        var found = await TestImage.FindAsync(
            TestImage.Tar(
                TestImage.File("usr/bin/a", program, isExecutable: true),
                TestImage.File("usr/bin/b", program, isExecutable: true),
                TestImage.File("usr/bin/c", program),
                TestImage.File("opt/a.jar", "x")
            ),
            TestImage.Tar(TestImage.File("usr/bin/b", "#!/bin/sh\n", isExecutable: true))
        );
        Assert.Equal(["opt/a.jar", "usr/bin/a"], found.Gaps.Select(g => g.Location));
        Assert.All(found.Gaps, g => Assert.True(g.IsForeign));
    }

    [Theory]
    [InlineData("../package.json")]
    [InlineData("a/../../package.json")]
    public async Task A_member_that_leads_out_of_the_layer_is_refused(string name) =>
        Assert.Contains(
            "leads out",
            (
                await Assert.ThrowsAsync<MalformedDataException>(() => TestImage.FindAsync(TestImage.Tar(TestImage.Package(name, "a"))))
            ).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("/app/package.json")]
    [InlineData("./app/package.json")]
    [InlineData("app//./x/../package.json")]
    public async Task Other_spellings_of_a_name_are_the_same_place(string name) =>
        Assert.Equal(
            "app/package.json",
            (await TestImage.FindAsync(TestImage.Tar(TestImage.Package(name, "a")))).Packages.Single().Occurrences.Single().Location
        );

    [Fact]
    public async Task Compressed_layers_are_read_and_checked()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var image = await TestImage.StoreAsync(store, [(TestImage.Gzip(tar), DigestAlgorithm.Sha256.Hash(tar))]);
        var found = await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed);
        Assert.Equal("a", found.Inventory.Packages.Single().Name);
        Assert.Equal("linux/amd64", found.Configuration.Platform!.ToString());
    }

    [Fact]
    public async Task A_layer_that_is_not_its_diff_id_is_refused()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var image = await TestImage.StoreAsync(store, [(TestImage.Gzip(tar), DigestAlgorithm.Sha256.Hash("other"u8))]);
        await Assert.ThrowsAsync<ContentMismatchException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
    }

    [Fact]
    public async Task A_layer_that_is_not_its_digest_is_refused()
    {
        var path = Path.Combine(_folder.Path, "layout");
        using var store = await ImageLayout.CreateAsync(path);
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var image = await TestImage.StoreAsync(store, tar);
        var blob = Path.Combine(path, "blobs", "sha256", image.Layers[0].Digest.Hex);
        var bytes = File.ReadAllBytes(blob);
        bytes[^1] ^= 1;
        File.WriteAllBytes(blob, bytes);
        await Assert.ThrowsAsync<ContentMismatchException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
    }

    [Fact]
    public async Task Layers_in_Zstandard_are_read_and_checked()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var frame = ZstandardSamples.Stored(tar);
        // As tools write it that let files be found in a layer: with a frame to be passed over, before or after.
        byte[] skipped = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2];
        foreach (var layer in (byte[][])[frame, [.. frame, .. skipped], [.. skipped, .. frame]])
        {
            var image = await TestImage.StoreAsync(store, [(layer, DigestAlgorithm.Sha256.Hash(tar))]);
            var found = await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed);
            Assert.Equal("a", found.Inventory.Packages.Single().Name);
            Assert.Empty(found.Inventory.Gaps);
        }
        var other = await TestImage.StoreAsync(store, [(frame, DigestAlgorithm.Sha256.Hash("other"u8))]);
        await Assert.ThrowsAsync<ContentMismatchException>(() => ImageFiles.FindPackagesAsync(store, other, PackageSearch.Installed));
        var damaged = await TestImage.StoreAsync(store, [(frame[..^1], DigestAlgorithm.Sha256.Hash(tar))]);
        await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, damaged, PackageSearch.Installed));
    }

    [Fact]
    public async Task A_layer_in_xz_is_a_gap_and_its_digest_is_checked_all_the_same()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var id = DigestAlgorithm.Sha256.Hash("x"u8);
        byte[] xz = [0xfd, .. "7zXZ\0"u8, 0, 0];
        var image = await TestImage.StoreAsync(store, [(tar, DigestAlgorithm.Sha256.Hash(tar)), (xz, id)]);
        var found = await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed);
        Assert.Equal("a", found.Inventory.Packages.Single().Name);
        Assert.Equal((id.ToString(), false), (found.Inventory.Gaps.Single().Location, found.Inventory.Gaps.Single().IsForeign));
    }

    [Fact]
    public async Task What_is_no_container_image_is_refused()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        var layer = (tar, DigestAlgorithm.Sha256.Hash(tar));
        var other = await TestImage.StoreAsync(store, [layer], "application/vnd.cncf.model.config.v1+json");
        await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, other, PackageSearch.Installed));
        var image = await TestImage.StoreAsync(store, [layer]);
        await Assert.ThrowsAsync<MalformedDataException>(() =>
            ImageFiles.FindPackagesAsync(store, image with { Layers = [.. image.Layers, .. image.Layers] }, PackageSearch.Installed)
        );
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"rootfs":{"diff_ids":[1]}}""")]
    [InlineData("""{"rootfs":{"diff_ids":["sha256:x"]}}""")]
    public void A_malformed_configuration_is_refused(string json) =>
        Assert.Throws<MalformedDataException>(() => ImageConfiguration.Parse(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public async Task Long_names_of_either_kind_are_read()
    {
        var name = string.Concat(Enumerable.Repeat("long-folder-name/", 20)) + "package.json";
        using var gnu = new MemoryStream();
        using (var writer = new TarWriter(gnu, TarEntryFormat.Gnu, leaveOpen: true))
        {
            writer.WriteEntry(
                new GnuTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream("""{"name":"g","version":"1"}"""u8.ToArray()),
                }
            );
        }
        var found = await TestImage.FindAsync(gnu.ToArray(), TestImage.Tar(TestImage.Package($"pax/{name}", "p")));
        Assert.Equal([name, $"pax/{name}"], found.Packages.Select(p => p.Occurrences.Single().Location));
    }

    [Fact]
    public async Task A_layer_with_any_byte_changed_is_read_or_refused()
    {
        var tar = TestImage.Tar(
            TestImage.Package($"{new string('x', 120)}/package.json", "a"),
            TestImage.Link("b", "a"),
            TestImage.HardLink("c/package.json", $"{new string('x', 120)}/package.json")
        );
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        for (var i = 0; i < tar.Length - 1024; i += 3)
        {
            var bytes = (byte[])tar.Clone();
            bytes[i] ^= (byte)(1 << (i % 8));
            try
            {
                var image = await TestImage.StoreAsync(store, bytes);
                Assert.NotNull(await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
            }
            catch (MalformedDataException) { }
        }
        for (var length = 1; length < tar.Length - 1024; length += 97)
        {
            var image = await TestImage.StoreAsync(store, tar[..length]);
            await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
        }
    }

    [Theory]
    [InlineData('0')]
    [InlineData('x')]
    [InlineData('g')]
    [InlineData('L')]
    public async Task A_size_that_no_file_has_is_refused(char type)
    {
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        // In GNU's form, 2^63 - 1.
        byte[] size = [0x80, 0, 0, 0, 0x7f, .. Enumerable.Repeat((byte)0xff, 7)];
        size.CopyTo(tar, 512 * 2 + 124);
        tar[512 * 2 + 156] = (byte)type;
        TestImage.FixChecksum(tar, 512 * 2);
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var image = await TestImage.StoreAsync(store, tar);
        await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
    }

    [Theory]
    [InlineData("16 path=a/other\n16 path=a/again\n", "two of one name")]
    [InlineData("19 path=a\n", "not of the form")]
    [InlineData("8 size=\n", "a size that is no number")]
    [InlineData("5 =a\n", "without a name")]
    public async Task An_extended_header_that_readers_may_take_in_two_ways_is_refused(string records, string reason)
    {
        var tar = TestImage.Tar(TestImage.Package("a/package.json", "a"));
        tar.AsSpan(512, 512).Clear();
        Encoding.ASCII.GetBytes(records).CopyTo(tar, 512);
        Encoding.ASCII.GetBytes(Convert.ToString(records.Length, 8).PadLeft(11, '0')).CopyTo(tar, 124);
        TestImage.FixChecksum(tar, 0);
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var image = await TestImage.StoreAsync(store, tar);
        var e = await Assert.ThrowsAsync<MalformedDataException>(() => ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Layers of any members, against a model that is a dictionary: every layer applied, path by path.</summary>
    [Fact]
    public async Task Whiteouts_and_replacements_are_those_of_a_simple_model()
    {
        using var store = await ImageLayout.CreateAsync(Path.Combine(_folder.Path, "layout"));
        var random = new Random(1);
        for (var round = 0; round < 150; round++)
        {
            var model = new Dictionary<string, (string Name, int Layer)>(StringComparer.Ordinal);
            var layers = new List<byte[]>();
            for (var layer = 0; layer < 4; layer++)
            {
                var members = new List<TarEntry>();
                for (var i = random.Next(8); i >= 0; i--)
                {
                    var folder = string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abc"[random.Next(3)]));
                    switch (random.Next(6))
                    {
                        case 0:
                            members.Add(TestImage.Directory(folder + "/"));
                            model.Remove(folder);
                            break;
                        case 1:
                            members.Add(TestImage.File(folder, "other"));
                            Remove(model, folder, int.MaxValue);
                            RemoveAbove(model, folder);
                            break;
                        case 2:
                            var slash = folder.LastIndexOf('/') + 1;
                            members.Add(TestImage.File($"{folder[..slash]}.wh.{folder[slash..]}", ""));
                            Remove(model, folder, layer);
                            break;
                        case 3:
                            members.Add(TestImage.File($"{folder}/.wh..wh..opq", ""));
                            foreach (var path in model.Keys.Where(k => k.StartsWith(folder + "/", StringComparison.Ordinal)).ToList())
                            {
                                Remove(model, path, layer);
                            }
                            break;
                        default:
                            var name = $"n{round}-{layer}-{i}";
                            var place = $"{folder}/package.json";
                            members.Add(TestImage.Package(place, name));
                            Remove(model, place, int.MaxValue);
                            RemoveAbove(model, place);
                            model[place] = (name, layer);
                            break;
                    }
                }
                layers.Add(TestImage.Tar(members));
            }
            var image = await TestImage.StoreAsync(store, [.. layers]);
            var found = (await ImageFiles.FindPackagesAsync(store, image, PackageSearch.Installed)).Inventory;
            Assert.Equal(
                model.Select(m => (m.Key, m.Value.Name, (string?)DigestAlgorithm.Sha256.Hash(layers[m.Value.Layer]).ToString())).Order(),
                found.Packages.Select(p => (p.Occurrences.Single().Location, p.Name, p.Occurrences.Single().Layer)).Order()
            );
            Assert.Empty(found.Gaps);
        }

        static void Remove(Dictionary<string, (string Name, int Layer)> model, string path, int below)
        {
            foreach (var key in model.Keys.Where(k => k == path || k.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
            {
                if (model[key].Layer < below)
                {
                    model.Remove(key);
                }
            }
        }

        static void RemoveAbove(Dictionary<string, (string Name, int Layer)> model, string path)
        {
            for (var at = path.LastIndexOf('/'); at > 0; at = path.LastIndexOf('/', at - 1))
            {
                model.Remove(path[..at]);
            }
        }
    }
}
