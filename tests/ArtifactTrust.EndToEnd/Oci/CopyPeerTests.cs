using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>What we copy, save and load, cosign, crane and oras accept.</summary>
public sealed class CopyPeerTests : PeerTest
{
    private const string OfflineSigningConfig =
        """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}""";

    private static readonly string[] Legacy = ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"];

    [PeerFact("docker-registry", "crane", "cosign", "oras")]
    public async Task Cosign_verifies_a_copy_by_bundle_and_by_legacy_signature_wherever_it_came_through()
    {
        var first = await StartRegistryAsync();
        var name = $"{first.Host}/demo/app";
        var digest = await PushImageAsync($"{name}:v1");
        await SignAsync($"{name}@{digest}");
        await RunAsync("cosign", ["sign", .. Legacy, "--key", "cosign.key", $"{name}@{digest}"]);
        await RunAsync(
            "cosign",
            ["attest", .. Legacy, "--key", "cosign.key", "--type", "slsaprovenance1", "--predicate", "predicate.json", $"{name}@{digest}"]
        );

        var source = Client(first);
        var root = (await source.FindManifestAsync("v1"))!;
        var second = await StartRegistryAsync();
        var copied = await new ImageCopier(source, Client(second)).CopyAsync(root, "v1");
        Assert.Equal((root.Descriptor, 0), (copied.Root, copied.Notes.Count));
        await AcceptedAsync(second, digest);

        var layout = await CreateLayoutAsync("layout");
        await new ImageCopier(source, layout).CopyAsync(root, "v1");
        var third = await StartRegistryAsync();
        await new ImageCopier(layout, Client(third)).CopyAsync(root, "v1");
        await AcceptedAsync(third, digest);

        var file = Path.Combine(Folder.FullName, "release.tar");
        using (var writer = ImageArchiveWriter.Create(file))
        {
            await new ImageCopier(source, writer).CopyAsync(root, "v1");
            await writer.CompleteAsync();
        }
        using var archive = ImageArchive.Open(file);
        var fourth = await StartRegistryAsync();
        await new ImageCopier(archive, Client(fourth)).CopyAsync(root, "v1");
        await AcceptedAsync(fourth, digest);
        // oras reads the archive itself.
        Assert.Equal(digest, await RunAsync("oras", "resolve", "--oci-layout", "release.tar:v1"));
    }

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task What_we_store_in_the_legacy_form_cosign_verifies_and_adds_to()
    {
        var registry = await StartRegistryAsync();
        var name = $"{registry.Host}/demo/app";
        var digest = await PushImageAsync($"{name}:v1");
        await PrepareAsync();
        await RunAsync("cosign", ["sign", .. Legacy, "--key", "cosign.key", $"{name}@{digest}"]);
        var client = Client(registry);
        var subject = (await client.FindManifestAsync("v1"))!.Descriptor;
        var theirs = Assert.Single(
            (await new EvidenceStore(client, TimeProvider.System).ListAsync(subject.Digest, EvidencePlaces.All)).Legacy
        );
        // Elsewhere, where there is the image only.
        var second = await StartRegistryAsync();
        await RunAsync("crane", "copy", $"{name}:v1", $"{second.Host}/demo/app:v1");
        name = $"{second.Host}/demo/app";
        var evidence = new EvidenceStore(Client(second), TimeProvider.System);
        await evidence.AttachLegacyAsync(subject, LegacySignature.OfImage(theirs.Signature.Payload, theirs.Signature.Value.Span));
        await RunAsync(
            "cosign",
            "verify",
            "--new-bundle-format=false",
            "--key",
            "cosign.pub",
            "--insecure-ignore-tlog",
            $"{name}@{digest}"
        );
        await RunAsync("cosign", "generate-key-pair", "--output-key-prefix", "second");
        await RunAsync("cosign", ["sign", .. Legacy, "--key", "second.key", $"{name}@{digest}"]);
        Assert.Equal(2, (await evidence.ListAsync(subject.Digest, EvidencePlaces.All)).Legacy.Count);
        await RunAsync(
            "cosign",
            "verify",
            "--new-bundle-format=false",
            "--key",
            "second.pub",
            "--insecure-ignore-tlog",
            $"{name}@{digest}"
        );
        await RunAsync(
            "cosign",
            "verify",
            "--new-bundle-format=false",
            "--key",
            "cosign.pub",
            "--insecure-ignore-tlog",
            $"{name}@{digest}"
        );
    }

