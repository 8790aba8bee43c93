using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Tests.Formats.Zstandard;

namespace ArtifactTrust.Tests.Oci;

public sealed class ModelArtifactTests : IDisposable
{
    private static readonly Descriptor Config = Descriptor.Of(ModelArtifact.ConfigType, "{}"u8);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_directory_comes_back_as_it_was()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var pushed = await PushAsync(
            store,
            ("config.json", "{}"),
            ("sub/w.safetensors", "weights"),
            ("sub/copy.json", "{}"),
            ("empty", "")
        );
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Assert.Equal(ModelArtifact.ArtifactType, manifest.ArtifactType);
        Assert.Equal(ModelArtifact.ConfigType, manifest.Config.MediaType);
        Assert.Equal(
            ["weight.config", "weight.config", "weight.config", "weight"],
            manifest.Layers.Select(l => l.MediaType["application/vnd.cncf.model.".Length..^".v1.raw".Length])
        );
        var files = await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(["config.json", "empty", "sub/copy.json", "sub/w.safetensors"], files.Select(f => f.Path));
        Assert.Equal("weights", await File.ReadAllTextAsync(At("out/sub/w.safetensors")));
        Assert.Equal("", await File.ReadAllTextAsync(At("out/empty")));
        Assert.Equal(
            pushed,
            await PushAsync(store, ("config.json", "{}"), ("sub/w.safetensors", "weights"), ("sub/copy.json", "{}"), ("empty", ""))
        );
        Assert.Equal(["layout", "model", "out"], _folder.GetFileSystemInfos().Select(f => f.Name).Order());
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a/../b")]
    [InlineData("a\\b")]
    [InlineData("C:x")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("")]
    [InlineData("x/")]
    [InlineData("x.")]
    [InlineData("x ")]
    [InlineData("a ./b")]
    [InlineData("a?b")]
    [InlineData("a*b")]
    [InlineData("a<b")]
    [InlineData("a>b")]
    [InlineData("a|b")]
    [InlineData("a\"b")]
    [InlineData("CON")]
    [InlineData("a/nul.txt")]
    [InlineData("Aux.tar.gz")]
    [InlineData("prn .x")]
    [InlineData("com1/a")]
    [InlineData("LPT9.bin")]
    [InlineData("COM\u00b2")]
    [InlineData("conin$")]
    [InlineData(".git/config")]
    [InlineData("a/.GIT")]
    [InlineData("a\u202eb")]
    [InlineData("a\u200bb")]
    [InlineData("\ufeffa")]
    [InlineData("a\u2028b")]
    [InlineData("a\ufffdb")]
    public async Task A_path_that_leads_elsewhere_is_refused(string path) => await RefusedAsync(Layer("a", path));

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "A")]
    [InlineData("a", "a/b")]
    [InlineData("A/b", "a")]
    [InlineData("\u00e9", "e\u0301")]
    [InlineData("\u00c9", "e\u0301")]
    [InlineData("\u00e9", "\u00c9")]
    [InlineData("\u00e9/a", "e\u0301")]
    [InlineData("\u1fd3", "\u03b9\u0308\u0301")]
    [InlineData("\u1e69", "s\u0307\u0323")]
    [InlineData("\u1e69", "s\u0323\u0307")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("\uac01", "\u1100\u1161\u11a8")]
    [InlineData("\u304c", "\u304b\u3099")]
    [InlineData("\uf9dc", "\u9686")]
    public async Task Two_files_at_one_path_are_refused(string one, string other) => await RefusedAsync(Layer("1", one), Layer("2", other));

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_name_has_no_more_bytes_than_file_systems_take(int bytes, bool isTaken)
    {
        var name = "\u00e9" + new string('a', bytes - 2);
        var e = Record.Exception(() => new ModelPaths("test").AddFile($"a/{name}"));
        Assert.Equal(isTaken, e is null);
        Assert.True(isTaken || e is MalformedDataException { Message: var text } && text.Contains("255 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_that_only_look_alike_are_two_files()
    {
        var paths = new ModelPaths("test");
        string[] names =
        [
            "e",
            "\u00e9",
            "e\u0300",
            "\uac00",
            "\uac01",
            "\u0915",
            "\u0915\u093f",
            "console",
            "COM10",
            "nul-1",
            "git",
            ".gitattributes",
            "lpt0",
            ".a",
        ];
        foreach (var name in names)
        {
            paths.AddFile(name);
        }
        Assert.Throws<MalformedDataException>(() => paths.AddFile("e\u0301"));
    }

    [Fact]
    public async Task A_layer_without_a_path_an_archive_or_two_names_is_refused()
    {
        await RefusedAsync(Descriptor.Of("application/octet-stream", "a"u8));
        await RefusedAsync(Layer("a", "a") with { MediaType = "application/vnd.cncf.model.weight.v1.tar+xz" });
        await RefusedAsync(Layer("a", "a") with { MediaType = "application/vnd.oci.image.layer.v1.tar+gzip" });
        await RefusedAsync(
            Layer("a", "a") with
            {
                Annotations = new Dictionary<string, string>
                {
                    [ModelArtifact.TitleAnnotation] = "a",
                    [ModelArtifact.PathAnnotation] = "b",
                },
            }
        );
        await RefusedAsync();
    }

    [Fact]
    public async Task A_directory_that_exists_is_left_alone()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "1"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Directory.CreateDirectory(At("out"));
        await Assert.ThrowsAsync<IOException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Empty(Directory.GetFileSystemEntries(At("out")));
    }

    [Fact]
    public async Task A_pull_that_broke_goes_on_with_what_it_has_and_believes_none_of_it()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"), ("b", "two"), ("c", "three"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var blob = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[2].Digest.Hex);
        File.Move(blob, At("blob"));
        await Assert.ThrowsAnyAsync<IOException>(() => new ModelArtifact(store, 1).PullAsync(manifest, At("out")));
        Assert.False(Directory.Exists(At("out")));
        var staging = Assert.Single(Directory.GetDirectories(_folder.FullName, ".out.*.partial"));
        await File.WriteAllTextAsync(Path.Join(staging, "b"), "bad");
        await File.WriteAllTextAsync(Path.Join(staging, "stranger"), "x");
        File.Move(At("blob"), blob);
        // The first is not fetched again: the store does not have it any more.
        File.Delete(Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[0].Digest.Hex));
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(["a", "b", "c"], Directory.GetFileSystemEntries(At("out")).Select(f => Path.GetFileName(f)!).Order());
        Assert.Equal("two", await File.ReadAllTextAsync(At("out/b")));
    }

    [Fact]
    public async Task A_link_in_what_an_earlier_pull_left_is_not_followed()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"), ("b", "two"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var blob = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[1].Digest.Hex);
        File.Move(blob, At("blob"));
        await Assert.ThrowsAnyAsync<IOException>(() => new ModelArtifact(store, 1).PullAsync(manifest, At("out")));
        var staging = Assert.Single(Directory.GetDirectories(_folder.FullName, ".out.*.partial"));
        await File.WriteAllTextAsync(At("victim"), "victim");
        File.CreateSymbolicLink(Path.Join(staging, "b"), At("victim"));
        File.Move(At("blob"), blob);
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal("victim", await File.ReadAllTextAsync(At("victim")));
        Assert.Null(new FileInfo(At("out/b")).LinkTarget);
        Assert.Equal("two", await File.ReadAllTextAsync(At("out/b")));
    }

    [Fact]
    public async Task Content_that_is_not_what_the_manifest_says_never_appears()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        await File.WriteAllTextAsync(Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[0].Digest.Hex), "eno");
        await Assert.ThrowsAsync<ContentMismatchException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Equal(["layout", "model"], _folder.GetFileSystemInfos().Select(f => f.Name).Order());
    }

    [Fact]
    public async Task What_a_pull_of_another_manifest_left_goes_when_one_succeeds()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var kept = new[]
        {
            ".out.0123456789abcdeg.partial",
            ".out.0123.partial",
            ".outer.0123456789abcdef.partial",
            "out.0123456789abcdef.partial",
        };
        foreach (var name in (string[])[".out.0123456789abcdef.partial", .. kept])
        {
            Directory.CreateDirectory(At($"{name}/x"));
        }
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal([.. kept.Append("out").Order(StringComparer.Ordinal)], Others());

        IEnumerable<string> Others() =>
            _folder.GetFileSystemInfos().Select(f => f.Name).Where(n => n is not ("layout" or "model")).Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task Two_pulls_to_one_place_do_not_meet()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        using (PartialDirectory.Open(At("out"), manifest))
        {
            var e = await Assert.ThrowsAsync<IOException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
            Assert.Contains("another pull", e.Message, StringComparison.Ordinal);
        }
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.False(File.Exists(At(".out.partial.lock")));
    }

    [Fact]
    public async Task A_link_in_the_place_of_what_a_pull_left_is_not_followed()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        string path;
        using (var partial = PartialDirectory.Open(At("out"), manifest))
        {
            path = partial.Path;
        }
        Directory.CreateSymbolicLink(path, Directory.CreateDirectory(At("elsewhere")).FullName);
        await Assert.ThrowsAsync<IOException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Empty(Directory.GetFiles(At("elsewhere")));
    }

    [Fact]
    public async Task Where_anybody_may_write_nothing_is_gone_on_with()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, ("a", "one"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        string planted;
        using (var partial = PartialDirectory.Open(At("out"), manifest))
        {
            planted = partial.Path;
        }
        Directory.CreateDirectory(Path.Join(planted, "planted"));
        File.SetUnixFileMode(_folder.FullName, File.GetUnixFileMode(_folder.FullName) | UnixFileMode.OtherWrite | UnixFileMode.StickyBit);
        await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(["a"], Directory.GetFileSystemEntries(At("out")).Select(f => Path.GetFileName(f)!));
    }

    [Fact]
    public async Task Small_files_go_together_and_come_back_as_they_were()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var directory = string.Join('/', Enumerable.Repeat("a-directory-with-a-long-name", 8));
        (string, string)[] files =
        [
            ("config.json", "{}"),
            ("README.md", "# read"),
            ("code/train.py", "print()"),
            ($"{directory}/deep.json", "deep"),
            ("ünï/cødé.txt", "text"),
            ("empty", ""),
            ("w.safetensors", new string('w', 2 << 20)),
        ];
        var pushed = await PushAsync(store, true, files);
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Assert.Equal(
            ["weight.v1.raw", "code.v1.tar", "doc.v1.tar", "weight.config.v1.tar"],
            manifest.Layers.Select(l => l.MediaType["application/vnd.cncf.model.".Length..])
        );
        var pulled = await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal(files.Select(f => f.Item1).Order(), pulled.Select(f => f.Path).Order());
        foreach (var (name, content) in files)
        {
            Assert.Equal(content, await File.ReadAllTextAsync(At($"out/{name}")));
            Assert.Equal(Encoding.UTF8.GetByteCount(content), pulled.Single(f => f.Path == name).Size);
        }
        // The same files give the same bytes, wherever and whenever.
        File.SetLastWriteTimeUtc(At("model/config.json"), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(pushed, await PushAsync(store, true, files));
        // What other programs make of it.
        var tar = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[3].Digest.Hex);
        await System.Formats.Tar.TarFile.ExtractToDirectoryAsync(tar, Directory.CreateDirectory(At("theirs")).FullName, false);
        Assert.Equal("deep", await File.ReadAllTextAsync(At($"theirs/{directory}/deep.json")));
        Assert.Equal("", await File.ReadAllTextAsync(At("theirs/empty")));
    }

    [Fact]
    public async Task More_files_than_a_manifest_lists_go_together_unasked()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        Directory.CreateDirectory(At("model"));
        for (var i = 0; i < 4001; i++)
        {
            await File.WriteAllTextAsync(At($"model/{i:D5}.json"), $"{i}");
        }
        await PushAsync(store);
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        Assert.Single(manifest.Layers);
        Assert.Equal(4001, (await new ModelArtifact(store).PullAsync(manifest, At("out"))).Count);
        Assert.Equal("4000", await File.ReadAllTextAsync(At("out/04000.json")));
        Assert.Throws<MalformedDataException>(() => ModelArtifact.ListFiles(manifest));
    }

    [Theory]
    [InlineData("application/vnd.kitops.modelkit.model.v1.tar")]
    [InlineData("application/vnd.kitops.modelkit.modelpart.v1.tar+gzip")]
    [InlineData("application/vnd.kitops.modelkit.model.v1.tar+zstd")]
    [InlineData("application/vnd.cncf.model.dataset.v1.tar+gzip")]
    [InlineData("application/vnd.cncf.model.weight.config.v1.tar+zstd")]
    public async Task Archives_of_others_are_unpacked(string mediaType)
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var tar = Tar(("model/", null), ("./model/a.txt", "one"), ("model/b.txt", "two"));
        var layer = await store.PushBlobAsync(
            mediaType,
            mediaType.EndsWith("+gzip", StringComparison.Ordinal) ? Gzip(tar)
                : mediaType.EndsWith("+zstd", StringComparison.Ordinal)
                    ? [.. ZstandardSamples.Stored(tar[..700]), .. ZstandardSamples.Stored(tar[700..])]
                : tar
        );
        await new ModelArtifact(store).PullAsync(Manifest(layer), At("out"));
        Assert.Equal("one", await File.ReadAllTextAsync(At("out/model/a.txt")));
        Assert.Equal("two", await File.ReadAllTextAsync(At("out/model/b.txt")));
    }

    [Theory]
    [InlineData("v1.2.0", """{"model":{"path":"weights/model.gguf"}}""", true)]
    [InlineData("10.0.0", """{"datasets":[{"path":"data/a"}]}""", true)]
    [InlineData(
        "v0.3.2",
        """{"manifestVersion":"1.0.0","package":{"name":"a"},"model":{"path":"./model.gguf","parts":[{"path":"lora"}]}}""",
        true
    )]
    [InlineData("v0.3.2", """{"model":{"path":"weights/model.gguf"}}""", false)]
    [InlineData("0.4.0", """{"model":{"path":"m","parts":[{"path":"a"},{"path":"parts/b"}]}}""", false)]
    [InlineData("0.4.0", """{"code":[{"path":"a"},{"path":"src/b"}]}""", false)]
    [InlineData("0.4.0", """{"docs":[{"path":"/etc"}]}""", false)]
    [InlineData("0.4.0", "[]", false)]
    [InlineData("0.4.0", "not json", false)]
    [InlineData("next", """{"docs":[{"path":"docs/a"}]}""", false)]
    [InlineData(null, """{"docs":[{"path":"docs/a"}]}""", false)]
    [InlineData(null, """{"docs":[{"path":"README.md"}]}""", true)]
    public async Task A_ModelKit_whose_archives_do_not_say_where_files_belong_is_refused(string? version, string kitfile, bool isPulled)
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var manifest = Manifest(await store.PushBlobAsync("application/vnd.kitops.modelkit.docs.v1.tar", Tar(("a.txt", "one")))) with
        {
            ArtifactType = null,
            Config = await store.PushBlobAsync("application/vnd.kitops.modelkit.config.v1+json", Encoding.UTF8.GetBytes(kitfile)),
            Annotations = version is null ? new Dictionary<string, string>() : new() { ["ml.kitops.modelkit.cli-version"] = version },
        };
        if (isPulled)
        {
            await new ModelArtifact(store).PullAsync(manifest, At("out"));
            Assert.True(File.Exists(At("out/a.txt")));
            return;
        }
        var e = await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Contains("Kit", e.Message, StringComparison.Ordinal);
        Assert.Equal(["layout"], _folder.GetFileSystemInfos().Select(f => f.Name));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../../x")]
    [InlineData("a\\b")]
    [InlineData("C:x")]
    [InlineData("a")]
    [InlineData("A")]
    [InlineData("raw")]
    [InlineData("a/b")]
    [InlineData("x.")]
    public async Task A_path_in_an_archive_that_leads_elsewhere_or_is_taken_is_refused(string path) =>
        await RefusedAsync(Tar(("a", "1"), (path, "2")));

    [Theory]
    [InlineData(System.Formats.Tar.TarEntryType.SymbolicLink)]
    [InlineData(System.Formats.Tar.TarEntryType.HardLink)]
    [InlineData(System.Formats.Tar.TarEntryType.CharacterDevice)]
    [InlineData(System.Formats.Tar.TarEntryType.Fifo)]
    public async Task An_archive_with_anything_but_files_is_refused(System.Formats.Tar.TarEntryType type)
    {
        using var memory = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(memory, System.Formats.Tar.TarEntryFormat.Pax, leaveOpen: true))
        {
            var entry = new System.Formats.Tar.PaxTarEntry(type, "x");
            if (type is System.Formats.Tar.TarEntryType.SymbolicLink or System.Formats.Tar.TarEntryType.HardLink)
            {
                entry.LinkName = "/etc/passwd";
            }
            writer.WriteEntry(entry);
        }
        await RefusedAsync(memory.ToArray());
    }

    [Fact]
    public async Task An_archive_that_is_none_or_is_cut_off_is_refused()
    {
        var tar = Tar(("a", new string('1', 2000)), ("b", "2"));
        await RefusedAsync("not a tar"u8.ToArray());
        await RefusedAsync(tar[..1000]);
        await RefusedAsync(tar[..3000]);
        await RefusedAsync([.. tar, .. "more"u8]);
        await RefusedAsync(tar, "application/vnd.cncf.model.doc.v1.tar+gzip");
        await RefusedAsync(Gzip(tar)[..50], "application/vnd.cncf.model.doc.v1.tar+gzip");
        const string Zstandard = "application/vnd.cncf.model.doc.v1.tar+zstd";
        await RefusedAsync(tar, Zstandard);
        await RefusedAsync(Gzip(tar), Zstandard);
        await RefusedAsync(ZstandardSamples.Stored(tar)[..^4], Zstandard);
        await RefusedAsync([.. ZstandardSamples.Stored(tar), .. "more"u8], Zstandard);
        await RefusedAsync(ZstandardSamples.Stored(tar[..3000]), Zstandard);
        await RefusedAsync(ZstandardSamples.Stored(tar), "application/vnd.cncf.model.doc.v1.tar+gzip");
        await RefusedAsync([]);
        await RefusedAsync(tar[..^1024]);
    }

    [Fact]
    public async Task An_archive_that_unpacks_to_more_than_fits_is_refused_before_it_is_written()
    {
        using var tar = new MemoryStream();
        TarHeaderWriter.WriteFile(tar, "large", 17L << 30);
        // What follows is not looked at: a blob of a few bytes could go on for ever.
        await RefusedAsync(ZstandardSamples.Stored(tar.ToArray()), "application/vnd.cncf.model.doc.v1.tar+zstd");
        await RefusedAsync(Gzip(tar.ToArray()), "application/vnd.cncf.model.doc.v1.tar+gzip");
    }

    [Fact]
    public async Task What_fills_up_an_archive_is_bounded_too()
    {
        var archive = Tar(("a", "1"));
        var reader = new ModelTarReader(new MemoryStream([.. archive, .. new byte[512]]), "$", archive.Length);
        Assert.NotNull(await reader.NextAsync(default));
        await reader.CopyAsync(Stream.Null, default);
        Assert.Null(await reader.NextAsync(default));
        var e = await Assert.ThrowsAsync<MalformedDataException>(() => reader.EndAsync(default));
        Assert.Contains($"more than {archive.Length} bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_changed_byte_of_an_archive_is_a_surprise()
    {
        var tar = Tar(("model/a.txt", "one"), (string.Join('/', Enumerable.Repeat("long-name", 20)), "two"));
        for (var i = 0; i < tar.Length; i++)
        {
            var changed = tar.ToArray();
            changed[i] ^= 0x41;
            var reader = new ModelTarReader(new MemoryStream(changed), "$", long.MaxValue);
            try
            {
                while (await reader.NextAsync(default) is not null)
                {
                    await reader.CopyAsync(Stream.Null, default);
                }
                await reader.EndAsync(default);
            }
            catch (MalformedDataException)
            {
                // As it should.
            }
        }
    }

    [Fact]
    public async Task An_archive_that_is_not_what_its_digest_says_leaves_nothing()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        await PushAsync(store, true, ("a", "one"), ("b", "two"));
        var manifest = (await store.FindManifestAsync("v1"))!.ToImageManifest();
        var blob = Path.Join(At("layout"), "blobs", "sha256", manifest.Layers[0].Digest.Hex);
        var bytes = await File.ReadAllBytesAsync(blob);
        // Content, which no header's sum is over.
        bytes[512] ^= 1;
        await File.WriteAllBytesAsync(blob, bytes);
        await Assert.ThrowsAsync<ContentMismatchException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Equal(["layout", "model"], _folder.GetFileSystemInfos().Select(f => f.Name).Order());
    }

    [Theory]
    [InlineData("""{"name":"mychart","version":"0.1.0","apiVersion":"v2"}""", "mychart-0.1.0.tgz")]
    [InlineData("""{"name":"a","version":"1.2.3-rc.1+build.5"}""", "a-1.2.3-rc.1+build.5.tgz")]
    [InlineData("""{"name":"../x","version":"1"}""", null)]
    [InlineData("""{"name":"a/b","version":"1"}""", null)]
    [InlineData("""{"name":".a","version":"1"}""", null)]
    [InlineData("""{"name":"a","version":"1/../../x"}""", null)]
    [InlineData("""{"name":"a","version":""}""", null)]
    [InlineData("""{"name":"a"}""", null)]
    [InlineData("""{"name":"a","version":1}""", null)]
    [InlineData("[]", null)]
    [InlineData("not json", null)]
    public async Task A_chart_is_pulled_under_the_name_that_helm_gives_it(string config, string? file)
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        // As helm push writes them: without a type of artifact, and without titles.
        var layers = new[]
        {
            await store.PushBlobAsync("application/vnd.cncf.helm.chart.content.v1.tar+gzip", Gzip("chart"u8.ToArray())),
            await store.PushBlobAsync("application/vnd.cncf.helm.chart.provenance.v1.prov", "signed"u8.ToArray()),
        };
        var manifest = Manifest(layers) with
        {
            ArtifactType = null,
            Config = await store.PushBlobAsync("application/vnd.cncf.helm.config.v1+json", Encoding.UTF8.GetBytes(config)),
        };
        if (file is null)
        {
            await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
            Assert.Equal(["layout"], _folder.GetFileSystemInfos().Select(f => f.Name));
            return;
        }
        var pulled = await new ModelArtifact(store).PullAsync(manifest, At("out"));
        Assert.Equal([file, $"{file}.prov"], pulled.Select(p => p.Path));
        Assert.Equal(Gzip("chart"u8.ToArray()), await File.ReadAllBytesAsync(At($"out/{file}")));
    }

    [Fact]
    public async Task An_artifact_whose_layers_have_no_names_is_refused_with_its_type()
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var manifest = Manifest(Descriptor.Of("application/wasm", "a"u8)) with { ArtifactType = "application/vnd.wasm.config.v0+json" };
        var e = await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Contains("'application/vnd.wasm.config.v0+json'", e.Message, StringComparison.Ordinal);
        Assert.Contains("by its digest", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plain_file_that_oras_pushed_is_one()
    {
        var layer = Layer("a", "a.bin") with { MediaType = "application/vnd.oci.image.layer.v1.tar" };
        Assert.Equal("a.bin", Assert.Single(ModelArtifact.ListFiles(Manifest(layer))).Path);
        var directory = layer with
        {
            Annotations = new Dictionary<string, string>(layer.Annotations) { ["io.deis.oras.content.unpack"] = "true" },
        };
        Assert.Throws<MalformedDataException>(() => ModelArtifact.ListFiles(Manifest(directory)));
    }

    private static byte[] Tar(params (string Name, string? Content)[] entries)
    {
        using var memory = new MemoryStream();
        using (var writer = new System.Formats.Tar.TarWriter(memory, System.Formats.Tar.TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                var type = content is null ? System.Formats.Tar.TarEntryType.Directory : System.Formats.Tar.TarEntryType.RegularFile;
                var entry = new System.Formats.Tar.PaxTarEntry(type, name);
                if (content is not null)
                {
                    entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
                }
                writer.WriteEntry(entry);
            }
        }
        return memory.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(memory, System.IO.Compression.CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return memory.ToArray();
    }

    private static ImageManifest Manifest(params Descriptor[] layers) =>
        new(OciMediaTypes.ImageManifest, ModelArtifact.ArtifactType, Config, layers, null, new Dictionary<string, string>());

    /// <summary>An archive beside a file <c>raw</c> is refused, and none of its files stays.</summary>
    private async Task RefusedAsync(byte[] archive, string mediaType = "application/vnd.cncf.model.doc.v1.tar")
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var raw = Layer("raw", "raw");
        await store.PushBlobAsync(raw.MediaType, "raw"u8.ToArray());
        var manifest = Manifest(raw, await store.PushBlobAsync(mediaType, archive));
        await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Equal(["layout"], _folder.GetFileSystemInfos().Select(f => f.Name));
    }

    private static Descriptor Layer(string content, string path) =>
        Descriptor.Of("application/octet-stream", Encoding.UTF8.GetBytes(content)) with
        {
            Annotations = new Dictionary<string, string> { [ModelArtifact.TitleAnnotation] = path },
        };

    private async Task RefusedAsync(params Descriptor[] layers)
    {
        using var store = await ImageLayout.CreateAsync(At("layout"));
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            ModelArtifact.ArtifactType,
            Config,
            layers,
            null,
            new Dictionary<string, string>()
        );
        await Assert.ThrowsAsync<MalformedDataException>(() => new ModelArtifact(store).PullAsync(manifest, At("out")));
        Assert.Equal(["layout"], _folder.GetFileSystemInfos().Select(f => f.Name));
    }

    private Task<Descriptor> PushAsync(OciStore store, params (string Name, string Content)[] files) => PushAsync(store, false, files);

    private async Task<Descriptor> PushAsync(OciStore store, bool archive, params (string Name, string Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At($"model/{name}"))!);
            await File.WriteAllTextAsync(At($"model/{name}"), content);
        }
        using var tree = FileTree.Open(At("model"));
        return await new ModelArtifact(store).PushAsync(tree, tree.List(new IgnoreRules([])), "v1", archive);
    }

    private string At(string name) => Path.Join(_folder.FullName, name);
}
