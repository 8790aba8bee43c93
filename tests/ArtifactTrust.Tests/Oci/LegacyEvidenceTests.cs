using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

/// <summary>Cosign's legacy storage, as cosign 3.1.1 wrote it and as we write it.</summary>
public sealed class LegacyEvidenceTests : RegistryTest
{
    [VectorTheory]
    [InlineData("legacy-sign", LegacySignatureKind.Image, 1)]
    [InlineData("legacy-attest", LegacySignatureKind.Attestation, 3)]
    [InlineData("legacy-oci11", LegacySignatureKind.Image, 1)]
    public async Task What_cosign_stored_is_read(string folder, LegacySignatureKind kind, int count)
    {
        var subject = await LoadAsync(folder);
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(subject.Digest, EvidencePlaces.All);
        Assert.Empty(listing.Skipped);
        Assert.Empty(listing.Bundles);
        Assert.Equal(count, listing.Legacy.Count);
        Assert.All(listing.Legacy, l => Assert.Equal(kind, l.Signature.Kind));
        Assert.Equal(Enumerable.Range(0, count), listing.Legacy.Select(l => l.Layer));
        Assert.All(listing.Legacy, l => Assert.Equal(folder == "legacy-oci11", l.Tag is null));
        if (kind == LegacySignatureKind.Image)
        {
            var payload = SimpleSigningPayload.Parse(listing.Legacy[0].Signature.Payload);
            Assert.Equal((subject.Digest, SimpleSigningPayload.CosignType), (payload.ManifestDigest, payload.Type));
            Assert.Equal(folder == "legacy-sign" ? "prod" : null, payload.Optional.GetValueOrDefault("env"));
            Assert.Equal(listing.Legacy[0].Signature.Payload.ToArray(), payload.ToUtf8Bytes());
        }
    }

    [VectorTheory]
    [InlineData("legacy-sign", ".sig")]
    [InlineData("legacy-attest", ".att")]
    [InlineData("legacy-oci11", null)]
    public async Task What_we_store_has_the_bytes_that_cosign_stored(string folder, string? suffix)
    {
        var subject = await LoadAsync(folder);
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        var found = (await evidence.ListAsync(subject.Digest, EvidencePlaces.All)).Legacy;
        var theirs = found[0].Manifest;
        foreach (var tag in Registry.Tags.Keys.Where(t => t != "v1"))
        {
            Registry.Tags.TryRemove(tag, out _);
        }
        Registry.Manifests.TryRemove(theirs.ToString(), out _);
        foreach (var one in found)
        {
            await evidence.AttachLegacyAsync(subject, one.Signature, asReferrer: suffix is null);
        }
        var ours = (await evidence.ListAsync(subject.Digest, EvidencePlaces.All)).Legacy;
        Assert.Equal(theirs, ours[0].Manifest);
        Assert.Equal(found.Count, ours.Count);
        Assert.Equal(["v1", $"sha256-{subject.Digest.Hex}{suffix}"], Registry.Tags.Keys.OrderDescending());
    }

    [VectorFact]
    public async Task One_payload_that_two_signed_is_two_signatures_and_fetched_once()
    {
        var subject = await LoadAsync("legacy-two", tagged: true);
        var listing = await new EvidenceStore(Client(), TimeProvider.System).ListAsync(subject.Digest, EvidencePlaces.All);
        Assert.Equal(2, listing.Legacy.Count);
        Assert.Equal(2, listing.Legacy.Select(l => Convert.ToBase64String(l.Signature.Value.Span)).Distinct().Count());
        Assert.Equal(1, Registry.Count("GET", "/blobs/"));
    }

