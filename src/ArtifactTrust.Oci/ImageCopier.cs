using System.Collections.Concurrent;
using System.Net;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>What a copy moved.</summary>
/// <param name="Root">The manifest that was asked for.</param>
/// <param name="Manifests">All manifests that are at the destination now, the root, its parts and all that is about them, in the order stored.</param>
/// <param name="Evidence">Those of them that are about others: referrers, and cosign's tags.</param>
/// <param name="BlobsCopied">Blobs fetched and stored.</param>
/// <param name="BlobsMounted">Blobs that the registry took from another repository of its own.</param>
/// <param name="BlobsPresent">Blobs that were there already.</param>
/// <param name="BytesCopied">The size of the blobs fetched and stored.</param>
/// <param name="Notes">What was left out or done in another way, for people.</param>
public sealed record CopyReport(
    Descriptor Root,
    IReadOnlyList<Digest> Manifests,
    IReadOnlyList<Digest> Evidence,
    int BlobsCopied,
    int BlobsMounted,
    int BlobsPresent,
    long BytesCopied,
    IReadOnlyList<string> Notes
);

/// <summary>
/// Copies an image or artifact with all that belongs to it: every platform of an index, referrers and their referrers, and cosign's legacy tags.
/// </summary>
/// <remarks>
/// Every byte is checked against its digest on the way, and every manifest keeps its own. Evidence that the destination has already stays there.
/// What is there is not moved again, so that a copy that broke goes on where it was. The tag is put last: who sees it sees the evidence too.
/// </remarks>
public sealed class ImageCopier
{
    private readonly OciStore _source;
    private readonly OciStore _destination;
    private readonly int _atOnce;
    private readonly IProgress<long>? _progress;
    private readonly ConcurrentQueue<string> _notes = new();

    /// <summary>A copier between two stores.</summary>
    /// <param name="source">Where from.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="atOnce">How many blobs are moved at once.</param>
    /// <param name="progress">Is told the bytes moved, blob by blob.</param>
    public ImageCopier(OciStore source, OciStore destination, int atOnce = 6, IProgress<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfLessThan(atOnce, 1);
        _source = source;
        _destination = destination;
        _atOnce = atOnce;
        _progress = progress;
    }

