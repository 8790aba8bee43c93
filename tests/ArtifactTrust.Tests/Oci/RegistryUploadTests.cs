using System.Security.Cryptography;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Uploads in chunks that are cut on the way.</summary>
public sealed class RegistryUploadTests : RegistryTest
{
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(120);

    [Theory]
    [InlineData(10, "42-63", false)]
    [InlineData(10, "42-63", true)]
    [InlineData(0, "32-63", true)]
    [InlineData(32, null, true)]
    public async Task An_upload_that_was_cut_goes_on_where_the_registry_says_that_it_came(int arrived, string? rest, bool canSeek)
    {
        Registry.TellsUploads = true;
        CutOnce("32-63", arrived);
        await PushAsync(canSeek ? new MemoryStream(_content) : new OneWayStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(1, Registry.Count("POST", "uploads"));
        string[] again = rest is null ? [] : [rest];
        Assert.Equal(["0-31", "32-63", .. again, "64-95", "96-119"], Chunks());
        Assert.Single(Pauses);
    }

    [Theory]
    [InlineData("0-7")]
    [InlineData("0-99")]
    [InlineData("0-0")]
    [InlineData("0--5")]
    [InlineData("8-63")]
    [InlineData("0-99999999999999999999")]
    [InlineData(null)]
    public async Task Where_the_registry_does_not_say_or_lost_what_it_had_the_blob_is_sent_anew(string? range)
    {
        CutOnce("32-63", 10);
        var inner = Registry.Intercept!;
        Registry.Intercept = r =>
            r.Method != "GET" ? inner(r)
            : range is null ? new TestResponse(404)
            : new TestResponse(204).With("Range", range);
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(2, Registry.Count("POST", "uploads"));
    }

    [Fact]
    public async Task An_upload_that_is_cut_again_and_again_is_given_up()
    {
        Registry.TellsUploads = true;
        Registry.Intercept = r => r.Method == "PATCH" && Chunks().Length > 1 ? Registry.Cut(r, 0) : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(new MemoryStream(_content)));
        Assert.Null(e.Status);
        Assert.True(Registry.Count("PATCH", "uploads") < 20);
        Assert.Empty(Registry.Blobs);
    }

