using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.EndToEnd.Cli;
using ArtifactTrust.EndToEnd.Sigstore;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Oci;
using ArtifactTrust.Signing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.EndToEnd.Oci;

/// <summary>
/// Many sign one image at once, and as many attest it: nothing is lost, in either form, whether the registry lists referrers itself or not. Each has
/// a key of its own, and shares no more with the others than machines do.
/// </summary>
public sealed class ManyWritersTests : PeerTest
{
    private const int Writers = 64;

    // Each takes the time and memory of a runtime.
    private const int Processes = 16;

    private const string Type = "https://slsa.dev/provenance/v1";

    private static readonly JsonElement Predicate = JsonDocument
        .Parse(
            """{"buildDefinition":{"buildType":"https://example.com/b","externalParameters":{}},"runDetails":{"builder":{"id":"https://example.com/r"}}}"""
        )
        .RootElement;

    [SigstoreTheory("docker-registry", "crane", "cosign")]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task None_of_many_signatures_and_attestations_made_at_once_is_lost(bool listsReferrers, bool legacy)
    {
        var (host, image) = await PrepareAsync(listsReferrers);
        var keys = Enumerable.Range(0, 2 * Writers).Select(_ => SigningKey.Generate(SignatureAlgorithm.EcdsaP256)).ToArray();
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writers = keys.Select((key, i) => Task.Run(() => WriteAsync(i, key))).ToArray();
        go.SetResult();
        await Task.WhenAll(writers);
        await AllAreThereAsync(host, image, listsReferrers, legacy, [.. keys.Select(k => k.PublicKey)]);

        async Task WriteAsync(int i, SigningKey key)
        {
            await go.Task;
            using var http = RegistryClient.CreateHttpClient();
            using var client = new RegistryClient(http, host);
            var evidence = new EvidenceStore(client, TimeProvider.System);
            var signer = new BundleSigner(Credential.FromKey(key));
            var statement = new Statement([new ResourceDescriptor(null, null, new DigestSet(image.Digest))], Type, Predicate);
            await (
                (legacy, i < Writers) switch
                {
                    (false, true) => evidence.AttachAsync(
                        image,
                        (await signer.SignImageAsync(image.Digest)).Utf8,
                        BundleVerifier.ImageSignatureType
                    ),
                    (false, false) => evidence.AttachAsync(image, (await signer.SignStatementAsync(statement)).Utf8, Type),
                    (true, true) => evidence.AttachLegacyAsync(
                        image,
                        await signer.SignLegacyImageAsync(
                            new SimpleSigningPayload(
                                host.Place,
                                image.Digest,
                                SimpleSigningPayload.CosignType,
                                new Dictionary<string, string>()
                            )
                        )
                    ),
                    (true, false) => evidence.AttachLegacyAsync(image, await signer.SignLegacyStatementAsync(statement, image.Digest)),
                }
            );
        }
    }

    /// <summary>In this form, on such a registry, each write replaces one manifest that all share, after reading what it held.</summary>
    [SigstoreFact("docker-registry", "crane", "cosign")]
    public async Task None_of_what_many_processes_wrote_at_once_under_one_tag_is_lost()
    {
        var (host, image) = await PrepareAsync(listsReferrers: false);
        await File.WriteAllTextAsync(Path.Join(Folder.FullName, "predicate.json"), Predicate.GetRawText());
        var keys = new VerificationKey[2 * Processes];
        for (var i = 0; i < keys.Length; i++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            keys[i] = VerificationKey.FromPem(key.ExportSubjectPublicKeyInfoPem());
            await File.WriteAllTextAsync(Path.Join(Folder.FullName, $"{i}.key"), key.ExportPkcs8PrivateKeyPem());
        }
        var ended = await Task.WhenAll(keys.Select((_, i) => Task.Factory.StartNew(() => Run(i), TaskCreationOptions.LongRunning)));
        Assert.All(ended, e => Assert.True(e.ExitCode == 0, e.ToString()));
        await AllAreThereAsync(host, image, listsReferrers: false, legacy: true, keys);

        Ended Run(int i) =>
            Tool.Run(
                Folder.FullName,
                new Dictionary<string, string?> { ["ARTIFACT_TRUST_SETTLE_TIME"] = null },
                [
                    i < Processes ? "sign" : "attest",
                    $"{host.Place}@{image.Digest}",
                    "--key",
                    $"{i}.key",
                    "--format",
                    "legacy",
                    .. i < Processes ? Array.Empty<string>() : ["--type", "slsaprovenance1", "--predicate", "predicate.json"],
                ]
            );
    }

    private async Task<(RegistryReference Host, Descriptor Image)> PrepareAsync(bool listsReferrers)
    {
        var host = listsReferrers ? new Uri(SigstoreStack.Url("registry_ref")).Authority : (await StartRegistryAsync()).Host;
        // That registry is shared, and outlives this test.
        var place = new RegistryReference(host, $"demo/many-{Guid.NewGuid():n}");
        await PushImageAsync($"{place.Place}:v1");
        using var client = new RegistryClient(Http, place);
        return (place, (await client.FindManifestAsync("v1"))!.Descriptor);
    }

    /// <summary>The first half of the keys made signatures, the other attestations: one each.</summary>
    private async Task AllAreThereAsync(RegistryReference host, Descriptor image, bool listsReferrers, bool legacy, VerificationKey[] keys)
    {
        using var client = new RegistryClient(Http, host);
        var listing = await new EvidenceStore(client, TimeProvider.System).ListAsync(image.Digest, EvidencePlaces.All);
        Assert.Empty(listing.Skipped);
        Assert.Equal(keys.Length, legacy ? listing.Legacy.Count : listing.Bundles.Count);
        var verifier = new BundleVerifier(keys);
        var verified = legacy
            ? listing.Legacy.Select(l => verifier.VerifyLegacy(l.Signature, image.Digest))
            : listing.Bundles.Select(b =>
                b.Annotations[EvidenceStore.PredicateTypeAnnotation] == Type
                    ? verifier.VerifyAttestation(Bundle.Parse(b.Bytes), new DigestSet(image.Digest))
                    : verifier.VerifyImageSignature(Bundle.Parse(b.Bytes), image.Digest)
            );
        Assert.Equal(
            keys.Select((k, i) => (i < keys.Length / 2 ? EvidenceKind.Signature : EvidenceKind.Attestation, k.Fingerprint)).ToHashSet(),
            verified.Select(r => (r.Verified!.Kind, r.Verified.KeyFingerprint)).ToHashSet()
        );
        if (!legacy && !listsReferrers)
        {
            // A list that we keep says what others choose by.
            var referrers = await client.ListReferrersAsync(image.Digest);
            Assert.All(referrers, r => Assert.Equal(OciMediaTypes.SigstoreBundle, r.ArtifactType));
            Assert.Equal(
                keys.Length / 2,
                referrers.Count(r => r.Annotations.GetValueOrDefault(EvidenceStore.PredicateTypeAnnotation) == Type)
            );
        }
        await CosignAcceptsAsync("verify", keys[0]);
        await CosignAcceptsAsync("verify-attestation", keys[^1], "--type", "slsaprovenance1");

        async Task CosignAcceptsAsync(string verb, VerificationKey key, params string[] arguments)
        {
            await File.WriteAllTextAsync(Path.Join(Folder.FullName, "one.pub"), key.ToPem());
            string[] form = legacy ? ["--new-bundle-format=false"] : [];
            await RunAsync(
                "cosign",
                [verb, .. form, .. arguments, "--key", "one.pub", "--insecure-ignore-tlog", $"{host.Place}@{image.Digest}"]
            );
        }
    }
}
