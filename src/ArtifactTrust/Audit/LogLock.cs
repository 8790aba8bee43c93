using System.Diagnostics;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Audit;

/// <summary>The right to append to a log: one holder at a time, over threads and processes.</summary>
/// <remarks>
/// It is the kernel's lock on <c>.lock</c>, not the file's existence, so it ends with the process that holds it, however that ends. The
/// file stays: removing it would let two holders lock two files of one name.
/// </remarks>
internal sealed class LogLock : IDisposable
{
    internal const string FileName = ".lock";

    private readonly SafeFileHandle _file;

    private LogLock(SafeFileHandle file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <exception cref="IOException">Another process has held it for the whole time.</exception>
    internal static LogLock Take(string directory, TimeSpan timeout)
    {
        var path = Path.Combine(directory, FileName);
        var start = Stopwatch.GetTimestamp();
        for (var pause = 1; ; pause = Math.Min(2 * pause, 16))
        {
            var file = Posix.OpenLockFile(path);
            var taken = false;
            try
            {
                taken = Posix.TryLock(file, path) && IsStillAt(path, file);
            }
            finally
            {
                if (!taken)
                {
                    file.Dispose();
                }
            }
            if (taken)
            {
                return new LogLock(file);
            }
            if (Stopwatch.GetElapsedTime(start) >= timeout)
            {
                throw new IOException(
                    $"another process has held '{path}' for {timeout.TotalSeconds:0.#} seconds; if it hangs, end it: the lock ends with it"
                );
            }
            Thread.Sleep(pause);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>False where somebody removed or replaced the file before it was locked.</summary>
    private static bool IsStillAt(string path, SafeFileHandle file)
    {
        using var now = Posix.OpenLockFile(path);
        return LinuxFile.Status(now).Inode == LinuxFile.Status(file).Inode;
    }
}
