using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Console;

/// <summary>A file of lines that several processes add to.</summary>
internal static class LineFile
{
    /// <summary>Appends a line to a file, whole or not at all, also when several processes do so at once.</summary>
    /// <remarks>
    /// A line counts once its line feed is there. What a crash left behind after the last line feed is cut off, unless it is
    /// <paramref name="isWhole">whole</paramref>, as when someone edited the file by hand.
    /// </remarks>
    /// <exception cref="IOException">The disk is full or fails; the file is as it was.</exception>
    internal static void Append(string path, ReadOnlySpan<byte> line, Func<byte[], bool> isWhole)
    {
        while (!Path.Exists(path))
        {
            // A new file comes with its first line, so that no disk that is full leaves an empty one behind.
            try
            {
                DurableFile.Write(path, [.. line, (byte)'\n'], replace: false);
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
