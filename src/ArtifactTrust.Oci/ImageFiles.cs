using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Oci;

/// <summary>What a container image's configuration says of its layers and of where it runs.</summary>
/// <param name="Platform">Where it runs; null where it does not say.</param>
/// <param name="DiffIds">The digests of the uncompressed layers, base layer first.</param>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Image Configuration".</remarks>
public sealed record ImageConfiguration(Platform? Platform, IReadOnlyList<Digest> DiffIds)
{
    private const string FormatName = "image configuration";

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="MalformedDataException">It is none.</exception>
    public static ImageConfiguration Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, OciLimits.ImageConfigBytes);
        if (json.ValueKind != System.Text.Json.JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is expected");
        }
        var rootfs = StrictJson.RequiredObject(json, "rootfs", FormatName, "$");
        var ids = new List<Digest>();
        foreach (var id in StrictJson.RequiredArray(rootfs, "diff_ids", FormatName, "$.rootfs", OciLimits.Layers).EnumerateArray())
        {
            try
            {
                ids.Add(Digest.Parse(id.ValueKind == System.Text.Json.JsonValueKind.String ? id.GetString()! : ""));
            }
            catch (MalformedDataException e)
            {
                throw new MalformedDataException(FormatName, "$.rootfs.diff_ids", e.Reason, e);
            }
        }
        var os = StrictJson.OptionalString(json, "os", FormatName, "$");
        var architecture = StrictJson.OptionalString(json, "architecture", FormatName, "$");
        var variant = StrictJson.OptionalString(json, "variant", FormatName, "$");
        return new ImageConfiguration(
            os is { Length: > 0 } && architecture is { Length: > 0 }
                ? new Platform(os, architecture, string.IsNullOrEmpty(variant) ? null : variant)
                : null,
            ids
        );
    }
}

/// <summary>The packages of an image.</summary>
/// <param name="Configuration">What its configuration says.</param>
/// <param name="Inventory">The packages.</param>
public sealed record ImagePackages(ImageConfiguration Configuration, PackageInventory Inventory);

/// <summary>Looks at the files of a container image without unpacking it: its layers are streamed, one after the other.</summary>
/// <remarks>
/// Every blob is checked against its digest and every uncompressed layer against its DiffID; nothing is given out before all were. Only wanted
/// files are held, and within <see cref="Limits.ImagePackageBytes"/>. A second pass is made where a link of a wanted name leads to a file that
/// was not wanted by its own.
/// </remarks>
public static class ImageFiles
{
    private static readonly string[] ConfigTypes =
    [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ];

    /// <summary>Finds the packages of an image.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="image">Its manifest.</param>
    /// <param name="search">Which statements about packages count.</param>
    /// <param name="progress">Is told the compressed size of each layer that was read.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">It is no container image, or a layer cannot be read, or is over a limit.</exception>
    /// <exception cref="ContentMismatchException">A layer is not what its digest or its DiffID says.</exception>
    /// <exception cref="IOException">The store cannot be read.</exception>
    public static async Task<ImagePackages> FindPackagesAsync(
        OciStore store,
        ImageManifest image,
        PackageSearch search,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(image);
        var catalog = new PackageCatalog(search);
        if (!ConfigTypes.Contains(image.Config.MediaType))
        {
            throw new MalformedDataException(
                "container image",
                "$.config.mediaType",
                $"'{Text.Clean(image.Config.MediaType, 200)}': this is another artifact than a container image"
            );
        }
        var configuration = ImageConfiguration.Parse(
            await store.GetBlobAsync(image.Config, OciLimits.ImageConfigBytes, cancellation).ConfigureAwait(false)
        );
        if (configuration.DiffIds.Count != image.Layers.Count)
        {
            throw new MalformedDataException(
                "container image",
                "$.layers",
                $"{image.Layers.Count} layers, and {configuration.DiffIds.Count} DiffIDs in its configuration"
            );
        }
        var reader = new ImageReader(store, image, configuration, catalog, cancellation);
        var missing = await reader.ReadAsync([], isLast: false, progress).ConfigureAwait(false);
        if (missing.Count > 0)
        {
            // A new one, since the first has seen files that are handed over once more.
            reader = new ImageReader(store, image, configuration, new PackageCatalog(search), cancellation);
            await reader.ReadAsync(missing, isLast: true, null).ConfigureAwait(false);
        }
        return new ImagePackages(configuration, reader.Catalog.ToInventory());
    }

    private sealed class ImageReader(
        OciStore store,
        ImageManifest image,
        ImageConfiguration configuration,
        PackageCatalog catalog,
        CancellationToken cancellation
    )
    {
        private readonly ImageTree _tree = new();
        private HashSet<string> _extra = [];
        private long _members;
        private long _bytes;

        internal PackageCatalog Catalog => catalog;

        /// <summary>Reads all layers.</summary>
        /// <param name="extra">Files to hold whatever their names, since links lead to them.</param>
        /// <param name="isLast">Whether what is missing then stays missing.</param>
        /// <param name="progress">Told each layer's size.</param>
        /// <returns>Files that links lead to and that were not held.</returns>
        internal async Task<HashSet<string>> ReadAsync(HashSet<string> extra, bool isLast, IProgress<long>? progress)
        {
            _extra = extra;
            for (var i = 0; i < image.Layers.Count; i++)
            {
                await ReadLayerAsync(i).ConfigureAwait(false);
                progress?.Report(image.Layers[i].Size);
            }
            var missing = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (path, file) in _tree.Files(p => catalog.UseOf(p, false), Missing))
            {
                catalog.Add(
                    new PackageFile(path, file.Content, configuration.DiffIds[file.Layer].ToString())
                    {
                        Unreadable = file.Unreadable,
                        Embedded = file.Embedded,
                    }
                );
            }
            return missing;

            void Missing(string path, string target)
            {
                missing.Add(target);
                // What a symbolic link promises need not be there; a hard link is a file.
                if (isLast && _tree.IsHardLink(path))
                {
                    catalog.AddGap(path, "a hard link to a file that is in no layer");
                }
            }
        }

