using System.Runtime.Versioning;

namespace ArtifactTrust.Hashing;

/// <summary>A file that is written under another name beside its place and put there whole: a reader, a crash or a full disk never sees half of one.</summary>
/// <remarks>
/// <see cref="Commit"/> waits until content and name are on the storage device; where it was not called, <see cref="Dispose"/> leaves nothing behind.
/// What the end of the process leaves is a file named <c>.artifact-trust-RANDOM.tmp</c>, which <see cref="RemoveLeftovers"/> removes.
/// </remarks>
public sealed class DurableFile : IDisposable
{
    /// <summary>Matches the names of files that are being written.</summary>
    internal const string TemporaryPattern = ".artifact-trust-*.tmp";

    private readonly string _path;
    private readonly string _temporary;
    private readonly bool _replace;
    private bool _isSynced;
    private bool _isInPlace;

    private DurableFile(string path, string temporary, bool replace, FileStream stream) =>
        (_path, _temporary, _replace, Stream) = (path, temporary, replace, stream);

    /// <summary>The content, to be written, without a buffer; nothing is written after <see cref="Sync"/>.</summary>
    public FileStream Stream { get; }

    /// <summary>Begins a file.</summary>
    /// <param name="path">Its place, in a directory that exists.</param>
    /// <param name="replace">Whether a file that is there is replaced; without, anything there is an error, now and when this one is put there.</param>
    /// <param name="mode">The permissions that it has from its first moment on, less the process' umask; what the system gives new files where null.</param>
    /// <exception cref="IOException">
    /// There is something that may not be replaced, or that is a device, a pipe or a socket, or leads to one; or the directory cannot be written to.
    /// </exception>
    public static DurableFile Create(string path, bool replace = true, UnixFileMode? mode = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        var there = new FileInfo(full);
        if (Directory.Exists(full))
        {
            throw new IOException($"'{path}' is a directory");
        }
        if (!replace && (there.Exists || there.LinkTarget is not null))
        {
            throw Exists(path);
        }
        if (OperatingSystem.IsLinux() && Path.Exists(full) && !IsReplaceable(there))
        {
            throw new IOException($"'{path}' is not a regular file, and is not replaced by one");
        }
        // Without the file's own name in it, which may be as long as names can be.
        var temporary = Path.Join(
            Path.GetDirectoryName(full),
            TemporaryPattern.Replace("*", $"{Guid.NewGuid():N}", StringComparison.Ordinal)
        );
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            // None, in which a key would be left behind.
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        };
        if (mode is not null && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }
        try
        {
            return new DurableFile(full, temporary, replace, new FileStream(temporary, options));
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DirectoryNotFoundException($"'{path}' cannot be written: its directory does not exist", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Refused(path, e);
        }
    }

    /// <summary>Writes a whole file.</summary>
    /// <param name="path">Its place.</param>
    /// <param name="content">Its content.</param>
    /// <param name="replace">Whether a file that is there is replaced; without, it is an error.</param>
    /// <param name="mode">Its permissions, as in <see cref="Create"/>.</param>
    /// <exception cref="IOException">There is something that may not be replaced, or the disk is full or fails. Nothing is left behind.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool replace = true, UnixFileMode? mode = null)
    {
        using var file = Create(path, replace, mode);
        file.Stream.Write(content);
        file.Commit();
    }

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, bool, UnixFileMode?)"/>
    /// <param name="path">Its place.</param>
    /// <param name="write">Writes its content as it is made.</param>
    /// <param name="replace">Whether a file that is there is replaced; without, it is an error.</param>
    public static void Write(string path, Action<Stream> write, bool replace = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = Create(path, replace);
        write(file.Stream);
        file.Commit();
    }

    /// <inheritdoc cref="Write(string, Action{System.IO.Stream}, bool)"/>
    /// <param name="path">Its place; a file that is there is replaced.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="cancellation">Looked at before the file is put in place.</param>
    public static async Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = Create(path);
        await write(file.Stream).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        file.Commit();
    }

    /// <summary>Ends the content, and waits until it is on the storage device. What is left for <see cref="Commit"/> then needs no space.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void Sync()
    {
        if (_isSynced || !Stream.CanWrite)
        {
            return;
        }
        Stream.Flush(flushToDisk: true);
        if (OperatingSystem.IsLinux())
        {
            // Locked until it is in its place, where whoever finds it may read it.
            LinuxDirectory.ShareLock(Stream.SafeFileHandle);
        }
        else
        {
            Stream.Dispose();
        }
        _isSynced = true;
    }

    /// <summary>Puts the file in its place.</summary>
    /// <exception cref="IOException">There is one, which may not be replaced; or the disk is full or fails.</exception>
    public void Commit()
    {
        Sync();
        try
        {
            File.Move(_temporary, _path, _replace);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Refused(_path, e);
        }
        catch (IOException) when (!_replace && Path.Exists(_path))
        {
            throw Exists(_path);
        }
        _isInPlace = true;
        Stream.Dispose();
        FlushDirectory(Path.GetDirectoryName(_path)!);
    }

    /// <summary>Deletes the file where it was not put in its place.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        finally
        {
            if (!_isInPlace)
            {
                File.Delete(_temporary);
            }
        }
    }

    /// <summary>Removes what processes that were killed left in a directory while they wrote to it; on Linux, where a lock tells.</summary>
    /// <param name="directory">The directory; what is in directories below it stays.</param>
    /// <remarks>What another process writes now stays, and what another user wrote, or cannot be removed.</remarks>
    public static void RemoveLeftovers(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        if (!OperatingSystem.IsLinux() || !Directory.Exists(directory))
        {
            return;
        }
        using var root = LinuxFile.OpenRoot(directory);
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles(TemporaryPattern))
        {
            try
            {
                // One that is empty may be about to be locked.
                if (file.Length == 0)
                {
                    continue;
                }
                using var handle = LinuxFile.OpenBeneath(root, file.Name);
                if (LinuxFile.Owner(handle) == LinuxDirectory.EffectiveUser() && LinuxDirectory.TryLock(handle))
                {
                    file.Delete();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is in its place by now, or not ours.
            }
        }
    }

    /// <summary>Waits until the names in a directory are on the storage device, where that is needed and possible.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    internal static void FlushDirectory(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            using var handle = LinuxFile.OpenRoot(path);
            RandomAccess.FlushToDisk(handle);
        }
    }

    /// <summary>
    /// Whether what is there may make room for a file. A rename would do away with <c>/dev/null</c>, or with <c>/dev/stdout</c>, which is a link, for every
    /// program of the machine.
    /// </summary>
    [SupportedOSPlatform("linux")]
    private static bool IsReplaceable(FileInfo there)
    {
        using var directory = LinuxFile.OpenRoot(there.DirectoryName!);
        try
        {
            var kind = LinuxFile.KindOf(directory, there.Name);
            return kind != EntryKind.Link || there.LinkTarget is not { } target
                ? kind == EntryKind.File
                : !target.StartsWith("/proc/", StringComparison.Ordinal)
                    && LinuxFile.StatusOf(directory, there.Name, follow: true).IsRegular;
        }
        catch (FileNotFoundException)
        {
            // It is gone by now, or leads nowhere.
            return true;
        }
    }

    private static IOException Exists(string path) => new($"'{path}' exists and is not overwritten");

    private static IOException Refused(string path, UnauthorizedAccessException e) => new($"'{path}' cannot be written: {e.Message}", e);
}
