using System.Runtime.InteropServices;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Audit;

/// <summary>The calls of Linux that make a file durable and lock it. The BCL's forms of both leave out some failures.</summary>
internal static partial class Posix
{
    private const int ReadWrite = 2;
    private const int Create = 0x40;
    private const int CloseOnExec = 0x80000;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;

    /// <summary>Opens a file for locking, creating it where it does not exist. The BCL would put a lock of its own on it.</summary>
    internal static SafeFileHandle OpenLockFile(string path)
    {
        var handle = Open(path, ReadWrite | Create | CloseOnExec, 0x1B6); // rw-rw-rw-, less the process' umask
        if (!handle.IsInvalid)
        {
            return handle;
        }
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw Failure("opened", path, error);
    }

    /// <summary>Takes the lock of an open file, or answers false where another open file has it. The kernel releases it with the handle.</summary>
    internal static bool TryLock(SafeFileHandle file, string path)
    {
        while (FLock(file, LockExclusive | LockNonBlocking) != 0)
        {
            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    continue;
                case WouldBlock:
                    return false;
                case var error:
                    throw Failure("locked", path, error);
            }
        }
        return true;
    }

    /// <summary>Waits until a file's content, or a directory's names, are on the storage device.</summary>
    /// <exception cref="IOException">The device failed. What was written since the last success may be lost.</exception>
    internal static void Flush(SafeFileHandle file, string path)
    {
        while (FSync(file) != 0)
        {
            if (Marshal.GetLastPInvokeError() is not Interrupted and var error)
            {
                throw Failure("flushed to disk", path, error);
            }
        }
    }

    /// <summary>Waits until a directory's names are on the storage device.</summary>
    internal static void FlushDirectory(string path)
    {
        using var handle = LinuxFile.OpenRoot(path);
        Flush(handle, path);
    }

    /// <summary>Puts a file in another's place at once. The BCL would copy, and not at once, where the two are on different devices.</summary>
    internal static void Rename(string from, string to)
    {
        if (RenameCore(from, to) != 0)
        {
            throw Failure("put in place", to, Marshal.GetLastPInvokeError());
        }
    }

    private static IOException Failure(string what, string path, int error) =>
        new($"'{path}' cannot be {what}: {Marshal.GetPInvokeErrorMessage(error)}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCore(string from, string to);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}
