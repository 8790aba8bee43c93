using System.IO.MemoryMappedFiles;
using ArtifactTrust.Hashing;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Keys;

/// <summary>A file as one run of bytes in memory: read where it is small, mapped where it is not.</summary>
/// <remarks>
/// The system kills a process that touches a mapped page which the file no longer has. So a file that someone else cuts short while it is
/// verified ends the process, which denies; nothing is accepted.
/// </remarks>
internal sealed unsafe class WholeFile : IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly byte[]? _buffer;
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly SafeFileHandle? _original;
    private readonly FileStatus _before;

    private WholeFile(byte[] buffer, int length)
    {
        (_buffer, Length) = (buffer, (nuint)length);
        // The buffer is pinned for its life, and never of length 0.
        fixed (byte* p = buffer)
        {
            Pointer = p;
        }
    }

    private WholeFile(SafeFileHandle file, long length, SafeFileHandle? original, FileStatus before)
    {
        (_original, _before, Length) = (original, before, (nuint)length);
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* p = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref p);
        Pointer = p;
    }

    /// <summary>The first byte; valid until <see cref="Dispose"/>.</summary>
    internal byte* Pointer { get; }

    /// <summary>The number of bytes.</summary>
    internal nuint Length { get; }

    /// <summary>A file's content, that others may change while it is used.</summary>
    internal static WholeFile Open(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
    {
        var (before, size) = Measure(file);
        if (size <= ReadBytes)
        {
            return Read(file, size, progress, cancellation);
        }
        cancellation.ThrowIfCancellationRequested();
        var content = new WholeFile(file, size, file, before);
        progress?.Report(size);
        return content;
    }

    /// <summary>A file's content as it was at one time, that nobody else can change: large files are copied to a nameless file.</summary>
    internal static WholeFile Copy(SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellation)
    {
        var (before, size) = Measure(file);
        if (size <= ReadBytes)
        {
            return Read(file, size, progress, cancellation);
        }
        using var copy = CreateNameless(size);
        var buffer = GC.AllocateUninitializedArray<byte>(ReadBytes);
        var offset = 0L;
        for (int read; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
        {
            cancellation.ThrowIfCancellationRequested();
            if (offset + read > size)
            {
                throw Changed();
            }
            RandomAccess.Write(copy.SafeFileHandle, buffer.AsSpan(0, read), offset);
            progress?.Report(read);
        }
        return offset == size && Measure(file).Before == before ? new WholeFile(copy.SafeFileHandle, size, null, default) : throw Changed();
    }

    /// <summary>To be called after use.</summary>
    /// <exception cref="IOException">The file changed in the meantime.</exception>
    internal void ThrowIfChanged()
    {
        if (_original is not null && Measure(_original).Before != _before)
        {
            throw Changed();
        }
    }

    public void Dispose()
    {
        _view?.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _map?.Dispose();
        GC.KeepAlive(_buffer);
    }

    private static WholeFile Read(SafeFileHandle file, long size, IProgress<long>? progress, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        // One byte more than the file has shows whether it grew.
        var buffer = GC.AllocateUninitializedArray<byte>((int)size + 1, pinned: true);
        var length = 0;
        for (int read; length < buffer.Length && (read = RandomAccess.Read(file, buffer.AsSpan(length), length)) > 0; length += read) { }
        progress?.Report(length);
        return length == size ? new WholeFile(buffer, length) : throw Changed();
    }

    private static FileStream CreateNameless(long size)
    {
        var path = Path.Combine(Path.GetTempPath(), $"artifact-trust-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            BufferSize = 0,
            PreallocationSize = size,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var file = new FileStream(path, options);
        File.Delete(path);
        return file;
    }

    private static (FileStatus Before, long Size) Measure(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            var status = LinuxFile.Status(file);
            return (status, status.Size);
        }
        return (default, RandomAccess.GetLength(file));
    }

    private static IOException Changed() => new("the file changed while it was read; try again when nothing writes to it");
}
