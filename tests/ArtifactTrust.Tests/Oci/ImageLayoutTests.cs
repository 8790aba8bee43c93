using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class ImageLayoutTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    private string Root => Path.Combine(_directory.FullName, "layout");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task A_new_layout_is_empty_and_opens_again()
    {
        using (var layout = await ImageLayout.CreateAsync(Root))
        {
            Assert.Null(await layout.FindManifestAsync((string?)null));
        }
        using var again = await ImageLayout.CreateAsync(Root);
        Assert.Null(await again.FindManifestAsync("v1"));
        Assert.Equal("{\"imageLayoutVersion\":\"1.0.0\"}", await File.ReadAllTextAsync(Path.Combine(Root, "oci-layout")));
    }

    [Fact]
    public async Task A_directory_with_something_else_is_not_made_a_layout()
    {
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "model.onnx"), "x");
        await Assert.ThrowsAsync<IOException>(() => ImageLayout.CreateAsync(_directory.FullName));
        Assert.Single(_directory.GetFileSystemInfos());
    }

    [Theory]
    [InlineData("")]
    [InlineData("blobs/")]
    [InlineData("blobs/sha256/")]
    [InlineData("blobs/sha256/ .artifact-trust-0.tmp")]
    [InlineData("blobs/sha256/ index.json")]
    public async Task A_layout_whose_making_was_cut_short_is_made_by_the_next_run(string left)
    {
        Make(left);
        using var layout = await ImageLayout.CreateAsync(Root);
        await PushImageAsync(layout, "one", "v1");
        Assert.NotNull(await layout.FindManifestAsync("v1"));
    }

    [Theory]
    [InlineData("index.json")]
    [InlineData("blobs/sha256/ blobs/sha256/0")]
    [InlineData("blobs/sha256/ blobs/more")]
    [InlineData("blobs/ model.onnx")]
    public async Task What_only_looks_like_a_layout_that_was_cut_short_is_left_alone(string left)
    {
        Make(left);
        var before = Directory.GetFileSystemEntries(Root, "*", SearchOption.AllDirectories).Order().ToList();
        await Assert.ThrowsAsync<IOException>(() => ImageLayout.CreateAsync(Root));
        Assert.Equal(before, Directory.GetFileSystemEntries(Root, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public async Task An_index_that_is_there_is_kept_when_the_making_of_a_layout_goes_on()
    {
        using (var layout = await ImageLayout.CreateAsync(Root))
        {
            await PushImageAsync(layout, "one", "v1");
        }
        var index = await File.ReadAllTextAsync(Path.Combine(Root, "index.json"));
        File.Delete(Path.Combine(Root, "oci-layout"));
        foreach (var blob in Directory.GetFiles(Path.Combine(Root, "blobs", "sha256")).Append(Path.Combine(Root, "index.json.lock")))
        {
            File.Delete(blob);
        }
        using (await ImageLayout.CreateAsync(Root)) { }
        Assert.Equal(index, await File.ReadAllTextAsync(Path.Combine(Root, "index.json")));
    }

    [Fact]
    public async Task A_manifest_is_found_by_tag_digest_and_as_the_only_one()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var pushed = await PushImageAsync(layout, "one", "v1");
        foreach (
            var text in (string[])
                [
                    $"oci-layout:{Root}",
                    $"oci-layout:{Root}:v1",
                    $"oci-layout:{Root}@{pushed.Digest}",
                    $"oci-layout:{Root}:x@{pushed.Digest}",
                ]
        )
        {
            Assert.Equal(pushed, (await layout.ResolveAsync(OciReference.Parse(text))).Descriptor);
        }
    }

    [Fact]
    public async Task Without_a_tag_several_manifests_are_an_error_that_lists_the_tags()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        await PushImageAsync(layout, "one", "v1");
        await PushImageAsync(layout, "two", "v2");
        var e = await Assert.ThrowsAsync<IOException>(() => layout.ResolveAsync(OciReference.Parse($"oci-layout:{Root}")));
        Assert.Contains("v1, v2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_referrer_does_not_make_the_only_manifest_ambiguous()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", null);
        await layout.PushManifestAsync(Referrer(image, "a"));
        await layout.PushManifestAsync(Referrer(image, "b"));
        Assert.Equal(image, (await layout.FindManifestAsync((string?)null))!.Descriptor);
    }

    [Theory]
    [InlineData(".sig")]
    [InlineData(".att")]
    [InlineData(".sbom")]
    public async Task What_cosign_keeps_under_its_tags_does_not_make_the_only_manifest_ambiguous(string suffix)
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        await PushImageAsync(layout, "evidence", $"sha256-{image.Digest.Hex}{suffix}");
        Assert.Equal(image, (await layout.FindManifestAsync((string?)null))!.Descriptor);
        await PushImageAsync(layout, "two", "v2");
        var e = await Assert.ThrowsAsync<IOException>(() => layout.FindManifestAsync((string?)null));
        Assert.EndsWith("holds 2 manifests; name one by its digest or its tag: v1, v2", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_manifest_under_two_tags_is_not_ambiguous()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        await PushImageAsync(layout, "one", "v1");
        var image = await PushImageAsync(layout, "one", "v2");
        Assert.Equal(image, (await layout.FindManifestAsync((string?)null))!.Descriptor);
        Assert.NotNull(await layout.FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_missing_tag_is_an_error_that_lists_the_others()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        await PushImageAsync(layout, "one", "v1");
        var e = await Assert.ThrowsAsync<FileNotFoundException>(() => layout.ResolveAsync(OciReference.Parse($"oci-layout:{Root}:v2")));
        Assert.Contains("'v2'", e.Message, StringComparison.Ordinal);
        Assert.Contains("v1", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FileNotFoundException>(() => layout.GetManifestAsync(DigestAlgorithm.Sha256.Hash("x"u8)));
    }

    [Fact]
    public async Task A_tag_moves_and_the_old_manifest_stays()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var two = await PushImageAsync(layout, "two", "v1");
        Assert.Equal(two, (await layout.FindManifestAsync("v1"))!.Descriptor);
        Assert.Equal(one, (await layout.FindManifestAsync(one.Digest))!.Descriptor);
        await PushImageAsync(layout, "one", "v1");
        Assert.Equal(one, (await layout.FindManifestAsync("v1"))!.Descriptor);
        Assert.Equal(2, ImageIndex.Parse(await File.ReadAllBytesAsync(Path.Combine(Root, "index.json"))).Manifests.Count);
    }

    [Fact]
    public async Task What_others_wrote_in_the_index_stays_as_it_is()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var entry =
            $$"""{"mediaType":"{{one.MediaType}}","digest":"{{one.Digest}}","size":{{one.Size}},"urls":["x"],"annotations":{"org.opencontainers.image.ref.name":"v1","io.containerd.image.name":"docker.io/a:v1"} }""";
        var other = $$"""{"mediaType":"application/x-other","digest":"{{one.Digest}}","size":3}""";
        await File.WriteAllTextAsync(
            Path.Combine(Root, "index.json"),
            $$"""{"schemaVersion":2,"manifests":[{{entry}},{{other}}],"annotations":{"k":"v"} }"""
        );
        await PushImageAsync(layout, "two", "v1");
        var index = await File.ReadAllTextAsync(Path.Combine(Root, "index.json"));
        Assert.Contains(
            "\"urls\":[\"x\"],\"annotations\":{\"io.containerd.image.name\":\"docker.io/a:v1\"}",
            index,
            StringComparison.Ordinal
        );
        Assert.Contains(other, index, StringComparison.Ordinal);
        Assert.Contains("\"annotations\":{\"k\":\"v\"}", index, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_on_two_manifests_is_refused()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var two = await PushImageAsync(layout, "two", "v2");
        var entries = string.Join(
            ',',
            new[] { one, two }.Select(d =>
                $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}},"annotations":{"org.opencontainers.image.ref.name":"v1"} }"""
            )
        );
        await File.WriteAllTextAsync(Path.Combine(Root, "index.json"), $$"""{"schemaVersion":2,"manifests":[{{entries}}]}""");
        await Assert.ThrowsAsync<MalformedDataException>(() => layout.FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_manifest_cannot_give_itself_a_tag()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        var annotations = new Dictionary<string, string> { [Descriptor.RefNameAnnotation] = "v1" };
        var evil = ImageManifest.Parse((await layout.GetManifestAsync(image.Digest)).Bytes) with
        {
            Annotations = annotations,
            ArtifactType = "a/evil",
        };
        var pushed = await layout.PushManifestAsync(evil.ToUtf8Bytes());
        Assert.Equal(image, (await layout.FindManifestAsync("v1"))!.Descriptor);
        Assert.NotEqual(image, pushed);
    }

    [Fact]
    public async Task A_manifest_that_only_an_index_lists_is_found_by_digest()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", null);
        var index =
            $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{"mediaType":"{{image.MediaType}}","digest":"{{image.Digest}}","size":{{image.Size}},"platform":{"os":"linux","architecture":"amd64"} }]}""";
        await File.WriteAllTextAsync(Path.Combine(Root, "index.json"), """{"schemaVersion":2,"manifests":[]}""");
        await layout.PushManifestAsync(Encoding.UTF8.GetBytes(index), "multi");
        var found = (await layout.FindManifestAsync("multi"))!.ToImageIndex().Find(new Platform("linux", "amd64"))[0];
        Assert.Equal(image, (await layout.GetManifestAsync(found.Digest)).Descriptor);
    }

    [Fact]
    public async Task Blobs_of_any_size_are_kept()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var blob = Descriptor.Of("a/b", content);
        Assert.False(await layout.BlobExistsAsync(blob));
        using var stream = new MemoryStream(content);
        await layout.PushBlobAsync(blob, stream);
        Assert.True(await layout.BlobExistsAsync(blob));
        Assert.Equal(content, await layout.GetBlobAsync(blob, 4_000_000));
        var copy = Path.Combine(_directory.FullName, "copy");
        await layout.SaveBlobAsync(blob, copy);
        Assert.Equal(content, await File.ReadAllBytesAsync(copy));
        await Assert.ThrowsAsync<MalformedDataException>(() => layout.GetBlobAsync(blob, 1_000_000));
        await Assert.ThrowsAsync<FileNotFoundException>(() => layout.GetBlobAsync(Descriptor.Of("a/b", "x"u8), 10));
    }

    [Theory]
    [InlineData("other content!")]
    [InlineData("short")]
    [InlineData("longer than the descriptor says")]
    public async Task Other_content_than_the_descriptor_is_not_stored(string content)
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
        await Assert.ThrowsAsync<ContentMismatchException>(() => layout.PushBlobAsync(Descriptor.Of("a/b", "the content is"u8), stream));
        Assert.Empty(Directory.GetFiles(Path.Combine(Root, "blobs", "sha256")));
    }

    [Fact]
    public async Task Every_changed_byte_of_a_manifest_and_a_blob_is_noticed()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        var layer = (await layout.GetManifestAsync(image.Digest)).ToImageManifest().Layers[0];
        foreach (var blob in new[] { image, layer })
        {
            var path = Path.Combine(Root, "blobs", "sha256", blob.Digest.Hex);
            var valid = await File.ReadAllBytesAsync(path);
            for (var i = 0; i < valid.Length; i++)
            {
                var changed = (byte[])valid.Clone();
                changed[i] ^= 4;
                await File.WriteAllBytesAsync(path, changed);
                await Assert.ThrowsAsync<ContentMismatchException>(async () =>
                {
                    await layout.GetManifestAsync(image.Digest);
                    await layout.GetBlobAsync(layer, 100);
                });
            }
            await File.WriteAllBytesAsync(path, valid[..^1]);
            await Assert.ThrowsAsync<ContentMismatchException>(async () =>
            {
                await layout.FindManifestAsync("v1");
                await layout.BlobExistsAsync(layer);
            });
            await File.WriteAllBytesAsync(path, valid);
        }
    }

    [Fact]
    public async Task Every_changed_byte_of_the_index_is_read_or_refused_and_nothing_else()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        var path = Path.Combine(Root, "index.json");
        var valid = await File.ReadAllBytesAsync(path);
        for (var i = 0; i < valid.Length; i++)
        {
            var changed = (byte[])valid.Clone();
            changed[i] ^= 0x81;
            await File.WriteAllBytesAsync(path, changed);
            try
            {
                Assert.Equal(image.Digest, (await layout.ResolveAsync(OciReference.Parse($"oci-layout:{Root}:v1"))).Descriptor.Digest);
            }
            catch (Exception e) when (e is MalformedDataException or IOException) { }
        }
    }

    [Fact]
    public async Task Symbolic_links_are_not_followed()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        var blobs = Path.Combine(Root, "blobs", "sha256");
        var outside = Path.Combine(_directory.FullName, "outside");
        Directory.CreateDirectory(outside);

        var file = Path.Combine(blobs, image.Digest.Hex);
        File.Move(file, Path.Combine(outside, image.Digest.Hex));
        File.CreateSymbolicLink(file, Path.Combine(outside, image.Digest.Hex));
        await Assert.ThrowsAsync<IOException>(() => layout.FindManifestAsync("v1"));

        Directory.Move(blobs, Path.Combine(outside, "sha256"));
        Directory.CreateSymbolicLink(blobs, Path.Combine(outside, "sha256"));
        await Assert.ThrowsAsync<IOException>(() => layout.PushBlobAsync("a/b", "new"u8.ToArray()));
        await Assert.ThrowsAsync<IOException>(() => layout.BlobExistsAsync(image));

        File.Move(Path.Combine(Root, "index.json"), Path.Combine(outside, "index.json"));
        File.CreateSymbolicLink(Path.Combine(Root, "index.json"), Path.Combine(outside, "index.json"));
        await Assert.ThrowsAsync<IOException>(() => layout.FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_lock_that_is_a_symbolic_link_is_not_followed()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        File.CreateSymbolicLink(Path.Combine(Root, "index.json.lock"), Path.Combine(_directory.FullName, "made"));
        await Assert.ThrowsAsync<IOException>(() => PushImageAsync(layout, "one", "v1"));
        Assert.False(File.Exists(Path.Combine(_directory.FullName, "made")));
    }

    [Fact]
    public void What_is_no_layout_is_refused()
    {
        Assert.Throws<DirectoryNotFoundException>(() => ImageLayout.Open(Root));
        Directory.CreateDirectory(Root);
        Assert.Contains(
            "not an OCI image layout",
            Assert.Throws<IOException>(() => ImageLayout.Open(Root)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"imageLayoutVersion":"2.0.0"}""")]
    [InlineData("""{"imageLayoutVersion":1}""")]
    public async Task A_layout_of_another_version_is_refused(string text)
    {
        using (await ImageLayout.CreateAsync(Root)) { }
        await File.WriteAllTextAsync(Path.Combine(Root, "oci-layout"), text);
        Assert.Throws<MalformedDataException>(() => ImageLayout.Open(Root));
    }

    [Fact]
    public async Task A_layout_without_index_or_with_a_huge_one_is_refused()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var path = Path.Combine(Root, "index.json");
        await using (var file = File.OpenWrite(path))
        {
            file.SetLength(1L << 33);
        }
        await Assert.ThrowsAsync<MalformedDataException>(() => layout.FindManifestAsync("v1"));
        File.Delete(path);
        await Assert.ThrowsAsync<FileNotFoundException>(() => layout.FindManifestAsync("v1"));
    }

    [Fact]
    public async Task Writers_at_once_lose_nothing()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var image = await PushImageAsync(layout, "one", "v1");
        var pushed = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i =>
                    Task.Run(async () =>
                    {
                        using var own = ImageLayout.Open(Root);
                        return await own.PushManifestAsync(Referrer(image, $"r{i}"));
                    })
                )
        );
        var listed = await layout.ListReferrersAsync(image.Digest);
        Assert.Equal(pushed.Select(p => p.Digest.Hex).Order(), listed.Select(l => l.Digest.Hex).Order());
    }

    [Fact]
    public async Task Nothing_is_left_over_after_writing()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        await PushImageAsync(layout, "one", "v1");
        Assert.Equal(
            ["blobs", "index.json", "index.json.lock", "oci-layout"],
            new DirectoryInfo(Root).GetFileSystemInfos().Select(i => i.Name).Order()
        );
        Assert.Equal(3, Directory.GetFiles(Path.Combine(Root, "blobs", "sha256")).Length);
    }

    [Fact]
    public async Task Referrers_are_those_whose_manifest_says_so()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var two = await PushImageAsync(layout, "two", "v2");
        var about = await layout.PushManifestAsync(Referrer(one, "a"));
        var listed = Assert.Single(await layout.ListReferrersAsync(one.Digest));
        Assert.Equal((about, "application/a"), (listed, listed.ArtifactType));
        Assert.Empty(await layout.ListReferrersAsync(two.Digest));
    }

    [Fact]
    public async Task Referrers_under_a_referrers_tag_are_listed_too()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var entry = $$"""{"mediaType":"a/b","digest":"{{DigestAlgorithm.Sha256.Hash("r"u8)}}","size":1}""";
        await layout.PushManifestAsync(
            Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{entry}}]}"""),
            $"sha256-{one.Digest.Hex}"
        );
        Assert.Equal("a/b", Assert.Single(await layout.ListReferrersAsync(one.Digest)).MediaType);
        Assert.Equal(one, (await layout.FindManifestAsync((string?)null))!.Descriptor);
    }

    [Fact]
    public async Task A_missing_referrer_is_an_error_and_not_none()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var one = await PushImageAsync(layout, "one", "v1");
        var about = await layout.PushManifestAsync(Referrer(one, "a"));
        File.Delete(Path.Combine(Root, "blobs", "sha256", about.Digest.Hex));
        await Assert.ThrowsAsync<FileNotFoundException>(() => layout.ListReferrersAsync(one.Digest));
    }

    [Fact]
    public async Task An_index_that_would_grow_over_the_limit_is_not_written()
    {
        using var layout = await ImageLayout.CreateAsync(Root);
        var path = Path.Combine(Root, "index.json");
        var large = $$"""{"schemaVersion":2,"manifests":[],"annotations":{"a":"{{new string('x', Limits.OciManifestBytes - 100)}}"} }""";
        await File.WriteAllTextAsync(path, large);
        await Assert.ThrowsAsync<MalformedDataException>(() => PushImageAsync(layout, "one", "v1"));
        Assert.Equal(large, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task What_a_killed_copy_left_goes_with_the_next()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        using (await ImageLayout.CreateAsync(Root)) { }
        string[] left = [Path.Combine(Root, "blobs", "sha256", ".artifact-trust-0.tmp"), Path.Combine(Root, ".artifact-trust-1.tmp")];
        foreach (var file in left)
        {
            await File.WriteAllTextAsync(file, "half");
        }
        using (await ImageLayout.CreateAsync(Root)) { }
        Assert.All(left, file => Assert.False(File.Exists(file)));
        await File.WriteAllTextAsync(left[1], "half");
        using (ImageArchiveWriter.Create(Path.Combine(Root, "image.tar"))) { }
        Assert.False(File.Exists(left[1]));
    }

    /// <summary>Makes files, and directories where a name ends with a slash.</summary>
    private void Make(string names)
    {
        Directory.CreateDirectory(Root);
        foreach (var name in names.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var path = Path.Combine(Root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!name.EndsWith('/'))
            {
                File.WriteAllText(path, name == "index.json" ? """{"schemaVersion":2,"manifests":[]}""" : "");
            }
        }
    }

    private static async Task<Descriptor> PushImageAsync(ImageLayout layout, string content, string? tag)
    {
        var config = await layout.PushBlobAsync("application/vnd.oci.image.config.v1+json", "{}"u8.ToArray());
        var layer = await layout.PushBlobAsync("application/vnd.oci.image.layer.v1.tar", Encoding.UTF8.GetBytes(content));
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [layer], null, new Dictionary<string, string>());
        return await layout.PushManifestAsync(manifest.ToUtf8Bytes(), tag);
    }

    private static byte[] Referrer(Descriptor subject, string name) =>
        new ImageManifest(
            OciMediaTypes.ImageManifest,
            $"application/{name}",
            Descriptor.Of(OciMediaTypes.Empty, "{}"u8),
            [],
            subject,
            new Dictionary<string, string>()
        ).ToUtf8Bytes();
}
