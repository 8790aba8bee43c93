using ArtifactTrust.Formats;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>A file of a tree, as listed.</summary>
/// <param name="Name">The path below the root, with <c>/</c> between its parts.</param>
/// <param name="Size">The size when listed, in bytes.</param>
public readonly record struct TreeFile(string Name, long Size)
{
    /// <summary>Why there is nothing to read under this name, such as a pipe or a link that leads out of the tree; null for every file that can be opened.</summary>
    public string? Obstacle { get; init; }

    /// <summary>What the symbolic link of this name says, where one was followed (<see cref="FileTree.ListAll"/>); null for other files.</summary>
    public string? LinkTarget { get; init; }
}

/// <summary>A directory whose files are listed and opened without following a symbolic link below its root, unless links are allowed.</summary>
public sealed class FileTree : IDisposable
{
    private readonly SafeFileHandle? _root;
    private readonly SnapshotBlobs? _blobs;

    private FileTree(string path, SafeFileHandle? root, bool allowLinks, SnapshotBlobs? blobs)
    {
        Path = path;
        _root = root;
        _blobs = blobs;
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
    public static FileTree Open(string path, bool allowLinks = false) => Open(path, allowLinks, ofSnapshot: false);

    /// <summary>
    /// Opens a directory for those who look at its files and vouch for nothing: with links, as <see cref="Open(string, bool)"/> allows them, and where it is a
    /// snapshot in a hub's cache (<c>snapshots/REVISION</c>) with its links to the files of the cache's <c>blobs</c>, as what loads the model follows them.
    /// </summary>
    /// <param name="path">The path; links on the way to it are followed.</param>
    /// <exception cref="IOException">It is absent or is not a directory.</exception>
    public static FileTree OpenToLook(string path) => Open(path, allowLinks: true, ofSnapshot: true);

    private static FileTree Open(string path, bool allowLinks, bool ofSnapshot)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"the directory '{path}' does not exist");
        }
        if (!OperatingSystem.IsLinux())
        {
            return new FileTree(full, null, allowLinks: false, null);
        }
        var root = LinuxFile.OpenRoot(full);
        return new FileTree(full, root, allowLinks, ofSnapshot ? SnapshotBlobs.Beside(full, root) : null);
    }

    /// <summary>The regular files below the root that are not ignored, in code point order of their names.</summary>
    /// <exception cref="MalformedDataException">There is a symbolic link, a special file, or a name that is not UTF-8.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    /// <remarks>Spec: OMS 1.0 §5.1: what cannot be covered is refused, not left out.</remarks>
    public IReadOnlyList<TreeFile> List(IgnoreRules ignore)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var files = new List<TreeFile>();
        for (var walk = Walk(ignore); walk.MoveNext(); )
        {
            files.Add(new TreeFile(System.Text.Encoding.UTF8.GetString(walk.Utf8), walk.Status.Size));
        }
        return files;
    }

    /// <summary>
    /// The same, for those who look at files and vouch for nothing: what <see cref="List"/> refuses is listed by its name, with the reason why it cannot be
    /// read, and so is a directory that cannot be listed. Links are followed where this tree allows them; nothing but regular files is ever opened.
    /// </summary>
    /// <exception cref="MalformedDataException">There are too many files.</exception>
    /// <exception cref="IOException">The root cannot be read, or a file went away.</exception>
    public IReadOnlyList<TreeFile> ListAll(IgnoreRules ignore)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var files = new List<TreeFile>();
        var obstacles = new List<TreeFile>();
        using var walk = new StatusWalk(this, new TreeWalk(this, ignore) { Obstacles = obstacles }, CancellationToken.None);
        while (walk.MoveNext())
        {
            var name = System.Text.Encoding.UTF8.GetString(walk.Utf8);
            files.Add(
                new TreeFile(name, walk.Status.Size)
                {
                    Obstacle = walk.Status.IsRegular ? null : "a pipe, a socket or a device, which is not opened",
                    LinkTarget = AllowsLinks ? new FileInfo(System.IO.Path.Join(Path, name)).LinkTarget : null,
                }
            );
        }
        return obstacles.Count == 0 ? files : [.. files.Concat(obstacles).OrderBy(f => f.Name, CodePointOrder.Instance)];
    }

    /// <summary>How many files <see cref="List"/> would give, and their bytes, without a list.</summary>
    /// <exception cref="MalformedDataException">As for <see cref="List"/>.</exception>
    /// <exception cref="IOException">A directory cannot be read.</exception>
    public (int Files, long Bytes) Measure(IgnoreRules ignore)
    {
        ArgumentNullException.ThrowIfNull(ignore);
        var walk = Walk(ignore);
        var bytes = 0L;
        while (walk.MoveNext())
        {
            bytes += walk.Status.Size;
        }
        return (walk.Count, bytes);
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
            if (_blobs is not null && _blobs.TryOpen(name, out var blob, out status))
            {
                return blob;
            }
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

    /// <summary>Opens a file of a list, where it can be read.</summary>
    /// <param name="file">The file, as <see cref="ListAll"/> gives it.</param>
    /// <param name="obstacle">Why it cannot be read; null where it can.</param>
    /// <returns>The file; null where it cannot be read.</returns>
    public FileStream? TryOpenRead(TreeFile file, out string? obstacle)
    {
        obstacle = file.Obstacle;
        if (obstacle is not null)
        {
            return null;
        }
        try
        {
            return OpenRead(file.Name);
        }
        catch (IOException e)
        {
            obstacle = e.Message;
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _root?.Dispose();
        _blobs?.Dispose();
    }

    /// <summary>Goes through the files that <see cref="List"/> would give.</summary>
    internal StatusWalk Walk(IgnoreRules ignore, CancellationToken cancellation = default) =>
        new(this, new TreeWalk(this, ignore), cancellation);

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

    /// <inheritdoc cref="StatusOf(string)"/>
    internal FileStatus StatusOf(ReadOnlySpan<byte> utf8) =>
        _root is not null ? LinuxFile.StatusOf(_root, utf8, AllowsLinks) : StatusOf(System.Text.Encoding.UTF8.GetString(utf8));

    /// <summary>Opens a directory of the tree for listing. Linux only.</summary>
    /// <param name="name">Its name below the root; empty for the root.</param>
    /// <exception cref="IOException">It is absent, is reached over a symbolic link, or is no directory.</exception>
    internal SafeFileHandle OpenDirectory(string name) => LinuxFile.OpenDirectory(_root!, name);

    /// <summary>What is there under a name, where the directory did not say. Linux only.</summary>
    internal EntryKind KindOf(ReadOnlySpan<byte> utf8) => LinuxFile.KindOf(_root!, System.Text.Encoding.UTF8.GetString(utf8));

    /// <summary>Throws where a link does not lead to a file of the directory.</summary>
    /// <exception cref="MalformedDataException">See above.</exception>
    internal void CheckTarget(string name)
    {
        try
        {
            if (_blobs is not null && _blobs.TryOpen(name, out var blob, out _))
            {
                blob.Dispose();
                return;
            }
            if (_root is not null)
            {
                LinuxFile.CheckFollowing(_root, name);
            }
            OpenHandle(name).Dispose();
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
}
