using System.Collections.Concurrent;
using System.Globalization;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Oci;

/// <summary>A Sigstore bundle found beside a subject. Nothing about it is verified but that its bytes are those its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries the bundle.</param>
/// <param name="MediaType">The bundle's media type, as the manifest says.</param>
/// <param name="Bytes">The bundle.</param>
/// <param name="Annotations">What whoever put it there says about it: hints, which anyone may write.</param>
public sealed record StoredBundle(
    Digest Manifest,
    string MediaType,
    ReadOnlyMemory<byte> Bytes,
    IReadOnlyDictionary<string, string> Annotations
);

/// <summary>A referrer that is no evidence, or cannot be read as such.</summary>
/// <param name="Referrer">What the store lists.</param>
/// <param name="Reason">Why it was left out.</param>
public sealed record SkippedReferrer(Descriptor Referrer, string Reason)
{
    /// <summary>Whether its manifest says that it is a signature of the Notary Project.</summary>
    public bool IsNotation { get; init; }
}

/// <summary>A signature or attestation in cosign's legacy storage. Nothing about it is verified but that its payload is the one its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries it.</param>
/// <param name="Layer">Which of the manifest's layers it is, from 0.</param>
/// <param name="Tag">The tag it was found under; null for a referrer.</param>
/// <param name="Signature">The signature.</param>
public sealed record StoredLegacySignature(Digest Manifest, int Layer, string? Tag, LegacySignature Signature);

/// <summary>A signature of the Notary Project found beside a subject. Nothing about it is verified but that its bytes are those its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries it.</param>
/// <param name="MediaType">The envelope's media type, as the manifest says.</param>
/// <param name="Bytes">The envelope.</param>
public sealed record StoredNotationSignature(Digest Manifest, string MediaType, ReadOnlyMemory<byte> Bytes);

/// <summary>What a store has on a subject.</summary>
/// <param name="Bundles">The bundles, in the store's order.</param>
/// <param name="Skipped">The other referrers, and layers of legacy storage that cannot be read, each with the reason.</param>
public sealed record EvidenceListing(IReadOnlyList<StoredBundle> Bundles, IReadOnlyList<SkippedReferrer> Skipped)
{
    /// <summary>The signatures and attestations in cosign's legacy storage.</summary>
    public IReadOnlyList<StoredLegacySignature> Legacy { get; init; } = [];

