using System.IO.Compression;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A file that was pulled.</summary>
/// <param name="Path">Its path below the directory.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Layer">The layer that it is, or was in.</param>
public sealed record PulledFile(string Path, long Size, Digest Layer);

public sealed partial class ModelArtifact
{
    /// <summary>Writes the files of an artifact to a directory, which appears under its name only when every file is there and checked.</summary>
    /// <param name="manifest">The artifact's manifest: ModelPack's, KitOps' ModelKit, a Helm chart, or of any type whose layers name their files.</param>
    /// <param name="directory">The directory; must not exist.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The files: those with layers of their own in the manifest's order, then those of archives.</returns>
    /// <remarks>A pull that was stopped goes on with the files it has: they are kept beside the directory, and their digests are checked again. Of what is refused nothing is kept.</remarks>
    /// <exception cref="IOException">The directory exists, cannot be written or is being pulled to by another, or the store failed or handed over other content.</exception>
    /// <exception cref="MalformedDataException">A layer names no file, a path leads elsewhere or is taken, or an archive cannot be read or has anything but files.</exception>
    public async Task<IReadOnlyList<PulledFile>> PullAsync(
        ImageManifest manifest,
        string directory,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        manifest = await HelmChart.NameLayersAsync(store, manifest, cancellation).ConfigureAwait(false);
        var layers = manifest.Layers.Select((l, i) => (Layer: l, Index: i, Archive: Archive().Match(l.MediaType))).ToList();
        var files = layers.Where(l => !l.Archive.Success).Select(l => new ModelFile(PathOf(manifest, l.Layer, l.Index), l.Layer)).ToList();
        if (layers.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.layers", "it has no files");
        }
        if (layers.Find(l => l.Archive.Groups["compression"].Value is not ("" or "gzip" or "zstd")) is { Layer: { } packed, Index: var at })
        {
            throw new MalformedDataException(FormatName, $"$.layers[{at}]", $"the compression of '{packed.MediaType}' is not read here");
        }
        var paths = new ModelPaths(FormatName);
        files.ForEach(f => paths.AddFile(f.Path));
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (Path.Exists(full))
        {
            throw new IOException($"'{directory}' exists; name a directory that does not");
        }
        await ModelKit.CheckAsync(store, manifest, cancellation).ConfigureAwait(false);
        using var partial = PartialDirectory.Open(full, manifest);
        var staging = partial.Path;
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        // Of a layer that is there twice, the files would be too.
        var unpacked = new List<PulledFile>[layers.Count];
        try
        {
            var present = partial.Prepare(files);
            await Parallel
                .ForEachAsync(
                    files.Where(f => !present.Contains(f.Path)),
                    options,
                    async (file, token) =>
                    {
                        var path = Path.Join(staging, file.Path);
                        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                        await store.SaveBlobAsync(file.Layer, path, token).ConfigureAwait(false);
                    }
                )
                .ConfigureAwait(false);
            await Parallel
                .ForEachAsync(
                    layers.Where(l => l.Archive.Success),
                    options,
                    async (layer, token) =>
                        unpacked[layer.Index] = await UnpackAsync(
                                layer.Layer,
                                layer.Archive.Groups["compression"].Value,
                                $"$.layers[{layer.Index}]",
                                staging,
                                paths,
                                token
                            )
                            .ConfigureAwait(false)
                )
                .ConfigureAwait(false);
            var pulled = files
                .Select(f => new PulledFile(f.Path, f.Layer.Size, f.Layer.Digest))
                .Concat(unpacked.OfType<List<PulledFile>>().SelectMany(u => u))
                .ToList();
            if (pulled.Count == 0)
            {
                throw new MalformedDataException(FormatName, "$.layers", "it has no files");
            }
            partial.Publish();
            return pulled;
        }
        catch (Exception e) when (e is MalformedDataException or ContentMismatchException)
        {
            // Refused for what it is: nothing of it is to be gone on with.
            partial.Remove();
            throw;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{directory}' cannot be written: {e.Message}", e);
        }
    }