    /// <summary>Copies one manifest with all that belongs to it.</summary>
    /// <param name="root">The manifest, from the source.</param>
    /// <param name="tag">The tag to put on it at the destination; null for none.</param>
    /// <param name="evidence">Whether referrers and cosign's tags are copied too.</param>
    /// <param name="cancellation">Stops the work; a later copy goes on from there.</param>
    /// <exception cref="IOException">A store failed, something that a manifest names is missing, or content is not what its digest says.</exception>
    /// <exception cref="MalformedDataException">A manifest or a list cannot be read, or there are more of them than accepted.</exception>
    public async Task<CopyReport> CopyAsync(
        StoredManifest root,
        string? tag,
        bool evidence = true,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(root);
        var plan = new Plan();
        await AddAsync(plan, root, null, null, 0, cancellation).ConfigureAwait(false);
        if (evidence)
        {
            // The list grows while it is walked: what is about a referrer is evidence as well.
            for (var i = 0; i < plan.Items.Count; i++)
            {
                await AddEvidenceAsync(plan, plan.Items[i], cancellation).ConfigureAwait(false);
            }
        }
        await CopyBlobsAsync(plan, cancellation).ConfigureAwait(false);
        // Parts before what lists them, subjects before their referrers; the tag last.
        foreach (var item in plan.Items.Where(i => i.About is null).OrderByDescending(i => i.Depth))
        {
            // A part that is about something is its referrer at the destination too.
            await (
                item.Manifest.Subject is null
                    ? _destination.StoreUnlistedAsync(item.Manifest, cancellation)
                    : _destination.PushManifestAsync(item.Manifest, null, cancellation)
            ).ConfigureAwait(false);
        }
        var options = new ParallelOptions { MaxDegreeOfParallelism = _destination.WritersAtOnce, CancellationToken = cancellation };
        foreach (var level in plan.Items.Where(i => i.About is not null).GroupBy(i => i.Depth).OrderBy(g => g.Key))
        {
            await Parallel
                .ForEachAsync(level, options, async (item, token) => await StoreEvidenceAsync(item, token).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        await _destination.PushManifestAsync(root, tag, cancellation).ConfigureAwait(false);
        return Report(plan, root);
    }

    private async Task AddAsync(
        Plan plan,
        StoredManifest manifest,
        Digest? about,
        string? suffix,
        int depth,
        CancellationToken cancellation
    )
    {
        if (!plan.Add(new Item(manifest, about, suffix, depth)))
        {
            return;
        }
        if (depth > OciLimits.CopyDepth)
        {
            throw new MalformedDataException("OCI index", manifest.Descriptor.Digest.ToString(), $"more than {OciLimits.CopyDepth} levels");
        }
        if (!manifest.IsIndex)
        {
            var image = manifest.ToImageManifest();
            foreach (var blob in image.Layers.Prepend(image.Config))
            {
                plan.Blobs.TryAdd(blob.Digest, blob);
            }
            return;
        }
        foreach (var part in manifest.ToImageIndex().Manifests)
        {
            if (!OciMediaTypes.IsImageManifest(part.MediaType) && !OciMediaTypes.IsImageIndex(part.MediaType))
            {
                plan.Blobs.TryAdd(part.Digest, part);
                continue;
            }
            var stored = await _source.GetManifestAsync(part.Digest, cancellation).ConfigureAwait(false);
            if (stored.Descriptor.Size != part.Size)
            {
                throw new ContentMismatchException(
                    $"manifest {part.Digest} in {_source.Name}",
                    part.Digest,
                    $"it has {stored.Descriptor.Size} bytes, not the {part.Size} that the index lists"
                );
            }
            // A part of a referrer is stored with it, and is not evidence by itself.
            await AddAsync(plan, stored, null, null, depth + 1, cancellation).ConfigureAwait(false);
        }
    }

    private async Task AddEvidenceAsync(Plan plan, Item item, CancellationToken cancellation)
    {
        if (item.Suffix is LegacyTags.Signatures or LegacyTags.Attestations)
        {
            return;
        }
        var subject = item.Manifest.Descriptor.Digest;
        foreach (var referrer in await _source.ListReferrersAsync(subject, cancellation).ConfigureAwait(false))
        {
            if (!OciMediaTypes.IsImageManifest(referrer.MediaType) && !OciMediaTypes.IsImageIndex(referrer.MediaType))
            {
                _notes.Enqueue($"referrer {referrer.Digest} of {subject} is '{referrer.MediaType}', no manifest; it was left out");
                continue;
            }
            var stored = await _source.FindManifestAsync(referrer.Digest, cancellation).ConfigureAwait(false);
            if (stored is null)
            {
                _notes.Enqueue($"referrer {referrer.Digest} of {subject} is listed, but the source does not have it");
            }
            else if (stored.Subject is { } about && !about.Digest.Equals(subject))
            {
                _notes.Enqueue($"referrer {referrer.Digest} of {subject} says that it is about {about.Digest}; it was left out");
            }
            else
            {
                await AddAsync(plan, stored, subject, null, item.Depth + 1, cancellation).ConfigureAwait(false);
            }
        }
        foreach (var suffix in (string[])[LegacyTags.Signatures, LegacyTags.Attestations, LegacyTags.Sboms])
        {
            var tag = LegacyTags.Tag(subject, suffix);
            if (await _source.FindManifestAsync(tag, cancellation).ConfigureAwait(false) is { } tagged)
            {
                await AddAsync(plan, tagged, subject, suffix, item.Depth + 1, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task CopyBlobsAsync(Plan plan, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = _atOnce, CancellationToken = cancellation };
        await Parallel
            .ForEachAsync(
                plan.Blobs.Values,
                options,
                async (blob, token) =>
                {
                    plan.Count(await CopyBlobAsync(blob, token).ConfigureAwait(false), blob);
                    _progress?.Report(blob.Size);
                }
            )
            .ConfigureAwait(false);
    }

    private async Task<BlobTransfer> CopyBlobAsync(Descriptor blob, CancellationToken cancellation)
    {
        try
        {
            return await _destination.CopyBlobFromAsync(_source, blob, cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
            when (IsForeign(blob.MediaType) && e is FileNotFoundException or RegistryException { Status: HttpStatusCode.NotFound })
        {
            _notes.Enqueue($"layer {blob.Digest} is not distributed with the image ('{blob.MediaType}') and not in {_source.Name}");
            return BlobTransfer.None;
        }
    }

    private async Task StoreEvidenceAsync(Item item, CancellationToken cancellation)
    {
        if (item.Suffix is null)
        {
            await (
                item.Manifest.Subject is null
                    ? _destination.PushUnlinkedReferrerAsync(item.Manifest, item.About!, cancellation)
                    : _destination.PushManifestAsync(item.Manifest, null, cancellation)
            ).ConfigureAwait(false);
            return;
        }
        var tag = LegacyTags.Tag(item.About!, item.Suffix);
        var there = await _destination.FindManifestAsync(tag, cancellation).ConfigureAwait(false);
        if (there is null && (item.Suffix == LegacyTags.Sboms || item.Manifest.IsIndex))
        {
            await _destination.PushManifestAsync(item.Manifest, tag, cancellation).ConfigureAwait(false);
        }
        else if (there?.Descriptor.Digest.Equals(item.Manifest.Descriptor.Digest) != true)
        {
            if (item.Suffix == LegacyTags.Sboms)
            {
                _notes.Enqueue($"{_destination.Name} has another manifest under the tag '{tag}'; it was kept");
                return;
            }
            if (there is null && item.Manifest.Subject is not null)
            {
                await _destination.PushManifestAsync(item.Manifest, null, cancellation).ConfigureAwait(false);
            }
            await LegacyTags.AddAsync(_destination, tag, item.Manifest, cancellation).ConfigureAwait(false);
        }
    }

    private CopyReport Report(Plan plan, StoredManifest root) =>
        new(
            root.Descriptor,
            [.. plan.Items.Select(i => i.Manifest.Descriptor.Digest).Distinct()],
            [.. plan.Items.Where(i => i.About is not null).Select(i => i.Manifest.Descriptor.Digest).Distinct()],
            plan.Copied,
            plan.Mounted,
            plan.Present,
            plan.Bytes,
            [.. _notes]
        );

    /// <remarks>Spec: OCI image-spec 1.1, "Non-Distributable Layers".</remarks>
    private static bool IsForeign(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.", StringComparison.Ordinal)
        || mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.", StringComparison.Ordinal);

    private sealed record Item(StoredManifest Manifest, Digest? About, string? Suffix, int Depth);

    private sealed class Plan
    {
        private readonly HashSet<(Digest, Digest?, string?)> _known = [];
        private int _copied;
        private int _mounted;
        private int _present;
        private long _bytes;

        internal List<Item> Items { get; } = [];

        internal Dictionary<Digest, Descriptor> Blobs { get; } = [];

        internal int Copied => _copied;

        internal int Mounted => _mounted;

        internal int Present => _present;

        internal long Bytes => _bytes;

        internal bool Add(Item item)
        {
            // What does not name its subject itself may be about several: one SBOM under the tags of two platforms.
            var linked = item.Suffix is null && item.Manifest.Subject is not null ? null : item.About;
            if (!_known.Add((item.Manifest.Descriptor.Digest, linked, item.Suffix)))
            {
                return false;
            }
            if (Items.Count == OciLimits.CopyManifests)
            {
                throw new MalformedDataException(
                    "copy",
                    item.Manifest.Descriptor.Digest.ToString(),
                    $"more than {OciLimits.CopyManifests} manifests"
                );
            }
            Items.Add(item);
            return true;
        }

        internal void Count(BlobTransfer transfer, Descriptor blob)
        {
            switch (transfer)
            {
                case BlobTransfer.Copied:
                    Interlocked.Increment(ref _copied);
                    Interlocked.Add(ref _bytes, blob.Size);
                    break;
                case BlobTransfer.Mounted:
                    Interlocked.Increment(ref _mounted);
                    break;
                case BlobTransfer.Present:
                    Interlocked.Increment(ref _present);
                    break;
                default:
                    break;
            }
        }
    }
}
