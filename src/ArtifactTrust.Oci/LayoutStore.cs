using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A store of the shape of an OCI image layout: an index of manifests, and blobs by their digests.</summary>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Image Layout Specification".</remarks>
public abstract class LayoutStore : OciStore
{
    private protected const string FormatName = "OCI image layout";
    private protected const string LayoutFile = "oci-layout";
    private protected const int LayoutFileBytes = 64 << 10;

    private protected LayoutStore() { }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(string? tag, CancellationToken cancellation = default)
    {
        if (tag is not null)
        {
            OciReference.CheckTag(tag);
        }
        var entries = ReadIndex().Manifests;
        var descriptor = tag is null ? Sole(entries) : Tagged(entries, tag) ?? SavedImage.Find(entries, tag);
        return Task.FromResult(descriptor is null ? null : (StoredManifest?)ReadManifest(descriptor));
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(Digest digest, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(digest);
        var entry = ReadIndex().Manifests.FirstOrDefault(m => m.Digest.Equals(digest));
        return Task.FromResult(entry is null ? FindUnlisted(digest) : ReadManifest(entry));
    }

    /// <inheritdoc/>
    public override Task<bool> BlobExistsAsync(Descriptor blob, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        using var file = TryOpenBlob(blob.Digest);
        if (file is null)
        {
            return Task.FromResult(false);
        }
        return file.Length == blob.Size
            ? Task.FromResult(true)
            : throw Mismatch("blob", blob.Digest, $"its content has {file.Length} bytes, not {blob.Size}");
    }

    /// <inheritdoc/>
    public override async Task CopyBlobAsync(Descriptor blob, Stream destination, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(destination);
        var file = TryOpenBlob(blob.Digest) ?? throw NotFound("blob", $"digest {blob.Digest}");
        await using (file.ConfigureAwait(false))
        {
            if (file.Length != blob.Size)
            {
                throw Mismatch("blob", blob.Digest, $"its content has {file.Length} bytes, not {blob.Size}");
            }
            await CopyAsync(blob, file, destination, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Reads the manifests that the index lists, and those below an index under the subject's referrers tag, as regclient keeps them.</remarks>
    public override Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var referrers = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        var tag = ReferrersTag(subject);
        var entries = ReadIndex().Manifests;
        foreach (var manifest in SavedImage.Is(entries) ? FindUnlisted(subject, cancellation) : [])
        {
            referrers.TryAdd(manifest.Descriptor.Digest.ToString(), ReferrerEntry.Of(manifest));
        }
        foreach (var entry in entries)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!OciMediaTypes.IsImageManifest(entry.MediaType) && !OciMediaTypes.IsImageIndex(entry.MediaType))
            {
                continue;
            }
            var manifest = ReadManifest(entry);
            if (manifest.Subject is { } about && about.Digest.Equals(subject))
            {
                referrers.TryAdd(entry.Digest.ToString(), ReferrerEntry.Of(manifest));
            }
            if (manifest.IsIndex && TagOf(entry) == tag)
            {
                foreach (var listed in manifest.ToImageIndex().Manifests)
                {
                    referrers.TryAdd(listed.Digest.ToString(), listed);
                }
            }
        }
        return referrers.Count <= OciLimits.IndexManifests
            ? Task.FromResult<IReadOnlyList<Descriptor>>([.. referrers.Values])
            : throw new MalformedDataException("list of referrers", Name, $"more than {OciLimits.IndexManifests} referrers");
    }

    private protected override IOException NotFound(string kind, string? which)
    {
        var tags = kind == "manifest" ? Tags(ReadIndex().Manifests) : "";
        return new FileNotFoundException(
            $"there is no {kind}{(which is null ? "" : $" with {which}")} in {Name}{(tags.Length > 0 ? $"; its tags are {tags}" : "")}"
        );
    }

    private protected static Descriptor? Tagged(IReadOnlyList<Descriptor> entries, string tag)
    {
        var found = entries.Where(e => TagOf(e) == tag).ToArray();
        return found.All(f => f.Digest.Equals(found[0].Digest))
            ? found.FirstOrDefault()
            : throw new MalformedDataException(FormatName, "index.json", $"the tag '{tag}' is on {found.Length} manifests");
    }

    /// <summary>The one manifest that is not about another.</summary>
    private Descriptor? Sole(IReadOnlyList<Descriptor> entries)
    {
        if (entries.Count <= 1)
        {
            return entries.Count == 0 ? null : entries[0];
        }
        var roots = entries
            .Where(e => OciMediaTypes.IsImageManifest(e.MediaType) || OciMediaTypes.IsImageIndex(e.MediaType))
            .Where(e => !SavedImage.IsEvidence(e) && !HasEvidenceTag(e) && ReadManifest(e).Subject is null)
            .DistinctBy(e => e.Digest)
            .ToArray();
        if (roots.Length == 1)
        {
            return roots[0];
        }
        var tags = Tags(entries);
        throw new IOException(
            $"{Name} holds {roots.Length} manifests; name one by its digest{(tags.Length > 0 ? $" or its tag: {tags}" : "")}"
        );
    }

    private static string? TagOf(Descriptor entry) => entry.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation);

