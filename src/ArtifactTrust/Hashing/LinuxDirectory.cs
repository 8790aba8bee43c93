using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>The calls of Linux that publish a directory as a whole, lock it, and share the bytes of files.</summary>
internal static partial class LinuxDirectory
{
    private const int Here = -100;
    private const uint CloneRequest = 0x40049409; // FICLONE
    private const int Shared = 1;
    private const int Exclusive = 2;
    private const int NotBlocking = 4;
    private const int FollowLink = 0x400;
    private const int Exists = 17;

    // The C library has no stable form of this call; the kernel's is the same everywhere but for the number.
    private static readonly nint ReadEntriesNumber = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 217,
        Architecture.Arm64 => 61,
        _ => -1,
    };

    /// <summary>Whether <see cref="Read"/> is known to work on this processor.</summary>
    internal static bool CanRead => ReadEntriesNumber > 0;

    /// <summary>Told of an entry of a directory: its name, and what it is, where the file system says so.</summary>
    internal delegate void EntryFound(ReadOnlySpan<byte> utf8, EntryKind? kind);

    /// <summary>Reads an open directory, apart from <c>.</c> and <c>..</c>, in whatever order it comes.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static unsafe void Read(SafeFileHandle directory, EntryFound found)
    {
        const int bufferBytes = 64 << 10;
        var buffer = ArrayPool<byte>.Shared.Rent(bufferBytes);
        try
        {
            while (true)
            {
                nint read;
                fixed (byte* p = buffer)
                {
                    read = ReadEntries(ReadEntriesNumber, directory, p, bufferBytes);
                }
                if (read <= 0)
                {
                    if (read < 0)
                    {
                        throw Failure("a directory", "cannot be read", Marshal.GetLastPInvokeError());
                    }
                    return;
                }
                // struct linux_dirent64: inode, offset, length of the record (at 16), type (at 18), name with a zero behind it.
                for (var rest = buffer.AsSpan(0, (int)read); !rest.IsEmpty; )
                {
                    var length = BinaryPrimitives.ReadUInt16LittleEndian(rest[16..]);
                    ReadOnlySpan<byte> name = rest[19..length];
                    name = name[..name.IndexOf((byte)0)];
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    {
                        found(name, KindOf(rest[18]));
                    }
                    rest = rest[length..];
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static EntryKind? KindOf(byte type) =>
        type switch
        {
            0 => null,
            1 => EntryKind.Pipe,
            2 or 6 => EntryKind.Device,
            4 => EntryKind.Directory,
            10 => EntryKind.Link,
            12 => EntryKind.Socket,
            _ => EntryKind.File,
        };

    /// <summary>Makes a directory that only its owner may look into; false where the name is taken.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    internal static bool TryMake(string path)
    {
        if (MakeDirectory(path, 0x1C0) == 0)
        {
            return true;
        }
        var error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw Failure(path, "cannot be made", error);
    }

    /// <summary>Locks an open file or directory until the handle is closed, also by the end of the process; false where another holds it.</summary>
    internal static bool TryLock(SafeFileHandle file) => Lock(file, Exclusive | NotBlocking) == 0;

    /// <summary>Lets others read an open file or directory that is locked; <see cref="TryLock"/> still fails for them.</summary>
    internal static void ShareLock(SafeFileHandle locked) => _ = Lock(locked, Shared | NotBlocking);

    /// <summary>Renames a directory to a name that must be free.</summary>
    /// <exception cref="IOException">The name is taken, or the file system refuses.</exception>
    internal static void MoveToFree(string from, string to) => Rename(from, to, 1);

    /// <summary>Gives each of two directories the other's name, at once.</summary>
    /// <exception cref="IOException">The file system refuses.</exception>
    internal static void Exchange(string one, string other) => Rename(one, other, 2);

    /// <summary>Waits until all that was written to the file system of the open directory is on its disk.</summary>
    /// <exception cref="IOException">Something could not be written.</exception>
    internal static void SyncFileSystem(SafeFileHandle directory)
    {
        if (SyncFs(directory) != 0)
        {
            throw Failure("the copy", "could not be written to the disk", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits until the names in an open directory are on the disk.</summary>
    /// <exception cref="IOException">They could not be written.</exception>
    internal static void Sync(SafeFileHandle directory)
    {
        if (FSync(directory) != 0)
        {
            throw Failure("the directory", "could not be written to the disk", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Lets an empty file share the blocks of another until one of them is written to; false where the file systems cannot.</summary>
    internal static bool TryClone(SafeFileHandle to, SafeFileHandle from) => Clone(to, CloneRequest, from) == 0;

    /// <summary>Gives the very file that is open one more name; false where the file system cannot.</summary>
    internal static bool TryLink(SafeFileHandle file, string path)
    {
        var added = false;
        file.DangerousAddRef(ref added);
        try
        {
            return Link(Here, $"/proc/self/fd/{file.DangerousGetHandle()}", Here, path, FollowLink) == 0;
        }
        finally
        {
            file.DangerousRelease();
        }
    }

    /// <summary>The path without any symbolic link, "." or "..".</summary>
    /// <exception cref="IOException">There is no such path.</exception>
    internal static unsafe string RealPath(string path)
    {
        var real = Resolve(path, 0);
        if (real == 0)
        {
            throw Failure(path, "cannot be used", Marshal.GetLastPInvokeError());
        }
        try
        {
            return Marshal.PtrToStringUTF8(real)!;
        }
        finally
        {
            NativeMemory.Free((void*)real);
        }
    }

    private static void Rename(string from, string to, uint flags)
    {
        if (RenameAt2(Here, from, Here, to, flags) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error == Exists ? new IOException($"'{to}' exists and is not overwritten") : Failure(to, "cannot be put in place", error);
        }
    }

    private static IOException Failure(string path, string what, int error) =>
        new($"'{path}' {what}: {Marshal.GetPInvokeErrorMessage(error)}");

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial nint ReadEntries(nint number, SafeFileHandle directory, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    // A variadic function in C: its three arguments go where those of a plain one do on the architectures of .NET on Linux.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Clone(SafeFileHandle to, nuint request, SafeFileHandle from);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(int fromDirectory, string from, int toDirectory, string to, int flags);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Resolve(string path, nint buffer);

    /// <summary>The user that files are made as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();
}
