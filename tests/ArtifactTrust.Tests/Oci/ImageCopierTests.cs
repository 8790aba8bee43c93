using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class ImageCopierTests : RegistryTest, IAsyncLifetime
{
    private const string SignType = "https://sigstore.dev/cosign/sign/v1";

    private readonly TestRegistry _other = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    async Task IAsyncLifetime.DisposeAsync()
    {
        await DisposeAsync();
        await _other.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task An_image_of_two_platforms_is_copied_with_all_its_evidence(bool fromApi, bool toApi)
    {
        Registry.HasReferrersApi = fromApi;
        _other.HasReferrersApi = toApi;
        var (index, platforms) = AddIndex();
        var source = Client();
        var evidence = new EvidenceStore(source, TimeProvider.System);
        var signature = await evidence.AttachAsync(index.Descriptor, "{\"s\":1}"u8.ToArray(), SignType);
        var onPlatform = await evidence.AttachAsync(platforms[1].Descriptor, "{\"p\":1}"u8.ToArray(), SignType);
        var onSignature = await evidence.AttachAsync(signature, "{\"ss\":1}"u8.ToArray(), SignType);
        await evidence.AttachLegacyAsync(index.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "s"u8));
        await evidence.AttachLegacyAsync(platforms[0].Descriptor, LegacySignature.OfAttestation("{}"u8.ToArray(), "https://example.com/t"));

        var destination = Other();
        var report = await new ImageCopier(source, destination).CopyAsync(index, "v1");
        Assert.Equal((index.Descriptor, 8, 5), (report.Root, report.Manifests.Count, report.Evidence.Count));
        Assert.Empty(report.Notes);
        Assert.Equal(index.Descriptor.Digest.ToString(), _other.Tags["v1"]);
        var copied = new EvidenceStore(destination, TimeProvider.System);
        foreach (var (subject, referrer) in new[] { (index, signature), (platforms[1], onPlatform) })
        {
            var found = Assert.Single((await copied.ListAsync(subject.Descriptor.Digest, EvidencePlaces.Referrers)).Bundles);
            Assert.Equal(referrer.Digest, found.Manifest);
        }
        Assert.Equal(onSignature.Digest, Assert.Single((await copied.ListBundlesAsync(signature.Digest)).Bundles).Manifest);
        Assert.Single((await copied.ListAsync(index.Descriptor.Digest, EvidencePlaces.All)).Legacy);
        Assert.Single((await copied.ListAsync(platforms[0].Descriptor.Digest, EvidencePlaces.All)).Legacy);
        Assert.Equal(Registry.Blobs.Keys.Order().Except(_other.Blobs.Keys), []);
    }

    [Fact]
    public async Task The_tag_comes_last()
    {
        var image = Registry.AddImage("v1");
        await new EvidenceStore(Client(), TimeProvider.System).AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType);
        await new ImageCopier(Client(), Other()).CopyAsync(image, "v2");
        Assert.EndsWith("/manifests/v2", _other.Requests.Last(r => r.Method == "PUT").Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_that_broke_goes_on_where_it_was()
    {
        var (index, _) = AddIndex();
        var blocked = true;
        _other.Intercept = r =>
            blocked && r.Method == "PUT" && r.Path.Contains("/manifests/", StringComparison.Ordinal) ? new TestResponse(403) : null;
        await Assert.ThrowsAsync<RegistryException>(() => new ImageCopier(Client(), Other()).CopyAsync(index, "v1"));
        blocked = false;
        var report = await new ImageCopier(Client(), Other()).CopyAsync(index, "v1");
        Assert.Equal((0, 3), (report.BlobsCopied, report.BlobsPresent));
        Assert.Equal(3, Registry.Count("GET", "/blobs/"));
    }

    [Fact]
    public async Task A_copy_without_evidence_leaves_it_behind()
    {
        var image = Registry.AddImage("v1");
        await new EvidenceStore(Client(), TimeProvider.System).AttachAsync(image.Descriptor, "{}"u8.ToArray(), SignType);
        Registry.Requests.Clear();
        var report = await new ImageCopier(Client(), Other()).CopyAsync(image, "v1", evidence: false);
        Assert.Equal((1, 0), (report.Manifests.Count, report.Evidence.Count));
        Assert.Equal(0, Registry.Count("GET", "/referrers/"));
    }

    [Fact]
    public async Task Signatures_that_the_destination_has_stay_there()
    {
        _other.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        _other.AddImage("v1");
        var legacy = (string s) => LegacySignature.OfImage("{}"u8.ToArray(), Encoding.UTF8.GetBytes(s));
        var theirs = new EvidenceStore(Other(), TimeProvider.System);
        await theirs.AttachLegacyAsync(image.Descriptor, legacy("there"));
        await theirs.AttachAsync(image.Descriptor, "{\"t\":1}"u8.ToArray(), SignType);
        var ours = new EvidenceStore(Client(), TimeProvider.System);
        await ours.AttachLegacyAsync(image.Descriptor, legacy("here"));
        await ours.AttachAsync(image.Descriptor, "{\"h\":1}"u8.ToArray(), SignType);
        await new ImageCopier(Client(), Other()).CopyAsync(image, "v1");
        var listing = await theirs.ListAsync(image.Descriptor.Digest, EvidencePlaces.All);
        Assert.Equal((2, 2), (listing.Bundles.Count, listing.Legacy.Count));
        Assert.Equal(["here", "there"], listing.Legacy.Select(l => Encoding.UTF8.GetString(l.Signature.Value.Span)).Order());
    }

    [Fact]
    public async Task Another_sbom_at_the_destination_is_kept_and_told_of()
    {
        var image = Registry.AddImage("v1");
        var tag = $"sha256-{image.Descriptor.Digest.Hex}.sbom";
        Registry.AddImage(tag, "our sbom");
        var there = _other.AddImage(tag, "their sbom");
        var report = await new ImageCopier(Client(), Other()).CopyAsync(image, "v1");
        Assert.Contains(tag, Assert.Single(report.Notes), StringComparison.Ordinal);
        Assert.Equal(there.Descriptor.Digest.ToString(), _other.Tags[tag]);
    }

    [Theory]
    [InlineData(".sbom")]
    [InlineData(".att")]
    [InlineData("")]
    public async Task What_is_about_two_platforms_without_naming_them_is_beside_both(string suffix)
    {
        Registry.HasReferrersApi = _other.HasReferrersApi = suffix.Length > 0;
        var (index, platforms) = AddIndex();
        var shared = Registry.AddImage("shared", "about both").Descriptor;
        foreach (var platform in platforms)
        {
            var tag = $"sha256-{platform.Descriptor.Digest.Hex}{suffix}";
            if (suffix.Length > 0)
            {
                Registry.Tags[tag] = shared.Digest.ToString();
                continue;
            }
            Registry.AddManifest(
                Encoding.UTF8.GetBytes(
                    $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{"mediaType":"{{shared.MediaType}}","digest":"{{shared.Digest}}","size":{{shared.Size}}}]}"""
                ),
                tag
            );
        }
        var report = await new ImageCopier(Client(), Other()).CopyAsync(index, "v1");
        Assert.Equal(shared.Digest, Assert.Single(report.Evidence));
        Assert.All(platforms, p => Assert.Contains($"sha256-{p.Descriptor.Digest.Hex}{suffix}", _other.Tags.Keys));
    }

    [Fact]
    public async Task Within_one_registry_blobs_are_mounted()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "HEAD" && r.Path.StartsWith("/v2/app2/", StringComparison.Ordinal) ? TestResponse.Error(404, "BLOB_UNKNOWN") : null;
        Registry.Mounts = r => r.Parameter("from") == "app";
        var report = await new ImageCopier(Client(), Second()).CopyAsync(image, "v1");
        Assert.Equal((0, 2, 0), (report.BlobsCopied, report.BlobsMounted, report.BlobsPresent));
        Assert.Equal(0, Registry.Count("GET", "/blobs/"));
    }

    [Theory]
    [InlineData(202)]
    [InlineData(401)]
    [InlineData(405)]
    [InlineData(503)]
    public async Task A_registry_that_does_not_mount_gets_the_blobs_and_is_not_asked_again(int status)
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "HEAD" && r.Path.StartsWith("/v2/app2/", StringComparison.Ordinal) ? TestResponse.Error(404, "BLOB_UNKNOWN")
            : r.Method == "POST" && r.Parameter("mount") is not null && status != 202 ? new TestResponse(status)
            : null;
        var report = await new ImageCopier(Client(), Second(), atOnce: 1).CopyAsync(image, "v1");
        Assert.Equal((2, 0), (report.BlobsCopied, report.BlobsMounted));
        Assert.Equal(1, Registry.Requests.Count(r => r.Parameter("mount") is not null));
        Assert.Equal(status == 202 ? 1 : 0, Registry.Count("DELETE", "/uploads/"));
    }

    [Fact]
    public async Task The_token_for_a_mount_is_for_both_repositories()
    {
        Registry.Token = "t";
        var image = Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Method == "HEAD" && r.Path.StartsWith("/v2/app2/", StringComparison.Ordinal) && r.Authorization == "Bearer t"
                ? TestResponse.Error(404, "BLOB_UNKNOWN")
                : null;
        Registry.Mounts = _ => true;
        await new ImageCopier(Client(), Second()).CopyAsync(image, "v1");
        Assert.Contains(
            Registry.Requests,
            r =>
                r.Path == "/token"
                && Uri.UnescapeDataString(r.Query).Contains("repository:app:pull", StringComparison.Ordinal)
                && r.Query.Split("scope=").Length == 3
        );
    }

    [Fact]
    public async Task A_large_blob_is_streamed_and_sent_again_from_the_start_where_the_upload_breaks()
    {
        var content = new string('x', 100_000);
        var image = Registry.AddImage("v1", content);
        var breaks = 1;
        _other.Intercept = r => r.Method == "PATCH" && Interlocked.Decrement(ref breaks) >= 0 ? new TestResponse(503) : null;
        var destination = Client(_other.Host, Own(RegistryClient.CreateHttpClient()), Options(chunkThreshold: 1000, chunkBytes: 30_000));
        await new ImageCopier(Client(), destination).CopyAsync(image, "v1");
        Assert.Equal(content, Encoding.UTF8.GetString(_other.Blobs[Sha256(content).ToString()]));
        Assert.Equal(2, Registry.Count("GET", $"/blobs/{Sha256(content)}"));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(16 << 20)]
    public async Task Content_that_is_not_what_its_digest_says_is_not_stored(int threshold)
    {
        var content = new string('x', 50_000);
        var image = Registry.AddImage("v1", content);
        Registry.Blobs[Sha256(content).ToString()] = Encoding.UTF8.GetBytes(new string('y', 50_000));
        var destination = Client(
            _other.Host,
            Own(RegistryClient.CreateHttpClient()),
            Options(chunkThreshold: threshold, chunkBytes: 20_000)
        );
        await Assert.ThrowsAsync<ContentMismatchException>(() => new ImageCopier(Client(), destination).CopyAsync(image, "v1"));
        Assert.False(_other.Tags.ContainsKey("v1"));
        Assert.False(_other.Blobs.ContainsKey(Sha256(content).ToString()));
    }

    [Fact]
    public async Task An_index_whose_part_is_missing_is_an_error()
    {
        var (index, platforms) = AddIndex();
        Registry.Manifests.TryRemove(platforms[0].Descriptor.Digest.ToString(), out _);
        var e = await Assert.ThrowsAsync<RegistryException>(() => new ImageCopier(Client(), Other()).CopyAsync(index, "v1"));
        Assert.Contains(platforms[0].Descriptor.Digest.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Empty(_other.Tags);
    }

    [Fact]
    public async Task A_failure_to_list_referrers_is_never_a_copy_without_evidence()
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r => r.Path.Contains("/referrers/", StringComparison.Ordinal) ? new TestResponse(403) : null;
        await Assert.ThrowsAsync<RegistryException>(() => new ImageCopier(Client(), Other()).CopyAsync(image, "v1"));
        Assert.Empty(_other.Tags);
    }

    [Fact]
    public async Task A_layer_that_may_not_be_distributed_is_left_out_and_told_of()
    {
        var config = "{}"u8.ToArray();
        Registry.Blobs[Sha256("{}").ToString()] = config;
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            Descriptor.Of("application/vnd.oci.image.config.v1+json", config),
            [Blob("elsewhere") with { MediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" }],
            null,
            new Dictionary<string, string>()
        );
        var image = Registry.AddManifest(manifest.ToUtf8Bytes(), "v1");
        var report = await new ImageCopier(Client(), Other()).CopyAsync(image, "v1");
        Assert.Contains("not distributed", Assert.Single(report.Notes), StringComparison.Ordinal);
        Registry.AddManifest((manifest with { Layers = [Blob("elsewhere")] }).ToUtf8Bytes(), "v2");
        var missing = (await Client().FindManifestAsync("v2"))!;
        await Assert.ThrowsAsync<RegistryException>(() => new ImageCopier(Client(), Other()).CopyAsync(missing, "v2"));
    }

    [Fact]
    public async Task Indexes_that_list_indexes_without_end_are_refused()
    {
        var inner = Registry.AddImage("v1");
        for (var i = 0; i <= OciLimits.CopyDepth; i++)
        {
            inner = AddIndex(inner.Descriptor);
        }
        await Assert.ThrowsAsync<MalformedDataException>(() => new ImageCopier(Client(), Other()).CopyAsync(inner, "v1"));
    }

    [Fact]
    public async Task A_release_goes_through_a_layout_and_a_file_and_back_unchanged()
    {
        var (index, platforms) = AddIndex();
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        var signature = await evidence.AttachAsync(index.Descriptor, "{\"s\":1}"u8.ToArray(), SignType);
        await evidence.AttachLegacyAsync(platforms[0].Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "s"u8));
        var file = Path.Combine(_folder.FullName, "release.tar");
        using (var writer = ImageArchiveWriter.Create(file))
        {
            await new ImageCopier(Client(), writer).CopyAsync(index, "v1");
            writer.SetName(index.Descriptor.Digest, "v1", "registry.example/app:v1");
            Assert.False(File.Exists(file));
            await writer.CompleteAsync();
        }
        Assert.Equal([file], Directory.GetFiles(_folder.FullName));
        using var archive = ImageArchive.Open(file);
        Assert.Equal(new ArchivedImage("registry.example/app:v1", "v1", index.Descriptor), Assert.Single(archive.ListImages()));
        using var layout = await ImageLayout.CreateAsync(Path.Combine(_folder.FullName, "layout"));
        await new ImageCopier(archive, layout).CopyAsync(await archive.GetManifestAsync(index.Descriptor.Digest), "v1");
        Assert.Equal(index.Descriptor, Assert.Single(layout.ListImages()).Descriptor);
        var root = await layout.ResolveAsync(OciReference.Parse("oci-layout:layout:v1"));
        await new ImageCopier(layout, Other()).CopyAsync(root, "v1");
        var copied = new EvidenceStore(Other(), TimeProvider.System);
        Assert.Equal(signature.Digest, Assert.Single((await copied.ListBundlesAsync(index.Descriptor.Digest)).Bundles).Manifest);
        Assert.Single((await copied.ListAsync(platforms[0].Descriptor.Digest, EvidencePlaces.All)).Legacy);
        Assert.Equal(index.Bytes.ToArray(), _other.Manifests[_other.Tags["v1"]].Bytes);
    }

    private RegistryClient Other() => Client(_other.Host, Own(RegistryClient.CreateHttpClient()));

    private RegistryClient Second() =>
        Own(new RegistryClient(Own(RegistryClient.CreateHttpClient()), new RegistryReference(Registry.Host, "app2"), Options()));

    private (StoredManifest Index, StoredManifest[] Platforms) AddIndex()
    {
        StoredManifest[] platforms = [Registry.AddImage("a", "one"), Registry.AddImage("b", "two")];
        return (AddIndex(platforms[0].Descriptor, platforms[1].Descriptor), platforms);
    }

    private StoredManifest AddIndex(params Descriptor[] parts) =>
        Registry.AddManifest(
            Encoding.UTF8.GetBytes(
                $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{string.Join(
                    ',',
                    parts.Select(d => $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}}}""")
                )}}]}"""
            ),
            "v1"
        );
}