    /// <summary>Whether the tag is made of another manifest's digest: that of its referrers, or one of cosign's.</summary>
    private static bool HasEvidenceTag(Descriptor entry) => TagOf(entry) is { } tag && (IsReferrersTag(tag) || LegacyTags.IsTag(tag));

    private static string Tags(IReadOnlyList<Descriptor> entries)
    {
        const int Shown = 20;
        var tags = entries
            .Where(e => !HasEvidenceTag(e))
            .Select(TagOf)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Order(CodePointOrder.Instance)
            .ToArray();
        var list = string.Join(", ", tags.Take(Shown).Select(t => Text.Clean(t, 128)));
        return tags.Length > Shown ? $"{list} and {tags.Length - Shown} more" : list;
    }

    private protected StoredManifest ReadManifest(Descriptor entry)
    {
        StrictJson.CheckLength(entry.Size, $"manifest {entry.Digest}", Limits.OciManifestBytes);
        var bytes =
            ReadBlob(entry.Digest) ?? throw new FileNotFoundException($"the index of {Name} lists {entry.Digest}, but its blob is missing");
        return bytes.Length == entry.Size
            ? StoredManifest.Create(entry.Digest, bytes, entry.MediaType)
            : throw Mismatch("manifest", entry.Digest, $"its content has {bytes.Length} bytes, not {entry.Size}");
    }

    /// <summary>A manifest that only another one lists, as a platform's is by its image's index.</summary>
    private StoredManifest? FindUnlisted(Digest digest) =>
        ReadBlob(digest) is { } bytes ? StoredManifest.Create(digest, bytes, null) : null;

    /// <summary>Manifests about a subject among the blobs, which the index does not list.</summary>
    private IEnumerable<StoredManifest> FindUnlisted(Digest subject, CancellationToken cancellation)
    {
        foreach (var digest in ListBlobs())
        {
            cancellation.ThrowIfCancellationRequested();
            using (var file = TryOpenBlob(digest))
            {
                if (file is null || file.Length > OciLimits.ReferrerManifestBytes || file.ReadByte() != '{')
                {
                    continue;
                }
            }
            StoredManifest? manifest;
            try
            {
                manifest = FindUnlisted(digest);
            }
            catch (MalformedDataException)
            {
                // A configuration, a bundle, or some other JSON.
                continue;
            }
            if (manifest?.Subject is { } about && about.Digest.Equals(subject))
            {
                yield return manifest;
            }
        }
    }

    private byte[]? ReadBlob(Digest digest)
    {
        using var file = TryOpenBlob(digest);
        if (file is null)
        {
            return null;
        }
        var bytes = LayoutIndex.ReadAll(file, Limits.OciManifestBytes, $"manifest {digest}");
        var actual = digest.Algorithm.Hash(bytes);
        return actual.Equals(digest) ? bytes : throw Mismatch("manifest", digest, actual);
    }

    private protected async Task CopyAsync(Descriptor blob, Stream source, Stream destination, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(blob.Digest.Algorithm.BclName);
        var buffer = ArrayPool<byte>.Shared.Rent(256 << 10);
        var written = 0L;
        try
        {
            for (int read; (read = await source.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0; written += read)
            {
                if (read > blob.Size - written)
                {
                    throw Mismatch("blob", blob.Digest, $"its content has more than {blob.Size} bytes");
                }
                hash.AppendData(buffer, 0, read);
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        CheckDigest("blob", blob, hash, written);
    }

    /// <summary>The images and artifacts that the store was made of: what has a tag or stands for itself, without what is about others.</summary>
    /// <exception cref="MalformedDataException">A manifest cannot be read.</exception>
    public IReadOnlyList<ArchivedImage> ListImages()
    {
        var images = new List<ArchivedImage>();
        foreach (
            var entry in ReadIndex()
                .Manifests.Where(e => OciMediaTypes.IsImageManifest(e.MediaType) || OciMediaTypes.IsImageIndex(e.MediaType))
        )
        {
            var name = entry.Annotations.GetValueOrDefault(ArchivedImage.NameAnnotation);
            var tag = TagOf(entry);
            var isEvidence = tag is null
                ? SavedImage.IsEvidence(entry) || (name is null && ReadManifest(entry).Subject is not null)
                : HasEvidenceTag(entry);
            if (!isEvidence)
            {
                images.Add(new ArchivedImage(name, tag, entry.Bare()));
            }
        }
        return images;
    }

    private protected static void CheckVersion(byte[] layoutFile)
    {
        var json = StrictJson.Parse(layoutFile, FormatName, LayoutFileBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, LayoutFile, "an object is expected");
        }
        var version = StrictJson.RequiredString(json, "imageLayoutVersion", FormatName, LayoutFile);
        if (version != "1.0.0")
        {
            throw new MalformedDataException(FormatName, LayoutFile, $"version 1.0.0 is expected, not '{Text.Clean(version, 40)}'");
        }
    }

    /// <summary>The index as it is now.</summary>
    private protected abstract ImageIndex ReadIndex();

    /// <summary>The digests of the blobs that are there, so far as the store can say without an index; at most as many as are looked at.</summary>
    private protected virtual IEnumerable<Digest> ListBlobs() => [];

    /// <summary>A blob's content, its digest not checked; null where it is not there.</summary>
    private protected abstract Stream? TryOpenBlob(Digest digest);
}
