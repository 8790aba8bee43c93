using System.Net;
using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryPushTests : RegistryTest
{
    [Fact]
    public async Task A_small_blob_is_pushed_at_once()
    {
        var blob = await Client().PushBlobAsync("a/b", "hello"u8.ToArray());
        Assert.Equal(Blob("hello") with { MediaType = "a/b" }, blob);
        Assert.Equal("hello"u8.ToArray(), Registry.Blobs[blob.Digest.ToString()]);
        Assert.Equal(["HEAD", "POST", "PUT"], Registry.Requests.Select(r => r.Method));
        Assert.Equal("a=b", Registry.Requests.Last().Parameter("state"));
    }

    [Fact]
    public async Task An_empty_blob_is_pushed()
    {
        var blob = await Client().PushBlobAsync("a/b", Array.Empty<byte>());
        Assert.Empty(Registry.Blobs[blob.Digest.ToString()]);
        Assert.Empty(await Client().GetBlobAsync(blob, 10));
    }

    [Fact]
    public async Task A_blob_that_is_there_is_not_pushed()
    {
        Registry.AddImage("v1", "hello");
        await Client().PushBlobAsync("a/b", "hello"u8.ToArray());
        Assert.Equal("HEAD", Assert.Single(Registry.Requests).Method);
    }

    [Theory]
    [InlineData(101)]
    [InlineData(128)]
    [InlineData(160)]
    [InlineData(161)]
    public async Task A_large_blob_is_pushed_in_chunks(int size)
    {
        var content = RandomNumberGenerator.GetBytes(size);
        var options = Options(chunkThreshold: 100, chunkBytes: 32);
        using var stream = new MemoryStream(content);
        var blob = Descriptor.Of("a/b", content);
        await Client(options).PushBlobAsync(blob, stream);
        Assert.Equal(content, Registry.Blobs[blob.Digest.ToString()]);
        var chunks = Registry.Requests.Where(r => r.Method == "PATCH").Select(r => r.Headers["content-range"]).ToArray();
        Assert.Equal((size + 31) / 32, chunks.Length);
        Assert.Equal("32-63", chunks[1]);
    }

    [Fact]
    public async Task Large_bytes_are_pushed_in_chunks_too()
    {
        var content = RandomNumberGenerator.GetBytes(200);
        var blob = await Client(Options(chunkThreshold: 100, chunkBytes: 64)).PushBlobAsync("a/b", content);
        Assert.Equal(content, Registry.Blobs[blob.Digest.ToString()]);
        Assert.Equal(4, Registry.Count("PATCH", "uploads"));
    }

    [Fact]
    public async Task A_registry_can_ask_for_larger_chunks()
    {
        Registry.Intercept = r =>
            r.Method == "POST"
                ? new TestResponse(202).With("Location", "/v2/app/blobs/uploads/9?state=a%3Db").With("OCI-Chunk-Min-Length", "50")
            : r.Method == "PATCH" ? new TestResponse(202).With("Location", "/v2/app/blobs/uploads/9?state=a%3Db")
            : r.Method == "PUT" ? new TestResponse(201)
            : null;
        await Client(Options(chunkThreshold: 100, chunkBytes: 32)).PushBlobAsync("a/b", new byte[120]);
        Assert.Equal(
            ["0-49", "50-99", "100-119"],
            Registry.Requests.Where(r => r.Method == "PATCH").Select(r => r.Headers["content-range"])
        );
    }

    [Theory]
    [InlineData("2000000000")]
    [InlineData("5000000000")]
    public async Task A_registry_cannot_ask_for_chunks_larger_than_memory_allows(string bytes)
    {
        Registry.Intercept = r =>
            r.Method == "POST"
                ? new TestResponse(202).With("Location", "/v2/app/blobs/uploads/9").With("OCI-Chunk-Min-Length", bytes)
                : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(Options(chunkThreshold: 100)).PushBlobAsync("a/b", new byte[120]));
        Assert.Contains($"chunks of {bytes} bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_took_another_range_is_refused()
    {
        Registry.Intercept = r => r.Method == "PATCH" ? new TestResponse(202).With("Location", r.Path).With("Range", "0-7") : null;
        await Assert.ThrowsAsync<RegistryException>(() =>
            Client(Options(chunkThreshold: 100, chunkBytes: 32)).PushBlobAsync("a/b", new byte[120])
        );
    }

    [Theory]
    [InlineData("other content!")]
    [InlineData("shorter")]
    [InlineData("longer than the descriptor says")]
    public async Task A_stream_with_other_content_than_its_descriptor_is_not_stored(string content)
    {
        foreach (var threshold in (int[])[8, 1000])
        {
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(content));
            await Assert.ThrowsAsync<ContentMismatchException>(() =>
                Client(Options(chunkThreshold: threshold, chunkBytes: 4)).PushBlobAsync(Blob("the content is"), stream)
            );
        }
        Assert.Empty(Registry.Blobs);
    }

    [Fact]
    public async Task A_blob_that_arrived_in_spite_of_an_error_is_not_pushed_again()
    {
        var failed = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PUT" || failed)
            {
                return null;
            }
            failed = true;
            Registry.Blobs[Sha256("hello").ToString()] = r.Body;
            return new TestResponse(502);
        };
        await Client().PushBlobAsync("a/b", "hello"u8.ToArray());
        Assert.Equal(["HEAD", "POST", "PUT", "HEAD"], Registry.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task A_registry_that_does_not_say_where_to_upload_is_refused()
    {
        Registry.Intercept = r => r.Method == "POST" ? new TestResponse(202) : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().PushBlobAsync("a/b", "hello"u8.ToArray()));
    }

    [Fact]
    public async Task An_upload_is_not_redirected()
    {
        Registry.Intercept = r => r.Method == "PUT" ? new TestResponse(307).With("Location", "/elsewhere") : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().PushBlobAsync("a/b", "hello"u8.ToArray()));
        Assert.Equal(0, Registry.Count("PUT", "/elsewhere"));
    }

    [Fact]
    public async Task A_refused_upload_says_why()
    {
        Registry.Intercept = r => r.Method == "POST" ? TestResponse.Error(403, "DENIED", "quota exceeded") : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().PushBlobAsync("a/b", "hello"u8.ToArray()));
        Assert.Equal((HttpStatusCode.Forbidden, "DENIED"), (e.Status, e.Code));
        Assert.Contains("quota exceeded", e.Message, StringComparison.Ordinal);
        Assert.Contains(Registry.Host, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_is_pushed_by_digest_and_tag_with_its_own_type()
    {
        var image = Registry.AddImage("v0");
        Registry.Manifests.Clear();
        var pushed = await Client().PushManifestAsync(image.Bytes, "v1");
        Assert.Equal(image.Descriptor, pushed);
        Assert.Equal(pushed.Digest.ToString(), Registry.Tags["v1"]);
        Assert.All(Registry.Requests, r => Assert.Equal(OciMediaTypes.ImageManifest, r.Headers["content-type"]));
        Assert.Equal([$"/v2/app/manifests/{pushed.Digest}", "/v2/app/manifests/v1"], Registry.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task What_is_no_manifest_is_not_pushed()
    {
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().PushManifestAsync("{}"u8.ToArray()));
        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task A_registry_that_stored_another_manifest_is_refused()
    {
        var image = Registry.AddImage("v0");
        Registry.Intercept = _ => new TestResponse(201).With("Docker-Content-Digest", Sha256("x").ToString());
        await Assert.ThrowsAsync<ContentMismatchException>(() => Client().PushManifestAsync(image.Bytes));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    [InlineData(204)]
    public async Task A_push_that_is_not_answered_by_created_is_a_failure(int status)
    {
        var image = Registry.AddImage("v0");
        Registry.Intercept = _ => new TestResponse(status);
        await Assert.ThrowsAsync<RegistryException>(() => Client().PushManifestAsync(image.Bytes));
    }
}
