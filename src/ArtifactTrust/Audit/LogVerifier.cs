using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Audit;

/// <summary>Compares a log's files with its checkpoint: the tree is computed again from the entries, in one pass.</summary>
/// <remarks>
/// The log is whole if the root computed from the entries is the signed one and every tile is as computed. Where it is not, the tiles that
/// still hash to the root tell which of two files that differ was changed.
/// </remarks>
internal sealed class LogVerifier
{
    private readonly LogDirectory _directory;
    private readonly NoteKey _key;
    private readonly VerifiedCheckpoint? _trusted;
    private readonly List<AuditLogProblem> _problems = [];
    private readonly List<Difference> _differences = [];
    private readonly List<Level> _levels = [];
    private readonly List<Tile> _supersededMeanwhile = [];
    private long _problemCount;
    private long _size;
    private Digest? _trustedRoot;

    internal LogVerifier(LogDirectory directory, NoteKey key, VerifiedCheckpoint? trusted)
    {
        (_directory, _key, _trusted) = (directory, key, trusted);
    }

    internal AuditLogReport Verify(IProgress<long>? progress, CancellationToken cancellation)
    {
        VerifiedCheckpoint checkpoint;
        try
        {
            checkpoint = AuditLog.ReadCheckpoint(_directory, _key);
        }
        catch (DamagedLogException e)
        {
            Report(AuditLogProblemKind.Checkpoint, e.Path, null, e.Reason);
            return new AuditLogReport(null, _problems, _problemCount, [], isCompletelyChecked: false);
        }
        var (size, root) = (checkpoint.Checkpoint.Size, checkpoint.Checkpoint.Root);
        _size = size;
        for (var index = 0L; index * Tile.FullWidth < size; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            VerifyBundle(index);
            progress?.Report(Math.Min(size, (index + 1) * Tile.FullWidth));
        }
        var computed = VerifyEdge();
        // Files are blamed only now: whether the entries lead to the root says which side of a difference is right.
        var entriesAreRight = root.Equals(computed);
        ExplainDifferences(checkpoint.Checkpoint, entriesAreRight);
        if (!entriesAreRight && _problemCount == 0)
        {
            Report(
                AuditLogProblemKind.Rewritten,
                LogDirectory.CheckpointName,
                null,
                $"the entries and tiles hash to {computed?.Hex}; the signed root is {root.Hex}"
            );
        }
        CompareWithTrusted(checkpoint.Checkpoint, entriesAreRight);
        CheckSuperseded();
        var names = new LogNames(_directory, _key);
        var leftovers = names.Verify(size, Report);
        return new AuditLogReport(checkpoint, _problems, _problemCount, leftovers, isCompletelyChecked: entriesAreRight);
    }

    /// <summary>Compares a bundle with its leaf hashes, and adds these to the tree.</summary>
    private void VerifyBundle(long index)
    {
        var first = index * Tile.FullWidth;
        var width = (int)Math.Min(Tile.FullWidth, _size - first);
        var bundle = Tile.Entries(index, width);
        var entries = Find(bundle, _directory.TryReadEntries);
        if (entries is not null)
        {
            var hashes = new byte[width * MerkleTree.HashBytes];
            for (var i = 0; i < width; i++)
            {
                MerkleTree.HashLeaf(entries[i].Span, hashes.AsSpan(i * MerkleTree.HashBytes, MerkleTree.HashBytes));
            }
            foreach (var partial in _directory.PartialWidths(bundle).Where(w => w < width))
            {
                CompareSuperseded(bundle.WithWidth(partial), EntryBundle.Encode([.. entries.Take(partial)]));
            }
            Add(0, index, hashes);
        }
        else
        {
            Add(0, index, null, width);
        }
        if (_trusted?.Checkpoint.Size is { } trustedSize && trustedSize > first && trustedSize <= first + width)
        {
            _trustedRoot = RootAt(trustedSize, first);
        }
        CompleteTile(0);
    }

    /// <summary>Appends hashes, or places of unknown ones, to a level's current tile.</summary>
    private void Add(int level, long index, byte[]? hashes, int count = 1)
    {
        if (level == _levels.Count)
        {
            _levels.Add(new Level());
        }
        var tile = _levels[level];
        tile.Index = level == 0 ? index : index / Tile.FullWidth;
        var added = hashes ?? new byte[count * MerkleTree.HashBytes];
        for (var i = 0; i < added.Length / MerkleTree.HashBytes; i++)
        {
            tile.IsKnown.Add(hashes is not null);
        }
        tile.Hashes.AddRange(added);
    }

    /// <summary>Compares a level's tile with its file once it is full, and hashes it into the level above.</summary>
    private void CompleteTile(int level)
    {
        var current = _levels[level];
        if (current.IsKnown.Count < Tile.FullWidth)
        {
            return;
        }
        CompareTile(level);
        byte[]? root = null;
        if (!current.IsKnown.Contains(false))
        {
            root = new byte[MerkleTree.HashBytes];
            MerkleTree.Root(current.Hashes.ToArray(), root);
        }
        Add(level + 1, current.Index, root);
        current.Hashes.Clear();
        current.IsKnown.Clear();
        CompleteTile(level + 1);
    }

