using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

public sealed class RegistryPeerTests : PeerTest
{
    [PeerFact("docker-registry", "crane")]
    public async Task An_image_that_crane_pushed_is_resolved_and_read()
    {
        var registry = await StartRegistryAsync();
        var digest = await PushImageAsync($"{registry.Host}/demo/app:v1");
        var client = Client(registry);
        var image = await client.ResolveAsync(OciReference.Parse($"{registry.Host}/demo/app:v1"));
        Assert.Equal(digest, image.Descriptor.Digest.ToString());
        Assert.Equal(await RunAsync("crane", "manifest", $"{registry.Host}/demo/app:v1"), Encoding.UTF8.GetString(image.Bytes.Span));
        foreach (var blob in image.ToImageManifest().Layers.Append(image.ToImageManifest().Config))
        {
            Assert.True(await client.BlobExistsAsync(blob));
            Assert.Equal(blob.Size, (await client.GetBlobAsync(blob, 1 << 20)).Length);
        }
    }

    [PeerFact("docker-registry", "crane", "oras")]
    public async Task What_we_push_others_read()
    {
        var registry = await StartRegistryAsync();
        var client = Client(registry, new RegistryOptions { ChunkThreshold = 1 << 20, ChunkBytes = 1 << 20 });
        var config = await client.PushBlobAsync(OciMediaTypes.Empty, "{}"u8.ToArray());
        var content = RandomNumberGenerator.GetBytes(10_000_001);
        var layer = Descriptor.Of("application/octet-stream", content) with
        {
            Annotations = new Dictionary<string, string> { ["org.opencontainers.image.title"] = "model.bin" },
        };
        using (var stream = new MemoryStream(content))
        {
            await client.PushBlobAsync(layer, stream);
        }
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            "application/x-model",
            config,
            [layer],
            null,
            new Dictionary<string, string>()
        );
        var pushed = await client.PushManifestAsync(manifest.ToUtf8Bytes(), "v1");
        Assert.Equal(pushed.Digest.ToString(), await RunAsync("crane", "digest", $"{registry.Host}/demo/app:v1"));
        await RunAsync("oras", "pull", "--plain-http", $"{registry.Host}/demo/app:v1");
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(Folder.FullName, "model.bin")));
        var copy = Path.Combine(Folder.FullName, "copy.bin");
        await client.SaveBlobAsync(layer, copy);
        Assert.Equal(content, await File.ReadAllBytesAsync(copy));
    }

    [PeerFact("docker-registry")]
    public async Task What_is_not_there_is_null()
    {
        var registry = await StartRegistryAsync();
        var client = Client(registry);
        var nothing = Descriptor.Of("a/b", "nothing"u8);
        Assert.Null(await client.FindManifestAsync("v1"));
        Assert.Null(await client.FindManifestAsync(nothing.Digest));
        Assert.False(await client.BlobExistsAsync(nothing));
        Assert.Empty(await client.ListReferrersAsync(nothing.Digest));
        Assert.Equal(404, (int)(await Assert.ThrowsAsync<RegistryException>(() => client.GetBlobAsync(nothing, 100))).Status!);
    }

    [PeerFact("docker-registry")]
    public async Task A_manifest_without_its_blobs_is_refused_with_the_registrys_words()
    {
        var registry = await StartRegistryAsync();
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            null,
            Descriptor.Of("a/b", "x"u8),
            [Descriptor.Of("a/b", "y"u8)],
            null,
            new Dictionary<string, string>()
        );
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(registry).PushManifestAsync(manifest.ToUtf8Bytes(), "v1"));
        Assert.Equal((400, "MANIFEST_BLOB_UNKNOWN"), ((int)e.Status!, e.Code));
    }

    [PeerFact("docker-registry", "oras")]
    public async Task A_password_from_dockers_file_opens_the_registry()
    {
        var registry = await StartRegistryAsync(withPassword: true);
        var content = "hello"u8.ToArray();
        var anonymous = await Assert.ThrowsAsync<RegistryException>(() => Client(registry).PushBlobAsync("a/b", content));
        Assert.Equal(401, (int)anonymous.Status!);
        Assert.NotNull(anonymous.Hint);

        // oras writes the file that we read.
        var path = Path.Combine(Folder.FullName, "config.json");
        await RunAsync(
            "oras",
            "login",
            "--plain-http",
            "--registry-config",
            path,
            "-u",
            DockerRegistry.User,
            "-p",
            DockerRegistry.Password,
            registry.Host
        );
        var client = Client(registry, new RegistryOptions { Credentials = new DockerCredentials(path).FindAsync });
        var blob = await client.PushBlobAsync("a/b", content);
        Assert.Equal(content, await client.GetBlobAsync(blob, 100));

        var wrong = RegistryCredential.FromPassword(DockerRegistry.User, "no");
        var refused = Client(registry, new RegistryOptions { Credentials = (_, _) => Task.FromResult<RegistryCredential?>(wrong) });
        Assert.Equal(401, (int)(await Assert.ThrowsAsync<RegistryException>(() => refused.GetBlobAsync(blob, 100))).Status!);
    }

    [PeerFact("docker-registry", "crane", "oras")]
    public async Task Evidence_that_oras_attached_is_found()
    {
        var registry = await StartRegistryAsync();
        await PushImageAsync($"{registry.Host}/demo/app:v1");
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "bundle.json"), "{\"bundle\":1}");
        await RunAsync(
            "oras",
            "attach",
            "--plain-http",
            "--artifact-type",
            OciMediaTypes.SigstoreBundle,
            $"{registry.Host}/demo/app:v1",
            $"bundle.json:{OciMediaTypes.SigstoreBundle}"
        );
        await RunAsync(
            "oras",
            "attach",
            "--plain-http",
            "--artifact-type",
            "application/x-other",
            $"{registry.Host}/demo/app:v1",
            "bundle.json"
        );
        var subject = (await Client(registry).FindManifestAsync("v1"))!.Descriptor;
        var listing = await new EvidenceStore(Client(registry), TimeProvider.System).ListBundlesAsync(subject.Digest);
        Assert.Equal("{\"bundle\":1}", Encoding.UTF8.GetString(Assert.Single(listing.Bundles).Bytes.Span));
        Assert.Contains("application/x-other", Assert.Single(listing.Skipped).Reason, StringComparison.Ordinal);
    }

    [PeerFact("docker-registry", "crane")]
    public async Task A_registry_that_went_away_is_a_failure_that_names_it()
    {
        var registry = await StartRegistryAsync();
        await PushImageAsync($"{registry.Host}/demo/app:v1");
        var client = Client(registry, new RegistryOptions { Attempts = 2 });
        var subject = (await client.FindManifestAsync("v1"))!.Descriptor;
        await registry.DisposeAsync();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.ListReferrersAsync(subject.Digest));
        Assert.Null(e.Status);
        Assert.Contains(registry.Host, e.Message, StringComparison.Ordinal);
    }
}
