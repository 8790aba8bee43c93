using System.Net;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class EvidenceStoreTests : RegistryTest
{
    private const string SignType = "https://sigstore.dev/cosign/sign/v1";

    public enum Kind
    {
        RegistryWithApi,
        RegistryWithoutApi,
        Layout,
    }

    [Theory]
    [InlineData(Kind.RegistryWithApi)]
    [InlineData(Kind.RegistryWithoutApi)]
    [InlineData(Kind.Layout)]
    public async Task What_is_attached_is_found(Kind kind)
    {
        var (store, subject) = await MakeAsync(kind);
        var evidence = new EvidenceStore(store, new FixedTime());
        Assert.Empty((await evidence.ListBundlesAsync(subject.Digest)).Bundles);
        var one = await evidence.AttachAsync(subject, "{\"a\":1}"u8.ToArray(), SignType);
        var two = await evidence.AttachAsync(subject, "{\"b\":2}"u8.ToArray(), "https://slsa.dev/provenance/v1");
        await evidence.AttachAsync(subject, "{\"b\":2}"u8.ToArray(), "https://slsa.dev/provenance/v1");
        var listing = await evidence.ListBundlesAsync(subject.Digest);
        Assert.Empty(listing.Skipped);
        Assert.Equal(new[] { one.Digest.Hex, two.Digest.Hex }.Order(), listing.Bundles.Select(b => b.Manifest.Hex).Order());
        var found = listing.Bundles.Single(b => b.Manifest.Equals(two.Digest));
        Assert.Equal("{\"b\":2}", Encoding.UTF8.GetString(found.Bytes.Span));
        Assert.Equal("https://slsa.dev/provenance/v1", found.Annotations[EvidenceStore.PredicateTypeAnnotation]);
        Assert.Equal("2026-11-21T23:00:09Z", found.Annotations["org.opencontainers.image.created"]);
        Assert.Equal(OciMediaTypes.SigstoreBundle, found.MediaType);
    }

    [VectorFact]
    public async Task What_is_attached_has_the_bytes_that_cosign_would_write()
    {
        var dump = Vectors.Require("cosign/dump/new-sign");
        foreach (var file in Directory.GetFiles(Path.Combine(dump, "manifests")).Concat(Directory.GetFiles(Path.Combine(dump, "blobs"))))
        {
            if (file.Contains("af957d3b", StringComparison.Ordinal))
            {
                Registry.AddManifest(await File.ReadAllBytesAsync(file), "v1");
            }
        }
        var bundle = await File.ReadAllBytesAsync(
            Path.Combine(dump, "blobs", "sha256-bfb43f5e004c9cfed15d2cad9e241d9711f9467ff08530bf8d463e44755dbef5")
        );
        var subject = (await Client().FindManifestAsync("v1"))!.Descriptor;
        var attached = await new EvidenceStore(Client(), new FixedTime()).AttachAsync(subject, bundle, SignType);
        Assert.Equal("sha256:a4870c1badde7d3926c0b74675d2406f5486317b2e716d16dd3b2457a405c4b7", attached.Digest.ToString());
        Assert.Equal("{}"u8.ToArray(), Registry.Blobs["sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"]);
    }

    [VectorTheory]
    [InlineData("new-sign", 1, 0)]
    [InlineData("new-two-keys", 2, 0)]
    [InlineData("new-attest", 3, 0)]
    [InlineData("cert-sign", 1, 0)]
    [InlineData("oras-attached", 1, 0)]
    [InlineData("legacy-oci11", 0, 0)]
    [InlineData("notation", 0, 1)]
    [InlineData("legacy-sign", 0, 0)]
    public async Task What_others_attached_is_found(string folder, int bundles, int skipped)
    {
        var dump = Vectors.Require($"cosign/dump/{folder}");
        Registry.HasReferrersApi = false;
        foreach (var file in Directory.GetFiles(Path.Combine(dump, "blobs")))
        {
            Registry.Blobs[Path.GetFileName(file).Replace('-', ':')] = await File.ReadAllBytesAsync(file);
        }
        using var tags = System.Text.Json.JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(dump, "tags.json")));
        foreach (var file in Directory.GetFiles(Path.Combine(dump, "manifests")))
        {
            Registry.AddManifest(await File.ReadAllBytesAsync(file), null);
        }
        foreach (var tag in tags.RootElement.EnumerateObject())
        {
            Registry.Tags[tag.Name] = tag.Value.GetString()!;
        }
        var subject = (await Client().FindManifestAsync("v1"))!.Descriptor;
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListBundlesAsync(subject.Digest);
        Assert.Equal((bundles, skipped), (listing.Bundles.Count, listing.Skipped.Count + listing.Notation.Count));
        Assert.Equal(folder == "notation" ? 1 : 0, listing.Notation.Count);
        Assert.All(
            listing.Bundles,
            b =>
                Assert.StartsWith(
                    "{\"mediaType\":\"application/vnd.dev.sigstore.bundle",
                    Encoding.UTF8.GetString(b.Bytes.Span),
                    StringComparison.Ordinal
                )
        );
        Assert.All(listing.Bundles, b => Assert.Equal("dsse-envelope", b.Annotations[EvidenceStore.ContentAnnotation]));
        Assert.All(listing.Skipped, s => Assert.Contains("not a Sigstore bundle", s.Reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("another subject", "its own subject is")]
    [InlineData("an SBOM", "'application/spdx+json', not a Sigstore bundle")]
    [InlineData("two layers", "it has 2 layers")]
    [InlineData("no layers", "not a Sigstore bundle")]
    [InlineData("a huge bundle", "at most")]
    [InlineData("a huge manifest", "at most")]
    [InlineData("a lie about the size", "not the 1 listed")]
    [InlineData("not there", "the store does not have it")]
    [InlineData("no bundle", "the store does not have its bundle")]
    [InlineData("an index", "not that of an image manifest")]
    [InlineData("not a manifest", "malformed")]
    public async Task A_referrer_that_is_no_evidence_is_skipped_with_the_reason(string what, string reason)
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithApi);
        var good = await new EvidenceStore(store, new FixedTime()).AttachAsync(subject, "{\"a\":1}"u8.ToArray(), SignType);
        var manifest = (await store.GetManifestAsync(good.Digest)).ToImageManifest();
        var layer = manifest.Layers[0];
        var bad = what switch
        {
            "another subject" => manifest with { Subject = Blob("other") },
            "an SBOM" => manifest with
            {
                ArtifactType = "application/spdx+json",
                Layers = [layer with { MediaType = "application/spdx+json" }],
            },
            "two layers" => manifest with { Layers = [layer, layer] },
            "no layers" => manifest with { Layers = [] },
            "a huge bundle" => manifest with { Layers = [layer with { Size = Limits.BundleBytes + 1L }] },
            "a huge manifest" => manifest with
            {
                Annotations = new Dictionary<string, string> { ["x"] = new('x', OciLimits.ReferrerManifestBytes) },
            },
            "no bundle" => manifest with { Layers = [Blob("missing") with { MediaType = OciMediaTypes.SigstoreBundle }] },
            _ => manifest with { Annotations = new Dictionary<string, string> { ["x"] = "y" } },
        };
        var bytes = what == "not a manifest" ? "{\"schemaVersion\":2}"u8.ToArray() : bad.ToUtf8Bytes();
        var listed = Descriptor.Of(what == "an index" ? OciMediaTypes.ImageIndex : OciMediaTypes.ImageManifest, bytes);
        if (what == "a lie about the size")
        {
            listed = listed with { Size = 1 };
        }
        if (what != "not there")
        {
            Registry.Manifests[listed.Digest.ToString()] = (bytes, OciMediaTypes.ImageManifest);
        }
        Registry.Intercept = r =>
            r.Path.Contains("/referrers/", StringComparison.Ordinal)
                ? TestResponse.Json(200, $$"""{"schemaVersion":2,"manifests":[{{Entry(good)}},{{Entry(listed)}}]}""")
                : null;
        var listing = await new EvidenceStore(store, new FixedTime()).ListBundlesAsync(subject.Digest);
        Assert.Equal(good.Digest, Assert.Single(listing.Bundles).Manifest);
        var skipped = Assert.Single(listing.Skipped);
        Assert.Equal(listed, skipped.Referrer);
        Assert.Contains(reason, skipped.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/vnd.dev.sigstore.bundle+json;version=0.3")]
    [InlineData("application/vnd.dev.sigstore.bundle+json;version=0.1")]
    public async Task A_bundle_of_an_older_type_is_found_whatever_the_list_says_of_it(string mediaType)
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithoutApi);
        var layer = await store.PushBlobAsync(mediaType, "{}"u8.ToArray());
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            layer with
            {
                MediaType = OciMediaTypes.Empty,
            },
            [layer],
            subject,
            new Dictionary<string, string>()
        );
        await store.PushManifestAsync(manifest.ToUtf8Bytes());
        Assert.Equal(
            mediaType,
            Assert.Single((await new EvidenceStore(store, new FixedTime()).ListBundlesAsync(subject.Digest)).Bundles).MediaType
        );
    }

    [Fact]
    public async Task A_registry_that_fails_half_way_is_an_error_and_not_less_evidence()
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithApi);
        var evidence = new EvidenceStore(store, new FixedTime());
        await evidence.AttachAsync(subject, "{\"a\":1}"u8.ToArray(), SignType);
        var bad = await evidence.AttachAsync(subject, "{\"b\":1}"u8.ToArray(), SignType);
        Registry.Intercept = r => r.Path.EndsWith(bad.Digest.Hex, StringComparison.Ordinal) ? new TestResponse(500) : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => evidence.ListBundlesAsync(subject.Digest));
        Assert.Equal(HttpStatusCode.InternalServerError, e.Status);
    }

    [Fact]
    public async Task A_bundle_with_other_bytes_is_an_error()
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithApi);
        var evidence = new EvidenceStore(store, new FixedTime());
        await evidence.AttachAsync(subject, "{\"a\":1}"u8.ToArray(), SignType);
        Registry.Blobs[Sha256("{\"a\":1}").ToString()] = "{\"a\":2}"u8.ToArray();
        await Assert.ThrowsAsync<ContentMismatchException>(() => evidence.ListBundlesAsync(subject.Digest));
    }

    [Fact]
    public async Task Evidence_over_the_limit_is_skipped_in_order()
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithApi);
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            OciMediaTypes.SigstoreBundle,
            Blob("{}"),
            [],
            subject,
            new Dictionary<string, string>()
        );
        // Five bundles of 60 MiB are claimed, which none are: those within the limit are asked for and fail, the fifth is not.
        for (var i = 0; i < 5; i++)
        {
            var layer = Blob($"{i}") with { MediaType = OciMediaTypes.SigstoreBundle, Size = 60 << 20 };
            await store.PushManifestAsync((manifest with { Layers = [layer] }).ToUtf8Bytes());
        }
        var listing = await new EvidenceStore(store, new FixedTime()).ListBundlesAsync(subject.Digest);
        Assert.Equal(4, listing.Skipped.Count(s => s.Reason.Contains("does not have", StringComparison.Ordinal)));
        Assert.Contains("would be more", listing.Skipped[4].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_or_huge_bundle_is_the_callers_mistake()
    {
        var (store, subject) = await MakeAsync(Kind.RegistryWithApi);
        var evidence = new EvidenceStore(store, new FixedTime());
        await Assert.ThrowsAsync<ArgumentException>(() => evidence.AttachAsync(subject, default, SignType));
        await Assert.ThrowsAsync<ArgumentException>(() => evidence.AttachAsync(subject, new byte[Limits.BundleBytes + 1], SignType));
        await Assert.ThrowsAsync<ArgumentException>(() => evidence.AttachAsync(subject, new byte[1], ""));
    }

    private static string Entry(Descriptor d) => $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}}}""";

    private async Task<(OciStore Store, Descriptor Subject)> MakeAsync(Kind kind)
    {
        var image = Registry.AddImage("v1");
        if (kind != Kind.Layout)
        {
            Registry.HasReferrersApi = kind == Kind.RegistryWithApi;
            return (Client(), image.Descriptor);
        }
        var directory = Directory.CreateTempSubdirectory();
        Own(new Deleter(directory));
        var layout = Own(await ImageLayout.CreateAsync(directory.FullName));
        return (layout, await layout.PushManifestAsync(image.Bytes, "v1"));
    }

    private sealed class Deleter(DirectoryInfo directory) : IDisposable
    {
        public void Dispose() => directory.Delete(recursive: true);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 21, 23, 0, 9, 999, TimeSpan.Zero);
    }
}
