using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>A directory for work that is not finished: only its user may look into it, and it is locked as long as its process lives.</summary>
[SupportedOSPlatform("linux")]
internal sealed class WorkDirectory : IDisposable
{
    internal const string Prefix = ".artifact-trust-copy-";

    private WorkDirectory(string path, SafeFileHandle handle)
    {
        Path = path;
        Handle = handle;
    }

    /// <summary>Its full path.</summary>
    internal string Path { get; }

    /// <summary>The open directory, which holds the lock.</summary>
    internal SafeFileHandle Handle { get; }

    /// <summary>Makes one in a directory, and removes those there that have no process any more.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static WorkDirectory Create(string parent)
    {
        RemoveLeftovers(parent);
        while (true)
        {
            var path = System.IO.Path.Join(parent, Prefix + RandomNumberGenerator.GetHexString(16, lowercase: true));
            if (!LinuxDirectory.TryMake(path))
            {
                continue;
            }
            SafeFileHandle handle;
            try
            {
                handle = LinuxFile.OpenRoot(path);
            }
            catch (FileNotFoundException)
            {
                continue;
            }
            // Another run may take it for a leftover before it is locked; then it is gone, and made again.
            if (LinuxDirectory.TryLock(handle) && Directory.Exists(path))
            {
                return new WorkDirectory(path, handle);
            }
            handle.Dispose();
        }
    }

    public void Dispose()
    {
        try
        {
            Remove(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next run removes it; what was published or refused stands.
        }
        Handle.Dispose();
    }

    private static void RemoveLeftovers(string parent)
    {
        foreach (var leftover in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            try
            {
                if (new FileInfo(leftover).LinkTarget is not null)
                {
                    continue;
                }
                using var handle = LinuxFile.OpenRoot(leftover);
                var isOurs =
                    LinuxFile.Owner(handle) == LinuxDirectory.EffectiveUser()
                    && File.GetUnixFileMode(handle) == (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                if (isOurs && LinuxDirectory.TryLock(handle))
                {
                    Remove(leftover);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's, or one that another run removes now.
            }
        }
    }

    /// <summary>Removes a directory and all in it; what a symbolic link leads to is left alone.</summary>
    private static void Remove(string directory)
    {
        // An old directory that was exchanged may forbid its owner to change it.
        foreach (
            var below in new DirectoryInfo(directory).EnumerateDirectories(
                "*",
                new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint }
            )
        )
        {
            MakeWritable(below);
        }
        Directory.Delete(directory, recursive: true);
    }

    private static void MakeWritable(DirectoryInfo directory)
    {
        directory.UnixFileMode |= UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (
            var below in directory.EnumerateDirectories("*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint })
        )
        {
            MakeWritable(below);
        }
    }
}
