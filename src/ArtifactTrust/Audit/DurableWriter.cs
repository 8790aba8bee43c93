namespace ArtifactTrust.Audit;

/// <summary>
/// Puts files in place so that after a crash each is there whole or not at all: written to a temporary file, flushed, renamed, and the
/// directory flushed. Made and used under the log's lock.
/// </summary>
internal sealed class DurableWriter : IDisposable
{
    internal const string TemporaryDirectory = ".tmp";

    private readonly string _root;
    private readonly Action<string>? _observe;
    private readonly List<(string Temporary, string Target, bool IsNewPlace)> _written = [];
    private int _count;

    /// <param name="root">The log's directory, as a full path.</param>
    /// <param name="observe">Told each operation before it is made; tests fail or stop there.</param>
    internal DurableWriter(string root, Action<string>? observe)
    {
        (_root, _observe) = (root, observe);
        Directory.CreateDirectory(Path.Combine(root, TemporaryDirectory));
        foreach (var leftover in Directory.EnumerateFiles(Path.Combine(root, TemporaryDirectory)))
        {
            Delete(leftover);
        }
    }

    /// <summary>Whether it is a directory of temporary files in which nothing was written but one file: its files will be deleted.</summary>
    internal static bool IsLeftover(FileSystemInfo file) =>
        file is DirectoryInfo { Name: TemporaryDirectory, LinkTarget: null } directory
        && directory.EnumerateFileSystemInfos().All(f => f is FileInfo { Name: "0" });

    /// <summary>Writes and flushes a temporary file that <see cref="Publish"/> will put at the target.</summary>
    /// <param name="target">Relative to the root.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="isNewPlace">Whether nothing durable is known to be in the target's directory, so that its parents are flushed too.</param>
    internal void Write(string target, ReadOnlySpan<byte> content, bool isNewPlace)
    {
        var temporary = Path.Combine(_root, TemporaryDirectory, $"{_count++}");
        _written.Add((temporary, target, isNewPlace));
        Observe($"write {target}");
        using var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, content, 0);
        Observe($"flush {target}");
        Posix.Flush(file, temporary);
    }

    /// <summary>Renames what was written to its targets, and flushes their directories.</summary>
    internal void Publish()
    {
        var directories = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (temporary, target, isNewPlace) in _written)
        {
            var path = Path.Combine(_root, target);
            var directory = Path.GetDirectoryName(path)!;
            Observe($"create {Path.GetDirectoryName(target)}");
            Directory.CreateDirectory(directory);
            Observe($"rename {target}");
            Posix.Rename(temporary, path);
            directories.Add(directory);
            for (var parent = directory; isNewPlace && parent.Length > _root.Length; )
            {
                parent = Path.GetDirectoryName(parent)!;
                directories.Add(parent);
            }
        }
        _written.Clear();
        // The deepest first: a name is then never durable before what it leads to.
        foreach (var directory in directories.OrderByDescending(d => d.Length))
        {
            FlushDirectory(directory);
        }
    }

    /// <summary>Deletes files, and makes that durable, so that they cannot come back beside later ones.</summary>
    internal void Remove(IReadOnlyCollection<string> paths)
    {
        foreach (var path in paths)
        {
            Delete(path);
        }
        foreach (var directory in paths.Select(p => Path.GetDirectoryName(p)!).Distinct(StringComparer.Ordinal))
        {
            FlushDirectory(directory);
        }
    }

    /// <summary>Deletes a directory that is no longer needed. It does no harm where this fails, so failures are not reported.</summary>
    internal void RemoveSuperseded(string directory)
    {
        try
        {
            var path = Path.Combine(_root, directory);
            if (Directory.Exists(path))
            {
                Observe($"remove {directory}");
                Directory.Delete(path, recursive: true);
            }
        }
        catch (IOException) { }
        catch (UnauthorizedAccessException) { }
    }

    /// <summary>Deletes the temporary files that were not published.</summary>
    public void Dispose()
    {
        foreach (var (temporary, _, _) in _written)
        {
            try
            {
                Delete(temporary);
            }
            catch (IOException) { } // The next append deletes it.
            catch (UnauthorizedAccessException) { }
        }
    }

    private void FlushDirectory(string directory)
    {
        Observe($"flush {Path.GetRelativePath(_root, directory)}/");
        Posix.FlushDirectory(directory);
    }

    private void Delete(string path)
    {
        Observe($"delete {Path.GetRelativePath(_root, path)}");
        File.Delete(path);
    }

    private void Observe(string operation) => _observe?.Invoke(operation);
}
