using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;
using Microsoft.Win32.SafeHandles;

namespace ArtifactTrust.Audit;

/// <summary>Reads the files of a log, each with a limit on its length.</summary>
/// <param name="path">The directory, as a full path.</param>
internal sealed class LogDirectory(string path)
{
    internal const string CheckpointName = "checkpoint";

    internal string Path { get; } = path;

    /// <summary>A file's content, or null where there is no such file.</summary>
    /// <param name="relative">The path below the log's directory.</param>
    /// <param name="maximumBytes">The longest file read.</param>
    /// <exception cref="MalformedDataException">The file is longer.</exception>
    /// <exception cref="IOException">It cannot be read, is no regular file, or lies behind a symbolic link.</exception>
    internal byte[]? TryRead(string relative, long maximumBytes)
    {
        try
        {
            using var file = Open(relative);
            var length = RandomAccess.GetLength(file);
            StrictJson.CheckLength(length, relative, maximumBytes);
            var content = new byte[length];
            var read = 0;
            for (int n; read < content.Length && (n = RandomAccess.Read(file, content.AsSpan(read), read)) > 0; read += n) { }
            return read == content.Length ? content : content[..read];
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{relative}' cannot be read: {e.Message}", e);
        }
    }

    private SafeFileHandle Open(string relative)
    {
        if (!OperatingSystem.IsLinux())
        {
            return File.OpenHandle(System.IO.Path.Combine(Path, relative));
        }
        // Who can write here could put a pipe or a link to anywhere in a file's place; neither is opened.
        using var root = LinuxFile.OpenRoot(Path);
        return LinuxFile.OpenBeneath(root, relative);
    }

    /// <summary>The checkpoint as stored, or null.</summary>
    internal byte[]? TryReadCheckpoint() => TryRead(CheckpointName, Limits.NoteBytes);

    /// <summary>The bytes of a tile of hashes, or null where the file is missing.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="orPrefix">Whether the beginning of the full tile will do: partial tiles are deleted once it is there.</param>
    internal ReadOnlyMemory<byte>? TryReadHashes(Tile tile, bool orPrefix)
    {
        if (TryRead(tile.Path, Tile.FullWidth * MerkleTree.HashBytes) is { } hashes)
        {
            return hashes;
        }
        if (orPrefix && !tile.IsFull && TryRead(tile.FullPath, Tile.FullWidth * MerkleTree.HashBytes) is { } full)
        {
            return full.AsMemory(0, Math.Min(full.Length, tile.HashBytes));
        }
        return null;
    }

    /// <summary>The entries of a bundle, or null where the file is missing.</summary>
    /// <exception cref="MalformedDataException">The file is no bundle of that width.</exception>
    internal IReadOnlyList<ReadOnlyMemory<byte>>? TryReadEntries(Tile bundle, bool orPrefix)
    {
        if (TryRead(bundle.Path, EntryBundle.MaximumBytes(bundle.Width)) is { } entries)
        {
            return EntryBundle.Decode(entries, bundle.Width);
        }
        return orPrefix && !bundle.IsFull && TryRead(bundle.FullPath, EntryBundle.MaximumBytes(Tile.FullWidth)) is { } full
            ? EntryBundle.DecodePrefix(full, bundle.Width)
            : null;
    }

    /// <summary>Reads a tile for a tree that checks it.</summary>
    /// <exception cref="DamagedLogException">The file is missing.</exception>
    internal ReadOnlyMemory<byte> ReadHashes(Tile tile, bool orPrefix) =>
        TryReadHashes(tile, orPrefix) ?? throw new DamagedLogException(tile.Path, $"the file is missing; {Advice}");

    /// <summary>What to do with a damaged log.</summary>
    internal const string Advice =
        "verify the log to see all that is wrong, then restore its files from a copy, or keep them as they are and start a new log elsewhere";

    /// <summary>The partial tiles at one place, by width.</summary>
    internal IReadOnlyList<int> PartialWidths(Tile place)
    {
        try
        {
            return
            [
                .. Directory
                    .EnumerateFiles(System.IO.Path.Combine(Path, $"{place.FullPath}.p"))
                    .Select(f => Tile.TryParse($"{place.FullPath}.p/{System.IO.Path.GetFileName(f)}", out var tile) ? tile.Width : 0)
                    .Where(w => w > 0)
                    .Order(),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (IOException) when (File.Exists(System.IO.Path.Combine(Path, $"{place.FullPath}.p")))
        {
            return []; // A file in the directory's place is reported as extra.
        }
    }

    /// <summary>How wide the tile at a place is in a log of a size: 0 where there is none yet.</summary>
    internal static int CommittedWidth(Tile place, long size)
    {
        var hashes = place.IsEntryBundle ? size : Tile.HashesAt(place.Level, size);
        // The index may be anything that a file's name spells.
        return place.Index > hashes / Tile.FullWidth ? 0 : (int)Math.Min(Tile.FullWidth, hashes - (place.Index * Tile.FullWidth));
    }
}
