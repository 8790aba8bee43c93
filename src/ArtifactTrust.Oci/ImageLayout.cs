using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>An OCI image layout: a directory of blobs named by their digests, and an index of the manifests among them.</summary>
/// <remarks>
/// Spec: OCI image-spec 1.1, "OCI Image Layout Specification". A referrer is a manifest with a subject that the index lists without a tag, as
/// oras keeps it. No symbolic link below the directory is followed. Blobs and index are each replaced as a whole, and several processes may
/// write to one layout.
/// </remarks>
public sealed class ImageLayout : LayoutStore
{
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

    /// <summary>
    /// Opens a layout to write to it, and makes an empty one where the directory is empty or does not exist, or was to become one when a process was
    /// killed or the disk was full. What such processes left there half written is removed.
    /// </summary>
    /// <exception cref="IOException">The directory holds something else, or cannot be written.</exception>
    public static async Task<ImageLayout> CreateAsync(string directory, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Directory.CreateDirectory(directory);
        if (!File.Exists(Path.Join(directory, LayoutFile)))
        {
            if (!IsBegun(directory))
            {
                throw new IOException($"'{directory}' is neither empty nor an OCI image layout");
            }
            Directory.CreateDirectory(Path.Join(directory, "blobs", DigestAlgorithm.Sha256.Name));
            using (var tree = FileTree.Open(directory))
            {
                new LayoutIndex(tree).Create();
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
        var blobs = new DirectoryInfo(Path.Join(directory, "blobs"));
        foreach (var written in blobs.Exists ? blobs.GetDirectories().Select(d => d.FullName).Prepend(directory) : [])
        {
            DurableFile.RemoveLeftovers(written);
        }
        return Open(directory);
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

    private protected override IEnumerable<Digest> ListBlobs()
    {
        var names = Directory
            .EnumerateFiles(Path.Join(_tree.Path, "blobs", DigestAlgorithm.Sha256.Name))
            .Select(Path.GetFileName)
            .Where(n => n!.Length == 64 && n.All(char.IsAsciiHexDigitLower))
            .Take(OciLimits.SavedBlobs + 1)
            .Order(StringComparer.Ordinal)
            .ToArray();
        return names.Length <= OciLimits.SavedBlobs
            ? names.Select(n => Digest.FromHex(DigestAlgorithm.Sha256, n!))
            : throw new MalformedDataException(
                FormatName,
                "blobs",
                $"more than {OciLimits.SavedBlobs} blobs, which the index does not list"
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

    /// <summary>Whether a directory holds nothing, or nothing but what the making of a layout leaves that ended before its last step.</summary>
    private static bool IsBegun(string directory)
    {
        var hasBlobs = Directory.Exists(Path.Join(directory, "blobs", DigestAlgorithm.Sha256.Name));
        return Directory
            .EnumerateFileSystemEntries(directory, "*", SearchOption.AllDirectories)
            .Select(e => Path.GetRelativePath(directory, e).Replace('\\', '/'))
            .All(e =>
                e is "blobs" or "blobs/sha256"
                || (e == LayoutIndex.FileName && hasBlobs)
                || (e.StartsWith(".artifact-trust-", StringComparison.Ordinal) && e.EndsWith(".tmp", StringComparison.Ordinal))
            );
    }

    private static void CheckVersion(FileTree tree, string directory)
    {
        byte[]? bytes;
        try
        {
            bytes = LayoutIndex.ReadFile(tree, LayoutFile, LayoutFileBytes, FormatName);
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"'{directory}' is not an OCI image layout: it has no file '{LayoutFile}'", e);
        }
        CheckVersion(bytes);
    }

    private protected override ImageIndex ReadIndex() => _index.Read();

    /// <inheritdoc/>
    internal override Task UpdateTagAsync(string tag, TagContent content, CancellationToken cancellation) =>
        _index.UpdateAsync(
            async entries =>
            {
                var current = Tagged(entries, tag) is { } entry ? ReadManifest(entry) : null;
                var merged = await content.MergeAsync(current, cancellation).ConfigureAwait(false);
                if (merged is null)
                {
                    return null;
                }
                await PushBlobCoreAsync(merged.Descriptor, merged.Bytes, cancellation).ConfigureAwait(false);
                return ReferrerEntry.Of(merged);
            },
            tag,
            cancellation
        );

    internal override Task StoreUnlistedAsync(StoredManifest manifest, CancellationToken cancellation) =>
        PushBlobCoreAsync(manifest.Descriptor, manifest.Bytes, cancellation);

    internal override async Task<BlobTransfer> CopyBlobFromAsync(OciStore source, Descriptor blob, CancellationToken cancellation)
    {
        if (await BlobExistsAsync(blob, cancellation).ConfigureAwait(false))
        {
            return BlobTransfer.Present;
        }
        // The source checks size and digest.
        await DurableFile
            .WriteAsync(PreparePath(blob.Digest), stream => source.CopyBlobAsync(blob, stream, cancellation), cancellation)
            .ConfigureAwait(false);
        return BlobTransfer.Copied;
    }

    private protected override Stream? TryOpenBlob(Digest digest)
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
}
