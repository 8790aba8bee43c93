using System.Globalization;
using System.Text;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Several writers of one tag.</summary>
public sealed class RegistryTagTests : RegistryTest
{
    [Fact]
    public async Task A_write_that_failed_is_not_sent_again_over_what_others_wrote_since()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var tag = Tag(image);
        var other = Referrer(image, "other");
        var failed = false;
        Registry.Intercept = r =>
        {
            if (r.Method != "PUT" || !r.Path.EndsWith(tag, StringComparison.Ordinal) || failed)
            {
                return null;
            }
            // While ours fails, another's arrives.
            failed = true;
            Registry.AddManifest(Index(Descriptor.Of(OciMediaTypes.ImageManifest, other)), tag);
            return new TestResponse(503).With("Retry-After", "7");
        };
        var ours = await Client().PushManifestAsync(Referrer(image, "ours"));
        var listed = await Client().ListReferrersAsync(image.Descriptor.Digest);
        Assert.Equal(new[] { ours.Digest.Hex, DigestAlgorithm.Sha256.Hash(other).Hex }.Order(), listed.Select(l => l.Digest.Hex).Order());
        Assert.Contains(TimeSpan.FromSeconds(7), Pauses);
    }

    [Fact]
    public async Task A_tag_that_cannot_be_written_is_an_error_after_as_many_attempts_as_any_request()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        Registry.Intercept = r => r.Method == "PUT" && r.Path.EndsWith(Tag(image), StringComparison.Ordinal) ? new TestResponse(503) : null;
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().PushManifestAsync(Referrer(image, "ours")));
        Assert.Equal(503, (int)e.Status!);
        Assert.Equal(5, Registry.Count("PUT", Tag(image)));
    }

    [Fact]
    public async Task A_weak_entity_tag_is_no_condition()
    {
        Registry.HasReferrersApi = false;
        Registry.HasConditions = true;
        var image = Registry.AddImage("v1");
        await Client().PushManifestAsync(Referrer(image, "one"));
        Registry.Intercept = r =>
            r.Method == "GET" && r.Path.EndsWith(Tag(image), StringComparison.Ordinal)
                ? new TestResponse(200, Registry.Manifests[Registry.Tags[Tag(image)]].Bytes)
                    .With("Content-Type", OciMediaTypes.ImageIndex)
                    .With("ETag", "W/\"x\"")
                : null;
        await Client().PushManifestAsync(Referrer(image, "two"));
        Assert.DoesNotContain(
            Registry.Requests,
            r => r.Headers.TryGetValue("if-match", out var tag) && tag.StartsWith("W/", StringComparison.Ordinal)
        );
        Assert.Equal(2, (await Client().ListReferrersAsync(image.Descriptor.Digest)).Count);
    }

    [Fact]
    public async Task A_writer_that_was_undone_looks_twice()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        var undone = 0;
        Registry.Intercept = r =>
        {
            if (
                r.Method == "GET"
                && r.Path.EndsWith(Tag(image), StringComparison.Ordinal)
                && Registry.Tags.ContainsKey(Tag(image))
                && undone++ == 0
            )
            {
                Registry.Tags.TryRemove(Tag(image), out _);
            }
            return null;
        };
        await Client().PushManifestAsync(Referrer(image, "ours"));
        Assert.Equal(2, Registry.Count("PUT", Tag(image)));
        // Before each write, and twice after the second.
        Assert.Equal(4, Registry.Count("GET", Tag(image)));
        Assert.Single(await Client().ListReferrersAsync(image.Descriptor.Digest));
    }

    [Fact]
    public async Task A_lone_writer_reads_twice_and_writes_once()
    {
        Registry.HasReferrersApi = false;
        var image = Registry.AddImage("v1");
        await Client().PushManifestAsync(Referrer(image, "ours"));
        Assert.Equal((2, 1), (Registry.Count("GET", Tag(image)), Registry.Count("PUT", Tag(image))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sixty_four_signers_lose_no_legacy_signature(bool conditions)
    {
        Registry.HasConditions = conditions;
        var image = Registry.AddImage("v1");
        var http = Own(RegistryClient.CreateHttpClient());
        var payload = "{}"u8.ToArray();
        await Task.WhenAll(
            Enumerable
                .Range(0, 64)
                .Select(i =>
                    Task.Run(() =>
                        new EvidenceStore(
                            Client(Registry.Host, http, new RegistryOptions { SettleTime = TimeSpan.FromMilliseconds(200) }),
                            TimeProvider.System
                        ).AttachLegacyAsync(
                            image.Descriptor,
                            LegacySignature.OfImage(payload, Encoding.UTF8.GetBytes(i.ToString(CultureInfo.InvariantCulture)))
                        )
                    )
                )
        );
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(image.Descriptor.Digest, EvidencePlaces.All);
        Assert.Equal(64, listing.Legacy.Select(l => Encoding.UTF8.GetString(l.Signature.Value.Span)).Distinct().Count());
        Assert.Empty(listing.Skipped);
    }

    [Fact]
    public async Task A_tag_that_holds_no_signatures_is_not_written_over()
    {
        var image = Registry.AddImage("v1");
        var tag = $"{Tag(image)}.sig";
        var there = Registry.AddManifest(Index(image.Descriptor), tag);
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await Assert.ThrowsAsync<MalformedDataException>(() =>
            evidence.AttachLegacyAsync(image.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "s"u8))
        );
        Assert.Equal(there.Descriptor.Digest.ToString(), Registry.Tags[tag]);
        var skipped = Assert.Single((await evidence.ListAsync(image.Descriptor.Digest, EvidencePlaces.All)).Skipped);
        Assert.Contains(".sig", skipped.Reason, StringComparison.Ordinal);
    }

    private static string Tag(StoredManifest image) => $"sha256-{image.Descriptor.Digest.Hex}";

    private static byte[] Index(params Descriptor[] manifests) =>
        Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{OciMediaTypes.ImageIndex}}","manifests":[{{string.Join(
                ',',
                manifests.Select(d => $$"""{"mediaType":"{{d.MediaType}}","digest":"{{d.Digest}}","size":{{d.Size}}}""")
            )}}]}"""
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
