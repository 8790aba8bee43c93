using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Audit;

/// <summary>Adds records to a log, under its lock: reads the right edge, writes the new tiles, and at last the checkpoint.</summary>
/// <remarks>
/// A file that the current checkpoint needs is never written: partial tiles are named by their width, and a full tile is written for the
/// first time. So until the new checkpoint is renamed into place the old one holds, and what a crash leaves behind lies beyond it.
/// Each append first removes what lies beyond, so at any place there is at most one such file; more of them show that the checkpoint
/// was set back, and then nothing is written.
/// </remarks>
internal sealed class LogAppender
{
    private readonly LogDirectory _directory;
    private readonly DurableWriter _writer;
    private readonly VerifiedCheckpoint _old;

    // The hashes of the last tile of each level, the leaf hashes first, and the entries of the last bundle.
    private readonly List<List<byte>> _levels = [];
    private readonly List<ReadOnlyMemory<byte>> _entries = [];
    private readonly HashSet<Tile> _full = [];

    private LogAppender(LogDirectory directory, DurableWriter writer, VerifiedCheckpoint old)
    {
        (_directory, _writer, _old) = (directory, writer, old);
    }

    private long OldSize => _old.Checkpoint.Size;

    /// <summary>Adds records and makes them durable.</summary>
    /// <returns>The new checkpoint as stored.</returns>
    internal static SignedNote Append(
        LogDirectory directory,
        VerifiedCheckpoint old,
        NoteSigner signer,
        IReadOnlyList<ReadOnlyMemory<byte>> records,
        Action<string>? observe
    )
    {
        using var writer = new DurableWriter(directory.Path, observe);
        var appender = new LogAppender(directory, writer, old);
        appender.ReadEdge();
        appender.RemoveLeftovers(OldToNew(old.Checkpoint.Size, records.Count));
        var root = appender.WriteTiles(records);
        writer.Publish();
        var checkpoint = new Checkpoint(old.Checkpoint.Origin, old.Checkpoint.Size + records.Count, root).Sign(signer);
        writer.Write(LogDirectory.CheckpointName, checkpoint.ToBytes(), isNewPlace: false);
        try
        {
            writer.Publish();
        }
        catch (IOException e)
        {
            throw new IOException(
                "the checkpoint could not be put in place for certain: whether the records are logged shows when the log is read again: "
                    + e.Message,
                e
            );
        }
        appender.RemoveSuperseded();
        return checkpoint;
    }

    /// <summary>The last tile of each level and the last bundle, checked against the checkpoint.</summary>
    private void ReadEdge()
    {
        try
        {
            // Without the beginning of a full tile in place of a partial one: a full tile beyond the checkpoint is not from a crash alone.
            var tree = new TiledTree(OldSize, _old.Checkpoint.Root, t => _directory.ReadHashes(t, orPrefix: false));
            _levels.AddRange(tree.Edge.Select(hashes => hashes.ToArray().ToList()));
            var width = (int)(OldSize % Tile.FullWidth);
            if (width == 0)
            {
                return;
            }
            var bundle = Tile.Entries(OldSize / Tile.FullWidth, width);
            var entries =
                _directory.TryReadEntries(bundle, orPrefix: false)
                ?? throw new DamagedLogException(bundle.Path, $"the file is missing; {LogDirectory.Advice}");
            for (var i = 0; i < width; i++)
            {
                if (!MerkleTree.HashLeaf(entries[i].Span).Bytes.SequenceEqual(Hash(tree.Edge[0].Span, i)))
                {
                    throw new DamagedLogException(
                        bundle.Path,
                        $"entry {OldSize - width + i} was changed: it does not hash to its leaf; {LogDirectory.Advice}"
                    );
                }
            }
            _entries.AddRange(entries);
        }
        catch (MalformedDataException e)
        {
            throw new DamagedLogException(e.Location == "$" ? e.Format : e.Location, $"{e.Reason}; {LogDirectory.Advice}", e);
        }
    }