        private async Task ReadLayerAsync(int index)
        {
            var layer = image.Layers[index];
            var blob = store.OpenBlob(layer, cancellation);
            LayerContent content;
            try
            {
                content = await LayerContent.OpenAsync(blob, layer.Size, cancellation).ConfigureAwait(false);
            }
            catch
            {
                await blob.DisposeAsync().ConfigureAwait(false);
                throw;
            }
            await using (content.ConfigureAwait(false))
            {
                if (content.Compression is LayerCompression.Other)
                {
                    catalog.AddGap(configuration.DiffIds[index].ToString(), "a layer whose compression is not read here");
                    await content.FinishAsync(Limits.ImageBytes, cancellation).ConfigureAwait(false);
                    return;
                }
                var tar = new LayerTarReader(content);
                while (await tar.NextAsync(cancellation).ConfigureAwait(false) is { } member)
                {
                    if (++_members > Limits.ImageMembers)
                    {
                        throw new MalformedDataException("container image", "$.layers", $"more than {Limits.ImageMembers} members");
                    }
                    await TakeAsync(tar, member, index).ConfigureAwait(false);
                    if (_bytes + content.BytesRead > Limits.ImageBytes)
                    {
                        throw new MalformedDataException(
                            "container image",
                            "$.layers",
                            $"more than {Limits.ImageBytes} bytes uncompressed"
                        );
                    }
                }
                var actual = await content.FinishAsync(Limits.ImageBytes - _bytes, cancellation).ConfigureAwait(false);
                _bytes += content.BytesRead;
                var expected = configuration.DiffIds[index];
                if (expected.Algorithm != DigestAlgorithm.Sha256)
                {
                    catalog.AddGap(
                        expected.ToString(),
                        "a layer whose uncompressed bytes were not checked, since its DiffID is no SHA-256"
                    );
                }
                else if (!actual.Equals(expected))
                {
                    throw new ContentMismatchException(
                        $"layer {layer.Digest} in {store.Name}",
                        expected,
                        $"uncompressed it has the digest {actual}, not its DiffID"
                    );
                }
            }
        }

        private async Task TakeAsync(LayerTarReader tar, LayerMember member, int layer)
        {
            var path = ImageTree.Normal(member.Name);
            if (path.Length == 0)
            {
                // The root itself.
                return;
            }
            if (_tree.Place(path) is not { } place)
            {
                catalog.AddGap(path, "it lies behind links that lead in a circle");
                return;
            }
            if (ImageTree.IsWhiteout(place))
            {
                _tree.Whiteout(place, layer);
                return;
            }
            switch (member.Kind)
            {
                case LayerMemberKind.Directory:
                    _tree.PutDirectory(place);
                    break;
                case LayerMemberKind.SymbolicLink:
                    _tree.PutLink(place, member.Target, layer);
                    break;
                case LayerMemberKind.HardLink:
                    if (_tree.Place(ImageTree.Normal(member.Target)) is { } target)
                    {
                        _tree.PutHardLink(place, target, UseOf(place, false), layer);
                    }
                    break;
                case LayerMemberKind.File:
                    if (await ReadFileAsync(tar, member, place, layer).ConfigureAwait(false) is { } file)
                    {
                        _tree.PutFile(place, file);
                    }
                    else
                    {
                        _tree.PutOther(place);
                    }
                    break;
                default:
                    _tree.PutOther(place);
                    break;
            }
        }

        private PackageFileUse UseOf(string place, bool isExecutable) =>
            _extra.Contains(place) ? PackageFileUse.Content : catalog.UseOf(place, isExecutable);

        private async Task<ImageFile?> ReadFileAsync(LayerTarReader tar, LayerMember member, string place, int layer)
        {
            var use = UseOf(place, member.IsExecutable);
            switch (use)
            {
                case PackageFileUse.None:
                    return null;
                case PackageFileUse.Name:
                    return new ImageFile(layer, use, []);
                case PackageFileUse.Program:
                    var scan = new ProgramScan();
                    while (!scan.IsDone && await tar.ReadPieceAsync(cancellation).ConfigureAwait(false) is { Length: > 0 } piece)
                    {
                        scan.Append(piece.Span);
                    }
                    return scan.Embedded is { } embedded ? new ImageFile(layer, use, [], Embedded: embedded) : null;
            }
            var unreadable =
                member.IsSparse ? "a sparse file, which is not read here"
                : member.Size > PackageCatalog.ContentLimit ? $"{member.Size} bytes; at most {PackageCatalog.ContentLimit} are read"
                : _tree.HeldBytes + member.Size > Limits.ImagePackageBytes
                    ? $"the files that name packages have more than {Limits.ImagePackageBytes} bytes together"
                : null;
            return unreadable is null
                ? new ImageFile(layer, use, await tar.ReadContentAsync(PackageCatalog.ContentLimit, cancellation).ConfigureAwait(false))
                : new ImageFile(layer, use, [], unreadable);
        }
    }
}
