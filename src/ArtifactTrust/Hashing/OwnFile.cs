using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>Files that nobody but root and the user of this process can have written or put in their place.</summary>
internal static class OwnFile
{
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Opens a regular file for reading. What is asked is asked of what was opened, so that nothing else can take its name meanwhile.</summary>
    /// <param name="path">The file; a symbolic link is not followed, but for those on the way to its directory.</param>
    /// <returns>The file; null where there is none, and nobody else could put one there.</returns>
    /// <exception cref="UnauthorizedAccessException">Somebody else can write to it or to its directory.</exception>
    /// <exception cref="IOException">It cannot be read, or is no regular file.</exception>
    internal static SafeFileHandle? TryOpen(string path)
    {
        var full = Path.GetFullPath(path);
        if (!OperatingSystem.IsLinux())
        {
            return OpenPortably(full);
        }
        using var directory = LinuxFile.OpenRoot(Path.GetDirectoryName(full) ?? full);
        // Where only owners may rename and remove, the file's own owner is enough.
        RequireOwn(directory, "its directory", (File.GetUnixFileMode(directory) & UnixFileMode.StickyBit) != 0);
        SafeFileHandle file;
        try
        {
            file = LinuxFile.OpenBeneath(directory, Path.GetFileName(full));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        try
        {
            RequireOwn(file, "it", false);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether an open file or directory belongs to root or the user of this process.</summary>
    internal static bool IsOwn(SafeFileHandle file) =>
        LinuxFile.Owner(file) is var owner && (owner == 0 || owner == LinuxDirectory.EffectiveUser());

    private static void RequireOwn(SafeFileHandle file, string what, bool othersMayWrite)
    {
        if (!IsOwn(file))
        {
            throw new UnauthorizedAccessException($"{what} belongs to another user ({LinuxFile.Owner(file)})");
        }
        RequireMode(file, what, othersMayWrite);
    }

    private static void RequireMode(SafeFileHandle file, string what, bool othersMayWrite)
    {
        if (!OperatingSystem.IsWindows() && !othersMayWrite && (File.GetUnixFileMode(file) & OthersWrite) != 0)
        {
            throw new UnauthorizedAccessException($"others can write to {what}");
        }
    }

    private static SafeFileHandle? OpenPortably(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        var file = File.OpenHandle(path);
        try
        {
            RequireMode(file, "it", false);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
