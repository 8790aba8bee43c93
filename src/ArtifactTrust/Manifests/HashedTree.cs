using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>A directory whose files are hashed when first asked for, each once for a form, so that several signatures can be compared with it.</summary>
/// <param name="tree">The directory; the caller disposes of it.</param>
/// <param name="progress">Told the bytes read since the last report.</param>
/// <param name="cancellation">Stops hashing.</param>
/// <remarks>
/// A manifest is of one state of the directory: a file that changes, comes or goes between the first look at the directory and the last
/// byte read is noticed and refused.
/// </remarks>
public sealed class HashedTree(FileTree tree, IProgress<long>? progress = null, CancellationToken cancellation = default)
{
    private readonly Dictionary<(ManifestForm Form, string Name), IReadOnlyList<ManifestEntry>> _entries = [];
    private readonly Dictionary<string, FileStatus> _statuses = new(StringComparer.Ordinal);

    /// <summary>The directory.</summary>
    public FileTree Tree => tree;

    /// <summary>Digests of an earlier run, taken for files that did not change since. Never set where files are verified.</summary>
    public HashCache? Cache { get; init; }

    /// <summary>What reads the files; null where they are hashed where they are.</summary>
    public TreeReader? Reader { get; init; }

    /// <summary>The names of the files of the manifest made last.</summary>
    public IReadOnlyList<string> Listed { get; private set; } = [];

    /// <summary>The manifest of the files that are not ignored.</summary>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="demanded">Names that are listed whether ignored or not, where they exist.</param>
    /// <param name="form">How files become entries; whole, with SHA-256, where null.</param>
    /// <param name="where">Which of the files are hashed; all where null.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file, or too many files or shards.</exception>
    /// <exception cref="IOException">A file cannot be read, or the directory changed while it was.</exception>
    public FileManifest Manifest(
        IgnoreRules ignore,
        IReadOnlyCollection<string>? demanded = null,
        ManifestForm? form = null,
        Func<TreeFile, bool>? where = null
    )
    {
        form ??= ManifestForm.Default;
        Cache?.Begin();
        var files = Chosen();
        CheckCount(files, form);
        files.ForEach(f => CheckUnchanged(f.Name));
        var missing = files.Where(f => !_entries.ContainsKey((form, f.Name)) && !TakeCached(form, f.Name)).ToList();
        if (missing.Count > 0)
        {
            Hash(form, missing);
        }
        files.ForEach(f => CheckUnchanged(f.Name));
        Listed = [.. files.Select(f => f.Name)];
        return Chosen().Select(f => f.Name).SequenceEqual(files.Select(f => f.Name), StringComparer.Ordinal)
            ? new FileManifest(files.SelectMany(f => _entries[(form, f.Name)]))
            : throw Changed("files came or went");

        List<TreeFile> Chosen() => [.. List(ignore, demanded).Where(f => where is null || where(f))];
    }

    /// <summary>The files that are not ignored, in code point order of their names.</summary>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="demanded">Names that are listed whether ignored or not, where they exist.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file or too many files.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    public IReadOnlyList<TreeFile> List(IgnoreRules ignore, IReadOnlyCollection<string>? demanded = null)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var files = tree.List(ignore);
        var hidden = demanded is null ? [] : demanded.Where(ignore.Matches).ToHashSet(StringComparer.Ordinal);
        if (hidden.Count == 0)
        {
            return files;
        }
        // Asked for by name, so a link or a pipe somewhere else in what is ignored is nobody's concern.
        var found = hidden.Where(tree.Has).Select(name => new TreeFile(name, tree.StatusOf(name).Size));
        return [.. files.Concat(found).OrderBy(f => f.Name, CodePointOrder.Instance)];
    }

    private void CheckCount(IReadOnlyList<TreeFile> files, ManifestForm form)
    {
        var count = files.Sum(f => (decimal)form.EntriesOf(f.Size));
        if (count > Limits.ManifestEntries)
        {
            throw new MalformedDataException(
                "directory",
                tree.Path,
                $"{count} files or shards; at most {Limits.ManifestEntries} are accepted, so larger shards are needed"
            );
        }
    }

    private void Hash(ManifestForm form, List<TreeFile> files)
    {
        if (form.ShardSize is { } shardSize)
        {
            // An empty file's shard is none here: the clients leave it out.
            var all =
                Reader?.HashShards(tree, files, form.Algorithm, shardSize, progress, cancellation)
                ?? new FileHasher(form.Algorithm).HashShards(tree, files, shardSize, progress, cancellation);
            var shards = all.Where(s => s.End > s.Start)
                .ToLookup(s => s.Name, s => new ManifestEntry(ManifestForm.ShardName(s.Name, s.Start, s.End), s.Digest, s.End - s.Start));
            foreach (var file in files)
            {
                Add(form, file, [.. shards[file.Name]]);
            }
            return;
        }
        var hashed =
            Reader?.Hash(tree, files, form.Algorithm, progress, cancellation)
            ?? new FileHasher(form.Algorithm).Hash(tree, files, progress, cancellation);
        for (var i = 0; i < files.Count; i++)
        {
            Add(form, files[i], [new ManifestEntry(files[i].Name, hashed[i].Digest, hashed[i].Size)]);
        }
    }

    private void Add(ManifestForm form, TreeFile file, IReadOnlyList<ManifestEntry> entries)
    {
        _entries.Add((form, file.Name), entries);
        Cache?.Add(form, file.Name, _statuses[file.Name], entries);
    }

    private bool TakeCached(ManifestForm form, string name)
    {
        if (Cache?.Find(form, name, _statuses[name]) is not { } entries)
        {
            return false;
        }
        progress?.Report(_statuses[name].Size);
        _entries.Add((form, name), entries);
        return true;
    }

    private void CheckUnchanged(string name)
    {
        FileStatus status;
        try
        {
            status = tree.StatusOf(name);
        }
        catch (FileNotFoundException e)
        {
            throw Changed($"'{name}' went away", e);
        }
        if (!_statuses.TryAdd(name, status) && _statuses[name] != status)
        {
            throw Changed($"'{name}' is not what it was");
        }
    }

    private IOException Changed(string what, Exception? inner = null) => Changed(tree, what, inner);

    internal static IOException Changed(FileTree tree, string what, Exception? inner = null) =>
        new($"'{tree.Path}' changed while it was read: {what}; try again when nothing writes to it", inner);
}
