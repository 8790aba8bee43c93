using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>An OCI image layout: a directory of blobs named by their digests, and an index of the manifests among them.</summary>
/// <remarks>
/// Spec: OCI image-spec 1.1, "OCI Image Layout Specification". A referrer is a manifest with a subject that the index lists without a tag, as
/// oras keeps it. No symbolic link below the directory is followed. Blobs and index are each replaced as a whole, and several processes may
/// write to one layout.
/// </remarks>
public sealed class ImageLayout : OciStore
{
    private const string LayoutFile = "oci-layout";
    private const string LayoutFormat = "OCI image layout";
    private const int LayoutFileBytes = 64 << 10;

    private readonly FileTree _tree;
    private readonly LayoutIndex _index;

    private ImageLayout(FileTree tree)
    {
        _tree = tree;
        _index = new LayoutIndex(tree);
    }

    /// <inheritdoc/>
    public override string Name => $"oci-layout:{_tree.Path}";

    /// <summary>Opens a layout.</summary>
    /// <exception cref="IOException">The directory does not exist or is no layout.</exception>
    /// <exception cref="MalformedDataException">The layout is of a version not known here.</exception>
    public static ImageLayout Open(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var tree = FileTree.Open(directory);
        try
        {
            CheckVersion(tree, directory);
            return new ImageLayout(tree);
        }
        catch
        {
            tree.Dispose();
            throw;
        }
    }

