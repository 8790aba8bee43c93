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

    private static readonly string[] Types = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

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

    /// <summary>Whether what a manifest calls its configuration is that of a container.</summary>
    public static bool IsOf(Descriptor config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Types.Contains(config.MediaType);
    }

    /// <summary>The configuration of an image.</summary>
    /// <exception cref="MalformedDataException">It is no container image, or its configuration is about other layers.</exception>
    internal static async Task<ImageConfiguration> OfAsync(OciStore store, ImageManifest image, CancellationToken cancellation)
    {
        if (!IsOf(image.Config))
        {
            throw new MalformedDataException(
                "container image",
                "$.config.mediaType",
                $"'{Text.Clean(image.Config.MediaType, 200)}': this is another artifact than a container image"
            );
        }
        var configuration = Parse(await store.GetBlobAsync(image.Config, OciLimits.ImageConfigBytes, cancellation).ConfigureAwait(false));
        if (configuration.DiffIds.Count != image.Layers.Count)
        {
            throw new MalformedDataException(
                "container image",
                "$.layers",
                $"{image.Layers.Count} layers, and {configuration.DiffIds.Count} DiffIDs in its configuration"
            );
        }
        return configuration;
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
    /// <summary>Finds the packages of an image.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="image">Its manifest.</param>
    /// <param name="search">Which statements about packages count.</param>
    /// <param name="progress">Is told the compressed bytes that were read.</param>
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
        var configuration = await ImageConfiguration.OfAsync(store, image, cancellation).ConfigureAwait(false);
        var reader = new PackageReader(store, image, configuration, catalog, cancellation);
        var missing = await reader.ReadAsync([], isLast: false, progress).ConfigureAwait(false);
        if (missing.Count > 0)
        {
            // A new one, since the first has seen files that are handed over once more.
            reader = new PackageReader(store, image, configuration, new PackageCatalog(search), cancellation);
            await reader.ReadAsync(missing, isLast: true, null).ConfigureAwait(false);
        }
        return new ImagePackages(configuration, reader.Catalog.ToInventory());
    }

    private sealed class PackageReader(
        OciStore store,
        ImageManifest image,
        ImageConfiguration configuration,
        PackageCatalog catalog,
        CancellationToken cancellation
    ) : ImageReader(store, image, configuration, cancellation)
    {
        private HashSet<string> _extra = [];

        internal PackageCatalog Catalog => catalog;

        /// <summary>Reads all layers.</summary>
        /// <param name="extra">Files to hold whatever their names, since links lead to them.</param>
        /// <param name="isLast">Whether what is missing then stays missing.</param>
        /// <param name="progress">Told the bytes read.</param>
        /// <returns>Files that links lead to and that were not held.</returns>
        internal async Task<HashSet<string>> ReadAsync(HashSet<string> extra, bool isLast, IProgress<long>? progress)
        {
            _extra = extra;
            await ReadLayersAsync(progress).ConfigureAwait(false);
            var missing = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (path, file) in Tree.Files(p => catalog.UseOf(p, false), Missing))
            {
                catalog.Add(
                    new PackageFile(path, file.Content, Configuration.DiffIds[file.Layer].ToString())
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
                if (isLast && Tree.IsHardLink(path))
                {
                    catalog.AddGap(path, "a hard link to a file that is in no layer");
                }
            }
        }

        protected override PackageFileUse UseOf(string place) => UseOf(place, false);

        protected override void AddGap(string where, string reason) => catalog.AddGap(where, reason);

        private PackageFileUse UseOf(string place, bool isExecutable) =>
            _extra.Contains(place) ? PackageFileUse.Content : catalog.UseOf(place, isExecutable);

        protected override async Task<ImageFile?> ReadFileAsync(LayerTarReader tar, LayerMember member, string place, int layer)
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
                    while (!scan.IsDone && await tar.ReadPieceAsync(Cancellation).ConfigureAwait(false) is { Length: > 0 } piece)
                    {
                        scan.Append(piece.Span);
                    }
                    return scan.Embedded is { } embedded ? new ImageFile(layer, use, [], Embedded: embedded) : null;
            }
            var unreadable =
                member.IsSparse ? "a sparse file, which is not read here"
                : member.Size > PackageCatalog.ContentLimit ? $"{member.Size} bytes; at most {PackageCatalog.ContentLimit} are read"
                : Tree.HeldBytes + member.Size > Limits.ImagePackageBytes
                    ? $"the files that name packages have more than {Limits.ImagePackageBytes} bytes together"
                : null;
            return unreadable is null
                ? new ImageFile(layer, use, await tar.ReadContentAsync(PackageCatalog.ContentLimit, Cancellation).ConfigureAwait(false))
                : new ImageFile(layer, use, [], unreadable);
        }
    }
}
