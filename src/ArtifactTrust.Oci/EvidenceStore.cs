using System.Globalization;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>Evidence on subjects in a store: Sigstore bundles as referrers, laid out as cosign 3 does.</summary>
/// <param name="store">The subjects' store.</param>
/// <param name="time">The clock of the annotation that says when evidence was attached.</param>
/// <remarks>
/// Spec: cosign 3, bundle format; OCI image-spec 1.1, "Guidelines for Artifact Usage". Evidence that is about several subjects is fetched once by one
/// object of this type.
/// </remarks>
public sealed class EvidenceStore(OciStore store, TimeProvider time)
{
    /// <summary>The annotation that says what kind of content the bundle has.</summary>
    public const string ContentAnnotation = "dev.sigstore.bundle.content";

    /// <summary>The annotation that says the type of the predicate in the bundle.</summary>
    public const string PredicateTypeAnnotation = "dev.sigstore.bundle.predicateType";

    private const string CreatedAnnotation = "org.opencontainers.image.created";

    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    private readonly EvidenceReader _reader = new(store);

    /// <summary>Puts a bundle beside a subject.</summary>
    /// <param name="subject">The subject's manifest: type, digest and size.</param>
    /// <param name="bundle">A Sigstore bundle v0.3 with a DSSE envelope, as JSON.</param>
    /// <param name="predicateType">The type of the predicate in it, for readers that look for one.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The descriptor of the manifest that carries the bundle.</returns>
    public async Task<Descriptor> AttachAsync(
        Descriptor subject,
        ReadOnlyMemory<byte> bundle,
        string predicateType,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentException.ThrowIfNullOrEmpty(predicateType);
        if (bundle.Length is 0 or > Limits.BundleBytes)
        {
            throw new ArgumentException($"a bundle has 1 to {Limits.BundleBytes} bytes", nameof(bundle));
        }
        var config = await store.PushBlobAsync(OciMediaTypes.Empty, EmptyObject, cancellation).ConfigureAwait(false);
        var layer = await store.PushBlobAsync(OciMediaTypes.SigstoreBundle, bundle, cancellation).ConfigureAwait(false);
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [ContentAnnotation] = "dsse-envelope",
            [PredicateTypeAnnotation] = predicateType,
            [CreatedAnnotation] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        return await PushReferrerAsync(
                subject,
                new ImageManifest(
                    OciMediaTypes.ImageManifest,
                    OciMediaTypes.SigstoreBundle,
                    config with
                    {
                        ArtifactType = OciMediaTypes.SigstoreBundle,
                    },
                    [layer],
                    subject.Bare(),
                    annotations
                ),
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <summary>Puts a signature or attestation beside a subject as cosign did before bundles: under a tag, or as a referrer.</summary>
    /// <param name="subject">The subject's manifest: type, digest and size.</param>
    /// <param name="signature">The signature or attestation.</param>
    /// <param name="asReferrer">Whether it is a referrer, as cosign's experimental OCI 1.1 mode has it; else it is a layer under a tag.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">What is under the tag is not cosign's, or is full.</exception>
    public async Task AttachLegacyAsync(
        Descriptor subject,
        LegacySignature signature,
        bool asReferrer = false,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(signature);
        var layer = LegacyTags.LayerOf(signature);
        await store.PushBlobAsync(layer.MediaType, signature.Payload, cancellation).ConfigureAwait(false);
        var isImage = signature.Kind == LegacySignatureKind.Image;
        if (!asReferrer)
        {
            var tag = LegacyTags.Tag(subject.Digest, isImage ? LegacyTags.Signatures : LegacyTags.Attestations);
            await LegacyTags.AddAsync(store, tag, [layer], cancellation).ConfigureAwait(false);
            return;
        }
        var type = isImage ? LegacyTags.SignatureArtifact : LegacyTags.AttestationArtifact;
        var config = await store.PushBlobAsync(type, LegacyTags.Config([layer]), cancellation).ConfigureAwait(false);
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, null, config, [layer], subject.Bare(), Descriptor.NoAnnotations);
        await PushReferrerAsync(subject, manifest, cancellation).ConfigureAwait(false);
    }

    /// <summary>Stores a referrer; where a registry refuses what OCI 1.1 added to manifests, in a form without it.</summary>
    private async Task<Descriptor> PushReferrerAsync(Descriptor subject, ImageManifest manifest, CancellationToken cancellation)
    {
        try
        {
            return await store.PushManifestAsync(manifest.ToUtf8Bytes(), null, cancellation).ConfigureAwait(false);
        }
        catch (RegistryException e) when (RefusesManifest(e))
        {
            store.Notify(
                $"{store.Name} refuses a manifest with artifactType or subject; the evidence is stored in a form for older registries"
            );
        }
        // What artifactType says, the config's type says as well: readers take either.
        if (manifest.ArtifactType is { } type)
        {
            manifest = manifest with { ArtifactType = null, Config = manifest.Config with { MediaType = type, ArtifactType = null } };
            try
            {
                return await store.PushManifestAsync(manifest.ToUtf8Bytes(), null, cancellation).ConfigureAwait(false);
            }
            catch (RegistryException e) when (RefusesManifest(e))
            {
                // Without the subject too, then.
            }
        }
        var bytes = (manifest with { Subject = null }).ToUtf8Bytes();
        var stored = StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, null);
        await store.PushUnlinkedReferrerAsync(stored, subject.Digest, cancellation).ConfigureAwait(false);
        return stored.Descriptor;
    }

    private static bool RefusesManifest(RegistryException e) =>
        (int?)e.Status is 400 or 415 or 422 && e.Code is null or "MANIFEST_INVALID" or "UNSUPPORTED" or "UNKNOWN" or "MANIFEST_UNVERIFIED";

    /// <summary>Reads every bundle that is beside a subject, and legacy evidence among the referrers.</summary>
    /// <inheritdoc cref="ListAsync"/>
    public Task<EvidenceListing> ListBundlesAsync(Digest subject, CancellationToken cancellation = default) =>
        ListAsync(subject, EvidencePlaces.Referrers, cancellation);

    /// <summary>Reads all evidence that is beside a subject, in some places or everywhere.</summary>
    /// <param name="subject">The subject's digest.</param>
    /// <param name="places">Where to look. Each of cosign's tags costs one more request, and one for each signature there.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <remarks>
    /// What a list says of a referrer decides nothing: each manifest is fetched, and must itself name the subject (or nobody, where a registry
    /// refused that) and hold evidence. A manifest that does not is reported as skipped; a store that fails is an exception, so that evidence is never
    /// overlooked for want of an answer.
    /// </remarks>
    /// <exception cref="IOException">The store failed, or handed over other content than its digests say.</exception>
    /// <exception cref="MalformedDataException">The list of referrers cannot be read, or is too long.</exception>
    public async Task<EvidenceListing> ListAsync(Digest subject, EvidencePlaces places, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (store.Patience is not { } patience)
        {
            return await _reader.ListAsync(subject, places, cancellation).ConfigureAwait(false);
        }
        // Each request is bounded, but thousands of slow ones are not.
        using var deadline = new CancellationTokenSource(patience, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await _reader.ListAsync(subject, places, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new RegistryException(
                null,
                null,
                $"read the evidence on {subject} in {store.Name}: not done within {patience.TotalSeconds:0.#} s",
                null,
                e
            );
        }
    }
}