    /// <summary>Compares the last tile of each level.</summary>
    /// <returns>The root of the whole tree, or null where a part of it is unknown.</returns>
    private Digest? VerifyEdge()
    {
        for (var level = 0; level < _levels.Count; level++)
        {
            if (_levels[level].IsKnown.Count > 0)
            {
                CompareTile(level);
            }
        }
        return _levels.Any(l => l.IsKnown.Contains(false))
            ? null
            : TiledTree.EdgeRoot([.. _levels.Select(l => (ReadOnlyMemory<byte>)l.Hashes.ToArray())]);
    }

    /// <summary>Compares a tile as computed with its file. Hashes that could not be computed are taken from the file.</summary>
    private void CompareTile(int level)
    {
        var current = _levels[level];
        var tile = Tile.Hashes(level, current.Index, current.IsKnown.Count);
        if (Find(tile, (t, orPrefix) => Whole(_directory.TryReadHashes(t, orPrefix), t)) is { } file)
        {
            var places = new List<int>();
            for (var i = 0; i < tile.Width; i++)
            {
                var hash = file.Span.Slice(i * MerkleTree.HashBytes, MerkleTree.HashBytes);
                var computed = System
                    .Runtime.InteropServices.CollectionsMarshal.AsSpan(current.Hashes)
                    .Slice(i * MerkleTree.HashBytes, MerkleTree.HashBytes);
                if (!current.IsKnown[i])
                {
                    hash.CopyTo(computed);
                    current.IsKnown[i] = true;
                }
                else if (!hash.SequenceEqual(computed))
                {
                    places.Add(i);
                }
            }
            if (places.Count > 0)
            {
                _differences.Add(new Difference(tile, places));
            }
        }
        var expected = current.Hashes.ToArray();
        foreach (var partial in _directory.PartialWidths(tile).Where(w => w < tile.Width))
        {
            CompareSuperseded(tile.WithWidth(partial), expected.AsSpan(0, partial * MerkleTree.HashBytes));
        }
    }

    /// <summary>Compares the file of an earlier size, which readers that hold an older checkpoint may still fetch.</summary>
    private void CompareSuperseded(Tile tile, ReadOnlySpan<byte> expected)
    {
        byte[]? content;
        try
        {
            content = _directory.TryRead(tile.Path, EntryBundle.MaximumBytes(tile.Width));
        }
        catch (MalformedDataException e)
        {
            Report(AuditLogProblemKind.Malformed, tile.Path, FirstEntry(tile), e.Reason);
            return;
        }
        catch (IOException e)
        {
            Report(AuditLogProblemKind.Unreadable, tile.Path, FirstEntry(tile), e.Message);
            return;
        }
        // An append may have deleted it since it was listed.
        if (content is not null && !expected.SequenceEqual(content))
        {
            Report(
                AuditLogProblemKind.Changed,
                tile.Path,
                FirstEntry(tile),
                "the file is of an earlier size of the log, and differs from the beginning of the current one"
            );
        }
    }

    private void ExplainDifferences(Checkpoint checkpoint, bool entriesAreRight)
    {
        if (_differences.Count == 0)
        {
            return;
        }
        TiledTree? tree = null;
        if (!entriesAreRight)
        {
            try
            {
                tree = new TiledTree(checkpoint.Size, checkpoint.Root, t => _directory.ReadHashes(t, orPrefix: true));
            }
            catch (MalformedDataException) { } // The tiles do not tell either.
            catch (IOException) { }
        }
        var differing = _differences.Select(d => d.Tile.WithWidth(Tile.FullWidth)).ToHashSet();
        foreach (var (tile, places) in _differences)
        {
            var tileIsRight = tree is not null && IsRight(tree, tile);
            var first = tile.Index * Tile.FullWidth;
            // A tile that is right differs from what was computed of wrong ones below, which are reported themselves.
            var own = places
                .Where(p => !(tileIsRight && tile.Level > 0 && differing.Contains(Tile.Hashes(tile.Level - 1, first + p))))
                .ToList();
            if (own.Count > 0)
            {
                ExplainDifference(tile, own, entriesAreRight, tileIsRight);
            }
        }
    }

    private void ExplainDifference(Tile tile, List<int> places, bool entriesAreRight, bool tileIsRight)
    {
        var place = places[0];
        var number = (tile.Index * Tile.FullWidth) + place;
        string path;
        string message;
        if (tile.Level == 0)
        {
            var bundle = Tile.Entries(tile.Index, tile.Width);
            (path, message) =
                entriesAreRight ? (tile.Path, $"hash {place} is not the one of entry {number}, which is unchanged")
                : tileIsRight ? (bundle.Path, $"entry {number} was changed: it does not hash to its leaf")
                : (bundle.Path, $"entry {number} and its hash in '{tile.Path}' differ; at least one of them was changed");
        }
        else
        {
            var below = Tile.Hashes(tile.Level - 1, number);
            (path, message) =
                entriesAreRight ? (tile.Path, $"hash {place} is not the one of '{below.Path}', which is unchanged")
                : tileIsRight ? (below.Path, $"the tile and all below it was changed: it does not hash to its place in '{tile.Path}'")
                : (tile.Path, $"hash {place} and the tile it stands for, '{below.Path}', differ; at least one of them was changed");
        }
        var more = places.Count == 1 ? "" : $" (and {places.Count - 1} more like it)";
        Report(AuditLogProblemKind.Changed, path, FirstEntry(tile.Level, number), message + more);
    }

