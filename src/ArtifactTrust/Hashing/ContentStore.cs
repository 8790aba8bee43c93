using System.Collections.Concurrent;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Hashing;

/// <summary>A directory of files by their SHA-256, <c>sha256/ab/cdef…</c>, that copies take bytes from. Its names are hints and prove nothing.</summary>
/// <param name="path">The directory; made when something is added.</param>
/// <param name="hardLinks">
/// Whether a stored file may be given one more name. It is safe only where nobody can write to stored files who may not change what is
/// deployed: one inode is both.
/// </param>
public sealed class ContentStore(string path, bool hardLinks = false)
{
    private const UnixFileMode Public =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly ConcurrentDictionary<Digest, bool> _damaged = new();
    private readonly ConcurrentDictionary<Digest, Lock> _linking = new();

    /// <summary>The directory, a full path.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Stored files whose bytes are not those of their name, or cannot be read. They were not used, and are replaced when their bytes are added again.</summary>
    public IReadOnlyCollection<Digest> Damaged => [.. _damaged.Keys];

    /// <summary>Puts stored bytes in place, once they were hashed and found to be those asked for.</summary>
    /// <returns>How; null where they are not there, or are not what their name says. Then there is nothing at the path.</returns>
    [SupportedOSPlatform("linux")]
    internal CopyMeans? TryPlace(
        Digest digest,
        long size,
        string target,
        bool executable,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        if (!Directory.Exists(Path))
        {
            return null;
        }
        SafeFileHandle stored;
        FileStatus status;
        try
        {
            using var root = FileTree.Open(Path);
            stored = root.OpenHandle(NameOf(digest), out status);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        using var owned = stored;
        if (status.Size == size)
        {
            using var state = digest.Algorithm.CreateState();
            var means = CopyMeans.Linked;
            byte[]? actual;
            try
            {
                actual = executable ? null : Link(stored, digest, size, target, state, progress, cancellation);
                if (actual is null)
                {
                    var mode = executable ? ReadOnly | UnixFileMode.UserWrite | CopiedFile.Executable : ReadOnly | UnixFileMode.UserWrite;
                    (actual, means) = CopiedFile.Write(stored, size, target, mode, state, progress, cancellation);
                }
            }
            catch (CopiedFile.UnreadableException)
            {
                // So the kernel tells of blocks of a sealed file, or of any on Btrfs, that are not those that were written.
                actual = null;
            }
            if (actual is not null && CryptographicOperations.FixedTimeEquals(actual, digest.Bytes))
            {
                return means;
            }
            progress?.Report(-size);
            File.Delete(target);
        }
        _damaged[digest] = true;
        return null;
    }

    /// <summary>A place in the store for files that are not whole yet; what stopped runs left there is removed.</summary>
    /// <exception cref="IOException">The store cannot be written to.</exception>
    [SupportedOSPlatform("linux")]
    internal WorkDirectory Open()
    {
        Directory.CreateDirectory(Path, Public);
        return WorkDirectory.Create(Path);
    }

    /// <summary>Stores the bytes of a file that was hashed, where they are not stored yet. Readers see the whole file or none.</summary>
    /// <param name="digest">The digest of the bytes.</param>
    /// <param name="source">The file.</param>
    /// <param name="executable">Whether the file is a program, which a stored file is not.</param>
    /// <param name="work">What <see cref="Open"/> gave.</param>
    /// <param name="cancellation">Stops between two reads.</param>
    /// <exception cref="IOException">They cannot be stored, or are not those of the digest.</exception>
    [SupportedOSPlatform("linux")]
    internal void Add(Digest digest, string source, bool executable, WorkDirectory work, CancellationToken cancellation)
    {
        var target = System.IO.Path.Join(Path, NameOf(digest));
        var replace = _damaged.ContainsKey(digest);
        if (File.Exists(target) && !replace)
        {
            return;
        }
        var directory = System.IO.Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(directory, Public);
        var temporary = System.IO.Path.Join(work.Path, digest.Hex);
        try
        {
            using var file = LinuxFile.OpenFile(source);
            using var state = digest.Algorithm.CreateState();
            if (!(hardLinks && !executable && LinuxDirectory.TryLink(file, temporary)))
            {
                var size = FileStatus.Of(file).Size;
                // Sealing takes the right to write, which every file has here and gives up below.
                var (actual, _) = CopiedFile.Write(file, size, temporary, ReadOnly | UnixFileMode.UserWrite, state, null, cancellation);
                if (actual is null || !CryptographicOperations.FixedTimeEquals(actual, digest.Bytes))
                {
                    throw new IOException($"'{source}' changed while it was added to the store");
                }
            }
            using (var written = LinuxFile.OpenFile(temporary))
            {
                // Where the file system can: such a file may be linked, as nobody can change it any more.
                LinuxFile.TrySeal(written);
                File.SetUnixFileMode(written, ReadOnly);
                RandomAccess.FlushToDisk(written);
            }
            File.Move(temporary, target, overwrite: true);
            using var folder = LinuxFile.OpenRoot(directory);
            LinuxDirectory.Sync(folder);
            _damaged.TryRemove(digest, out _);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Makes the target one more name of a stored file, and hashes what it then is.</summary>
    /// <returns>The digest; null where the file may not be linked, or did not keep still, and there is nothing at the target.</returns>
    [SupportedOSPlatform("linux")]
    private byte[]? Link(
        SafeFileHandle stored,
        Digest digest,
        long size,
        string target,
        DigestState state,
        IProgress<long>? progress,
        CancellationToken cancellation
    )
    {
        // A model may hold the same bytes several times: each link changes the status that the others compare.
        lock (_linking.GetOrAdd(digest, _ => new Lock()))
        {
            if (!MayLink(stored) || !LinuxDirectory.TryLink(stored, target))
            {
                return null;
            }
            for (var reading = 1; ; reading++)
            {
                // The link itself changed the inode, so what must not change is asked after it.
                var (before, isSealed) = (FileStatus.Of(stored), LinuxFile.IsSealed(stored));
                var actual = CopiedFile.Read(stored, size, state, progress, cancellation);
                var after = FileStatus.Of(stored);
                if (
                    actual is null
                    || !CryptographicOperations.FixedTimeEquals(actual, digest.Bytes)
                    || isSealed
                    || (after == before && MayLink(stored))
                )
                {
                    return actual ?? [];
                }
                progress?.Report(-size);
                if (reading == FileStatus.MostReadings || !after.MayBeSame(before) || !MayLink(stored))
                {
                    File.Delete(target);
                    return null;
                }
            }
        }
    }

    /// <summary>Bytes that were hashed stay proven only where nobody can change them later.</summary>
    [SupportedOSPlatform("linux")]
    private bool MayLink(SafeFileHandle stored) =>
        LinuxFile.IsSealed(stored)
        || (
            hardLinks
            && OwnFile.IsOwn(stored)
            && (File.GetUnixFileMode(stored) & (UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0
        );

    private static string NameOf(Digest digest) => $"{digest.Algorithm.Name}/{digest.Hex[..2]}/{digest.Hex[2..]}";
}
