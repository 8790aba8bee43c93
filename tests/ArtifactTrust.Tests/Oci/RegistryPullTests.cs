using System.Net;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryPullTests : RegistryTest
{
    [Fact]
    public async Task A_tag_and_a_digest_resolve_to_the_manifest()
    {
        var image = Registry.AddImage("v1");
        var client = Client();
        var byTag = await client.ResolveAsync(OciReference.Parse($"{Registry.Host}/app:v1"));
        var byDigest = await client.ResolveAsync(OciReference.Parse($"{Registry.Host}/app:gone@{image.Descriptor.Digest}"));
        Assert.Equal(image.Descriptor, byTag.Descriptor);
        Assert.Equal(image.Descriptor, byDigest.Descriptor);
        Assert.Equal(image.Bytes.ToArray(), byTag.Bytes.ToArray());
        Assert.All(Registry.Requests, r => Assert.Contains(OciMediaTypes.ImageIndex, r.Headers["accept"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reference_without_tag_and_digest_means_latest()
    {
        var image = Registry.AddImage("latest");
        var found = await Client().ResolveAsync(OciReference.Parse($"{Registry.Host}/app"));
        Assert.Equal(image.Descriptor, found.Descriptor);
    }

    [Fact]
    public async Task A_manifest_that_is_not_there_is_null_or_404()
    {
        var client = Client();
        Assert.Null(await client.FindManifestAsync("v1"));
        Assert.Null(await client.FindManifestAsync(Sha256("x")));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.ResolveAsync(OciReference.Parse($"{Registry.Host}/app:v1")));
        Assert.Equal(HttpStatusCode.NotFound, e.Status);
        Assert.Contains("'v1'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_tag_is_the_callers_mistake() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Client().FindManifestAsync("../blobs/x"));

    [Fact]
    public async Task A_manifest_with_other_bytes_than_the_digest_is_refused()
    {
        var image = Registry.AddImage("v1");
        var other = Registry.AddImage("v2", "other");
        Registry.Intercept = r => new TestResponse(200, other.Bytes.ToArray()).With("Content-Type", OciMediaTypes.ImageManifest);
        var e = await Assert.ThrowsAsync<ContentMismatchException>(() => Client().GetManifestAsync(image.Descriptor.Digest));
        Assert.Equal(image.Descriptor.Digest, e.Expected);
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task A_manifest_with_another_digest_in_the_header_is_refused()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = _ => new TestResponse(200, image.Bytes.ToArray()).With("Docker-Content-Digest", Sha256("x").ToString());
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_digest_header_that_cannot_be_read_is_refused()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = _ => new TestResponse(200, image.Bytes.ToArray()).With("Docker-Content-Digest", "md5:x");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_digest_header_of_another_algorithm_is_checked_in_that_algorithm()
    {
        var image = Registry.AddImage("v1");
        var sha512 = ArtifactTrust.Hashing.DigestAlgorithm.Sha512.Hash(image.Bytes.Span);
        Registry.Intercept = _ =>
            new TestResponse(200, image.Bytes.ToArray())
                .With("Content-Type", OciMediaTypes.ImageManifest)
                .With("Docker-Content-Digest", sha512.ToString());
        Assert.NotNull(await Client().FindManifestAsync("v1"));
        Assert.NotNull(await Client().FindManifestAsync(sha512));
    }

    [Fact]
    public async Task A_manifest_that_came_as_another_type_is_refused()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = _ =>
            new TestResponse(200, image.Bytes.ToArray()).With("Content-Type", OciMediaTypes.ImageIndex + "; charset=utf-8");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_page_of_html_is_not_a_manifest()
    {
        Registry.Intercept = _ => new TestResponse(200, "<html>"u8.ToArray()).With("Content-Type", "text/html");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_manifest_that_says_it_is_too_long_is_refused_before_it_is_read()
    {
        Registry.Intercept = _ => new TestResponse(200)
        {
            Raw = (s, _) => RawAsync(s, $"HTTP/1.1 200 OK\r\nContent-Length: {1L << 40}\r\n\r\n"),
        };
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_manifest_without_end_is_refused_at_the_limit()
    {
        Registry.Intercept = _ => Endless();
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_blob_is_read()
    {
        Registry.AddImage("v1", "hello");
        var client = Client();
        Assert.True(await client.BlobExistsAsync(Blob("hello")));
        Assert.False(await client.BlobExistsAsync(Blob("no")));
        Assert.Equal("hello"u8.ToArray(), await client.GetBlobAsync(Blob("hello"), 100));
    }

    [Fact]
    public async Task A_blob_that_is_not_there_is_404() =>
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await Assert.ThrowsAsync<RegistryException>(() => Client().GetBlobAsync(Blob("no"), 100))).Status
        );

    [Fact]
    public async Task A_blob_with_other_bytes_is_refused()
    {
        Registry.Blobs[Sha256("hello").ToString()] = "jello"u8.ToArray();
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().GetBlobAsync(Blob("hello"), 100));
    }

    [Fact]
    public async Task Every_blob_with_one_byte_changed_is_refused()
    {
        var content = Encoding.UTF8.GetBytes("a small blob of evidence");
        var blob = Descriptor.Of("a/b", content);
        var client = Client();
        for (var i = 0; i < content.Length; i++)
        {
            var changed = (byte[])content.Clone();
            changed[i] ^= 1;
            Registry.Blobs[blob.Digest.ToString()] = changed;
            await Assert.ThrowsAsync<ContentMismatchException>(() => client.GetBlobAsync(blob, 100));
        }
    }

    [Theory]
    [InlineData("hell")]
    [InlineData("hello!")]
    [InlineData("")]
    public async Task A_blob_of_another_size_is_refused(string content)
    {
        Registry.Blobs[Sha256("hello").ToString()] = Encoding.UTF8.GetBytes(content);
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().GetBlobAsync(Blob("hello"), 100));
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().BlobExistsAsync(Blob("hello")));
    }

    [Fact]
    public async Task A_blob_above_the_limit_is_refused_before_it_is_asked_for()
    {
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().GetBlobAsync(Blob("hello"), 4));
        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task A_descriptor_that_claims_a_size_beyond_reason_is_refused_like_any_other()
    {
        Registry.AddImage("v1", "hello");
        using var memory = new MemoryStream();
        var huge = Blob("hello") with { Size = long.MaxValue };
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().CopyBlobAsync(huge, memory));
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().PushBlobAsync(huge, memory));
        Registry.Blobs.Clear();
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().PushBlobAsync(huge, memory));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_leaves_nothing_behind()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            Registry.AddImage("v1", "hello");
            var path = Path.Combine(directory.FullName, "in-the-way");
            Directory.CreateDirectory(path);
            await Assert.ThrowsAsync<IOException>(() => Client().SaveBlobAsync(Blob("hello"), path));
            Assert.Single(directory.GetFileSystemInfos());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_blob_without_end_is_refused()
    {
        Registry.Intercept = _ => Endless();
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().GetBlobAsync(Blob("hello"), 100));
    }

    [Fact]
    public async Task A_file_appears_only_when_its_digest_was_checked()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(directory.FullName, "blob");
            Registry.Blobs[Sha256("hello").ToString()] = "jello"u8.ToArray();
            await Assert.ThrowsAsync<ContentMismatchException>(() => Client().SaveBlobAsync(Blob("hello"), path));
            Assert.Empty(directory.GetFileSystemInfos());
            Registry.AddImage("v1", "hello");
            await Client().SaveBlobAsync(Blob("hello"), path);
            Assert.Equal("hello", await File.ReadAllTextAsync(path));
            Assert.Single(directory.GetFileSystemInfos());
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_broken_download_goes_on_where_it_broke()
    {
        Registry.AddImage("v1", "hello world");
        Registry.Intercept = r =>
            r.Path.Contains("/blobs/", StringComparison.Ordinal) && !r.Headers.ContainsKey("range") ? Truncated("hello", 11) : null;
        Assert.Equal("hello world"u8.ToArray(), await Client().GetBlobAsync(Blob("hello world"), 100));
        Assert.Equal("bytes=5-", Registry.Requests.Last().Headers["range"]);
    }

    [Fact]
    public async Task A_broken_download_begins_again_where_the_registry_knows_no_ranges()
    {
        var answers = 0;
        Registry.Intercept = _ => ++answers == 1 ? Truncated("hello", 11) : new TestResponse(200, "hello world"u8.ToArray());
        Assert.Equal("hello world"u8.ToArray(), await Client().GetBlobAsync(Blob("hello world"), 100));
    }

    [Fact]
    public async Task A_download_that_goes_on_with_other_bytes_is_refused()
    {
        var answers = 0;
        Registry.Intercept = _ => ++answers == 1 ? Truncated("jello", 11) : new TestResponse(200, "hello world"u8.ToArray());
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().GetBlobAsync(Blob("hello world"), 100));
    }

    [Fact]
    public async Task Another_range_than_the_one_asked_for_is_refused()
    {
        Registry.Intercept = r =>
            r.Headers.ContainsKey("range")
                ? new TestResponse(206, " world"u8.ToArray()).With("Content-Range", "bytes 4-9/11")
                : Truncated("hello", 11);
        await Assert.ThrowsAsync<RegistryException>(() => Client().GetBlobAsync(Blob("hello world"), 100));
    }

    [Fact]
    public async Task A_download_that_always_breaks_fails()
    {
        Registry.Intercept = r => Truncated("", 11);
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().GetBlobAsync(Blob("hello world"), 100));
        Assert.Null(e.Status);
        Assert.Contains("tried 5 times", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_not_the_registrys_failure()
    {
        Registry.AddImage("v1", "hello");
        using var full = new FullStream();
        var e = await Assert.ThrowsAsync<IOException>(() => Client().CopyBlobAsync(Blob("hello"), full));
        Assert.Equal("No space left on device", e.Message);
        Assert.Single(Registry.Requests);
    }

    private static TestResponse Truncated(string content, int length) =>
        new(200) { Raw = (s, _) => RawAsync(s, $"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{content}") };

    private static TestResponse Endless() =>
        new(200)
        {
            Raw = async (s, cancellation) =>
            {
                await RawAsync(s, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{");
                var spaces = Encoding.ASCII.GetBytes(new string(' ', 64 << 10));
                while (true)
                {
                    await s.WriteAsync(spaces, cancellation);
                }
            },
        };

    private sealed class FullStream : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("No space left on device");
    }
}