    // KitOps writes names from the root of the ModelKit since 1.0, as ModelPack's own tools do.
    [GeneratedRegex(
        @"\A(?:application/vnd\.cncf\.model\.(?:weight|weight\.config|doc|code|dataset)|application/vnd\.kitops\.modelkit\.[a-z]+)\.v1\.tar(?:\+(?<compression>[a-z0-9-]+))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Archive();

    /// <summary>Writes the files of an archive while it arrives. Where it is not what its digest says, they are removed again.</summary>
    private async Task<List<PulledFile>> UnpackAsync(
        Descriptor layer,
        string compression,
        string location,
        string staging,
        ModelPaths paths,
        CancellationToken cancellation
    )
    {
        var files = new List<PulledFile>();
        var isComplete = false;
        var maximum = MaximumUnpacked(layer, compression);
        var blob = store.OpenBlob(layer, cancellation);
        await using (blob.ConfigureAwait(false))
        {
            using Stream? unpacked = compression switch
            {
                "gzip" => new GZipStream(blob, CompressionMode.Decompress, leaveOpen: true),
                "zstd" => new ZstandardStream(blob, Limits.ZstandardLargestWindowBytes, leaveOpen: true),
                _ => null,
            };
            try
            {
                await UnpackAsync(
                        new ModelTarReader(unpacked ?? blob, location, maximum),
                        layer.Digest,
                        location,
                        staging,
                        paths,
                        files,
                        cancellation
                    )
                    .ConfigureAwait(false);
                // Whether it is what its digest says shows at the blob's end only.
                var rest = new byte[4096];
                while (await blob.ReadAsync(rest, cancellation).ConfigureAwait(false) > 0) { }
                isComplete = true;
            }
            catch (InvalidDataException e)
            {
                throw new MalformedDataException(FormatName, location, "it is not compressed as its type says, or is damaged", e);
            }
            finally
            {
                if (!isComplete)
                {
                    files.ForEach(f => File.Delete(Path.Join(staging, f.Path)));
                }
            }
        }
        foreach (var file in files)
        {
            // All at the end: the first takes the others along.
            using var handle = File.OpenHandle(Path.Join(staging, file.Path), access: FileAccess.Write);
            RandomAccess.FlushToDisk(handle);
        }
        return files;
    }

    private static async Task UnpackAsync(
        ModelTarReader tar,
        Digest layer,
        string location,
        string staging,
        ModelPaths paths,
        List<PulledFile> files,
        CancellationToken cancellation
    )
    {
        var entries = 0;
        while (await tar.NextAsync(cancellation).ConfigureAwait(false) is var (name, size, isDirectory))
        {
            if (++entries > Limits.ArchiveMembers || size > tar.BytesLeft)
            {
                throw new MalformedDataException(
                    FormatName,
                    location,
                    $"it unpacks to more than {Limits.ArchiveMembers} entries, or more bytes than are taken"
                );
            }
            if (isDirectory)
            {
                if (name.TrimEnd('/') is { Length: > 0 } directory and not ".")
                {
                    paths.AddDirectory(directory);
                }
                continue;
            }
            paths.AddFile(name);
            var path = Path.Join(staging, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            files.Add(new PulledFile(name, size, layer));
            var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            await using (stream.ConfigureAwait(false))
            {
                await tar.CopyAsync(stream, cancellation).ConfigureAwait(false);
            }
        }
        await tar.EndAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>What an archive may unpack to: as much as it has, and compressed a part more, so that a small blob cannot fill a disk.</summary>
    private static long MaximumUnpacked(Descriptor layer, string compression) =>
        compression.Length == 0 ? layer.Size : Limits.InflatedBytes + Math.Min(layer.Size, long.MaxValue / 8) * 4;
}