    [Fact]
    public async Task An_upload_that_advances_with_every_cut_is_not_given_up()
    {
        Registry.TellsUploads = true;
        var odd = false;
        Registry.Intercept = r => r.Method == "PATCH" && (odd = !odd) ? Registry.Cut(r, 3) : null;
        await PushAsync(new MemoryStream(_content), chunkBytes: 8);
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(1, Registry.Count("POST", "uploads"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_answer_to_the_end_of_an_upload_is_lost_no_chunk_is_sent_again(bool isStored)
    {
        Registry.TellsUploads = true;
        var lost = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PUT" || lost)
            {
                return null;
            }
            lost = true;
            if (isStored)
            {
                Registry.Blobs[Descriptor.Of("a/b", _content).Digest.ToString()] = _content;
            }
            return new TestResponse(503);
        };
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal((4, isStored ? 1 : 2), (Registry.Count("PATCH", "uploads"), Registry.Count("PUT", "uploads")));
    }

    [Theory]
    [InlineData("PATCH", 3, 7)]
    [InlineData("PUT", 1, 8)]
    public async Task An_upload_whose_session_is_gone_begins_again(string method, int at, int chunks)
    {
        Registry.TellsUploads = true;
        var asked = 0;
        Registry.Intercept = r =>
        {
            if (r.Method == method && ++asked == at)
            {
                Registry.ForgetUploads();
            }
            return null;
        };
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal((2, chunks), (Registry.Count("POST", "uploads"), Chunks().Length));
        // It is known to be gone, and so not asked for its length.
        Assert.Equal(0, Registry.Count("GET", "uploads"));
        Assert.Single(Pauses);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(416)]
    public async Task An_upload_whose_sessions_all_go_wrong_is_given_up(int status)
    {
        Registry.TellsUploads = true;
        Registry.Intercept = r => r.Method == "PATCH" && Chunks().Length > 1 ? TestResponse.Error(status, "BLOB_UPLOAD_UNKNOWN") : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(new MemoryStream(_content)));
        Assert.Equal((status, "BLOB_UPLOAD_UNKNOWN"), ((int)e.Status!, e.Code));
        Assert.EndsWith("(tried 5 times)", e.Message, StringComparison.Ordinal);
        Assert.Equal(5, Registry.Count("POST", "uploads"));
        Assert.InRange(Registry.Count("PATCH", "uploads"), 6, 26);
        Assert.Empty(Registry.Blobs);
    }

    [Fact]
    public async Task A_small_blob_whose_session_is_gone_is_sent_again()
    {
        var asked = 0;
        Registry.Intercept = r =>
        {
            if (r.Method == "PUT" && ++asked == 1)
            {
                Registry.ForgetUploads();
            }
            return null;
        };
        await Client().PushBlobAsync(Descriptor.Of("a/b", _content), new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
    }

    [Theory]
    [InlineData(10, "42-63", 1)]
    [InlineData(0, "32-63", 1)]
    [InlineData(32, null, 1)]
    [InlineData(40, null, 2)]
    public async Task A_chunk_out_of_order_is_sent_from_where_the_registry_says_that_it_came(int arrived, string? rest, int sessions)
    {
        Registry.TellsUploads = true;
        var isRefused = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PATCH" || r.Headers["content-range"] != "32-63" || isRefused)
            {
                return null;
            }
            isRefused = true;
            Registry.Take(r, _content.AsSpan(32, arrived));
            return TestResponse.Error(416, "BLOB_UPLOAD_INVALID");
        };
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(sessions, Registry.Count("POST", "uploads"));
        string[] again =
            sessions == 2 ? ["0-31", "32-63"]
            : rest is null ? []
            : [rest];
        Assert.Equal(["0-31", "32-63", .. again, "64-95", "96-119"], Chunks());
    }

    [Theory]
    [InlineData("0-51", "0-51", 1)]
    [InlineData("0-51", "bytes=0-51", 1)]
    [InlineData("0-64", "0-51", 1)]
    [InlineData("32-63", "0-51", 1)]
    [InlineData("0-64", "0-64", 2)]
    public async Task A_registry_that_took_a_part_of_a_chunk_gets_the_rest(string said, string told, int sessions)
    {
        var isTaken = false;
        Registry.Intercept = r =>
        {
            if (r.Method == "GET" && r.Path.Contains("uploads", StringComparison.Ordinal))
            {
                return new TestResponse(204).With("Range", told);
            }
            if (r.Method != "PATCH" || r.Headers["content-range"] != "32-63" || isTaken)
            {
                return null;
            }
            isTaken = true;
            Registry.Take(r, r.Body.AsSpan(0, 20));
            return new TestResponse(202).With("Location", r.Path + "?state=a%3Db").With("Range", said);
        };
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(sessions, Registry.Count("POST", "uploads"));
        string[] again = sessions == 2 ? ["0-31", "32-63"] : ["52-63"];
        Assert.Equal(["0-31", "32-63", .. again, "64-95", "96-119"], Chunks());
    }

    [Fact]
    public async Task An_end_out_of_order_begins_again()
    {
        var isRefused = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PUT" || isRefused)
            {
                return null;
            }
            isRefused = true;
            return TestResponse.Error(416, "BLOB_UPLOAD_INVALID");
        };
        await PushAsync(new MemoryStream(_content));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(2, Registry.Count("POST", "uploads"));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(416)]
    public async Task A_stream_that_cannot_be_read_again_is_no_new_session(int status)
    {
        Registry.Intercept = r => r.Method == "PATCH" ? TestResponse.Error(status, "BLOB_UPLOAD_UNKNOWN") : null;
        using var stream = new OneWayStream(_content);
        var e = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(stream));
        Assert.Equal(status, (int)e.Status!);
        Assert.Contains("cannot be sent again", e.Hint, StringComparison.Ordinal);
        Assert.Equal(1, Registry.Count("POST", "uploads"));
    }

    [Fact]
    public async Task A_copy_whose_session_is_gone_reads_its_source_again()
    {
        await using var source = new TestRegistry();
        var blob = Descriptor.Of("a/b", _content);
        source.Blobs[blob.Digest.ToString()] = _content;
        var asked = 0;
        Registry.Intercept = r =>
        {
            if (r.Method == "PATCH" && ++asked == 3)
            {
                Registry.ForgetUploads();
            }
            return null;
        };
        var from = Client(source.Host, Own(RegistryClient.CreateHttpClient()), Options());
        var to = Client(Options(chunkThreshold: 100, chunkBytes: 32));
        Assert.Equal(BlobTransfer.Copied, await to.CopyBlobFromAsync(from, blob, default));
        Assert.Equal(_content, Registry.Blobs.Values.Single());
        Assert.Equal(2, source.Count("GET", "blobs"));
    }

    [Fact]
    public async Task A_broken_upload_of_a_stream_that_can_seek_begins_again()
    {
        var broken = 0;
        Registry.Intercept = r =>
            r.Method == "PATCH" && r.Headers["content-range"].StartsWith("32-", StringComparison.Ordinal) && broken++ == 0
                ? new TestResponse(503)
                : null;
        using var stream = new MemoryStream([9, 9, .. _content]) { Position = 2 };
        var blob = Descriptor.Of("a/b", _content);
        await Client(Options(chunkThreshold: 100, chunkBytes: 32)).PushBlobAsync(blob, stream);
        Assert.Equal(_content, Registry.Blobs[blob.Digest.ToString()]);
        Assert.Equal(2, Registry.Count("POST", "uploads"));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(null)]
    public async Task A_broken_upload_of_another_stream_fails_with_a_hint(int? status)
    {
        Registry.Intercept = r =>
            r.Method != "PATCH" ? null
            : status is { } s ? new TestResponse(s)
            : Registry.Cut(r, 0);
        using var stream = new OneWayStream(_content);
        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            Client(Options(chunkThreshold: 100, chunkBytes: 32)).PushBlobAsync(Descriptor.Of("a/b", _content), stream)
        );
        Assert.Equal(status, (int?)e.Status);
        Assert.Contains("cannot be sent again", e.Hint, StringComparison.Ordinal);
        Assert.Equal(1, Registry.Count("POST", "uploads"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_changes_while_it_is_pushed_is_no_lie_of_the_registry_and_the_other_way_round(bool changes)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Join(folder.FullName, "weights.bin");
            await File.WriteAllBytesAsync(file, _content);
            Registry.Intercept = r =>
            {
                if (changes && r.Method == "POST")
                {
                    File.WriteAllBytes(file, RandomNumberGenerator.GetBytes(_content.Length));
                }
                return !changes && r.Method == "HEAD" ? new TestResponse(200).With("Content-Length", "7") : null;
            };
            using var tree = FileTree.Open(folder.FullName);
            var model = new ModelArtifact(Client(Options(chunkThreshold: 100, chunkBytes: 32)));
            var e = await Assert.ThrowsAnyAsync<IOException>(() => model.PushAsync(tree, tree.List(new IgnoreRules([])), "v1"));
            Assert.Equal(!changes, e is ContentMismatchException);
            Assert.Equal(changes, e.Message.Contains("'weights.bin': the file changed while it was read", StringComparison.Ordinal));
            Assert.Empty(Registry.Tags);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private Task PushAsync(Stream content, int chunkBytes = 32) =>
        Client(Options(chunkThreshold: 100, chunkBytes: chunkBytes)).PushBlobAsync(Descriptor.Of("a/b", _content), content);

    private string[] Chunks() => [.. Registry.Requests.Where(r => r.Method == "PATCH").Select(r => r.Headers["content-range"])];

    private void CutOnce(string range, int bytes)
    {
        var isCut = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PATCH" || r.Headers["content-range"] != range || isCut)
            {
                return null;
            }
            isCut = true;
            return Registry.Cut(r, bytes);
        };
    }

    private sealed class OneWayStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }
}