    [PeerFact("docker-registry", "crane")]
    public async Task Blobs_are_mounted_from_one_repository_to_another()
    {
        var registry = await StartRegistryAsync();
        var digest = await PushImageAsync($"{registry.Host}/demo/app:v1");
        var source = Client(registry);
        using var destination = new RegistryClient(Http, new RegistryReference(registry.Host, "mirror/app"), Alone);
        var report = await new ImageCopier(source, destination).CopyAsync((await source.FindManifestAsync("v1"))!, "v1");
        Assert.Equal((0, 0), (report.BlobsCopied, report.BlobsPresent));
        Assert.True(report.BlobsMounted > 0);
        Assert.Equal(digest, await RunAsync("crane", "digest", $"{registry.Host}/mirror/app:v1"));
        await RunAsync("crane", "validate", "--remote", $"{registry.Host}/mirror/app:v1");
    }

    [PeerFact("docker-registry", "crane")]
    public async Task A_docker_archive_of_cranes_has_the_digest_that_crane_computes()
    {
        var registry = await StartRegistryAsync();
        await PushImageAsync($"{registry.Host}/demo/app:v1");
        await RunAsync("crane", "pull", "--format", "tarball", $"{registry.Host}/demo/app:v1", "app.tar");
        var file = Path.Combine(Folder.FullName, "app.tar");
        using var archive = DockerArchive.Open(file);
        var image = await archive.ResolveAsync(OciReference.Parse($"docker-archive:{file}"));
        Assert.Equal(await RunAsync("crane", "digest", "--tarball", "app.tar"), image.Descriptor.Digest.ToString());
        await new ImageCopier(archive, Client(registry)).CopyAsync(image, "from-archive");
        await RunAsync("crane", "validate", "--remote", $"{registry.Host}/demo/app:from-archive");
        Assert.Equal(image.Descriptor.Digest.ToString(), await RunAsync("crane", "digest", $"{registry.Host}/demo/app:from-archive"));
    }

    private async Task PrepareAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "config-offline.json"), OfflineSigningConfig);
        await File.WriteAllTextAsync(
            Path.Combine(Folder.FullName, "predicate.json"),
            """{"buildDefinition":{"buildType":"https://example.com/b"},"runDetails":{"builder":{"id":"https://example.com/r"}}}"""
        );
        await RunAsync("cosign", "generate-key-pair");
    }

    private async Task SignAsync(string reference)
    {
        await PrepareAsync();
        await RunAsync("cosign", "sign", "--signing-config", "config-offline.json", "--key", "cosign.key", reference);
    }

    private async Task AcceptedAsync(DockerRegistry registry, string digest)
    {
        var name = $"{registry.Host}/demo/app";
        Assert.Equal(digest, await RunAsync("crane", "digest", $"{name}:v1"));
        await RunAsync("crane", "validate", "--remote", $"{name}:v1");
        string[] trust = ["--key", "cosign.pub", "--insecure-ignore-tlog", $"{name}@{digest}"];
        await RunAsync("cosign", ["verify", .. trust]);
        await RunAsync("cosign", ["verify", "--new-bundle-format=false", .. trust]);
        await RunAsync("cosign", ["verify-attestation", "--new-bundle-format=false", "--type", "slsaprovenance1", .. trust]);
        using var discovered = JsonDocument.Parse(await RunAsync("oras", "discover", "--plain-http", "--format", "json", $"{name}:v1"));
        Assert.Equal(1, discovered.RootElement.GetProperty("referrers").GetArrayLength());
    }
}
