using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>How the bytes of a file came to where they are.</summary>
internal enum CopyMeans
{
    /// <summary>They were read and written.</summary>
    Copied = 1,

    /// <summary>Its blocks are shared with another file until one of the two is written to.</summary>
    Cloned,

    /// <summary>It is another name of a stored file.</summary>
    Linked,
}

/// <summary>Writes one file while hashing it.</summary>
[SupportedOSPlatform("linux")]
internal static class CopiedFile
{
    private const int PieceBytes = 256 << 10;
    private const long SyncedAlone = 1 << 20;
    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The bits that make a file a program.</summary>
    internal const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Makes a new file with the bytes of another, and hashes exactly what it wrote or, where blocks are shared, what is there then.</summary>
    /// <param name="source">The file to read.</param>
    /// <param name="size">How many bytes it has.</param>
    /// <param name="path">The new file; in a directory that nobody else may write to.</param>
    /// <param name="mode">The new file's mode; null for that of a deployed file.</param>
    /// <param name="state">The hash.</param>
    /// <param name="progress">Told the bytes read since the last report.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <returns>The digest; null where the file ended early, or is longer now.</returns>
    /// <exception cref="UnreadableException">It cannot be read.</exception>
    /// <exception cref="IOException">It cannot be written, or the name is taken.</exception>
    internal static (byte[]? Digest, CopyMeans Means) Write(
        SafeFileHandle source,
        long size,
        string path,
        UnixFileMode? mode,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        using var target = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var cloned = size > 0 && LinuxDirectory.TryClone(target, source);
        var digest = Run(cloned ? target : source, cloned ? null : target, size, state, progress, cancellation);
        File.SetUnixFileMode(target, mode ?? ModeFor(source));
        if (size >= SyncedAlone)
        {
            // Early, so that a disk that fails is noticed here; the rest is synced once, before anything is published.
            RandomAccess.FlushToDisk(target);
        }
        return (digest, cloned ? CopyMeans.Cloned : CopyMeans.Copied);
    }

    /// <summary>Hashes an open file.</summary>
    /// <inheritdoc cref="Write"/>
    internal static byte[]? Read(
        SafeFileHandle file,
        long size,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    ) => Run(file, null, size, state, progress, cancellation);

    private static UnixFileMode ModeFor(SafeFileHandle source) =>
        ReadableByAll | ((File.GetUnixFileMode(source) & UnixFileMode.UserExecute) != 0 ? Executable : 0);

    private static byte[]? Run(
        SafeFileHandle from,
        SafeFileHandle? to,
        long size,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        var length = (int)Math.Clamp(size + 1, 1, PieceBytes);
        var buffers = new[]
        {
            GC.AllocateUninitializedArray<byte>(length),
            size > length ? GC.AllocateUninitializedArray<byte>(length) : [],
        };
        var at = 0L;
        Task? hashing = null;
        try
        {
            for (var turn = 0; ; turn ^= 1)
            {
                cancellation.ThrowIfCancellationRequested();
                var buffer = buffers[turn].Length > 0 ? buffers[turn] : buffers[0];
                var read = ReadAt(from, buffer, at);
                hashing?.GetAwaiter().GetResult();
                hashing = null;
                if (read == 0 || at + read > size)
                {
                    // The hash is of use again only when it was finished.
                    var digest = state.Finish();
                    return read == 0 && at == size ? digest : null;
                }
                var piece = buffer.AsMemory(0, read);
                var more = at + read < size;
                if (more && buffers[1].Length > 0)
                {
                    // The next read and this write go on beside the hash; the buffer is not touched until it is done.
                    hashing = Task.Run(() => state.Append(piece.Span, true), CancellationToken.None);
                }
                else
                {
                    state.Append(piece.Span, more);
                }
                if (to is not null)
                {
                    RandomAccess.Write(to, piece.Span, at);
                }
                at += read;
                progress?.Report(read);
            }
        }
        finally
        {
            hashing?.GetAwaiter().GetResult();
        }
    }

    private static int ReadAt(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        try
        {
            return RandomAccess.Read(file, buffer, offset);
        }
        catch (IOException e)
        {
            throw new UnreadableException(e);
        }
    }

    /// <summary>The bytes to be copied cannot be read, whatever may be wrong with those that are written.</summary>
    internal sealed class UnreadableException(IOException inner) : IOException(inner.Message, inner);
}
