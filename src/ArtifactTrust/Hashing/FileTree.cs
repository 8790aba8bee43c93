using System.IO.Enumeration;
using ArtifactTrust.Formats;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>A file of a tree, as listed.</summary>
/// <param name="Name">The path below the root, with <c>/</c> between its parts.</param>
/// <param name="Size">The size when listed, in bytes.</param>
public readonly record struct TreeFile(string Name, long Size);

/// <summary>A directory whose files are listed and opened without following a symbolic link below its root, unless links are allowed.</summary>
public sealed class FileTree : IDisposable
{
    private readonly SafeFileHandle? _root;

    private FileTree(string path, SafeFileHandle? root, bool allowLinks)
    {
        Path = path;
        _root = root;
        AllowsLinks = allowLinks;
    }

    /// <summary>Whether a symbolic link to a file of the directory is taken for a file of the link's name.</summary>
    public bool AllowsLinks { get; }

    /// <summary>The full path of the root.</summary>
    public string Path { get; }

    /// <summary>The root's own name, for people.</summary>
    public string Name => System.IO.Path.GetFileName(Path) is { Length: > 0 } name ? name : Path;

    /// <summary>Opens a directory.</summary>
    /// <param name="path">The path; links on the way to it are followed.</param>
    /// <param name="allowLinks">
    /// Whether a symbolic link to a regular file is read under the link's name, as long as it stays in the directory. A link to a directory
    /// is refused all the same, and so is every link on other systems than Linux.
    /// </param>
    /// <exception cref="IOException">It is absent or is not a directory.</exception>
    public static FileTree Open(string path, bool allowLinks = false)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"the directory '{path}' does not exist");
        }
        return new FileTree(full, OperatingSystem.IsLinux() ? LinuxFile.OpenRoot(full) : null, allowLinks && OperatingSystem.IsLinux());
    }

    /// <summary>The regular files below the root that are not ignored, in code point order of their names.</summary>
    /// <exception cref="MalformedDataException">There is a symbolic link, a special file, or a name that is not UTF-8.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    /// <remarks>Spec: OMS 1.0 §5.1: what cannot be covered is refused, not left out.</remarks>
    public IReadOnlyList<TreeFile> List(IgnoreRules ignore)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var files = new List<TreeFile>();
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = 0,
            IgnoreInaccessible = false,
            ReturnSpecialDirectories = false,
        };
        var prefix = Path.Length + (Path.EndsWith(System.IO.Path.DirectorySeparatorChar) ? 0 : 1);
        var found = new FileSystemEnumerable<TreeFile>(
            Path,
            (ref FileSystemEntry entry) =>
            {
                var name = NameOf(ref entry, prefix);
                if (AllowsLinks && IsLink(ref entry))
                {
                    CheckName(name);
                    return new TreeFile(name, LengthOfTarget(name));
                }
                Check(name, entry.Attributes);
                return new TreeFile(name, entry.Length);
            },
            options
        )
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                (!entry.IsDirectory || IsLink(ref entry)) && !ignore.Matches(NameOf(ref entry, prefix)),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !IsLink(ref entry) && !ignore.Matches(NameOf(ref entry, prefix)),
        };
        foreach (var file in found)
        {
            if (files.Count == Limits.ManifestEntries)
            {
                throw new MalformedDataException("directory", Path, $"more than {Limits.ManifestEntries} files");
            }
            files.Add(file);
        }
        files.Sort((a, b) => CodePointOrder.Instance.Compare(a.Name, b.Name));
        return files;
    }

    /// <summary>Opens a file of the tree for reading.</summary>
    /// <param name="name">A name as <see cref="List"/> gives it.</param>
    /// <exception cref="IOException">It is absent, is reached over a symbolic link, or is no regular file.</exception>
    public SafeFileHandle OpenHandle(string name) => OpenHandle(name, out _);

    /// <summary>Opens a file of the tree for reading, and says what it was when it was opened.</summary>
    internal SafeFileHandle OpenHandle(string name, out FileStatus status)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_root is not null)
        {
            return AllowsLinks ? LinuxFile.OpenFollowing(_root, name, out status) : LinuxFile.OpenBeneath(_root, name, out status);
        }
        var path = Path;
        foreach (var part in name.Split('/'))
        {
            if (part is "" or "." or "..")
            {
                throw new IOException($"'{name}' is not a path below the directory");
            }
            path = System.IO.Path.Join(path, part);
            if (new FileInfo(path).LinkTarget is not null)
            {
                throw new IOException($"'{name}' is a symbolic link or lies behind one; links are not followed");
            }
        }
        var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        status = FileStatus.Of(file);
        return file;
    }

    /// <summary>Opens a file of the tree as a stream.</summary>
    /// <exception cref="IOException">See <see cref="OpenHandle(string)"/>.</exception>
    public FileStream OpenRead(string name) => new(OpenHandle(name), FileAccess.Read, bufferSize: 0);

    /// <inheritdoc/>
    public void Dispose() => _root?.Dispose();

    /// <summary>What tells whether a file is the one it was: size, inode and times. Follows links where they are allowed.</summary>
    /// <exception cref="IOException">It is absent or cannot be asked.</exception>
    internal FileStatus StatusOf(string name)
    {
        if (_root is not null)
        {
            return LinuxFile.StatusOf(_root, name, AllowsLinks);
        }
        var file = new FileInfo(System.IO.Path.Join(Path, name));
        return new FileStatus(true, file.Length, 0, (file.LastWriteTimeUtc.Ticks, 0), default);
    }

    /// <summary>Whether there is a file that could be opened.</summary>
    internal bool Has(string name)
    {
        try
        {
            OpenHandle(name).Dispose();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private long LengthOfTarget(string name)
    {
        try
        {
            using var file = OpenHandle(name);
            return RandomAccess.GetLength(file);
        }
        catch (IOException e)
        {
            throw new MalformedDataException(
                "directory",
                name,
                $"a symbolic link that does not lead to a file of the directory: {e.Message}",
                e
            );
        }
    }

    private static bool IsLink(ref FileSystemEntry entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private static string NameOf(ref FileSystemEntry entry, int prefix)
    {
        var name = entry.ToFullPath()[prefix..];
        return System.IO.Path.DirectorySeparatorChar == '/' ? name : name.Replace(System.IO.Path.DirectorySeparatorChar, '/');
    }

    private static void Check(string name, FileAttributes attributes)
    {
        if (attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            throw new MalformedDataException(
                "directory",
                name,
                "a symbolic link; links are neither followed nor left out, so replace it by the file or ignore it"
            );
        }
        CheckName(name);
    }

    private static void CheckName(string name)
    {
        // The runtime puts U+FFFD where a name's bytes are not UTF-8; such a name could not be opened again.
        if (name.Contains('\uFFFD', StringComparison.Ordinal))
        {
            throw new MalformedDataException("directory", name, "the file's name is not UTF-8");
        }
        // One file must not look like two in a listing; dirHash has no form for such a name.
        if (name.Contains('\n', StringComparison.Ordinal))
        {
            throw new MalformedDataException(
                "directory",
                name.Replace("\n", "\\n", StringComparison.Ordinal),
                "the file's name has a line feed"
            );
        }
    }
}
