using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Sbom.Packages;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Oci;

/// <summary>What was found in the model files of a container image.</summary>
/// <param name="Configuration">What its configuration says.</param>
/// <param name="Report">The model files, and whatever could not be looked into; names are paths from the root, without a slash before.</param>
/// <param name="Layers">The layer of each file of the report, by the digest that the manifest has of it.</param>
/// <param name="FileCount">The regular files of the image, each name of a file counted.</param>
public sealed record ImageModelScan(
    ImageConfiguration Configuration,
    ModelScanReport Report,
    IReadOnlyDictionary<string, Digest> Layers,
    int FileCount
);

/// <summary>Looks into the files of a container image for code that runs when a model is loaded.</summary>
/// <remarks>
/// The files are those of the file system that a container starts with: what a later layer takes away or replaces is not there to be loaded. The
/// layers are read once, forward; a file that is longer than a few is copied to a temporary file without a name while it is looked into, since
/// models are read at any place. Nothing is unpacked to a name that the image gives. What is no model counts as <see cref="ImageModelFile"/> says.
/// </remarks>
public static class ImageModels
{
    /// <summary>Scans an image.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="image">Its manifest.</param>
    /// <param name="rules">The rules; the library's own where null.</param>
    /// <param name="time">The clock for the report's times.</param>
    /// <param name="progress">Is told the compressed bytes that were read.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="MalformedDataException">It is no container image, or a layer cannot be read, or is over a limit.</exception>
    /// <exception cref="ContentMismatchException">A layer is not what its digest or its DiffID says.</exception>
    /// <exception cref="IOException">The store cannot be read, or there is no room for a temporary file.</exception>
    public static Task<ImageModelScan> ScanAsync(
        OciStore store,
        ImageManifest image,
        ModelScanRules? rules = null,
        TimeProvider? time = null,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default
    ) => ScanAsync(store, image, rules, time, progress, Limits.ImageModelFileBytes, cancellation);

