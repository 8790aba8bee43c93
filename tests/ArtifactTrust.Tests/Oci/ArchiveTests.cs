using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class ArchiveTests : IDisposable
{
    private const string LayoutFile = """{"imageLayoutVersion":"1.0.0"}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("oci-archive:a.tar", false, "a.tar", null)]
    [InlineData("oci-archive:dir/a.tar:v1", false, "dir/a.tar", "v1")]
    [InlineData("oci-archive:a:b/c.tar", false, "a:b/c.tar", null)]
    [InlineData("docker-archive:/x/a.tar:v1", true, "/x/a.tar", "v1")]
    public void A_reference_to_an_archive_is_read_and_written(string text, bool isDocker, string file, string? tag)
    {
        var reference = Assert.IsType<ArchiveReference>(OciReference.Parse(text));
        Assert.Equal((isDocker, file, tag), (reference.IsDocker, reference.File, reference.Tag));
        Assert.Equal(text, reference.ToString());
        Assert.Equal(reference, OciReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("oci-archive:")]
    [InlineData("docker-archive::v1")]
    [InlineData("oci-archive:a.tar:-")]
    public void A_reference_without_a_file_or_with_a_bad_tag_is_refused(string text) =>
        Assert.Throws<MalformedDataException>(() => OciReference.Parse(text));

    [Fact]
    public async Task What_was_written_is_read_and_nothing_is_written_to_it()
    {
        var (file, manifest, layer) = await WriteAsync();
        using var archive = OciStore.Open(OciReference.Parse($"oci-archive:{file}"));
        var root = await archive.ResolveAsync(OciReference.Parse($"oci-archive:{file}:v1"));
        Assert.Equal(manifest, root.Descriptor);
        Assert.Equal("layer"u8.ToArray(), await archive.GetBlobAsync(layer, 100));
        Assert.False(await archive.BlobExistsAsync(Descriptor.Of("a/b", "other"u8)));
        foreach (
            var write in new Func<Task>[]
            {
                () => archive.PushBlobAsync("a/b", new byte[1]),
                () => archive.PushManifestAsync(root.Bytes),
                () => archive.PushBlobAsync(layer, Stream.Null),
            }
        )
        {
            Assert.Contains("archive", (await Assert.ThrowsAsync<IOException>(write)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_same_content_gives_the_same_file_and_every_tar_reader_reads_it()
    {
        var (one, _, _) = await WriteAsync("one.tar");
        var (two, _, _) = await WriteAsync("two.tar");
        Assert.Equal(await File.ReadAllBytesAsync(one), await File.ReadAllBytesAsync(two));
        using var reader = new TarReader(File.OpenRead(one));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }
        Assert.Equal(5, names.Count);
        Assert.Equal(["index.json", "oci-layout"], names[^2..]);
    }

    [Fact]
    public async Task A_name_too_long_for_the_old_header_is_kept_whole()
    {
        var file = Path.Combine(_folder.FullName, "long.tar");
        var blob = new Descriptor("a/b", DigestAlgorithm.Sha512.Hash("x"u8), 1);
        using (var writer = ImageArchiveWriter.Create(file))
        {
            await writer.PushBlobAsync(blob, new MemoryStream("x"u8.ToArray()));
            await writer.CompleteAsync();
        }
        using var archive = ImageArchive.Open(file);
        Assert.Equal("x"u8.ToArray(), await archive.GetBlobAsync(blob, 10));
    }

    [Fact]
    public async Task Content_that_is_wrong_is_taken_back_and_the_archive_stays_whole()
    {
        var file = Path.Combine(_folder.FullName, "a.tar");
        using (var writer = ImageArchiveWriter.Create(file))
        {
            await Assert.ThrowsAsync<ContentMismatchException>(() =>
                writer.PushBlobAsync(Descriptor.Of("a/b", "right"u8), new MemoryStream("wrong"u8.ToArray()))
            );
            await writer.PushBlobAsync("a/b", "right"u8.ToArray());
            await writer.CompleteAsync();
        }
        using var archive = ImageArchive.Open(file);
        Assert.Equal("right"u8.ToArray(), await archive.GetBlobAsync(Descriptor.Of("a/b", "right"u8), 10));
    }

    [Fact]
    public void An_archive_that_is_not_completed_leaves_nothing()
    {
        using (ImageArchiveWriter.Create(Path.Combine(_folder.FullName, "a.tar"))) { }
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Theory]
    [InlineData("gzip", "compressed")]
    [InlineData("zstd", "compressed")]
    [InlineData("empty", "empty")]
    [InlineData("text", "tar")]
    [InlineData("cut off", "cut off")]
    [InlineData("two of a name", "two files")]
    [InlineData("a device", "neither")]
    [InlineData("no layout file", "oci-layout")]
    [InlineData("no index", "index.json")]
    [InlineData("another version", "version 1.0.0")]
    [InlineData("a link out", "oci-layout")]
    [InlineData("a link to itself", "oci-layout")]
    public async Task A_file_that_is_no_layout_is_refused_with_the_reason(string what, string reason)
    {
        var (good, _, _) = await WriteAsync();
        var bytes = await File.ReadAllBytesAsync(good);
        var bad = what switch
        {
            "gzip" => Gzip(bytes),
            "zstd" => [0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3],
            "empty" => [],
            "text" => Encoding.ASCII.GetBytes(new string('x', 2000)),
            "cut off" => bytes[..700],
            "two of a name" => Tar(("oci-layout", LayoutFile), ("./oci-layout", LayoutFile)),
            "a device" => Tar(w => w.WriteEntry(new PaxTarEntry(TarEntryType.CharacterDevice, "oci-layout"))),
            "no layout file" => Tar(("index.json", "{}")),
            "no index" => Tar(("oci-layout", LayoutFile)),
            "another version" => Tar(("oci-layout", """{"imageLayoutVersion":"2.0.0"}"""), ("index.json", "{}")),
            "a link out" => Tar(w =>
                w.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "oci-layout") { LinkName = "../../etc/passwd" })
            ),
            _ => Tar(w => w.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "oci-layout") { LinkName = "oci-layout" })),
        };
        var file = Path.Combine(_folder.FullName, "bad.tar");
        await File.WriteAllBytesAsync(file, bad);
        var e = Assert.Throws<MalformedDataException>(() => ImageArchive.Open(file));
        Assert.True(e.Message.Contains(reason, StringComparison.Ordinal), e.Message);
    }

    [Fact]
    public async Task Every_changed_byte_is_refused_or_changes_nothing_that_is_read()
    {
        var (good, manifest, layer) = await WriteAsync();
        var bytes = await File.ReadAllBytesAsync(good);
        var file = Path.Combine(_folder.FullName, "changed.tar");
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == 0 && i % 7 != 0)
            {
                // Most of an archive is padding.
                continue;
            }
            bytes[i] ^= 0x11;
            await File.WriteAllBytesAsync(file, bytes);
            bytes[i] ^= 0x11;
            try
            {
                using var archive = ImageArchive.Open(file);
                var root = await archive.ResolveAsync(OciReference.Parse($"oci-archive:{file}:v1@{manifest.Digest}"));
                Assert.Equal(manifest, root.Descriptor);
                Assert.Equal("layer"u8.ToArray(), await archive.GetBlobAsync(layer, 100));
            }
            catch (Exception e) when (e is MalformedDataException or IOException)
            {
                // Refused.
            }
        }
    }

    [Fact]
    public async Task An_archive_that_changes_while_it_is_read_is_no_lie_of_a_store()
    {
        var file = Docker(("layer.tar", "layer"), ("config.json", "{}"));
        using var archive = DockerArchive.Open(file);
        var layer = (await archive.FindManifestAsync((string?)null))!.ToImageManifest().Layers[0];
        var bytes = await File.ReadAllBytesAsync(file);
        "Layer"u8.CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf("layer\0"u8)));
        await File.WriteAllBytesAsync(file, bytes);
        var e = await Assert.ThrowsAnyAsync<IOException>(() => archive.GetBlobAsync(layer, 100));
        Assert.IsNotType<ContentMismatchException>(e);
        Assert.EndsWith("the file changed while it was read; try again when nothing writes to it", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_docker_saves_gets_a_manifest_that_binds_every_byte()
    {
        var file = Docker(("layer.tar", "layer"), ("config.json", "{}"));
        using var archive = DockerArchive.Open(file);
        Assert.False(archive.HasOwnManifests);
        var image = await archive.ResolveAsync(OciReference.Parse($"docker-archive:{file}"));
        Assert.Equal(image.Descriptor, (await archive.FindManifestAsync("v1"))!.Descriptor);
        var manifest = image.ToImageManifest();
        Assert.Equal(OciMediaTypes.DockerManifest, manifest.MediaType);
        Assert.Equal("layer"u8.ToArray(), await archive.GetBlobAsync(manifest.Layers[0], 100));
        Assert.Equal("{}"u8.ToArray(), await archive.GetBlobAsync(manifest.Config, 100));
        using var changedLayer = DockerArchive.Open(Docker(("layer.tar", "Layer"), ("config.json", "{}")));
        using var changedConfig = DockerArchive.Open(Docker(("layer.tar", "layer"), ("config.json", "{ }")));
        Assert.Equal(3, new[] { archive, changedLayer, changedConfig }.Select(a => a.ListImages()[0].Descriptor.Digest).Distinct().Count());
    }

    [Theory]
    [InlineData("no layer", "is not in the archive")]
    [InlineData("no config", "there is no 'config.json'")]
    [InlineData("no manifest", "manifest.json")]
    [InlineData("not an array", "an array of 1 to 1000")]
    [InlineData("not an object", "an object is expected")]
    [InlineData("layers of numbers", "strings")]
    public void A_docker_archive_with_a_part_missing_is_refused(string what, string reason)
    {
        var file = what switch
        {
            "no layer" => Docker(("config.json", "{}")),
            "no config" => Docker(("layer.tar", "layer")),
            "no manifest" => Save("x.tar", Tar(("a", "b"))),
            "not an array" => Save("x.tar", Tar(("manifest.json", "{}"))),
            "not an object" => Save("x.tar", Tar(("manifest.json", "[1]"))),
            _ => Save("x.tar", Tar(("config.json", "{}"), ("manifest.json", """[{"Config":"config.json","Layers":[1]}]"""))),
        };
        Assert.Contains(reason, Assert.Throws<MalformedDataException>(() => DockerArchive.Open(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_layer_that_is_a_link_to_another_is_read()
    {
        var file = Save(
            "linked.tar",
            Tar(w =>
            {
                Add(w, "a/layer.tar", "layer");
                w.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "b/layer.tar") { LinkName = "../a/layer.tar" });
                Add(w, "config.json", "{}");
                Add(w, "manifest.json", """[{"Config":"config.json","Layers":["a/layer.tar","b/layer.tar"]}]""");
            })
        );
        using var archive = DockerArchive.Open(file);
        var manifest = (await archive.ResolveAsync(OciReference.Parse($"docker-archive:{file}"))).ToImageManifest();
        Assert.Equal(2, manifest.Layers.Count);
        Assert.Equal(manifest.Layers[0], manifest.Layers[1]);
    }

    [Fact]
    public async Task A_docker_archive_that_is_a_layout_too_keeps_its_own_digests()
    {
        var (good, manifest, _) = await WriteAsync();
        using var archive = DockerArchive.Open(good);
        Assert.True(archive.HasOwnManifests);
        Assert.Equal(manifest, (await archive.FindManifestAsync("v1"))!.Descriptor);
    }

    private async Task<(string File, Descriptor Manifest, Descriptor Layer)> WriteAsync(string name = "good.tar")
    {
        var file = Path.Combine(_folder.FullName, name);
        using var writer = ImageArchiveWriter.Create(file);
        var config = await writer.PushBlobAsync("application/vnd.oci.image.config.v1+json", "{}"u8.ToArray());
        var layer = await writer.PushBlobAsync("a/b", "layer"u8.ToArray());
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [layer], null, new Dictionary<string, string>());
        var pushed = await writer.PushManifestAsync(manifest.ToUtf8Bytes(), "v1");
        await writer.CompleteAsync();
        return (file, pushed, layer);
    }

    private string Docker(params (string Name, string Content)[] files) =>
        Save(
            $"{Guid.NewGuid()}.tar",
            Tar([.. files, ("manifest.json", """[{"Config":"config.json","RepoTags":["app:v1"],"Layers":["layer.tar"]}]""")])
        );

    private string Save(string name, byte[] bytes)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    private static byte[] Tar(params (string Name, string Content)[] files) =>
        Tar(w =>
        {
            foreach (var (name, content) in files)
            {
                Add(w, name, content);
            }
        });

    private static byte[] Tar(Action<TarWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
        {
            write(writer);
        }
        return stream.ToArray();
    }

    private static void Add(TarWriter writer, string name, string content) =>
        writer.WriteEntry(
            new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) }
        );

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }
}
