using System.Collections.Concurrent;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>Reads the evidence on subjects in a store, with bounded memory.</summary>
/// <param name="store">The subjects' store.</param>
internal sealed class EvidenceReader(OciStore store)
{
    private const int RequestsAtOnce = 8;

    // By the digest that was checked, so that it cannot be another's; what could not be had is asked for again.
    private readonly ConcurrentDictionary<Digest, byte[]> _fetched = [];
    private long _fetchedBytes;

    /// <summary>Reads all evidence that is beside a subject.</summary>
    /// <param name="subject">The subject's digest.</param>
    /// <param name="places">Where to look.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal async Task<EvidenceListing> ListAsync(Digest subject, EvidencePlaces places, CancellationToken cancellation)
    {
        string?[] suffixes =
        [
            places.HasFlag(EvidencePlaces.SignatureTag) ? LegacyTags.Signatures : null,
            places.HasFlag(EvidencePlaces.AttestationTag) ? LegacyTags.Attestations : null,
        ];
        var tagged = suffixes.OfType<string>().Select(s => InspectTagAsync(LegacyTags.Tag(subject, s), cancellation)).ToArray();
        var referrers = places.HasFlag(EvidencePlaces.Referrers)
            ? await store.ListReferrersAsync(subject, cancellation).ConfigureAwait(false)
            : [];
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

    private static EvidenceListing Assemble(EvidenceCandidate[] candidates, Dictionary<Digest, byte[]?> contents)
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
                        OtherType = candidate.OtherType,
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

    /// <summary>A referrer of the list.</summary>
    /// <param name="Referrer">Its manifest.</param>
    /// <param name="IsWithin">Whether that is fetched.</param>
    private sealed record Listed(Descriptor Referrer, bool IsWithin);

    /// <summary>Which manifests are fetched: the first ones of the list, as many as are kept in memory together.</summary>
    private static List<Listed> Within(IReadOnlyList<Descriptor> referrers)
    {
        var budget = OciLimits.ReferrerManifestsBytes;
        var list = new List<Listed>(referrers.Count);
        foreach (var referrer in referrers)
        {
            var isWithin = referrer.Size <= budget;
            budget -= isWithin && referrer.Size <= OciLimits.ReferrerManifestBytes ? referrer.Size : 0;
            list.Add(new Listed(referrer, isWithin));
        }
        return list;
    }

    private async Task<IReadOnlyList<EvidenceCandidate>> InspectAsync(
        Descriptor referrer,
        bool isWithin,
        Digest subject,
        CancellationToken cancellation
    )
    {
        var none = new EvidenceCandidate(referrer);
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
        return EvidenceCandidate.Of(referrer, manifest, subject);
    }

    private async Task<IReadOnlyList<EvidenceCandidate>> InspectTagAsync(string tag, CancellationToken cancellation)
    {
        var stored = await store.FindManifestAsync(tag, cancellation).ConfigureAwait(false);
        if (stored is null)
        {
            return [];
        }
        try
        {
            return EvidenceCandidate.Legacy(stored.Descriptor, stored.ToImageManifest(), tag);
        }
        catch (MalformedDataException e)
        {
            return [new EvidenceCandidate(stored.Descriptor).Skip($"under the tag '{tag}': {e.Message}")];
        }
    }

    /// <summary>The content of each layer, each fetched once; null where the store does not have it.</summary>
    private async Task<Dictionary<Digest, byte[]?>> FetchAllAsync(EvidenceCandidate[] candidates, CancellationToken cancellation)
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
        if (items.Count <= 1)
        {
            // The usual case, without what makes others wait: that is compiled at run time.
            return items.Count == 0 ? [] : [await map(items[0], cancellation).ConfigureAwait(false)];
        }
        var results = new TResult[items.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellation };
        await Parallel
            .ForAsync(0, items.Count, options, async (i, token) => results[i] = await map(items[i], token).ConfigureAwait(false))
            .ConfigureAwait(false);
        return results;
    }
}
