using System.Collections.Frozen;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A directory as an artifact, one layer a file, as ModelPack has it; ORAS and others find the same files by their titles.</summary>
/// <param name="store">Where the artifact is.</param>
/// <param name="atOnce">How many files are moved at once.</param>
/// <remarks>
/// Spec: CNCF ModelPack, "Model Format Specification" (manifest, layers, configuration). The manifest holds no time, so the same files give the
/// same digest. Modes and times of files are not kept.
/// </remarks>
public sealed class ModelArtifact(OciStore store, int atOnce = 4)
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

    // More would make a manifest that registries refuse (4 MiB).
    private const int MaximumFiles = 4000;
    private const int MaximumPathLength = 1024;

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
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="IOException">A file cannot be read or changed meanwhile, or the store failed.</exception>
    /// <exception cref="MalformedDataException">There is no file, there are too many, or a name is none that can be pulled again.</exception>
    public async Task<Descriptor> PushAsync(
        FileTree tree,
        IReadOnlyList<TreeFile> files,
        string? tag,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(files);
        if (files.Count is 0 or > MaximumFiles)
        {
            throw new MalformedDataException(FormatName, tree.Path, $"{files.Count} files; 1 to {MaximumFiles} can be one artifact");
        }
        CheckPaths([.. files.Select(f => f.Name)]);
        var layers = new Descriptor[files.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        await Parallel
            .ForAsync(
                0,
                files.Count,
                options,
                async (i, token) => layers[i] = await PushFileAsync(tree, files[i].Name, token).ConfigureAwait(false)
            )
            .ConfigureAwait(false);
        var config = await store.PushBlobAsync(ConfigType, Configuration(tree.Name, layers), cancellation).ConfigureAwait(false);
        var manifest = new ImageManifest(OciMediaTypes.ImageManifest, ArtifactType, config, layers, null, Descriptor.NoAnnotations);
        return await store.PushManifestAsync(manifest.ToUtf8Bytes(), tag, cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes the files of an artifact to a directory, which appears under its name only when every file is there and checked.</summary>
    /// <param name="manifest">The artifact's manifest, of any type of artifact whose layers name their files.</param>
    /// <param name="directory">The directory; must not exist.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The files with their digests, in the manifest's order.</returns>
    /// <remarks>A pull that was stopped goes on with the files it has: they are kept beside the directory, and their digests are checked again.</remarks>
    /// <exception cref="IOException">The directory exists or cannot be written, or the store failed or handed over other content.</exception>
    /// <exception cref="MalformedDataException">A layer names no file, or a path that leads elsewhere, or holds an archive.</exception>
    public async Task<IReadOnlyList<(string Path, Descriptor Layer)>> PullAsync(
        ImageManifest manifest,
        string directory,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var files = manifest.Layers.Select((l, i) => (Path: PathOf(l, i), Layer: l)).ToList();
        if (files.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.layers", "it has no files");
        }
        CheckPaths([.. files.Select(f => f.Path)]);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        if (Path.Exists(full))
        {
            throw new IOException($"'{directory}' exists; name a directory that does not");
        }
        var key = DigestAlgorithm.Sha256.Hash(manifest.ToUtf8Bytes()).Hex[..16];
        var staging = Path.Join(Path.GetDirectoryName(full), $".{Path.GetFileName(full)}.{key}.partial");
        var present = Prepare(staging, files);
        var options = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation };
        try
        {
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
            Directory.Move(staging, full);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{directory}' cannot be written: {e.Message}", e);
        }
        return files;
    }

    private async Task<Descriptor> PushFileAsync(FileTree tree, string name, CancellationToken cancellation)
    {
        // The handle stays open between hashing and sending, and what is sent is hashed again by the store.
        var stream = tree.OpenRead(name);
        await using (stream.ConfigureAwait(false))
        {
            var (digest, size) = new FileHasher(DigestAlgorithm.Sha256).Hash(stream.SafeFileHandle, null, cancellation);
            var layer = new Descriptor(TypeOf(name), digest, size)
            {
                Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [PathAnnotation] = name, [TitleAnnotation] = name },
            };
            stream.Position = 0;
            await store.PushBlobAsync(layer, stream, cancellation).ConfigureAwait(false);
            return layer;
        }
    }

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

    private static string TypeOf(string name)
    {
        var suffix = Path.GetExtension(name);
        var plain = Path.GetFileNameWithoutExtension(name);
        return LayerPrefix
            + (
                WeightSuffixes.Contains(suffix) ? "weight"
                : DataSuffixes.Contains(suffix) ? "dataset"
                : CodeSuffixes.Contains(suffix) ? "code"
                : suffix is ".md" or ".txt" or ".pdf" || plain is "LICENSE" or "NOTICE" or "README" ? "doc"
                : "weight.config"
            )
            + ".v1.raw";
    }

    private static string PathOf(Descriptor layer, int index)
    {
        var at = $"$.layers[{index}]";
        var (path, title) = (layer.Annotations.GetValueOrDefault(PathAnnotation), layer.Annotations.GetValueOrDefault(TitleAnnotation));
        if (path is not null && title is not null && path != title)
        {
            throw new MalformedDataException(FormatName, at, "its two annotations name different files, so readers would disagree");
        }
        if (IsArchive(layer))
        {
            throw new MalformedDataException(
                FormatName,
                at,
                $"'{layer.MediaType}' is an archive, which is not unpacked; only plain files are"
            );
        }
        return path ?? title ?? throw new MalformedDataException(FormatName, at, "it names no file");
    }

    private static bool IsArchive(Descriptor layer) =>
        layer.MediaType.StartsWith("application/vnd.oci.image.layer", StringComparison.Ordinal)
        || layer.MediaType.StartsWith("application/vnd.docker.image", StringComparison.Ordinal)
        || (layer.MediaType.StartsWith(LayerPrefix, StringComparison.Ordinal) && layer.MediaType.Contains(".tar", StringComparison.Ordinal))
        || layer.Annotations.GetValueOrDefault("io.deis.oras.content.unpack") == "true";

    /// <summary>Paths below a directory, each once, none of them a directory of another. Letter case does not tell two files apart everywhere.</summary>
    private static void CheckPaths(IReadOnlyList<string> paths)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in paths)
        {
            var parts = path.Split('/');
            if (
                path.Length is 0 or > MaximumPathLength
                || parts.Any(p => p is "" or "." or ".." || p[^1] is ' ' or '.')
                || path.Any(c => char.IsControl(c) || c is '\\' or ':' or '\uFFFD')
            )
            {
                throw new MalformedDataException(
                    FormatName,
                    Text.Clean(path, 200),
                    "it is no path of a file below a directory that every system has"
                );
            }
            if (!seen.Add(path))
            {
                throw new MalformedDataException(
                    FormatName,
                    Text.Clean(path, 200),
                    "two files have this path, or differ in letter case only"
                );
            }
        }
        foreach (var path in paths)
        {
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            {
                if (seen.Contains(path[..slash]))
                {
                    throw new MalformedDataException(FormatName, Text.Clean(path, 200), "another file has the path of its directory");
                }
            }
        }
    }

    /// <summary>What an earlier pull of the same manifest left; everything else there is removed.</summary>
    private static HashSet<string> Prepare(string staging, List<(string Path, Descriptor Layer)> files)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        if (Directory.Exists(staging) && new DirectoryInfo(staging).LinkTarget is null)
        {
            try
            {
                var expected = files.ToDictionary(f => f.Path, f => f.Layer, StringComparer.Ordinal);
                using var tree = FileTree.Open(staging);
                foreach (var file in tree.List(new IgnoreRules([])))
                {
                    using var handle = tree.OpenHandle(file.Name);
                    if (
                        expected.TryGetValue(file.Name, out var layer)
                        && file.Size == layer.Size
                        && new FileHasher(layer.Digest.Algorithm).Hash(handle).Digest.Equals(layer.Digest)
                    )
                    {
                        present.Add(file.Name);
                    }
                    else
                    {
                        File.Delete(Path.Join(staging, file.Name));
                    }
                }
                return present;
            }
            catch (MalformedDataException)
            {
                // A link, or a name that no pull writes: it is not ours to go on with.
                Directory.Delete(staging, recursive: true);
            }
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(staging);
        }
        else
        {
            Directory.CreateDirectory(
                staging,
                UnixFileMode.UserRead
                    | UnixFileMode.UserWrite
                    | UnixFileMode.UserExecute
                    | UnixFileMode.GroupRead
                    | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherRead
                    | UnixFileMode.OtherExecute
            );
        }
        return [];
    }
}