    /// <summary>The same, of files up to a size in bytes.</summary>
    internal static async Task<ImageModelScan> ScanAsync(
        OciStore store,
        ImageManifest image,
        ModelScanRules? rules,
        TimeProvider? time,
        IProgress<long>? progress,
        long longestFile,
        CancellationToken cancellation
    )
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(image);
        time ??= TimeProvider.System;
        rules ??= ModelScanRules.Default;
        var started = time.GetUtcNow();
        var configuration = await ImageConfiguration.OfAsync(store, image, cancellation).ConfigureAwait(false);
        using var reader = new ModelReader(store, image, configuration, new ModelScanner(rules, time), longestFile, cancellation);
        var files = await reader.ReadAsync(progress).ConfigureAwait(false);
        var layers = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var (scan, layer) in files.Where(f => f.Layer is not null))
        {
            // Two names that differ in a secret only are one here.
            layers.TryAdd(scan.Name, image.Layers[layer!.Value].Digest);
        }
        var report = new ModelScanReport(
            rules,
            started,
            time.GetUtcNow(),
            [.. files.Select(f => f.Scan).OrderBy(f => f.Name, CodePointOrder.Instance)]
        );
        return new ImageModelScan(configuration, report, layers, reader.FileCount);
    }

    /// <summary>A file that was looked into, or at: the scan is null where it can be no model, the content empty where no other name may matter.</summary>
    private sealed record LookedAt(int Layer, string Place, byte[] Content, FileScan? Scan)
        : ImageFile(Layer, PackageFileUse.Content, Content)
    {
        /// <summary>The bytes of a program, which was not looked into; 0 for every other file.</summary>
        internal long ProgramBytes { get; init; }
    }

    private sealed class ModelReader(
        OciStore store,
        ImageManifest image,
        ImageConfiguration configuration,
        ModelScanner scanner,
        long longestFile,
        CancellationToken cancellation
    ) : ImageReader(store, image, configuration, cancellation), IDisposable
    {
        private const int HeldBytes = 1 << 20;

        private readonly List<(FileScan Scan, int? Layer)> _unread = [];
        private readonly ImageSpool _spool = new();

        internal int FileCount { get; private set; }

        /// <summary>Reads the image.</summary>
        /// <returns>The files that count, with the index of their layer; and what is no file, without one.</returns>
        internal async Task<IReadOnlyList<(FileScan Scan, int? Layer)>> ReadAsync(IProgress<long>? progress)
        {
            await ReadLayersAsync(progress).ConfigureAwait(false);
            var files = Tree.Files(UseOf, (path, target) => AddMissing(path, target))
                .Select(f => (f.Path, File: (LookedAt)f.File))
                .ToList();
            FileCount = files.Count;
            var models = files
                .Where(f => ImageModelFile.TellsOfModel(f.Path))
                .Select(f => ImageModelFile.FolderOf(f.Path))
                .ToHashSet(StringComparer.Ordinal);
            var counted = new List<(FileScan, int?)>(_unread);
            foreach (var (path, file) in files)
            {
                var folder = ImageModelFile.FolderOf(path);
                var isBesideModel = models.Contains(folder) || models.Contains(ImageModelFile.FolderOf(folder));
                if (ImageModelFile.Counted(path, Scan(path, file), isBesideModel) is { } scan)
                {
                    counted.Add((scan, file.Layer));
                }
            }
            // A program is none to a loader that reads archives from their end, where a link has the name of a model.
            foreach (
                var (path, file) in Tree.Files(
                    p => ImageModelFile.HasModelName(p) ? PackageFileUse.Content : PackageFileUse.None,
                    (_, _) => { }
                )
            )
            {
                if (((LookedAt)file).ProgramBytes is > 0 and var size)
                {
                    counted.Add((Unread(path, size, "a link to a program, which was not looked into"), file.Layer));
                }
            }
            return counted;
        }

        public void Dispose() => _spool.Dispose();

        // Other names give no more than they say already: what links lead to is a file of its own.
        protected override PackageFileUse UseOf(string place) =>
            ImageModelFile.IsTextByName(place) ? PackageFileUse.Content : PackageFileUse.Name;

        protected override void AddGap(string where, string reason) => _unread.Add((Unread(where, 0, reason), null));

        protected override async Task<ImageFile?> ReadFileAsync(LayerTarReader tar, LayerMember member, string place, int layer)
        {
            if (member.Size == 0 && !member.IsSparse)
            {
                return new LookedAt(layer, place, [], null);
            }
            if (member.IsSparse || member.Size > longestFile)
            {
                var reason = member.IsSparse
                    ? "a sparse file, which is not read here"
                    : $"{member.Size} bytes; at most {longestFile} are read";
                return new LookedAt(layer, place, [], Unread(place, member.Size, reason));
            }
            if (member.Size > HeldBytes)
            {
                var scanned = await ScanLongAsync(tar, place).ConfigureAwait(false);
                return new LookedAt(layer, place, [], scanned) { ProgramBytes = scanned is null ? member.Size : 0 };
            }
            var content = await tar.ReadContentAsync(HeldBytes, Cancellation).ConfigureAwait(false);
            if (ImageModelFile.IsProgram(place, content))
            {
                return new LookedAt(layer, place, [], null) { ProgramBytes = member.Size };
            }
            using var stream = new MemoryStream(content);
            var scan = scanner.ScanFile(place, stream, Cancellation);
            var isHeld = ImageModelFile.MayBecomeText(place, content) && Tree.HeldBytes + content.Length <= Limits.ImageTextBytes;
            return new LookedAt(layer, place, isHeld ? content : [], scan);
        }

        private async Task<FileScan?> ScanLongAsync(LayerTarReader tar, string place)
        {
            var stream = _spool.Empty();
            while (await tar.ReadPieceAsync(Cancellation).ConfigureAwait(false) is { Length: > 0 } piece)
            {
                if (stream.Length == 0 && ImageModelFile.IsProgram(place, piece.Span))
                {
                    return null;
                }
                await stream.WriteAsync(piece, Cancellation).ConfigureAwait(false);
            }
            return scanner.ScanFile(place, stream, Cancellation);
        }

        /// <summary>What a file is under one of its names: loaders take it for a template by that.</summary>
        private FileScan? Scan(string path, LookedAt file)
        {
            if (file.Scan is not { } scan || file.Place == path)
            {
                return file.Scan;
            }
            if (!ImageModelFile.IsTextByName(path) || ImageModelFile.IsTextByName(file.Place))
            {
                return scan.Named(path);
            }
            if (file.Content.Length == 0)
            {
                return ImageModelFile.IsKnownByName(path) && ImageModelFile.IsPlainText(scan)
                    ? Unread(path, scan.Size, "a link to a text that was looked into under its own name only") with
                    {
                        Format = scan.Format,
                    }
                    : scan.Named(path);
            }
            using var stream = new MemoryStream(file.Content);
            return scanner.ScanFile(path, stream, Cancellation);
        }

        private void AddMissing(string path, string target)
        {
            // What a symbolic link promises need not be there; a hard link is a file.
            if (Tree.IsHardLink(path))
            {
                AddGap(path, $"a hard link to '{target}', which is no file of the image");
            }
        }

        private static FileScan Unread(string path, long size, string reason) =>
            new FileScan(path, size, "unknown", FileVerdict.Inconclusive, [], [reason], []).Named(path);
    }
}
