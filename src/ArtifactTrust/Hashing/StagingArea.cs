using System.Runtime.Versioning;

namespace ArtifactTrust.Hashing;

/// <summary>A directory beside a target that nobody else may look into, in which the target's next content is made.</summary>
/// <remarks>
/// <c>.artifact-trust-copy-RANDOM/</c> is locked as long as its process lives, and holds <c>tree/</c>, which is renamed to the target or
/// exchanged with it. Whatever stops the process leaves the target as it was or whole, and a directory without a lock beside it, which the
/// next run removes.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class StagingArea : IDisposable
{
    private const UnixFileMode Public =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    private readonly string _parent;
    private readonly WorkDirectory _outer;
    private readonly bool _replace;

    private StagingArea(string target, string parent, WorkDirectory outer, bool replace)
    {
        Target = target;
        _parent = parent;
        _outer = outer;
        _replace = replace;
    }

    /// <summary>What will be published, a full path.</summary>
    internal string Target { get; }

    /// <summary>The directory to fill.</summary>
    internal string Tree => Path.Join(_outer.Path, "tree");

    /// <summary>Makes the directory, and removes those that earlier runs left behind.</summary>
    /// <param name="target">What will be published.</param>
    /// <param name="source">What is copied; neither may hold the other.</param>
    /// <param name="replace">Whether a directory that is there is replaced.</param>
    /// <exception cref="IOException">The target exists and is not to be replaced, is no directory, or cannot be made.</exception>
    internal static StagingArea Create(string target, string source, bool replace)
    {
        var named = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        var name = Path.GetFileName(named);
        if (name.Length == 0)
        {
            throw new IOException($"'{target}' has no name that a directory could be put in place by");
        }
        if (!Directory.Exists(Path.GetDirectoryName(named)))
        {
            throw new DirectoryNotFoundException(
                $"the directory '{Path.GetDirectoryName(named)}', which is to hold the copy, does not exist"
            );
        }
        var parent = LinuxDirectory.RealPath(Path.GetDirectoryName(named)!);
        var full = Path.Join(parent, name);
        CheckTarget(full, target, replace);
        var from = LinuxDirectory.RealPath(source);
        if (Holds(from, full) || (Holds(full, from) && Directory.Exists(source)))
        {
            throw new IOException($"'{target}' and '{source}' lie in each other; a copy needs a place of its own");
        }
        var area = new StagingArea(full, parent, WorkDirectory.Create(parent), replace);
        Directory.CreateDirectory(area.Tree);
        return area;
    }

    /// <summary>Puts the directory in place, once every byte and name of it is on the disk.</summary>
    /// <exception cref="IOException">The target came to exist, or the disk fails. Then the target is as it was.</exception>
    internal void Publish()
    {
        foreach (var directory in Directory.EnumerateDirectories(Tree, "*", SearchOption.AllDirectories).Prepend(Tree))
        {
            File.SetUnixFileMode(directory, Public);
        }
        LinuxDirectory.SyncFileSystem(_outer.Handle);
        CheckTarget(Target, Target, _replace);
        if (Directory.Exists(Target))
        {
            LinuxDirectory.Exchange(Tree, Target);
        }
        else
        {
            LinuxDirectory.MoveToFree(Tree, Target);
        }
        using var parent = LinuxFile.OpenRoot(_parent);
        LinuxDirectory.Sync(parent);
    }

    public void Dispose() => _outer.Dispose();

    private static void CheckTarget(string path, string named, bool replace)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is not null)
        {
            throw new IOException($"'{named}' is a symbolic link; name the directory itself");
        }
        if (info.Exists)
        {
            throw new IOException($"'{named}' is a file and not a directory");
        }
        if (Directory.Exists(path) && !replace)
        {
            throw new IOException($"'{named}' exists and is not overwritten");
        }
    }

    private static bool Holds(string directory, string path) =>
        path == directory || directory == "/" || path.StartsWith(directory + '/', StringComparison.Ordinal);
}
