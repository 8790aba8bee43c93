using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

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
public sealed record SkippedReferrer(Descriptor Referrer, string Reason);

/// <summary>What a store has on a subject.</summary>
/// <param name="Bundles">The bundles, in the store's order.</param>
/// <param name="Skipped">The other referrers, each with the reason.</param>
public sealed record EvidenceListing(IReadOnlyList<StoredBundle> Bundles, IReadOnlyList<SkippedReferrer> Skipped);

/// <summary>Evidence on subjects in a store: Sigstore bundles as referrers, laid out as cosign 3 does.</summary>
/// <param name="store">The subjects' store.</param>
/// <param name="time">The clock of the annotation that says when evidence was attached.</param>
/// <remarks>Spec: cosign 3, bundle format; OCI image-spec 1.1, "Guidelines for Artifact Usage".</remarks>
public sealed class EvidenceStore(OciStore store, TimeProvider time)
{
    /// <summary>The annotation that says what kind of content the bundle has.</summary>
    public const string ContentAnnotation = "dev.sigstore.bundle.content";

    /// <summary>The annotation that says the type of the predicate in the bundle.</summary>
    public const string PredicateTypeAnnotation = "dev.sigstore.bundle.predicateType";

    private const string CreatedAnnotation = "org.opencontainers.image.created";
    private const int RequestsAtOnce = 8;

    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

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
        var manifest = new ImageManifest(
            OciMediaTypes.ImageManifest,
            OciMediaTypes.SigstoreBundle,
            config with
            {
                ArtifactType = OciMediaTypes.SigstoreBundle,
            },
            [layer],
            subject.Bare(),
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [ContentAnnotation] = "dsse-envelope",
                [PredicateTypeAnnotation] = predicateType,
                [CreatedAnnotation] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            }
        );
        return await store.PushManifestAsync(manifest.ToUtf8Bytes(), null, cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads every bundle that is beside a subject.</summary>
    /// <remarks>
    /// What a list says of a referrer decides nothing: each manifest is fetched, and must itself name the subject and hold one bundle. A manifest
    /// that does not is reported as skipped; a store that fails is an exception, so that evidence is never overlooked for want of an answer.
    /// </remarks>
    /// <exception cref="IOException">The store failed, or handed over other content than its digests say.</exception>
    /// <exception cref="MalformedDataException">The list of referrers cannot be read, or is too long.</exception>
    public async Task<EvidenceListing> ListBundlesAsync(Digest subject, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var referrers = await store.ListReferrersAsync(subject, cancellation).ConfigureAwait(false);
        var candidates = await MapAsync(referrers, (r, token) => InspectAsync(r, subject, token), cancellation).ConfigureAwait(false);
        // The budget is spent in the list's order, so that the same list always gives the same answer.
        var budget = OciLimits.EvidenceBytes;
        for (var i = 0; i < candidates.Length; i++)
        {
            if (candidates[i].Layer is { } layer)
            {
                var cost = referrers[i].Size + layer.Size;
                candidates[i] =
                    cost <= budget
                        ? candidates[i]
                        : Candidate.Skip($"all evidence of one subject may have {OciLimits.EvidenceBytes} bytes, and this would be more");
                budget -= cost <= budget ? cost : 0;
            }
        }
        var contents = await MapAsync(candidates, FetchAsync, cancellation).ConfigureAwait(false);
        var bundles = new List<StoredBundle>();
        var skipped = new List<SkippedReferrer>();
        for (var i = 0; i < candidates.Length; i++)
        {
            var (bytes, reason) = contents[i];
            if (bytes is not null)
            {
                bundles.Add(new StoredBundle(referrers[i].Digest, candidates[i].Layer!.MediaType, bytes, candidates[i].Annotations));
            }
            else
            {
                skipped.Add(new SkippedReferrer(referrers[i], reason!));
            }
        }
        return new EvidenceListing(bundles, skipped);
    }

    private async Task<Candidate> InspectAsync(Descriptor referrer, Digest subject, CancellationToken cancellation)
    {
        if (!OciMediaTypes.IsImageManifest(referrer.MediaType))
        {
            return Candidate.Skip($"its type '{referrer.MediaType}' is not that of an image manifest");
        }
        if (referrer.Size > OciLimits.ReferrerManifestBytes)
        {
            return Candidate.Skip($"its manifest has {referrer.Size} bytes; at most {OciLimits.ReferrerManifestBytes} are read");
        }
        ImageManifest manifest;
        try
        {
            var stored = await store.FindManifestAsync(referrer.Digest, cancellation).ConfigureAwait(false);
            if (stored is null)
            {
                return Candidate.Skip("it is listed, but the store does not have it");
            }
            if (stored.Descriptor.Size != referrer.Size)
            {
                return Candidate.Skip($"its manifest has {stored.Descriptor.Size} bytes, not the {referrer.Size} listed");
            }
            manifest = stored.ToImageManifest();
        }
        catch (MalformedDataException e)
        {
            return Candidate.Skip(e.Message);
        }
        if (manifest.Subject is null || !manifest.Subject.Digest.Equals(subject))
        {
            return Candidate.Skip($"its own subject is {manifest.Subject?.Digest.ToString() ?? "missing"}, not {subject}");
        }
        var layers = manifest.Layers.Where(l => OciMediaTypes.IsSigstoreBundle(l.MediaType)).ToArray();
        if (layers.Length == 0)
        {
            return Candidate.Skip($"it is '{manifest.EffectiveArtifactType}', not a Sigstore bundle");
        }
        if (manifest.Layers.Count > 1)
        {
            return Candidate.Skip($"it has {manifest.Layers.Count} layers; a bundle is one");
        }
        return layers[0].Size <= Limits.BundleBytes
            ? new Candidate(layers[0], manifest.Annotations, null)
            : Candidate.Skip($"its bundle has {layers[0].Size} bytes; at most {Limits.BundleBytes} are read");
    }

    private async Task<(byte[]? Bytes, string? Reason)> FetchAsync(Candidate candidate, CancellationToken cancellation)
    {
        if (candidate.Layer is null)
        {
            return (null, candidate.Reason);
        }
        try
        {
            return (await store.GetBlobAsync(candidate.Layer, Limits.BundleBytes, cancellation).ConfigureAwait(false), null);
        }
        catch (IOException e) when (e is FileNotFoundException or RegistryException { Status: System.Net.HttpStatusCode.NotFound })
        {
            return (null, "the store does not have its bundle");
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

    /// <summary>A referrer with one bundle, or the reason why it has none.</summary>
    private sealed record Candidate(Descriptor? Layer, IReadOnlyDictionary<string, string> Annotations, string? Reason)
    {
        internal static Candidate Skip(string reason) => new(null, Descriptor.NoAnnotations, reason);
    }
}
