using System.Collections.Frozen;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A file of an artifact that is a layer of its own.</summary>
/// <param name="Path">Its path below the directory.</param>
/// <param name="Layer">The layer: the file's digest and size.</param>
public sealed record ModelFile(string Path, Descriptor Layer);

/// <summary>A directory as an artifact, as ModelPack has it: one layer a file, or small files together in layers that are tar archives.</summary>
/// <param name="store">Where the artifact is.</param>
/// <param name="atOnce">How many layers are moved at once.</param>
/// <remarks>
/// Spec: CNCF ModelPack, "Model Format Specification" (manifest, layers, configuration). The manifest holds no time, so the same files give the
/// same digest. Modes and times of files are not kept. ORAS and others find files with a layer of their own by their titles.
/// </remarks>
public sealed partial class ModelArtifact(OciStore store, int atOnce = 4)
{
    /// <summary>The artifact's type.</summary>
    public const string ArtifactType = "application/vnd.cncf.model.manifest.v1+json";

    /// <summary>The type of its configuration.</summary>
    public const string ConfigType = "application/vnd.cncf.model.config.v1+json";

    /// <summary>The annotation of a layer with the path of its file.</summary>
    public const string PathAnnotation = "org.cncf.model.filepath";

    /// <summary>The same, as ORAS writes and reads it.</summary>
    public const string TitleAnnotation = "org.opencontainers.image.title";

    private const string FormatName = "model artifact";
    private const string LayerPrefix = "application/vnd.cncf.model.";
    private const string UnpackAnnotation = "io.deis.oras.content.unpack";

    // More would make a manifest that registries refuse (4 MiB).
    private const int MaximumLayers = 4000;

    // Files below this go into archives, which are closed at the first of the other two: each is held in memory while it is sent.
    private const long SmallBytes = 1 << 20;
    private const long ArchiveBytes = 8 << 20;
    private const int ArchiveFiles = 4096;