    private void CompareWithTrusted(Checkpoint checkpoint, bool entriesAreRight)
    {
        if (_trusted?.Checkpoint is not { } trusted)
        {
            return;
        }
        if (trusted.Size > checkpoint.Size)
        {
            Report(
                AuditLogProblemKind.SetBack,
                LogDirectory.CheckpointName,
                checkpoint.Size,
                $"the log has {checkpoint.Size} entries; it had {trusted.Size} before, so at least {trusted.Size - checkpoint.Size} are gone"
            );
        }
        else if (entriesAreRight && _trustedRoot is not null && !trusted.Root.Equals(_trustedRoot))
        {
            Report(
                AuditLogProblemKind.SetBack,
                LogDirectory.CheckpointName,
                null,
                $"the first {trusted.Size} entries are not those of the trusted checkpoint: the log was replaced"
            );
        }
    }

    /// <summary>The root at a size that ends within the bundle just added, or null where a part of it is unknown.</summary>
    private Digest? RootAt(long size, long firstOfBundle)
    {
        var edge = _levels.Select(l => (ReadOnlyMemory<byte>)l.Hashes.ToArray()).ToList();
        edge[0] = edge[0][..((int)(size - firstOfBundle) * MerkleTree.HashBytes)];
        return _levels.Any(l => l.IsKnown.Contains(false)) ? null : TiledTree.EdgeRoot(edge);
    }

    /// <summary>Reads a file that the checkpoint needs, or reports why there is nothing to compare.</summary>
    private T? Find<T>(Tile tile, Func<Tile, bool, T?> read)
    {
        try
        {
            if (read(tile, false) is { } content)
            {
                return content;
            }
            var prefix = read(tile, true);
            if (prefix is null)
            {
                Report(AuditLogProblemKind.Missing, tile.Path, FirstEntry(tile), "the file is missing");
            }
            else
            {
                _supersededMeanwhile.Add(tile);
            }
            return prefix;
        }
        catch (MalformedDataException e)
        {
            Report(AuditLogProblemKind.Malformed, tile.Path, FirstEntry(tile), e.Location == "$" ? e.Reason : $"{e.Location}: {e.Reason}");
        }
        catch (IOException e)
        {
            Report(AuditLogProblemKind.Unreadable, tile.Path, FirstEntry(tile), e.Message);
        }
        return default;
    }

    /// <summary>Partial tiles are deleted only by an append that put the full one under a later checkpoint.</summary>
    private void CheckSuperseded()
    {
        if (_supersededMeanwhile.Count > 0 && LogNames.LatestSize(_directory, _key, _size) == _size)
        {
            foreach (var tile in _supersededMeanwhile)
            {
                Report(
                    AuditLogProblemKind.Missing,
                    tile.Path,
                    FirstEntry(tile),
                    $"the file is missing, and '{tile.FullPath}' is of a later state: the file was deleted or the checkpoint set back"
                );
            }
        }
    }

    private static ReadOnlyMemory<byte>? Whole(ReadOnlyMemory<byte>? hashes, Tile tile) =>
        hashes is not { } found || found.Length == tile.HashBytes
            ? hashes
            : throw new MalformedDataException(tile.Path, "$", $"{found.Length} bytes; {tile.HashBytes} are expected");

    private static bool IsRight(TiledTree tree, Tile tile)
    {
        try
        {
            _ = tree.Hashes(tile.Level, tile.Index);
            return true;
        }
        catch (MalformedDataException)
        {
            return false;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static long FirstEntry(Tile tile) => FirstEntry(Math.Max(0, tile.Level), tile.Index * Tile.FullWidth);

    private static long FirstEntry(int level, long number) => number << (8 * level);

    private void Report(AuditLogProblemKind kind, string path, long? index, string message)
    {
        _problemCount++;
        if (_problems.Count < AuditLogReport.ListedAtMost)
        {
            _problems.Add(new AuditLogProblem(kind, path, index, message));
        }
    }

    /// <summary>The tile of one level that is being computed.</summary>
    private sealed class Level
    {
        public long Index { get; set; }

        public List<byte> Hashes { get; } = [];

        /// <summary>For each hash whether it could be computed.</summary>
        public List<bool> IsKnown { get; } = [];
    }

    /// <summary>A tile whose file differs from what was computed, in the hashes at the places.</summary>
    private sealed record Difference(Tile Tile, IReadOnlyList<int> Places);
}