    /// <summary>The signatures of the Notary Project.</summary>
    public IReadOnlyList<StoredNotationSignature> Notation { get; init; } = [];
}

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
    private const int RequestsAtOnce = 8;

    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    // By the digest that was checked, so that it cannot be another's; what could not be had is asked for again.
    private readonly ConcurrentDictionary<Digest, byte[]> _fetched = [];
    private long _fetchedBytes;

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
        ListAsync(subject, legacyTags: false, cancellation);

    /// <summary>Reads all evidence that is beside a subject.</summary>
    /// <param name="subject">The subject's digest.</param>
    /// <param name="legacyTags">Whether to look under cosign's tags too, which costs two more requests.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <remarks>
    /// What a list says of a referrer decides nothing: each manifest is fetched, and must itself name the subject (or nobody, where a registry
    /// refused that) and hold evidence. A manifest that does not is reported as skipped; a store that fails is an exception, so that evidence is never
    /// overlooked for want of an answer.
    /// </remarks>
    /// <exception cref="IOException">The store failed, or handed over other content than its digests say.</exception>
    /// <exception cref="MalformedDataException">The list of referrers cannot be read, or is too long.</exception>
    public async Task<EvidenceListing> ListAsync(Digest subject, bool legacyTags, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (store.Patience is not { } patience)
        {
            return await ListCoreAsync(subject, legacyTags, cancellation).ConfigureAwait(false);
        }
        // Each request is bounded, but thousands of slow ones are not.
        using var deadline = new CancellationTokenSource(patience, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await ListCoreAsync(subject, legacyTags, linked.Token).ConfigureAwait(false);
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

    private async Task<EvidenceListing> ListCoreAsync(Digest subject, bool legacyTags, CancellationToken cancellation)
    {
        var tags = legacyTags
            ? new[] { LegacyTags.Signatures, LegacyTags.Attestations }.Select(s => LegacyTags.Tag(subject, s)).ToArray()
            : [];
        var tagged = tags.Select(t => InspectTagAsync(t, cancellation)).ToArray();
        var referrers = await store.ListReferrersAsync(subject, cancellation).ConfigureAwait(false);
        var within = Within(referrers);
        var inspected = await MapAsync(within, (r, token) => InspectAsync(r.Referrer, r.IsWithin, subject, token), cancellation)
            .ConfigureAwait(false);
        var candidates = inspected.Concat(await Task.WhenAll(tagged).ConfigureAwait(false)).SelectMany(c => c).ToArray();
        // The budget is spent in the list's order, so that the same list always gives the same answer.
        var budget = OciLimits.EvidenceBytes;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].Layer is { } layer)
            {
                var cost = candidates[i].Manifest.Size + layer.Size;
                candidates[i] =
                    cost <= budget
                        ? candidates[i]
                        : candidates[i]
                            .Skip($"all evidence of one subject may have {OciLimits.EvidenceBytes} bytes, and this would be more");
                budget -= cost <= budget ? cost : 0;
            }
        }
        return Assemble(candidates, await FetchAllAsync(candidates, cancellation).ConfigureAwait(false));
    }

    private static EvidenceListing Assemble(Candidate[] candidates, Dictionary<Digest, byte[]?> contents)
    {
        var bundles = new List<StoredBundle>();
        var legacy = new List<StoredLegacySignature>();
        var notation = new List<StoredNotationSignature>();
        var skipped = new List<SkippedReferrer>();
        foreach (var candidate in candidates)
        {
            var (manifest, layer, reason) = (candidate.Manifest, candidate.Layer, candidate.Reason);
            var bytes = layer is null ? null : contents[layer.Digest];
            if (bytes is null)
            {
                skipped.Add(
                    new SkippedReferrer(manifest, reason ?? $"the store does not have its {candidate.Word}")
                    {
                        IsNotation = candidate.IsNotation,
                    }
                );
            }
            else if (candidate.IsNotation)
            {
                notation.Add(new StoredNotationSignature(manifest.Digest, layer!.MediaType, bytes));
            }
            else if (!candidate.IsLegacy)
            {
                bundles.Add(new StoredBundle(manifest.Digest, layer!.MediaType, bytes, candidate.Annotations));
            }
            else
            {
                try
                {
                    var signature = LegacySignature.Parse(layer!.MediaType, bytes, layer.Annotations);
                    legacy.Add(new StoredLegacySignature(manifest.Digest, candidate.Index, candidate.Tag, signature));
                }
                catch (MalformedDataException e)
                {
                    skipped.Add(new SkippedReferrer(manifest, $"layer {candidate.Index}: {e.Message}"));
                }
            }
        }
        return new EvidenceListing(bundles, skipped) { Legacy = legacy, Notation = notation };
    }

    /// <summary>Which manifests are fetched: the first ones of the list, as many as are kept in memory together.</summary>
    private static List<(Descriptor Referrer, bool IsWithin)> Within(IReadOnlyList<Descriptor> referrers)
    {
        var budget = OciLimits.ReferrerManifestsBytes;
        var list = new List<(Descriptor, bool)>(referrers.Count);
        foreach (var referrer in referrers)
        {
            var isWithin = referrer.Size <= budget;
            budget -= isWithin && referrer.Size <= OciLimits.ReferrerManifestBytes ? referrer.Size : 0;
            list.Add((referrer, isWithin));
        }
        return list;
    }

    private async Task<IReadOnlyList<Candidate>> InspectAsync(
        Descriptor referrer,
        bool isWithin,
        Digest subject,
        CancellationToken cancellation
    )
    {
        var none = new Candidate(referrer);
        if (!OciMediaTypes.IsImageManifest(referrer.MediaType))
        {
            return [none.Skip($"its type '{referrer.MediaType}' is not that of an image manifest")];
        }
        if (referrer.Size > OciLimits.ReferrerManifestBytes)
        {
            return [none.Skip($"its manifest has {referrer.Size} bytes; at most {OciLimits.ReferrerManifestBytes} are read")];
        }
        if (!isWithin)
        {
            return [none.Skip($"the manifests of all referrers may have {OciLimits.ReferrerManifestsBytes} bytes, and this would be more")];
        }
        ImageManifest manifest;
        try
        {
            var stored = await store.FindManifestAsync(referrer.Digest, cancellation).ConfigureAwait(false);
            if (stored is null)
            {
                return [none.Skip("it is listed, but the store does not have it")];
            }
            if (stored.Descriptor.Size != referrer.Size)
            {
                return [none.Skip($"its manifest has {stored.Descriptor.Size} bytes, not the {referrer.Size} listed")];
            }
            manifest = stored.ToImageManifest();
        }
        catch (MalformedDataException e)
        {
            return [none.Skip(e.Message)];
        }
        if (manifest.Subject is { } about && !about.Digest.Equals(subject))
        {
            return [none.Skip($"its own subject is {about.Digest}, not {subject}")];
        }
        if (manifest.EffectiveArtifactType == OciMediaTypes.NotationSignature)
        {
            return [Notation(none with { IsNotation = true }, manifest)];
        }
        if (manifest.Layers.Any(l => LegacyTags.IsLegacyLayer(l.MediaType)))
        {
            return Legacy(referrer, manifest, null);
        }
        var layers = manifest.Layers.Where(l => OciMediaTypes.IsSigstoreBundle(l.MediaType)).ToArray();
        if (layers.Length == 0)
        {
            return [none.Skip($"it is '{manifest.EffectiveArtifactType}', not a Sigstore bundle")];
        }
        if (manifest.Layers.Count > 1)
        {
            return [none.Skip($"it has {manifest.Layers.Count} layers; a bundle is one")];
        }
        return layers[0].Size <= Limits.BundleBytes
            ? [none with { Layer = layers[0], Annotations = manifest.Annotations }]
            : [none.Skip($"its bundle has {layers[0].Size} bytes; at most {Limits.BundleBytes} are read")];
    }

    /// <remarks>Spec: Notary Project signature specification, "OCI Signatures": one layer, and a subject, which whoever calls has compared.</remarks>
    private static Candidate Notation(Candidate none, ImageManifest manifest) =>
        manifest.Subject is null ? none.Skip("it is a Notation signature that names no subject")
        : manifest.Layers is not [var envelope]
            ? none.Skip($"it is a Notation signature with {manifest.Layers.Count} layers; an envelope is one")
        : !NotationSignature.IsEnvelope(envelope.MediaType)
            ? none.Skip($"it is a Notation signature in an envelope of the type '{envelope.MediaType}', which is not known")
        : envelope.Size > Limits.NotationEnvelopeBytes
            ? none.Skip($"its envelope has {envelope.Size} bytes; at most {Limits.NotationEnvelopeBytes} are read")
        : none with { Layer = envelope };

    private async Task<IReadOnlyList<Candidate>> InspectTagAsync(string tag, CancellationToken cancellation)
    {
        var stored = await store.FindManifestAsync(tag, cancellation).ConfigureAwait(false);
        if (stored is null)
        {
            return [];
        }
        try
        {
            return Legacy(stored.Descriptor, stored.ToImageManifest(), tag);
        }
        catch (MalformedDataException e)
        {
            return [new Candidate(stored.Descriptor).Skip($"under the tag '{tag}': {e.Message}")];
        }
    }

    private static List<Candidate> Legacy(Descriptor descriptor, ImageManifest manifest, string? tag)
    {
        var candidates = new List<Candidate>();
        foreach (var layer in manifest.Layers)
        {
            var one = new Candidate(descriptor)
            {
                Layer = layer,
                IsLegacy = true,
                Index = candidates.Count,
                Tag = tag,
            };
            var maximum = layer.MediaType == LegacySignature.SimpleSigningType ? OciLimits.SimpleSigningBytes : Limits.BundleBytes;
            if (one.Index == OciLimits.LegacyLayers)
            {
                candidates.Add(one.Skip($"it has more than {OciLimits.LegacyLayers} layers; the others are not read"));
                break;
            }
            candidates.Add(
                !LegacyTags.IsLegacyLayer(layer.MediaType) ? one.Skip($"layer {one.Index} is '{layer.MediaType}', not a signature")
                : layer.Size > maximum ? one.Skip($"layer {one.Index} has {layer.Size} bytes; at most {maximum} are read")
                : layer.Annotations.Values.Any(a => a.Length > OciLimits.LegacyAnnotationCharacters)
                    ? one.Skip($"an annotation of layer {one.Index} has more than {OciLimits.LegacyAnnotationCharacters} characters")
                : one
            );
        }
        return candidates;
    }

    /// <summary>The content of each layer, each fetched once; null where the store does not have it.</summary>
    private async Task<Dictionary<Digest, byte[]?>> FetchAllAsync(Candidate[] candidates, CancellationToken cancellation)
    {
        var layers = candidates.Select(c => c.Layer).OfType<Descriptor>().DistinctBy(l => (l.Digest, l.Size)).ToArray();
        var contents = await MapAsync(layers, FetchAsync, cancellation).ConfigureAwait(false);
        var found = new Dictionary<Digest, byte[]?>();
        for (var i = 0; i < layers.Length; i++)
        {
            found[layers[i].Digest] = found.GetValueOrDefault(layers[i].Digest) ?? contents[i];
        }
        return found;
    }

    private async Task<byte[]?> FetchAsync(Descriptor layer, CancellationToken cancellation)
    {
        if (_fetched.TryGetValue(layer.Digest, out var known) && known.Length == layer.Size)
        {
            return known;
        }
        try
        {
            var bytes = await store.GetBlobAsync(layer, Limits.BundleBytes, cancellation).ConfigureAwait(false);
            if (Interlocked.Add(ref _fetchedBytes, bytes.Length) <= OciLimits.EvidenceBytes)
            {
                _fetched[layer.Digest] = bytes;
            }
            return bytes;
        }
        catch (IOException e) when (e is FileNotFoundException or RegistryException { Status: System.Net.HttpStatusCode.NotFound })
        {
            return null;
        }
    }

    /// <summary>Does the same for each, several at once, with the results in order.</summary>
    private static async Task<TResult[]> MapAsync<TItem, TResult>(
        IReadOnlyList<TItem> items,
        Func<TItem, CancellationToken, Task<TResult>> map,
        CancellationToken cancellation
    )
    {
        var results = new TResult[items.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation };
        await Parallel
            .ForAsync(0, items.Count, options, async (i, token) => results[i] = await map(items[i], token).ConfigureAwait(false))
            .ConfigureAwait(false);
        return results;
    }

    /// <summary>A layer that may be evidence, or the reason why a manifest has none.</summary>
    private sealed record Candidate(Descriptor Manifest)
    {
        internal Descriptor? Layer { get; init; }

        internal IReadOnlyDictionary<string, string> Annotations { get; init; } = Descriptor.NoAnnotations;

        internal string? Reason { get; init; }

        internal bool IsLegacy { get; init; }

        internal bool IsNotation { get; init; }

        internal int Index { get; init; }

        internal string? Tag { get; init; }

        internal string Word =>
            IsLegacy ? "payload"
            : IsNotation ? "envelope"
            : "bundle";

        internal Candidate Skip(string reason) => this with { Layer = null, Reason = reason };
    }
}
