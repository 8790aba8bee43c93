using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>A directory that holds what a client trusts of one repository, and the files it downloaded.</summary>
/// <remarks>
/// <c>root.json</c>, <c>timestamp.json</c>, <c>snapshot.json</c>, <c>targets.json</c> and one file for each delegated role are as the repository
/// sent them; <c>root_history/N.root.json</c> are all roots trusted so far. Each file is written whole, flushed and then renamed, so
/// neither a crash nor a concurrent process leaves half of one; what is read is checked again every time, like the network's.
/// </remarks>
public sealed class TufCache
{
    private const string RootFile = TufFile.Root + ".json";
    private const string History = "root_history";
    private const string LockFile = ".lock";

    private readonly string _directory;
    private readonly string _targets;

    /// <summary>A cache in a directory, which is made when something is first written to it.</summary>
    /// <param name="directory">The directory, for this repository only.</param>
    /// <param name="targetsDirectory">Where downloaded files are kept; <c>targets</c> in the directory where null.</param>
    public TufCache(string directory, string? targetsDirectory = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = Path.GetFullPath(directory);
        _targets = targetsDirectory is null ? Path.Combine(_directory, TufFile.Targets) : Path.GetFullPath(targetsDirectory);
    }

    /// <summary>How long to wait for another process that uses the cache.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Sets the root that all later trust comes from, and forgets what was trusted before.</summary>
    /// <param name="root">A root file that the caller trusts, of any version, expired or not.</param>
    /// <param name="cancellation">Stops waiting for another process.</param>
    /// <returns>The root as it was read.</returns>
    /// <exception cref="MalformedDataException">The file is not a root, or is not signed by its own keys.</exception>
    /// <exception cref="IOException">The cache cannot be written.</exception>
    public async Task<TufRoot> InitializeAsync(ReadOnlyMemory<byte> root, CancellationToken cancellation = default)
    {
        if (TufRules.Root(root, null, out var read) is { } failure)
        {
            throw new MalformedDataException(TufFile.Format(TufFile.Root), "$", failure.ToString());
        }
        using var held = await LockAsync(cancellation).ConfigureAwait(false);
        // Not the delegated roles' files: they are worth nothing without a snapshot that lists them.
        foreach (var role in (string[])[TufFile.Timestamp, TufFile.Snapshot, TufFile.Targets])
        {
            DeleteRole(role);
        }
        foreach (var file in EnumerateHistory())
        {
            File.Delete(file);
        }
        WriteRoot(read!.Header.Version, root.Span);
        return read;
    }

    /// <summary>Waits for the right to change the cache, and makes its directory.</summary>
    /// <exception cref="IOException">Another process held it for the whole time, or the cache cannot be written to.</exception>
    internal async Task<TufCacheLock> LockAsync(CancellationToken cancellation)
    {
        try
        {
            MakeDirectory(_directory);
            var held = await TufCacheLock.TakeAsync(Path.Combine(_directory, LockFile), LockTimeout, cancellation).ConfigureAwait(false);
            try
            {
                foreach (var leftover in Directory.EnumerateFiles(_directory, DurableFile.TemporaryPattern))
                {
                    File.Delete(leftover);
                }
                return held;
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{_directory}' cannot be written to: {e.Message}", e);
        }
    }

    /// <summary>As <see cref="LockAsync"/>, or null where the cache is absent or cannot be written to, so that nobody else changes it as this user.</summary>
    internal async Task<TufCacheLock?> LockForReadingAsync(CancellationToken cancellation)
    {
        try
        {
            return Directory.Exists(_directory)
                ? await TufCacheLock.TakeAsync(Path.Combine(_directory, LockFile), LockTimeout, cancellation).ConfigureAwait(false)
                : null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
        catch (IOException e) when (IsReadOnly(e))
        {
            return null;
        }
    }

    internal byte[]? ReadRoot() => Read(Path.Combine(_directory, RootFile), Limits.TufRootBytes);

    internal byte[]? ReadRoot(long version) => Read(Path.Combine(_directory, History, $"{version}.{RootFile}"), Limits.TufRootBytes);

    internal byte[]? ReadRole(string role, int maximumBytes) => Read(Path.Combine(_directory, FileName(role) + ".json"), maximumBytes);

    internal byte[]? ReadTarget(string path, int maximumBytes) => Read(Path.Combine(_targets, FileName(path)), maximumBytes);

    internal void WriteRoot(long version, ReadOnlySpan<byte> content)
    {
        // The history first: root.json never names a root that is not in it.
        Write(Path.Combine(_directory, History), $"{version}.{RootFile}", content);
        Write(_directory, RootFile, content);
    }

    internal void WriteRole(string role, ReadOnlySpan<byte> content) => Write(_directory, FileName(role) + ".json", content);

    internal void WriteTarget(string path, ReadOnlySpan<byte> content) => Write(_targets, FileName(path), content);

    /// <summary>Forgets a role's metadata, for good also where the power fails next.</summary>
    internal void DeleteRole(string role)
    {
        File.Delete(Path.Combine(_directory, FileName(role) + ".json"));
        DurableFile.FlushDirectory(_directory);
    }

    /// <summary>A name that is one file's on every system: separators and the like are percent-encoded, long names hashed.</summary>
    internal static string FileName(string name)
    {
        var encoded = Uri.EscapeDataString(name);
        // Only here can a '.' begin a name: those are the cache's own, or the directory and its parent.
        encoded = encoded.StartsWith('.') ? "%2E" + encoded[1..] : encoded;
        return encoded.Length <= Limits.TufFileNameBytes
            ? encoded
            : "sha256%3A" + DigestAlgorithm.Sha256.Hash(Encoding.UTF8.GetBytes(name)).Hex;
    }

    private IEnumerable<string> EnumerateHistory()
    {
        var history = Path.Combine(_directory, History);
        return Directory.Exists(history) ? Directory.EnumerateFiles(history, $"*.{RootFile}") : [];
    }

    private static byte[]? Read(string path, int maximumBytes)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        using var file = ArtifactFile.Open(path);
        if (file.Size > maximumBytes)
        {
            return null;
        }
        var content = new byte[file.Size];
        var length = 0;
        for (
            int read;
            length < content.Length && (read = RandomAccess.Read(file.Handle, content.AsSpan(length), length)) > 0;
            length += read
        ) { }
        return length == content.Length ? content : null;
    }

    private static void Write(string directory, string name, ReadOnlySpan<byte> content)
    {
        MakeDirectory(directory);
        // Whatever the umask: who can write here can take protections away.
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        DurableFile.Write(Path.Combine(directory, name), content, mode: mode);
    }

    private static void MakeDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            const UnixFileMode mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            const UnixFileMode others =
                UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            Directory.CreateDirectory(path, mine | others);
        }
        DurableFile.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    private static bool IsReadOnly(IOException e) => !OperatingSystem.IsWindows() && e.HResult == 30;
}