    /// <summary>Opens a layout, and makes an empty one where the directory is empty or does not exist.</summary>
    /// <exception cref="IOException">The directory holds something else, or cannot be written.</exception>
    public static async Task<ImageLayout> CreateAsync(string directory, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        if (!File.Exists(Path.Join(directory, LayoutFile)))
        {
            if (Directory.EnumerateFileSystemEntries(directory).Any())
            {
                throw new IOException($"'{directory}' is neither empty nor an OCI image layout");
            }
            Directory.CreateDirectory(Path.Join(directory, "blobs", DigestAlgorithm.Sha256.Name));
            using (var tree = FileTree.Open(directory))
            {
                await new LayoutIndex(tree).CreateAsync(cancellation).ConfigureAwait(false);
            }
            // Last: what has this file is a layout.
            await DurableFile
                .WriteAsync(
                    Path.Join(directory, LayoutFile),
                    stream => stream.WriteAsync("{\"imageLayoutVersion\":\"1.0.0\"}"u8.ToArray(), cancellation).AsTask(),
                    cancellation
                )
                .ConfigureAwait(false);
        }
        return Open(directory);
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(string? tag, CancellationToken cancellation = default)
    {
        if (tag is not null)
        {
            OciReference.CheckTag(tag);
        }
        var entries = _index.Read().Manifests;
        var descriptor = tag is null ? Sole(entries) : Tagged(entries, tag);
        return Task.FromResult(descriptor is null ? null : (StoredManifest?)ReadManifest(descriptor));
    }

    /// <inheritdoc/>
    public override Task<StoredManifest?> FindManifestAsync(Digest digest, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(digest);
        var entry = _index.Read().Manifests.FirstOrDefault(m => m.Digest.Equals(digest));
        return Task.FromResult(entry is null ? FindUnlisted(digest) : ReadManifest(entry));
    }

    /// <inheritdoc/>
    public override Task<bool> BlobExistsAsync(Descriptor blob, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        using var file = TryOpen(blob.Digest);
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
        var file = TryOpen(blob.Digest) ?? throw NotFound("blob", $"digest {blob.Digest}");
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
    public override async Task PushBlobAsync(Descriptor blob, Stream content, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(content);
        if (await BlobExistsAsync(blob, cancellation).ConfigureAwait(false))
        {
            return;
        }
        await DurableFile
            .WriteAsync(PreparePath(blob.Digest), stream => CopyAsync(blob, content, stream, cancellation), cancellation)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>Reads the manifests that the index lists, and those below an index under the subject's referrers tag, as regclient keeps them.</remarks>
    public override Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Digest subject, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var referrers = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        var tag = ReferrersTag(subject);
        foreach (var entry in _index.Read().Manifests)
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
            if (manifest.IsIndex && entry.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation) == tag)
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

    private protected override async Task PushBlobCoreAsync(Descriptor blob, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        using var stream = new ReadOnlyMemoryStream(content);
        await PushBlobAsync(blob, stream, cancellation).ConfigureAwait(false);
    }

    private protected override async Task PushManifestCoreAsync(StoredManifest manifest, string? tag, CancellationToken cancellation)
    {
        // The blob first: the index must never name what is not there yet.
        await PushBlobCoreAsync(manifest.Descriptor, manifest.Bytes, cancellation).ConfigureAwait(false);
        await _index.AddAsync(ReferrerEntry.Of(manifest), tag, cancellation).ConfigureAwait(false);
    }

    private protected override IOException NotFound(string kind, string? which)
    {
        var tags = kind == "manifest" ? Tags(_index.Read().Manifests) : "";
        return new FileNotFoundException(
            $"there is no {kind}{(which is null ? "" : $" with {which}")} in {Name}{(tags.Length > 0 ? $"; its tags are {tags}" : "")}"
        );
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tree.Dispose();
        }
        base.Dispose(disposing);
    }

    private static void CheckVersion(FileTree tree, string directory)
    {
        byte[]? bytes;
        try
        {
            bytes = LayoutIndex.ReadFile(tree, LayoutFile, LayoutFileBytes, LayoutFormat);
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"'{directory}' is not an OCI image layout: it has no file '{LayoutFile}'", e);
        }
        var json = StrictJson.Parse(bytes, LayoutFormat, LayoutFileBytes);
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(LayoutFormat, LayoutFile, "an object is expected");
        }
        var version = StrictJson.RequiredString(json, "imageLayoutVersion", LayoutFormat, LayoutFile);
        if (version != "1.0.0")
        {
            throw new MalformedDataException(LayoutFormat, LayoutFile, $"version 1.0.0 is expected, not '{Text.Clean(version, 40)}'");
        }
    }

    private static Descriptor? Tagged(IReadOnlyList<Descriptor> entries, string tag)
    {
        var found = entries.Where(e => e.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation) == tag).ToArray();
        return found.All(f => f.Digest.Equals(found[0].Digest))
            ? found.FirstOrDefault()
            : throw new MalformedDataException(LayoutFormat, "index.json", $"the tag '{tag}' is on {found.Length} manifests");
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
            .Where(e => ReadManifest(e).Subject is null)
            .Where(e => e.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation) is not { } tag || !IsReferrersTag(tag))
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

    private static bool IsReferrersTag(string tag) =>
        DigestAlgorithm.All.Any(a => tag.StartsWith($"{a.Name}-", StringComparison.Ordinal) && tag.Length == a.Name.Length + 65);

    private static string Tags(IReadOnlyList<Descriptor> entries)
    {
        const int Shown = 20;
        var tags = entries
            .Select(e => e.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation))
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Order(CodePointOrder.Instance)
            .ToArray();
        var list = string.Join(", ", tags.Take(Shown).Select(t => Text.Clean(t, 128)));
        return tags.Length > Shown ? $"{list} and {tags.Length - Shown} more" : list;
    }

    private StoredManifest ReadManifest(Descriptor entry)
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

    private byte[]? ReadBlob(Digest digest)
    {
        using var file = TryOpen(digest);
        if (file is null)
        {
            return null;
        }
        var bytes = LayoutIndex.ReadAll(file, Limits.OciManifestBytes, $"manifest {digest}");
        var actual = digest.Algorithm.Hash(bytes);
        return actual.Equals(digest) ? bytes : throw Mismatch("manifest", digest, actual);
    }

    private FileStream? TryOpen(Digest digest)
    {
        try
        {
            return _tree.OpenRead($"blobs/{digest.Algorithm}/{digest.Hex}");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private string PreparePath(Digest digest)
    {
        var directory = _tree.Path;
        foreach (var part in (ReadOnlySpan<string>)["blobs", digest.Algorithm.Name])
        {
            directory = Path.Join(directory, part);
            var info = Directory.CreateDirectory(directory);
            if (info.LinkTarget is not null)
            {
                throw new IOException($"'{directory}' is a symbolic link; links are not followed");
            }
        }
        return Path.Join(directory, digest.Hex);
    }

    private async Task CopyAsync(Descriptor blob, Stream source, Stream destination, CancellationToken cancellation)
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
}
