using System.Text;
using ArtifactTrust.Oci;

namespace ArtifactTrust.EndToEnd.Oci;

public sealed class CosignPeerTests : PeerTest
{
    private const string SignType = "https://sigstore.dev/cosign/sign/v1";

    // No log and no timestamp service: nothing leaves this machine.
    private const string OfflineSigningConfig =
        """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}""";

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task What_cosign_attached_we_find_and_what_we_attach_cosign_verifies()
    {
        var first = await StartRegistryAsync();
        var second = await StartRegistryAsync();
        var digest = await PushImageAsync($"{first.Host}/demo/app:v1");
        await RunAsync("crane", "copy", $"{first.Host}/demo/app:v1", $"{second.Host}/demo/app:v1");
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "config-offline.json"), OfflineSigningConfig);
        await File.WriteAllTextAsync(
            Path.Combine(Folder.FullName, "predicate.json"),
            """{"buildDefinition":{"buildType":"https://example.com/b"},"runDetails":{"builder":{"id":"https://example.com/r"}}}"""
        );
        await RunAsync("cosign", "generate-key-pair");
        await RunAsync(
            "cosign",
            "sign",
            "--signing-config",
            "config-offline.json",
            "--key",
            "cosign.key",
            $"{first.Host}/demo/app@{digest}"
        );
        await RunAsync(
            "cosign",
            "attest",
            "--signing-config",
            "config-offline.json",
            "--key",
            "cosign.key",
            "--type",
            "slsaprovenance1",
            "--predicate",
            "predicate.json",
            $"{first.Host}/demo/app@{digest}"
        );

        var subject = (await Client(first).FindManifestAsync("v1"))!.Descriptor;
        var found = await new EvidenceStore(Client(first), TimeProvider.System).ListBundlesAsync(subject.Digest);
        Assert.Empty(found.Skipped);
        Assert.Equal(
            [SignType, "https://slsa.dev/provenance/v1"],
            found.Bundles.Select(b => b.Annotations[EvidenceStore.PredicateTypeAnnotation]).Order()
        );

        await CosignRefusesAsync("verify", $"{second.Host}/demo/app@{digest}");
        var evidence = new EvidenceStore(Client(second), TimeProvider.System);
        foreach (var bundle in found.Bundles)
        {
            await evidence.AttachAsync(subject, bundle.Bytes, bundle.Annotations[EvidenceStore.PredicateTypeAnnotation]);
        }
        var verified = await RunAsync(
            "cosign",
            "verify",
            "--key",
            "cosign.pub",
            "--insecure-ignore-tlog",
            $"{second.Host}/demo/app@{digest}"
        );
        Assert.Contains(digest, verified, StringComparison.Ordinal);
        await RunAsync(
            "cosign",
            "verify-attestation",
            "--key",
            "cosign.pub",
            "--insecure-ignore-tlog",
            "--type",
            "slsaprovenance1",
            $"{second.Host}/demo/app@{digest}"
        );
    }

    [PeerFact("docker-registry", "crane", "cosign")]
    public async Task What_cosign_adds_to_a_list_of_ours_loses_nothing()
    {
        var registry = await StartRegistryAsync();
        var digest = await PushImageAsync($"{registry.Host}/demo/app:v1");
        await File.WriteAllTextAsync(Path.Combine(Folder.FullName, "config-offline.json"), OfflineSigningConfig);
        await RunAsync("cosign", "generate-key-pair");
        var subject = (await Client(registry).FindManifestAsync("v1"))!.Descriptor;
        var evidence = new EvidenceStore(Client(registry), TimeProvider.System);
        await evidence.AttachAsync(subject, "{\"ours\":1}"u8.ToArray(), "https://example.com/one");
        await RunAsync(
            "cosign",
            "sign",
            "--signing-config",
            "config-offline.json",
            "--key",
            "cosign.key",
            $"{registry.Host}/demo/app@{digest}"
        );
        await evidence.AttachAsync(subject, "{\"ours\":2}"u8.ToArray(), "https://example.com/two");
        var listing = await evidence.ListBundlesAsync(subject.Digest);
        Assert.Equal(3, listing.Bundles.Count);
        Assert.Contains(listing.Bundles, b => Encoding.UTF8.GetString(b.Bytes.Span).Contains("dsseEnvelope", StringComparison.Ordinal));
    }

    private async Task CosignRefusesAsync(string verb, string reference)
    {
        var result = await Peers.RunAsync(Folder.FullName, "cosign", verb, "--key", "cosign.pub", "--insecure-ignore-tlog", reference);
        Assert.NotEqual(0, result.ExitCode);
    }
}
