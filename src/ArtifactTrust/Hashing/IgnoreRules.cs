using ArtifactTrust.Formats;

namespace ArtifactTrust.Hashing;

/// <summary>The paths of a directory that are not part of the model or dataset.</summary>
/// <remarks>Spec: OMS 1.0 §5.1.3. A path covers itself and all below it; it is compared part by part.</remarks>
public sealed class IgnoreRules
{
    /// <summary>What belongs to version control: ignored at the top level only.</summary>
    public static IReadOnlyList<string> GitPaths { get; } = [".git", ".gitattributes", ".github", ".gitignore"];

    private readonly SortedSet<string> _paths;
    private readonly PackedNames _utf8 = new();

    /// <summary>Rules for the given paths, relative to the root, with <c>/</c> between their parts.</summary>
    /// <exception cref="MalformedDataException">A path is empty, absolute, or leaves the directory.</exception>
    public IgnoreRules(IEnumerable<string> paths)
    {
        _paths = new SortedSet<string>(CodePointOrder.Instance);
        foreach (var path in paths)
        {
            var trimmed = path.TrimEnd('/');
            if (trimmed.Split('/').Any(p => p is "" or "." or ".."))
            {
                throw new MalformedDataException(
                    "ignored path",
                    path,
                    "a path below the directory is expected, without '.', '..' or a leading '/'"
                );
            }
            _paths.Add(trimmed);
        }
        foreach (var path in _paths)
        {
            _utf8.Add(path);
        }
    }

    /// <summary>No path is ignored.</summary>
    public static IgnoreRules None { get; } = new([]);

    /// <summary>The paths, in code point order.</summary>
    public IReadOnlyCollection<string> Paths => _paths;

    /// <summary>These rules and more paths.</summary>
    public IgnoreRules With(IEnumerable<string> paths) => new(_paths.Concat(paths));

    /// <summary>Whether a name is one of the paths itself.</summary>
    internal bool Covers(ReadOnlySpan<byte> utf8) => _utf8.Count > 0 && _utf8.Find(utf8) >= 0;

    /// <summary>Whether the name is one of the paths or lies below one.</summary>
    public bool Matches(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_paths.Count == 0)
        {
            return false;
        }
        for (var end = name.Length; end > 0; end = name.LastIndexOf('/', end - 1))
        {
            if (_paths.Contains(name[..end]))
            {
                return true;
            }
        }
        return false;
    }
}
