using System.Text;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

public sealed class LayoutPeerTests : PeerTest
{
    [PeerFact("oras")]
    public async Task What_oras_attached_to_a_layout_we_find_and_what_we_attach_oras_discovers()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "model.txt"), "model");
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "bundle.json"), "{\"bundle\":1}");
        await RunAsync("oras", "push", "--oci-layout", "layout:v1", "--artifact-type", "application/x-model", "model.txt");
        await RunAsync(
            "oras",
            "attach",
            "--oci-layout",
            "--artifact-type",
            OciMediaTypes.SigstoreBundle,
            "layout:v1",
            $"bundle.json:{OciMediaTypes.SigstoreBundle}"
        );
        using var layout = ImageLayout.Open(Path.Combine(Folder.FullName, "layout"));
        var evidence = new EvidenceStore(layout, TimeProvider.System);
        var subject = (await layout.ResolveAsync(OciReference.Parse("oci-layout:layout"))).Descriptor;
        Assert.Equal(await RunAsync("oras", "resolve", "--oci-layout", "layout:v1"), subject.Digest.ToString());
        var theirs = Assert.Single((await evidence.ListBundlesAsync(subject.Digest)).Bundles);
        Assert.Equal("{\"bundle\":1}", Encoding.UTF8.GetString(theirs.Bytes.Span));

        var ours = await evidence.AttachAsync(subject, "{\"bundle\":2}"u8.ToArray(), "https://example.com/t");
        Assert.Equal(2, (await evidence.ListBundlesAsync(subject.Digest)).Bundles.Count);
        var discovered = await RunAsync("oras", "discover", "--oci-layout", "--format", "json", "layout:v1");
        Assert.Contains(ours.Digest.ToString(), discovered, StringComparison.Ordinal);
        Assert.Contains(theirs.Manifest.ToString(), discovered, StringComparison.Ordinal);
        Assert.Contains("https://example.com/t", discovered, StringComparison.Ordinal);

        // What oras writes after us keeps ours.
        await RunAsync("oras", "attach", "--oci-layout", "--artifact-type", "application/x-other", "layout:v1", "bundle.json");
        var listing = await evidence.ListBundlesAsync(subject.Digest);
        Assert.Equal((2, 1), (listing.Bundles.Count, listing.Skipped.Count));
    }

    [PeerFact("docker-registry", "oras", "crane")]
    public async Task A_layout_of_ours_is_copied_with_its_evidence()
    {
        var registry = await StartRegistryAsync();
        var layout = await CreateLayoutAsync("ours");
        var config = await layout.PushBlobAsync(OciMediaTypes.Empty, "{}"u8.ToArray());
        var layer = await layout.PushBlobAsync("application/octet-stream", "model"u8.ToArray());
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            "application/x-model",
            config,
            [layer],
            null,
            new Dictionary<string, string>()
        );
        var subject = await layout.PushManifestAsync(manifest.ToUtf8Bytes(), "v1");
        var attached = await new EvidenceStore(layout, TimeProvider.System).AttachAsync(
            subject,
            "{\"a\":1}"u8.ToArray(),
            "https://example.com/t"
        );
        await RunAsync("oras", "cp", "-r", "--from-oci-layout", "--to-plain-http", "ours:v1", $"{registry.Host}/demo/app:v1");
        Assert.Equal(subject.Digest.ToString(), await RunAsync("crane", "digest", $"{registry.Host}/demo/app:v1"));
        var listing = await new EvidenceStore(Client(registry), TimeProvider.System).ListBundlesAsync(subject.Digest);
        Assert.Equal(attached.Digest, Assert.Single(listing.Bundles).Manifest);
    }

    [PeerFact("docker-registry", "crane")]
    public async Task A_layout_that_crane_pulled_is_read_and_verified()
    {
        var registry = await StartRegistryAsync();
        var digest = await PushImageAsync($"{registry.Host}/demo/app:v1");
        await RunAsync("crane", "pull", "--format", "oci", $"{registry.Host}/demo/app:v1", "pulled");
        using var layout = ImageLayout.Open(Path.Combine(Folder.FullName, "pulled"));
        var image = await layout.ResolveAsync(OciReference.Parse("oci-layout:pulled"));
        Assert.Equal(digest, image.Descriptor.Digest.ToString());
        foreach (var blob in image.ToImageManifest().Layers)
        {
            Assert.Equal(blob.Size, (await layout.GetBlobAsync(blob, 1 << 20)).Length);
        }
    }
}
