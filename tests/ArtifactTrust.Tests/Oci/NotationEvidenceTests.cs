using ArtifactTrust.Formats;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Signatures of the Notary Project among the referrers of an image.</summary>
public sealed class NotationEvidenceTests : RegistryTest
{
    [Theory]
    [InlineData(true, NotationSignature.JwsMediaType)]
    [InlineData(false, NotationSignature.JwsMediaType)]
    [InlineData(true, NotationSignature.CoseMediaType)]
    public async Task A_signature_is_found_by_artifact_type_and_by_the_config_of_older_signers(bool hasArtifactType, string mediaType)
    {
        var image = Registry.AddImage("v1").Descriptor;
        var added = await AddAsync(image, m => hasArtifactType ? m : Older(m), mediaType);
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(image.Digest, EvidencePlaces.Referrers);
        var found = Assert.Single(listing.Notation);
        Assert.Equal((added.Digest, mediaType), (found.Manifest, found.MediaType));
        Assert.Equal("envelope"u8.ToArray(), found.Bytes.ToArray());
        Assert.Empty(listing.Skipped);
        Assert.Empty(listing.Bundles);
        Assert.Empty(listing.Legacy);
    }

    [Theory]
    [InlineData("no subject", "names no subject")]
    [InlineData("another subject", "its own subject is")]
    [InlineData("no layer", "with 0 layers")]
    [InlineData("two layers", "with 2 layers")]
    [InlineData("another envelope", "'application/octet-stream', which is not known")]
    [InlineData("a bundle", "which is not known")]
    [InlineData("a huge envelope", "at most")]
    [InlineData("no envelope", "the store does not have its envelope")]
    public async Task A_signature_of_another_form_is_skipped_with_the_reason(string what, string reason)
    {
        var image = Registry.AddImage("v1").Descriptor;
        var other = Registry.AddImage("v2", "other").Descriptor;
        await AddAsync(
            image,
            m =>
                what switch
                {
                    "no subject" => m with { Subject = null },
                    "another subject" => m with { Subject = other },
                    "no layer" => m with { Layers = [] },
                    "two layers" => m with { Layers = [m.Layers[0], m.Layers[0]] },
                    "another envelope" => m with { Layers = [m.Layers[0] with { MediaType = "application/octet-stream" }] },
                    "a bundle" => m with { Layers = [m.Layers[0] with { MediaType = OciMediaTypes.SigstoreBundle }] },
                    "a huge envelope" => m with { Layers = [m.Layers[0] with { Size = Limits.NotationEnvelopeBytes + 1L }] },
                    _ => m with { Layers = [Descriptor.Of(NotationSignature.JwsMediaType, "missing"u8)] },
                }
        );
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(image.Digest, EvidencePlaces.Referrers);
        Assert.Empty(listing.Notation);
        Assert.Empty(listing.Bundles);
        var skipped = Assert.Single(listing.Skipped);
        Assert.Contains(reason, skipped.Reason, StringComparison.Ordinal);
        Assert.Equal(what != "another subject", skipped.IsNotation);
    }

    /// <summary>Stores a signature, and lists it as a referrer of the image whatever its manifest says.</summary>
    private async Task<Descriptor> AddAsync(
        Descriptor image,
        Func<ImageManifest, ImageManifest> change,
        string mediaType = NotationSignature.JwsMediaType
    )
    {
        var store = Client();
        var config = await store.PushBlobAsync(OciMediaTypes.Empty, "{}"u8.ToArray());
        var layer = await store.PushBlobAsync(mediaType, "envelope"u8.ToArray());
        var manifest = change(
            new ImageManifest(
                OciMediaTypes.ImageManifest,
                OciMediaTypes.NotationSignature,
                config,
                [layer],
                image,
                new Dictionary<string, string>()
            )
        );
        var stored = Registry.AddManifest(manifest.ToUtf8Bytes(), null);
        var entry =
            $$"""{"mediaType":"{{OciMediaTypes.ImageManifest}}","digest":"{{stored.Descriptor.Digest}}","size":{{stored.Descriptor.Size}}}""";
        Registry.Intercept = r =>
            r.Path.Contains("/referrers/", StringComparison.Ordinal)
                ? TestResponse.Json(200, $$"""{"schemaVersion":2,"manifests":[{{entry}}]}""")
                : null;
        return stored.Descriptor;
    }

    private static ImageManifest Older(ImageManifest manifest) =>
        manifest with
        {
            ArtifactType = null,
            Config = manifest.Config with { MediaType = OciMediaTypes.NotationSignature },
        };
}