    private static readonly FrozenSet<string> WeightSuffixes = new[]
    {
        ".safetensors",
        ".gguf",
        ".bin",
        ".pt",
        ".pth",
        ".onnx",
        ".h5",
        ".npz",
        ".pb",
        ".tflite",
        ".ckpt",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> DataSuffixes = new[] { ".parquet", ".arrow", ".csv", ".tsv", ".jsonl" }.ToFrozenSet(
        StringComparer.OrdinalIgnoreCase
    );

    private static readonly FrozenSet<string> CodeSuffixes = new[] { ".py", ".ipynb", ".sh", ".cpp", ".cu", ".js" }.ToFrozenSet(
        StringComparer.OrdinalIgnoreCase
    );

    /// <summary>Stores the files of a directory, and then the manifest that lists them. What the store has already is not sent again.</summary>
    /// <param name="tree">The directory.</param>
    /// <param name="files">Its files, in the order in which the manifest is to list them.</param>
    /// <param name="tag">The tag, or null.</param>
    /// <param name="archiveSmallFiles">
    /// Whether files below 1 MiB go together into tar archives. They do in any case where there are more files than a manifest can list.
    /// </param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="IOException">A file cannot be read or changed meanwhile, or the store failed.</exception>
    /// <exception cref="MalformedDataException">There is no file, there are too many, or a name is none that can be pulled again.</exception>
    public async Task<Descriptor> PushAsync(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        string? tag,
        bool archiveSmallFiles = false,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        var paths = new ModelPaths(FormatName);
        foreach (var file in files)
        {
            paths.AddFile(file.Name);
        }
        var groups = Group(files, archiveSmallFiles || files.Count > MaximumLayers);
        if (groups.Count is 0 or > MaximumLayers)
        {
            throw new MalformedDataException(
                FormatName,
                tree.Path,
                $"{files.Count} files would be {groups.Count} layers; 1 to {MaximumLayers} can be one artifact"
            );
        }
        var layers = new Descriptor[groups.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        await Parallel
            .ForAsync(
                0,
                groups.Count,
                options,
                async (i, token) =>
                    layers[i] = groups[i] is { Name: { } name, Files: var members }
                        ? await PushArchiveAsync(tree, name, members, token).ConfigureAwait(false)
                        : await PushFileAsync(tree, groups[i].Files[0].Name, token).ConfigureAwait(false)
            )
            .ConfigureAwait(false);
        var config = await store.PushBlobAsync(ConfigType, Configuration(tree.Name, layers), cancellation).ConfigureAwait(false);
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, ArtifactType, config, layers, null, Descriptor.NoAnnotations);
        return await store.PushManifestAsync(manifest.ToUtf8Bytes(), tag, cancellation).ConfigureAwait(false);
    }

    /// <summary>The files that are a layer each, as a manifest of any type of artifact names them.</summary>
    /// <exception cref="MalformedDataException">A layer is an archive or names no file, or a path leads elsewhere or is there twice.</exception>
    public static IReadOnlyList<ModelFile> ListFiles(ImageManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var paths = new ModelPaths(FormatName);
        var files = manifest.Layers.Select((l, i) => new ModelFile(PathOf(manifest, l, i), l)).ToList();
        files.ForEach(f => paths.AddFile(f.Path));
        return files;
    }

    /// <summary>The layers to make: first the files alone, in their order, then the archives, each of one kind of file.</summary>
    private static List<(string? Name, IReadOnlyList<TreeFile> Files)> Group(IReadOnlyList<TreeFile> files, bool archives)
    {
        var groups = files
            .Where(f => !archives || f.Size >= SmallBytes)
            .Select(f => ((string?)null, (IReadOnlyList<TreeFile>)[f]))
            .ToList();
        var small = archives ? files.Where(f => f.Size < SmallBytes) : [];
        foreach (var kind in small.GroupBy(f => KindOf(f.Name)).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var (members, bytes, number) = (new List<TreeFile>(), 0L, 0);
            foreach (var file in kind.OrderBy(f => f.Name, CodePointOrder.Instance))
            {
                if (members.Count == ArchiveFiles || (members.Count > 0 && bytes + file.Size > ArchiveBytes))
                {
                    Close();
                }
                members.Add(file);
                bytes += file.Size;
            }
            Close();

            void Close()
            {
                groups.Add(($"{kind.Key}-{++number:D4}.tar", members));
                (members, bytes) = ([], 0);
            }
        }
        return groups;
    }

    private async Task<Descriptor> PushFileAsync(FileTree tree, string name, CancellationToken cancellation)
    {
        // The handle stays open between hashing and sending, and what is sent is hashed again by the store.
        var stream = tree.OpenRead(name);
        await using (stream.ConfigureAwait(false))
        {
            var (digest, size) = new FileHasher(DigestAlgorithm.Sha256).Hash(stream.SafeFileHandle, null, cancellation);
            var layer = new Descriptor($"{LayerPrefix}{KindOf(name)}.v1.raw", digest, size)
            {
                Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [PathAnnotation] = name, [TitleAnnotation] = name },
            };
            stream.Position = 0;
            try
            {
                await store.PushBlobAsync(layer, stream, cancellation).ConfigureAwait(false);
            }
            catch (ContentMismatchException e)
            {
                // Either the store lies, or somebody writes to the file.
                var now = new FileHasher(DigestAlgorithm.Sha256).Hash(stream.SafeFileHandle, null, cancellation);
                if (!now.Equals((digest, size)))
                {
                    throw Changed(name, e);
                }
                throw;
            }
            return layer;
        }
    }

