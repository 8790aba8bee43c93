using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>The calls of Linux that open a file below a directory without following any symbolic link on the way.</summary>
internal static partial class LinuxFile
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int PathOnly = 0x200000;
    private const int NotFound = 2;
    private const int NoSuchDevice = 6;
    private const int NotADirectory = 20;
    private const int TooManyLinks = 40;
    private const int CrossDevice = 18;
    private const int NotPermitted = 1;
    private const int Interrupted = 4;
    private const int NoSuchCall = 38;
    private const int OpenAt2Number = 437;
    private const int EmptyPath = 0x1000;
    private const int NoFollowLinks = 0x100;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    // The two flags below are among the few whose values differ between architectures.
    private static readonly int Directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    private static volatile bool s_hasOpenAt2 = true;

    /// <summary>Opens the directory a tree starts at. Links on the way to it are the caller's own and are followed.</summary>
    internal static SafeFileHandle OpenRoot(string path)
    {
        var handle = OpenAt(-100, path, Directory | CloseOnExec);
        return handle.IsInvalid ? throw Failure(Marshal.GetLastPInvokeError(), path) : handle;
    }

    /// <summary>Opens a directory by a path from another one that may lead up. The last part must be no link.</summary>
    /// <exception cref="IOException">It is absent or is no directory.</exception>
    internal static SafeFileHandle OpenSibling(SafeFileHandle directory, string path)
    {
        var handle = OpenAt(directory, path, Directory | NoFollow | CloseOnExec);
        return handle.IsInvalid ? throw Failure(Marshal.GetLastPInvokeError(), path) : handle;
    }

    /// <summary>Opens a regular file anywhere. Links on the way to it are the caller's own and are followed.</summary>
    internal static SafeFileHandle OpenFile(string path)
    {
        var handle = OpenAt(-100, path, CloseOnExec | NonBlocking);
        return handle.IsInvalid ? throw Failure(Marshal.GetLastPInvokeError(), path) : Regular(handle, path, out _);
    }

    /// <summary>Opens a regular file below <paramref name="root"/>.</summary>
    /// <exception cref="IOException">It is absent, is reached over a symbolic link, or is no regular file.</exception>
    internal static SafeFileHandle OpenBeneath(SafeFileHandle root, string name) => OpenBeneath(root, name, out _);

    /// <summary>Opens a regular file below <paramref name="root"/>, and says what it was then.</summary>
    /// <exception cref="IOException">It is absent, is reached over a symbolic link, or is no regular file.</exception>
    internal static SafeFileHandle OpenBeneath(SafeFileHandle root, string name, out FileStatus status) =>
        Regular(OpenAtOnce(root, name) ?? OpenParts(root, name, isDirectory: false), name, out status);

    /// <summary>The same as where the kernel has no single call for it.</summary>
    internal static SafeFileHandle OpenBeneathByParts(SafeFileHandle root, string name, out FileStatus status) =>
        Regular(OpenParts(root, name, isDirectory: false), name, out status);

    /// <summary>Opens a directory below <paramref name="root"/>, or the root once more where the name is empty.</summary>
    /// <exception cref="IOException">It is absent, is reached over a symbolic link, or is no directory.</exception>
    internal static SafeFileHandle OpenDirectory(SafeFileHandle root, string name) => OpenParts(root, name, isDirectory: true);

    /// <summary>Opens a file in one call; null where that did not work, for whatever reason: part by part it is told, or works all the same.</summary>
    private static unsafe SafeFileHandle? OpenAtOnce(SafeFileHandle root, string name)
    {
        // The kernel would take ".." as long as it stays below.
        if (!s_hasOpenAt2 || name.Length == 0 || HasDots(name))
        {
            return null;
        }
        // struct open_how: flags, mode, resolve; RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS.
        var how = stackalloc ulong[3];
        (how[0], how[1], how[2]) = ((ulong)(NoFollow | CloseOnExec | NonBlocking), 0, 0x08 | 0x04 | 0x02);
        var handle = OpenAt2(OpenAt2Number, root, name, how, 3 * sizeof(ulong));
        if (!handle.IsInvalid)
        {
            return handle;
        }
        // An old kernel does not know the call; an old sandbox forbids it.
        if (Marshal.GetLastPInvokeError() is NoSuchCall or NotPermitted)
        {
            s_hasOpenAt2 = false;
        }
        handle.Dispose();
        return null;
    }

    private static bool HasDots(string name)
    {
        foreach (var part in name.AsSpan().Split('/'))
        {
            if (name.AsSpan(part) is "" or "." or "..")
            {
                return true;
            }
        }
        return false;
    }

    private static SafeFileHandle OpenParts(SafeFileHandle root, string name, bool isDirectory)
    {
        string[] parts = name.Length == 0 && isDirectory ? ["."] : name.Split('/');
        var added = false;
        SafeFileHandle? parent = null;
        root.DangerousAddRef(ref added);
        try
        {
            for (var i = 0; i < parts.Length; i++)
            {
                if (parts[i] is "" or "." or ".." && (name.Length > 0 || !isDirectory))
                {
                    throw new IOException($"'{name}' is not a path below the directory");
                }
                var last = i == parts.Length - 1;
                var at = (int)(parent ?? root).DangerousGetHandle();
                var next = OpenAt(at, parts[i], NoFollow | CloseOnExec | (last && !isDirectory ? NonBlocking : Directory));
                var error = Marshal.GetLastPInvokeError();
                parent?.Dispose();
                parent = next;
                if (next.IsInvalid)
                {
                    throw Failure(error, name);
                }
            }
            var opened = parent!;
            parent = null;
            return opened;
        }
        finally
        {
            parent?.Dispose();
            if (added)
            {
                root.DangerousRelease();
            }
        }
    }

    /// <summary>The file's type, size and the times that show a change.</summary>
    internal static unsafe FileStatus Status(SafeFileHandle handle)
    {
        // struct statx has one layout on every architecture: 256 bytes.
        var buffer = stackalloc byte[256];
        if (StatX(handle, "", EmptyPath, BasicStats, buffer) != 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), "file");
        }
        return Parse(new ReadOnlySpan<byte>(buffer, 256));
    }

    private static FileStatus Parse(ReadOnlySpan<byte> span) =>
        new(
            (BinaryPrimitives.ReadUInt16LittleEndian(span[28..]) & TypeMask) == RegularFile,
            BinaryPrimitives.ReadInt64LittleEndian(span[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(span[32..]),
            (BinaryPrimitives.ReadInt64LittleEndian(span[112..]), BinaryPrimitives.ReadUInt32LittleEndian(span[120..])),
            (BinaryPrimitives.ReadInt64LittleEndian(span[96..]), BinaryPrimitives.ReadUInt32LittleEndian(span[104..]))
        );

    /// <summary>Opens a regular file below <paramref name="root"/>, over symbolic links as long as they stay below it.</summary>
    /// <exception cref="IOException">It is absent, leads out of the root, or is no regular file.</exception>
    internal static SafeFileHandle OpenFollowing(SafeFileHandle root, string name, out FileStatus status) =>
        Regular(OpenFollowing(root, name, NonBlocking), name, out status);

    /// <summary>Throws where <see cref="OpenFollowing(SafeFileHandle, string, out FileStatus)"/> would find no regular file; opens nothing, as that may be a device.</summary>
    /// <exception cref="IOException">See there.</exception>
    internal static void CheckFollowing(SafeFileHandle root, string name)
    {
        using var place = Regular(OpenFollowing(root, name, PathOnly), name, out _);
    }

    private static unsafe SafeFileHandle OpenFollowing(SafeFileHandle root, string name, int flags)
    {
        // struct open_how: flags, mode, resolve; RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS.
        var how = stackalloc ulong[3];
        (how[0], how[1], how[2]) = ((ulong)(CloseOnExec | flags), 0, 0x08 | 0x02);
        var handle = OpenAt2(OpenAt2Number, root, name, how, 3 * sizeof(ulong));
        if (!handle.IsInvalid)
        {
            return handle;
        }
        var error = Marshal.GetLastPInvokeError();
        throw error switch
        {
            CrossDevice or TooManyLinks => new IOException($"'{name}' is a symbolic link that leads out of the directory, or in a circle"),
            NoSuchCall or NotPermitted => new IOException(
                $"'{name}' is a symbolic link, and this kernel cannot follow links safely (openat2 is missing)"
            ),
            _ => Failure(error, name),
        };
    }

    /// <summary>What the file system says of a path below <paramref name="root"/>, without opening it; only to notice changes.</summary>
    internal static unsafe FileStatus StatusOf(SafeFileHandle root, string name, bool follow)
    {
        var buffer = stackalloc byte[256];
        if (StatX(root, name, follow ? 0 : NoFollowLinks, BasicStats, buffer) != 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), name);
        }
        return Parse(new ReadOnlySpan<byte>(buffer, 256));
    }

    /// <inheritdoc cref="StatusOf(SafeFileHandle, string, bool)"/>
    internal static unsafe FileStatus StatusOf(SafeFileHandle root, ReadOnlySpan<byte> utf8, bool follow)
    {
        var path = utf8.Length < 1024 ? stackalloc byte[1024] : new byte[utf8.Length + 1];
        utf8.CopyTo(path);
        path[utf8.Length] = 0;
        var buffer = stackalloc byte[256];
        fixed (byte* p = path)
        {
            return StatX(root, p, follow ? 0 : NoFollowLinks, BasicStats, buffer) == 0
                ? Parse(new ReadOnlySpan<byte>(buffer, 256))
                : throw Failure(Marshal.GetLastPInvokeError(), System.Text.Encoding.UTF8.GetString(utf8));
        }
    }

    /// <summary>What is at a path below <paramref name="root"/>, links not followed.</summary>
    internal static unsafe EntryKind KindOf(SafeFileHandle root, string name)
    {
        var buffer = stackalloc byte[256];
        if (StatX(root, name, NoFollowLinks, BasicStats, buffer) != 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), name);
        }
        return (BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(buffer + 28, 2)) & TypeMask) switch
        {
            0x1000 => EntryKind.Pipe,
            0x2000 or 0x6000 => EntryKind.Device,
            0x4000 => EntryKind.Directory,
            0xA000 => EntryKind.Link,
            0xC000 => EntryKind.Socket,
            _ => EntryKind.File,
        };
    }

    /// <summary>The user that an open file or directory belongs to.</summary>
    internal static unsafe uint Owner(SafeFileHandle handle)
    {
        var buffer = stackalloc byte[256];
        return StatX(handle, "", EmptyPath, BasicStats, buffer) == 0
            ? BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(buffer + 20, 4))
            : throw Failure(Marshal.GetLastPInvokeError(), "file");
    }

    /// <summary>Whether the file system refuses every change of the file's bytes, for good (fs-verity).</summary>
    internal static unsafe bool IsSealed(SafeFileHandle handle)
    {
        const ulong verity = 0x100000;
        var buffer = stackalloc byte[256];
        return StatX(handle, "", EmptyPath, BasicStats, buffer) == 0
            && (BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(buffer + 8, 8)) & verity) != 0;
    }

    /// <summary>
    /// Has the file system refuse every later change of the file's bytes, for good (fs-verity: SHA-256 over blocks of 4096 bytes); false where
    /// it cannot, as most cannot, or somebody has the file open for writing.
    /// </summary>
    /// <param name="file">Open for reading alone; its owner may write to it.</param>
    internal static unsafe bool TrySeal(SafeFileHandle file)
    {
        const nuint enable = 0x40806685; // FS_IOC_ENABLE_VERITY
        // struct fsverity_enable_arg of 128 bytes: version, hash function, block size; neither salt nor signature.
        var argument = stackalloc uint[32];
        new Span<uint>(argument, 32).Clear();
        (argument[0], argument[1], argument[2]) = (1, 1, 4096);
        return Control(file, enable, argument) == 0;
    }

    /// <summary>Reads at an offset. The runtime would ask first, of every file, whether it can be read there.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static unsafe int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* p = buffer)
        {
            while (true)
            {
                var read = ReadAt(file, p, buffer.Length, offset);
                if (read >= 0)
                {
                    return (int)read;
                }
                var error = Marshal.GetLastPInvokeError();
                if (error != Interrupted)
                {
                    throw new IOException(Marshal.GetPInvokeErrorMessage(error));
                }
            }
        }
    }

    /// <summary>Tells the kernel how a file will be read; it may do nothing with it.</summary>
    internal static void AdviseSequential(SafeFileHandle file) => _ = Advise(file, 0, 0, 2);

    /// <summary>Has the kernel start to read a part of a file.</summary>
    internal static void AdviseWillNeed(SafeFileHandle file, long start, long length) => _ = Advise(file, start, length, 3);

    /// <summary>Has the kernel forget what it holds of a part of a file that nobody maps.</summary>
    internal static void AdviseDontNeed(SafeFileHandle file, long start, long length) => _ = Advise(file, start, length, 4);

    private static SafeFileHandle Regular(SafeFileHandle file, string name, out FileStatus status)
    {
        status = Status(file);
        if (!status.IsRegular)
        {
            file.Dispose();
            throw new IOException($"'{name}' is not a regular file");
        }
        return file;
    }

    private static IOException Failure(int error, string name) =>
        error switch
        {
            NotFound => new FileNotFoundException($"'{name}' does not exist", name),
            // A socket, or a device that is not there.
            NoSuchDevice => new IOException($"'{name}' is not a regular file"),
            TooManyLinks or NotADirectory => new IOException($"'{name}' is a symbolic link or lies behind one; links are not followed"),
            _ => new IOException($"'{name}' cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}"),
        };

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenAt(int directory, string path, int flags);

    // The C library has no function of its own for this call.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial SafeFileHandle OpenAt2(nint number, SafeFileHandle directory, string path, ulong* how, nint size);

    // A variadic function in C: its three arguments go where those of a plain one do on the architectures of .NET on Linux.
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int Control(SafeFileHandle file, nuint request, uint* argument);

    [LibraryImport("libc", EntryPoint = "pread64", SetLastError = true)]
    private static unsafe partial nint ReadAt(SafeFileHandle file, byte* buffer, nint length, long offset);

    [LibraryImport("libc", EntryPoint = "posix_fadvise64")]
    private static partial int Advise(SafeFileHandle file, long start, long length, int advice);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(SafeFileHandle directory, string path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static unsafe partial int StatX(SafeFileHandle directory, byte* path, int flags, uint mask, byte* buffer);
}
