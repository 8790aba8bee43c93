using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>
/// The paths of one artifact's files: below its directory, each once, none of them a directory of another. Letter case does not tell two files
/// apart everywhere. Safe to use from several threads.
/// </summary>
/// <param name="format">What the paths are of, for messages.</param>
internal sealed class ModelPaths(string format)
{
    /// <summary>The longest path, in characters.</summary>
    internal const int MaximumLength = 1024;

    private readonly Dictionary<string, bool> _isFile = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _lock = new();

    /// <summary>Takes a path for a file.</summary>
    /// <exception cref="MalformedDataException">It leads elsewhere, is one that some systems do not have, or is taken.</exception>
    internal void AddFile(string path)
    {
        Check(path);
        lock (_lock)
        {
            AddParents(path);
            if (!_isFile.TryAdd(path, true))
            {
                throw new MalformedDataException(
                    format,
                    Text.Clean(path, 200),
                    _isFile[path] ? "two files have this path, or differ in letter case only" : "another file has the path of its directory"
                );
            }
            if (_isFile.Count > Limits.ManifestEntries)
            {
                throw new MalformedDataException(format, "$", $"more than {Limits.ManifestEntries} files and directories");
            }
        }
    }

    /// <summary>Takes a path for a directory, which may be named more than once.</summary>
    /// <inheritdoc cref="AddFile"/>
    internal void AddDirectory(string path)
    {
        Check(path);
        lock (_lock)
        {
            AddParents($"{path}/");
        }
    }

    private void AddParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var parent = path[..slash];
            if (!_isFile.TryAdd(parent, false) && _isFile[parent])
            {
                throw new MalformedDataException(format, Text.Clean(path, 200), "another file has the path of its directory");
            }
        }
    }

    private void Check(string path)
    {
        if (
            path.Length is 0 or > MaximumLength
            || path.Split('/').Any(p => p is "" or "." or ".." || p[^1] is ' ' or '.')
            || path.Any(c => char.IsControl(c) || c is '\\' or ':' or '\uFFFD')
        )
        {
            throw new MalformedDataException(
                format,
                Text.Clean(path, 200),
                "it is no path of a file below a directory that every system has"
            );
        }
    }
}
