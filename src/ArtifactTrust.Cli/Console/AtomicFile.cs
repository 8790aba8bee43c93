using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Console;

/// <summary>Writes files so that a reader, a crash or a full disk never sees half of one.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a whole file: to a temporary name beside it, synced, then renamed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its content.</param>
    /// <param name="replace">Whether an existing file is replaced; without, it is an error.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk is full or fails. Nothing is left behind.</exception>
    internal static void Write(string path, ReadOnlySpan<byte> content, bool replace)
    {
        using var staged = Stage(path, content, replace);
        staged.Commit();
    }

    /// <summary>The same with a content that is written as it is made.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, bool)"/>
    internal static void Write(string path, Action<Stream> content, bool replace)
    {
        var (temporary, full) = Prepare(path, replace);
        try
        {
            using var stream = Create(temporary);
            content(stream);
            stream.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        using var staged = new StagedFile(temporary, full, replace);
        staged.Commit();
    }

    /// <summary>Writes a whole file under a temporary name; <see cref="StagedFile.Commit"/> puts it in place.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, bool)"/>
    internal static StagedFile Stage(string path, ReadOnlySpan<byte> content, bool replace)
    {
        var (temporary, full) = Prepare(path, replace);
        try
        {
            using var stream = Create(temporary);
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        return new StagedFile(temporary, full, replace);
    }

    private static FileStream Create(string temporary) =>
        new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);

    private static (string Temporary, string Full) Prepare(string path, bool replace)
    {
        var full = Path.GetFullPath(path);
        if (!replace && Path.Exists(full))
        {
            throw new IOException($"'{path}' exists and is not overwritten");
        }
        if (Directory.Exists(full))
        {
            throw new IOException($"'{path}' is a directory");
        }
        return (Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp"), full);
    }

    /// <summary>Appends a line to a file, whole or not at all, also when several processes do so at once.</summary>
    /// <remarks>
    /// A line counts once its line feed is there. What a crash left behind after the last line feed is cut off, unless it is
    /// <paramref name="isWhole">whole</paramref>, as when someone edited the file by hand.
    /// </remarks>
    /// <exception cref="IOException">The disk is full or fails; the file is as it was.</exception>
    internal static void AppendLine(string path, ReadOnlySpan<byte> line, Func<byte[], bool> isWhole)
    {
        while (!Path.Exists(path))
        {
            // A new file comes with its first line, so that no disk that is full leaves an empty one behind.
            try
            {
                Write(path, [.. line, (byte)'\n'], replace: false);
                return;
            }
            catch (IOException) when (Path.Exists(path))
            {
                // Another process was first.
            }
        }
        using var stream = OpenExclusive(path);
        var length = stream.Length;
        var tail = ReadTail(stream);
        var start = length - tail.Length;
        var unfinished = tail.Length > 0 && !isWhole(tail);
        byte[] addition = [.. tail.Length > 0 && !unfinished ? "\n"u8 : default, .. line, (byte)'\n'];
        if (unfinished)
        {
            length = start;
            stream.SetLength(start);
        }
        try
        {
            stream.Position = length;
            stream.Write(addition);
            stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            stream.SetLength(length);
            throw;
        }
    }

    private static FileStream OpenExclusive(string path)
    {
        using (ArtifactFile.Open(path))
        {
            // No regular file would be: a pipe has no end to append to.
        }
        // Locks are held for one write, so a minute of waiting means that something is stuck.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException e) when (IsLocked(e) && attempt < 600)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(System.Security.Cryptography.RandomNumberGenerator.GetInt32(20, 180)));
            }
        }
    }

    /// <summary>Whether another process has the file open for itself: EWOULDBLOCK, or a sharing violation.</summary>
    private static bool IsLocked(IOException e) =>
        e.HResult
        == (
            OperatingSystem.IsWindows() ? unchecked((int)0x80070020)
            : OperatingSystem.IsMacOS() ? 35
            : 11
        );

    /// <summary>The bytes after the last line feed.</summary>
    private static byte[] ReadTail(FileStream stream)
    {
        var tail = new List<byte>();
        var chunk = new byte[64 << 10];
        for (var end = stream.Length; end > 0; )
        {
            var count = (int)Math.Min(chunk.Length, end);
            stream.Position = end - count;
            stream.ReadExactly(chunk, 0, count);
            var feed = chunk.AsSpan(0, count).LastIndexOf((byte)'\n');
            tail.InsertRange(0, chunk.AsSpan(feed + 1, count - feed - 1).ToArray());
            if (feed >= 0)
            {
                break;
            }
            end -= count;
        }
        return [.. tail];
    }
}

/// <summary>A file that is written and not yet in its place. Disposed of before that, it is gone.</summary>
internal sealed class StagedFile(string temporary, string path, bool replace) : IDisposable
{
    private bool _committed;

    /// <summary>Puts the file in its place.</summary>
    /// <exception cref="IOException">There is one, which may not be replaced; or the file system fails.</exception>
    internal void Commit()
    {
        File.Move(temporary, path, replace);
        _committed = true;
    }

    public void Dispose()
    {
        if (!_committed)
        {
            File.Delete(temporary);
        }
    }
}