    [Theory]
    [InlineData("no signature", "dev.cosignproject.cosign/signature")]
    [InlineData("not base64", "dev.cosignproject.cosign/signature")]
    [InlineData("another type", "not a signature")]
    [InlineData("a huge payload", "at most")]
    [InlineData("a huge annotation", "characters")]
    [InlineData("no payload", "does not have its payload")]
    public async Task A_layer_that_is_no_signature_is_skipped_and_the_others_are_read(string what, string reason)
    {
        var image = Registry.AddImage("v1");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachLegacyAsync(image.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "good"u8));
        var tag = $"sha256-{image.Descriptor.Digest.Hex}.sig";
        var manifest = ImageManifest.Parse(Registry.Manifests[Registry.Tags[tag]].Bytes);
        var good = manifest.Layers[0];
        Dictionary<string, string> With(string name, string value) => new(good.Annotations) { [name] = value };
        var bad = what switch
        {
            "no signature" => good with { Annotations = new Dictionary<string, string>() },
            "not base64" => good with { Annotations = With(LegacySignature.SignatureAnnotation, "!!") },
            "another type" => good with { MediaType = "application/x" },
            "a huge payload" => good with { Size = OciLimits.SimpleSigningBytes + 1 },
            "a huge annotation" => good with { Annotations = With("x", new string('x', OciLimits.LegacyAnnotationCharacters + 1)) },
            _ => Blob("missing") with { MediaType = good.MediaType, Annotations = good.Annotations },
        };
        Registry.AddManifest((manifest with { Layers = [bad, good] }).ToUtf8Bytes(), tag);
        var listing = await evidence.ListAsync(image.Descriptor.Digest, EvidencePlaces.All);
        Assert.Equal(1, Assert.Single(listing.Legacy).Layer);
        Assert.Contains(reason, Assert.Single(listing.Skipped).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_layers_than_the_limit_are_not_read()
    {
        var image = Registry.AddImage("v1");
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        await evidence.AttachLegacyAsync(image.Descriptor, LegacySignature.OfImage("{}"u8.ToArray(), "good"u8));
        var tag = $"sha256-{image.Descriptor.Digest.Hex}.sig";
        var manifest = ImageManifest.Parse(Registry.Manifests[Registry.Tags[tag]].Bytes);
        Registry.AddManifest(
            (manifest with { Layers = [.. Enumerable.Repeat(manifest.Layers[0], OciLimits.LegacyLayers + 1)] }).ToUtf8Bytes(),
            tag
        );
        var listing = await evidence.ListAsync(image.Descriptor.Digest, EvidencePlaces.All);
        Assert.Equal(OciLimits.LegacyLayers, listing.Legacy.Count);
        Assert.Contains("the others are not read", Assert.Single(listing.Skipped).Reason, StringComparison.Ordinal);
        var full = Enumerable
            .Range(0, OciLimits.LegacyLayers)
            .Select(n => manifest.Layers[0] with { Annotations = new Dictionary<string, string> { ["n"] = $"{n}" } });
        Registry.AddManifest((manifest with { Layers = [.. full] }).ToUtf8Bytes(), tag);
        var more = LegacySignature.OfImage("{}"u8.ToArray(), "more"u8);
        await Assert.ThrowsAsync<MalformedDataException>(() => evidence.AttachLegacyAsync(image.Descriptor, more));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(500)]
    public async Task A_tag_that_cannot_be_read_is_an_error_and_not_none(int status)
    {
        var image = Registry.AddImage("v1");
        Registry.Intercept = r => r.Path.EndsWith(".sig", StringComparison.Ordinal) ? new TestResponse(status) : null;
        var evidence = new EvidenceStore(Client(), TimeProvider.System);
        var e = await Assert.ThrowsAsync<RegistryException>(() => evidence.ListAsync(image.Descriptor.Digest, EvidencePlaces.All));
        Assert.Equal(status, (int)e.Status!);
    }

    private async Task<Descriptor> LoadAsync(string folder, bool tagged = false)
    {
        var dump = Vectors.Require($"cosign/dump/{folder}");
        Registry.HasReferrersApi = false;
        foreach (var file in Directory.GetFiles(Path.Combine(dump, "blobs")))
        {
            Registry.Blobs[Path.GetFileName(file).Replace('-', ':')] = await File.ReadAllBytesAsync(file);
        }
        foreach (var file in Directory.GetFiles(Path.Combine(dump, "manifests")))
        {
            var stored = Registry.AddManifest(await File.ReadAllBytesAsync(file), null);
            if (tagged)
            {
                Registry.Tags["sha256-af957d3b5990b51c59b0f73d547222a3af2284e7159ec28990c69ef4ce825a2d.sig"] =
                    stored.Descriptor.Digest.ToString();
            }
        }
        if (tagged)
        {
            return new Descriptor(
                OciMediaTypes.ImageManifest,
                Digest.Parse("sha256:af957d3b5990b51c59b0f73d547222a3af2284e7159ec28990c69ef4ce825a2d"),
                401
            );
        }
        using var tags = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(dump, "tags.json")));
        foreach (var tag in tags.RootElement.EnumerateObject())
        {
            Registry.Tags[tag.Name] = tag.Value.GetString()!;
        }
        return (await Client().FindManifestAsync("v1"))!.Descriptor;
    }
}