    /// <summary>Stores small files as one layer. Its title is for clients that unpack nothing; it is no path in the directory.</summary>
    private async Task<Descriptor> PushArchiveAsync(
        FileTree tree,
        string title,
        IReadOnlyList<TreeFile> files,
        CancellationToken cancellation
    )
    {
        using var tar = new MemoryStream();
        foreach (var file in files)
        {
            TarHeaderWriter.WriteFile(tar, file.Name, file.Size);
            var before = tar.Length;
            var stream = tree.OpenRead(file.Name);
            await using (stream.ConfigureAwait(false))
            {
                // One byte more than it had shows that it grew.
                var (bytes, more) = await BoundedStream.ReadUpToAsync(stream, (int)file.Size, cancellation).ConfigureAwait(false);
                if (more || bytes.Length != file.Size)
                {
                    throw Changed(file.Name, null);
                }
                tar.Write(bytes);
            }
            TarHeaderWriter.Pad(tar, tar.Length - before);
        }
        TarHeaderWriter.WriteEnd(tar);
        var content = tar.GetBuffer().AsMemory(0, (int)tar.Length);
        var kind = title[..title.LastIndexOf('-')];
        var layer = Descriptor.Of($"{LayerPrefix}{kind}.v1.tar", content.Span) with
        {
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [TitleAnnotation] = title },
        };
        using var blob = new ReadOnlyMemoryStream(content);
        await store.PushBlobAsync(layer, blob, cancellation).ConfigureAwait(false);
        return layer;
    }

    private static IOException Changed(string name, Exception? inner) =>
        new($"'{name}': the file changed while it was read; try again when nothing writes to it", inner);

    private static byte[] Configuration(string name, IReadOnlyList<Descriptor> layers) =>
        ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("descriptor");
            writer.WriteString("name", name);
            writer.WriteEndObject();
            writer.WriteStartObject("config");
            writer.WriteEndObject();
            writer.WriteStartObject("modelfs");
            writer.WriteString("type", "layers");
            writer.WriteStartArray("diffIds");
            foreach (var layer in layers)
            {
                writer.WriteStringValue(layer.Digest.ToString());
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        });

    private static string KindOf(string name)
    {
        var suffix = Path.GetExtension(name);
        var plain = Path.GetFileNameWithoutExtension(name);
        return WeightSuffixes.Contains(suffix) ? "weight"
            : DataSuffixes.Contains(suffix) ? "dataset"
            : CodeSuffixes.Contains(suffix) ? "code"
            : suffix is ".md" or ".txt" or ".pdf" || plain is "LICENSE" or "NOTICE" or "README" ? "doc"
            : "weight.config";
    }

    private static string PathOf(ImageManifest manifest, Descriptor layer, int index)
    {
        var at = $"$.layers[{index}]";
        var (path, title) = (layer.Annotations.GetValueOrDefault(PathAnnotation), layer.Annotations.GetValueOrDefault(TitleAnnotation));
        if (path is not null && title is not null && path != title)
        {
            throw new MalformedDataException(FormatName, at, "its two annotations name different files, so readers would disagree");
        }
        if (IsArchive(layer))
        {
            throw new MalformedDataException(FormatName, at, $"'{layer.MediaType}' is an archive, and not one file");
        }
        return path
            ?? title
            ?? throw new MalformedDataException(
                "artifact",
                at,
                $"it names no file, neither as {PathAnnotation} nor as {TitleAnnotation}: this is an artifact of type "
                    + $"'{Text.Clean(manifest.ArtifactType ?? manifest.Config.MediaType, 100)}', whose files only its own tools name; verify it, "
                    + "and fetch it with one of them by its digest, such as 'oras blob fetch' or 'helm pull oci://REPOSITORY@sha256:…'"
            );
    }

    internal static bool IsNamed(Descriptor layer) =>
        layer.Annotations.ContainsKey(PathAnnotation) || layer.Annotations.ContainsKey(TitleAnnotation);

    /// <summary>Whether a layer is more files than one. ORAS gives a plain file the type of an image's uncompressed layer, and a directory its mark.</summary>
    private static bool IsArchive(Descriptor layer) =>
        layer.Annotations.GetValueOrDefault(UnpackAnnotation) == "true"
        || layer.MediaType.StartsWith("application/vnd.docker.image", StringComparison.Ordinal)
        || layer.MediaType.StartsWith("application/vnd.oci.image.layer.v1.tar+", StringComparison.Ordinal)
        || (
            (
                layer.MediaType.StartsWith(LayerPrefix, StringComparison.Ordinal)
                || layer.MediaType.StartsWith(ModelKit.Prefix, StringComparison.Ordinal)
            ) && layer.MediaType.Contains(".tar", StringComparison.Ordinal)
        );
}