    /// <summary>Removes the files of an append that never ended, at every place this one will write to.</summary>
    private void RemoveLeftovers(IEnumerable<Tile> places)
    {
        var leftovers = new List<string>();
        foreach (var place in places)
        {
            var committed = LogDirectory.CommittedWidth(place, OldSize);
            var beyond = _directory.PartialWidths(place).Where(w => w > committed).Select(w => place.WithWidth(w).Path).ToList();
            if (committed < Tile.FullWidth && File.Exists(Path.Combine(_directory.Path, place.FullPath)))
            {
                beyond.Add(place.FullPath);
            }
            if (beyond.Count > 1)
            {
                throw new DamagedLogException(
                    LogDirectory.CheckpointName,
                    $"it ends at {OldSize} entries, but '{beyond[0]}' and '{beyond[1]}' are of two later states: the checkpoint was set back. "
                        + "Put the newest checkpoint in its place; appending now would lose records"
                );
            }
            leftovers.AddRange(beyond.Select(path => Path.Combine(_directory.Path, path)));
        }
        if (leftovers.Count > 0)
        {
            _writer.Remove(leftovers);
        }
    }

    /// <summary>Writes the bundles and tiles of the new size, not yet in their places.</summary>
    /// <returns>The new root.</returns>
    private Digest WriteTiles(IReadOnlyList<ReadOnlyMemory<byte>> records)
    {
        var hash = new byte[MerkleTree.HashBytes];
        var size = OldSize;
        // The levels that get a new hash; others keep their last tile as it is.
        var changed = 0;
        foreach (var record in records)
        {
            _entries.Add(record);
            size++;
            if (_entries.Count == Tile.FullWidth)
            {
                Write(Tile.Entries((size - 1) / Tile.FullWidth), EntryBundle.Encode(_entries));
                _entries.Clear();
            }
            MerkleTree.HashLeaf(record.Span, hash);
            for (var level = 0; ; level++)
            {
                if (level == _levels.Count)
                {
                    _levels.Add([]);
                }
                changed = Math.Max(changed, level + 1);
                _levels[level].AddRange(hash);
                if (_levels[level].Count < Tile.FullWidth * MerkleTree.HashBytes)
                {
                    break;
                }
                var hashes = _levels[level].ToArray();
                Write(Tile.Hashes(level, (Tile.HashesAt(level, size) - 1) / Tile.FullWidth), hashes);
                MerkleTree.Root(hashes, hash);
                _levels[level].Clear();
            }
        }
        if (_entries.Count > 0)
        {
            Write(Tile.Entries(size / Tile.FullWidth, _entries.Count), EntryBundle.Encode(_entries));
        }
        for (var level = 0; level < changed; level++)
        {
            if (_levels[level].Count > 0)
            {
                var tile = Tile.Hashes(level, Tile.HashesAt(level, size) / Tile.FullWidth, _levels[level].Count / MerkleTree.HashBytes);
                Write(tile, [.. _levels[level]]);
            }
        }
        return TiledTree.EdgeRoot([.. _levels.Select(l => (ReadOnlyMemory<byte>)l.ToArray())]);
    }

    /// <summary>Partial tiles go once the full one is committed, as the format allows; those of an append that was killed here go now.</summary>
    private void RemoveSuperseded()
    {
        for (var level = 0; Tile.HashesAt(level, OldSize) / Tile.FullWidth is > 0 and var full; level++)
        {
            _full.Add(Tile.Hashes(level, full - 1));
            if (level == 0)
            {
                _full.Add(Tile.Entries(full - 1));
            }
        }
        foreach (var tile in _full)
        {
            _writer.RemoveSuperseded($"{tile.FullPath}.p");
        }
    }

    private void Write(Tile tile, ReadOnlySpan<byte> content)
    {
        _writer.Write(tile.Path, content, isNewPlace: LogDirectory.CommittedWidth(tile, OldSize) == 0);
        if (tile.IsFull)
        {
            _full.Add(tile);
        }
    }

    /// <summary>The places whose width differs between two sizes.</summary>
    private static IEnumerable<Tile> OldToNew(long oldSize, long count)
    {
        for (var index = oldSize / Tile.FullWidth; index <= (oldSize + count - 1) / Tile.FullWidth; index++)
        {
            yield return Tile.Entries(index);
        }
        for (var level = 0; Tile.HashesAt(level, oldSize + count) is > 0 and var hashes; level++)
        {
            for (var index = Tile.HashesAt(level, oldSize) / Tile.FullWidth; index <= (hashes - 1) / Tile.FullWidth; index++)
            {
                yield return Tile.Hashes(level, index);
            }
        }
    }

    private static ReadOnlySpan<byte> Hash(ReadOnlySpan<byte> hashes, int index) =>
        hashes.Slice(index * MerkleTree.HashBytes, MerkleTree.HashBytes);
}
