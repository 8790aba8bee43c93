using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryReferrersTests : RegistryTest
{
    [Fact]
    public async Task A_referrer_is_listed_by_the_api()
    {
        var image = Registry.AddImage("v1");
        var pushed = await Client().PushManifestAsync(Referrer(image, "one"));
        Assert.Equal(pushed, Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest)));
        Assert.Equal(["v1"], Registry.Tags.Keys);
    }

    [Fact]
    public async Task A_referrer_is_listed_under_the_tag_where_there_is_no_api()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var pushed = await Client().PushManifestAsync(Referrer(image, "one"));
        var listed = Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest));
        Assert.Equal(pushed, listed);
        Assert.Equal("application/one", listed.ArtifactType);
        Assert.Equal("one", listed.Annotations["name"]);
        Assert.True(Registry.Tags.ContainsKey($"sha256-{image.Descriptor.Digest.Hex}"));
    }

    [Fact]
    public async Task A_referrer_is_added_once()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        await Client().PushManifestAsync(Referrer(image, "one"));
        await Client().PushManifestAsync(Referrer(image, "two"));
        var writes = Registry.Count("PUT", "/manifests/sha256-");
        await Client().PushManifestAsync(Referrer(image, "one"));
        Assert.Equal(2, (await Client().ListReferrersAsync(image.Descriptor.Digest)).Count);
        Assert.Equal(writes, Registry.Count("PUT", "/manifests/sha256-"));
    }

    [Fact]
    public async Task A_registry_that_took_note_of_another_subject_gets_the_tag_too()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "PUT" && r.Path.Contains("sha256:", StringComparison.Ordinal)
                ? new TestResponse(201).With("OCI-Subject", Sha256("another").ToString())
                : null;
        var bytes = Referrer(image, "one");
        Registry.AddManifest(bytes, null);
        await Client().PushManifestAsync(bytes);
        Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest));
    }

    [Fact]
    public async Task A_registry_that_took_note_of_the_subject_but_lists_nothing_gets_the_tag_too()
    {
        Registry.Intercept = r => r.Path.Contains("/referrers/", StringComparison.Ordinal) ? new TestResponse(404) : null;
        var image = Registry.AddImage("v1");
        var pushed = await Client().PushManifestAsync(Referrer(image, "one"));
        Assert.Equal(pushed.Digest, Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest)).Digest);
    }

    [Fact]
    public async Task A_registry_is_asked_once_whether_it_lists_referrers()
    {
        var client = Client();
        await client.PushManifestAsync(Referrer(Registry.AddImage("v1"), "one"));
        await client.PushManifestAsync(Referrer(Registry.AddImage("v2", "two"), "two"));
        Assert.Equal(1, Registry.Count("GET", "/referrers/"));
    }

    [Fact]
    public async Task No_api_and_no_tag_mean_none()
    {
        Registry.HasReferrersApi = false;
        Assert.Empty(await Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(
            ["/v2/app/referrers/" + Sha256("x"), $"/v2/app/manifests/sha256-{Sha256("x").Hex}"],
            Registry.Requests.Select(r => r.Path)
        );
    }

    [Theory]
    [InlineData(406, null)]
    [InlineData(303, "https://pages.example/-/v2/packages/app%2Freferrers%2Fsha256")]
    [InlineData(302, "/login")]
    public async Task What_registries_without_the_api_answer_in_place_of_404_leads_to_the_tag(int status, string? location)
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var referrer = await Client().PushManifestAsync(Referrer(image, "one"));
        Registry.Intercept = r =>
            !r.Path.Contains("/referrers/", StringComparison.Ordinal) ? null
            : location is null ? new TestResponse(status)
            : new TestResponse(status).With("Location", location);
        Assert.Equal(referrer.Digest, Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest)).Digest);
    }

    [Fact]
    public async Task A_list_that_lies_elsewhere_is_read_there()
    {
        var image = Registry.AddImage("v1");
        var referrer = await Client().PushManifestAsync(Referrer(image, "one"));
        Registry.Intercept = r =>
            r.Path.StartsWith("/v2/app/referrers/", StringComparison.Ordinal)
                ? new TestResponse(307).With("Location", r.Path.Replace("/app/", "/backend/", StringComparison.Ordinal))
                : null;
        Assert.Equal(referrer.Digest, Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest)).Digest);
    }

    [Fact]
    public async Task A_redirect_of_the_list_to_nowhere_is_a_failure()
    {
        Registry.Intercept = r => r.Path.Contains("/referrers/", StringComparison.Ordinal) ? new TestResponse(302) : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().ListReferrersAsync(Sha256("x")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_registry_that_takes_the_tag_for_the_image_has_no_list_and_gets_none(bool isIndex)
    {
        Registry.HasReferrersApi = false;
        var image = isIndex
            ? Registry.AddManifest(
                """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray(),
                "v1"
            )
            : Registry.AddImage("v1");
        Registry.Tags[$"sha256-{image.Descriptor.Digest.Hex}"] = image.Descriptor.Digest.ToString();
        Assert.Empty(await Client().ListReferrersAsync(image.Descriptor.Digest));
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().PushManifestAsync(Referrer(image, "one")));
        Assert.Contains("legacy", e.Hint, StringComparison.Ordinal);
        Assert.Equal(0, Registry.Count("PUT", "/manifests/sha256-"));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(405)]
    [InlineData(500)]
    [InlineData(501)]
    [InlineData(503)]
    public async Task A_failure_to_list_is_never_none(int status)
    {
        Registry.Intercept = r => r.Path.Contains("/referrers/", StringComparison.Ordinal) ? new TestResponse(status) : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(status, (int)e.Status!);
        Assert.Equal(0, Registry.Count("GET", "/manifests/"));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(500)]
    public async Task A_failure_to_read_the_tag_is_never_none(int status)
    {
        Registry.HasReferrersApi = false;
        Registry.Intercept = r => r.Path.Contains("/manifests/", StringComparison.Ordinal) ? new TestResponse(status) : null;
        Assert.Equal(status, (int)(await Assert.ThrowsAsync<RegistryException>(() => Client().ListReferrersAsync(Sha256("x")))).Status!);
    }

    [Fact]
    public async Task A_tag_that_is_no_index_is_an_error_to_read_and_is_not_written_over()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Registry.AddImage($"sha256-{image.Descriptor.Digest.Hex}", "not an index");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().ListReferrersAsync(image.Descriptor.Digest));
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().PushManifestAsync(Referrer(image, "one")));
        Assert.Equal(0, Registry.Count("PUT", "/manifests/sha256-"));
    }

    [Theory]
    [InlineData("<html>login</html>")]
    [InlineData("{}")]
    [InlineData("""{"schemaVersion":2}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"digest":"sha256:x"}]}""")]
    public async Task A_list_that_cannot_be_read_is_an_error(string body)
    {
        Registry.Intercept = _ => new TestResponse(200, Encoding.UTF8.GetBytes(body)).With("Content-Type", OciMediaTypes.ImageIndex);
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().ListReferrersAsync(Sha256("x")));
    }

    [Fact]
    public async Task Every_page_is_read()
    {
        var image = Registry.AddImage("v1");
        var pushed = new List<Descriptor>();
        for (var i = 0; i < 7; i++)
        {
            pushed.Add(await Client().PushManifestAsync(Referrer(image, $"r{i}")));
        }
        Registry.PageSize = 3;
        Registry.Requests.Clear();
        var listed = await Client().ListReferrersAsync(image.Descriptor.Digest);
        Assert.Equal(pushed.Select(p => p.Digest.Hex).Order(), listed.Select(l => l.Digest.Hex).Order());
        Assert.Equal(3, Registry.Count("GET", "/referrers/"));
    }

    [Fact]
    public async Task A_next_page_may_be_spelled_with_escapes()
    {
        Registry.Intercept = r =>
            r.Query.Length > 0
                ? Page("")
                : Page("").With("Link", $"<{r.Path.Replace(":", "%3A", StringComparison.Ordinal)}?n=1>; rel=\"next\"");
        Assert.Empty(await Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(2, Registry.Requests.Count);
    }

    [Fact]
    public async Task A_missing_page_is_an_error()
    {
        var image = Registry.AddImage("v1");
        await Client().PushManifestAsync(Referrer(image, "one"));
        await Client().PushManifestAsync(Referrer(image, "two"));
        Registry.PageSize = 1;
        Registry.Intercept = r => r.Query.StartsWith("start", StringComparison.Ordinal) ? new TestResponse(404) : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().ListReferrersAsync(image.Descriptor.Digest));
    }

    [Fact]
    public async Task Pages_without_end_are_refused()
    {
        var page = 0;
        Registry.Intercept = r => Page("").With("Link", $"<{r.Path}?n={++page}>; rel=\"next\"");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(OciLimits.ReferrerPages, Registry.Requests.Count);
    }

    [Fact]
    public async Task Pages_in_a_circle_are_refused_when_one_comes_again()
    {
        Registry.Intercept = r => Page("").With("Link", $"<{r.Path}?n=1>; rel=\"next\"");
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(2, Registry.Requests.Count);
    }

    [Fact]
    public async Task Evidence_that_comes_too_slowly_is_given_up_as_a_whole()
    {
        // Each request is answered in time, and there are many.
        var image = Registry.AddImage("v1");
        for (var i = 0; i < 40; i++)
        {
            await Client().PushManifestAsync(Referrer(image, $"{i}"));
        }
        var clock = new ManualTime();
        Registry.Intercept = r =>
        {
            clock.Advance(TimeSpan.FromSeconds(r.Path.Contains("/manifests/", StringComparison.Ordinal) ? 2 : 0));
            return null;
        };
        var evidence = new EvidenceStore(Client(Options(overallTimeout: TimeSpan.FromSeconds(5), time: clock)), clock);
        var e = await Assert.ThrowsAsync<RegistryException>(() => evidence.ListBundlesAsync(image.Descriptor.Digest));
        Assert.Contains("not done within 5 s", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://127.0.0.1/v2/app/referrers/x")]
    [InlineData("http://127.0.0.1:1/v2/app/referrers/x")]
    [InlineData("//registry.example/v2/app/referrers/x")]
    [InlineData("/v2/other/referrers/x")]
    [InlineData("/v2/app/blobs/x")]
    [InlineData("file:///etc/passwd")]
    public async Task A_next_page_elsewhere_is_refused(string link)
    {
        Registry.Intercept = _ => Page("").With("Link", $"<{link}>; rel=\"next\"");
        await Assert.ThrowsAsync<RegistryException>(() => Client().ListReferrersAsync(Sha256("x")));
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task Too_many_referrers_are_refused()
    {
        var page = 0;
        Registry.Intercept = r =>
        {
            var entries = Enumerable.Range(0, 4000).Select(i => $$"""{"mediaType":"a/b","size":1,"digest":"{{Sha256($"{page}-{i}")}}"}""");
            page++;
            return Page(string.Join(',', entries)).With("Link", $"<{r.Path}?p={page}>; rel=next");
        };
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().ListReferrersAsync(Sha256("x")));
        Assert.Equal(3, page);
    }

    [Fact]
    public async Task What_others_wrote_under_the_tag_stays_as_it_is()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var entry =
            $$"""{"mediaType":"a/b","size":1,"digest":"{{Sha256("o")}}","artifactType":"{{OciMediaTypes.Empty}}","urls":["https://example.com"]}""";
        Registry.AddManifest(
            Encoding.UTF8.GetBytes(
                $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{entry}}],"annotations":{"a":"b"} }"""
            ),
            $"sha256-{image.Descriptor.Digest.Hex}"
        );
        await Client().PushManifestAsync(Referrer(image, "one"));
        var index = Encoding.UTF8.GetString(Registry.Manifests[Registry.Tags[$"sha256-{image.Descriptor.Digest.Hex}"]].Bytes);
        Assert.Contains(entry, index, StringComparison.Ordinal);
        Assert.EndsWith("""],"annotations":{"a":"b"}}""", index, StringComparison.Ordinal);
        Assert.Equal(2, (await Client().ListReferrersAsync(image.Descriptor.Digest)).Count);
    }

    [Fact]
    public async Task What_another_writer_lost_is_put_back()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var tag = $"sha256-{image.Descriptor.Digest.Hex}";
        var first = await Client().PushManifestAsync(Referrer(image, "first"));
        var older = Registry.Tags[tag];
        var second = await Client().PushManifestAsync(Referrer(image, "second"));
        // While a third writes, someone who had read before the second puts back what they had.
        var undone = false;
        Registry.Intercept = r =>
        {
            if (r.Method == "GET" && r.Path.EndsWith(tag, StringComparison.Ordinal) && !undone && Registry.Count("PUT", tag) == 3)
            {
                undone = true;
                Registry.Tags[tag] = older;
            }
            return null;
        };
        var third = await Client().PushManifestAsync(Referrer(image, "third"));
        Assert.True(undone);
        var listed = await Client().ListReferrersAsync(image.Descriptor.Digest);
        Assert.Equal(new[] { first, second, third }.Select(d => d.Digest.Hex).Order(), listed.Select(l => l.Digest.Hex).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Writers_at_once_lose_nothing(bool conditions)
    {
        Registry.HasReferrersApi = false;
        Registry.HasConditions = conditions;
        var image = Registry.AddImage("v1");
        var options = new RegistryOptions { SettleTime = TimeSpan.FromMilliseconds(200) };
        var http = Own(RegistryClient.CreateHttpClient());
        var pushed = await Task.WhenAll(
            Enumerable
                .Range(0, 12)
                .Select(i => Task.Run(() => Client(Registry.Host, http, options).PushManifestAsync(Referrer(image, $"w{i}"))))
        );
        var listed = await Client().ListReferrersAsync(image.Descriptor.Digest);
        Assert.Equal(pushed.Select(p => p.Digest.Hex).Order(), listed.Select(l => l.Digest.Hex).Order());
    }

    [Fact]
    public async Task A_tag_that_others_never_stop_writing_is_given_up()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var tag = $"sha256-{image.Descriptor.Digest.Hex}";
        Registry.Intercept = r => r.Method == "PUT" && r.Path.EndsWith(tag, StringComparison.Ordinal) ? new TestResponse(201) : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().PushManifestAsync(Referrer(image, "one")));
        Assert.NotNull(e.Hint);
        Assert.Equal(OciLimits.TagRounds, Registry.Count("PUT", tag));
    }

    [Fact]
    public async Task A_registry_that_refuses_every_condition_is_written_to_without()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Headers.ContainsKey("if-none-match") || r.Headers.ContainsKey("if-match") ? new TestResponse(412) : null;
        await Client().PushManifestAsync(Referrer(image, "one"));
        Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest));
    }

    [Fact]
    public async Task A_list_that_would_grow_over_the_limit_is_not_written()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var tag = $"sha256-{image.Descriptor.Digest.Hex}";
        Registry.AddManifest(
            Encoding.UTF8.GetBytes(
                $$"""{"schemaVersion":2,"manifests":[],"annotations":{"a":"{{new string('x', Limits.OciManifestBytes - 100)}}"} }"""
            ),
            tag
        );
        await Assert.ThrowsAsync<MalformedDataException>(() => Client().PushManifestAsync(Referrer(image, "one")));
        Assert.Equal(0, Registry.Count("PUT", tag));
    }

    [Fact]
    public void The_tag_of_a_long_digest_is_cut_to_64_digits()
    {
        var digest = DigestAlgorithm.Sha512.Hash("x"u8);
        Assert.Equal($"sha512-{digest.Hex[..64]}", OciStore.ReferrersTag(digest));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("</a>; rel=\"next\"", "/a")]
    [InlineData("</a>;rel=next", "/a")]
    [InlineData("</p>; rel=\"prev\", </a?x=1,2>; title=\"t\"; rel=\"NEXT\"", "/a?x=1,2")]
    [InlineData("</a>; rel=\"last\"", null)]
    [InlineData("</a>", null)]
    [InlineData("/a; rel=next", null)]
    [InlineData("></a>; rel=next", null)]
    public void The_link_to_the_next_page_is_found(string? header, string? target) => Assert.Equal(target, LinkHeader.Next(header));

    private static TestResponse Page(string entries) =>
        new TestResponse(200, Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"manifests":[{{entries}}]}""")).With(
            "Content-Type",
            OciMediaTypes.ImageIndex
        );

    private static byte[] Referrer(StoredManifest subject, string name) =>
        new ImageManifest(
            OciMediaTypes.ImageManifest,
            $"application/{name}",
            Descriptor.Of(OciMediaTypes.Empty, "{}"u8),
            [],
            subject.Descriptor,
            new Dictionary<string, string> { ["name"] = name }
        ).ToUtf8Bytes();
}
