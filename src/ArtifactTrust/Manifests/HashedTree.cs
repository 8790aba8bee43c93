using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>A directory whose files are hashed when first asked for, each once, so that several signatures can be compared with it.</summary>
/// <param name="tree">The directory; the caller disposes of it.</param>
/// <param name="progress">Told the bytes read since the last report.</param>
/// <param name="cancellation">Stops hashing.</param>
public sealed class HashedTree(FileTree tree, IProgress<long>? progress = null, CancellationToken cancellation = default)
{
    private readonly FileHasher _hasher = new(DigestAlgorithm.Sha256);
    private readonly Dictionary<string, ManifestEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>The directory.</summary>
    public FileTree Tree => tree;

    /// <summary>What reads the files; null where they are hashed where they are.</summary>
    public TreeReader? Reader { get; init; }

    /// <summary>The names of the files of the manifest made last.</summary>
    public IReadOnlyList<string> Listed { get; private set; } = [];

    /// <summary>The manifest of the files that are not ignored.</summary>
    /// <param name="ignore">The paths left out.</param>
    /// <param name="demanded">Names that are listed whether ignored or not, where they exist.</param>
    /// <exception cref="MalformedDataException">The directory holds a symbolic link, a special file or too many files.</exception>
    /// <exception cref="IOException">A file cannot be read, or changed while it was read.</exception>
    public FileManifest Manifest(IgnoreRules ignore, IEnumerable<string>? demanded = null)
    {
        var files = tree.List(ignore);
        var hidden = demanded is null ? [] : demanded.Where(ignore.Matches).ToHashSet(StringComparer.Ordinal);
        if (hidden.Count > 0)
        {
            files = [.. files, .. tree.List(IgnoreRules.None).Where(f => hidden.Contains(f.Name))];
        }
        var missing = files.Where(f => !_entries.ContainsKey(f.Name)).ToList();
        var hashed =
            Reader?.Hash(tree, missing, DigestAlgorithm.Sha256, progress, cancellation)
            ?? _hasher.Hash(tree, missing, progress, cancellation);
        for (var i = 0; i < missing.Count; i++)
        {
            _entries.Add(missing[i].Name, new ManifestEntry(missing[i].Name, hashed[i].Digest, hashed[i].Size));
        }
        Listed = [.. files.Select(f => f.Name)];
        return new FileManifest(files.Select(f => _entries[f.Name]));
    }
}
