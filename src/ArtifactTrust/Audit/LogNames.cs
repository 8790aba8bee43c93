using ArtifactTrust.Transparency;

namespace ArtifactTrust.Audit;

/// <summary>Looks at every name in a log's directory: what no log has is reported, what lies beyond the checkpoint is listed.</summary>
internal sealed class LogNames(LogDirectory directory, NoteKey key)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };

    // What the BCL says of a file that does not exist: every bit.
    private const FileAttributes Gone = (FileAttributes)(-1);

    private readonly List<string> _extra = [];
    private readonly List<string> _temporary = [];
    private readonly List<Tile> _beyond = [];

    /// <summary>Reports extra files and signs that the checkpoint was set back.</summary>
    /// <returns>Files of appends that did not end, at most as many as a report lists.</returns>
    internal IReadOnlyList<string> Verify(long size, Action<AuditLogProblemKind, string, long?, string> report)
    {
        Walk("", size);
        // Appends may have gone on while the names were read. Of what was read, only the last one's files are beyond a later checkpoint.
        var latest = LatestSize(directory, key, size);
        _beyond.RemoveAll(t => t.Width <= LogDirectory.CommittedWidth(t, latest));
        foreach (var path in _extra)
        {
            report(AuditLogProblemKind.Extra, path, null, "no log has a file of this name; move it away");
        }
        if (SetBackAt() is { } place)
        {
            report(
                AuditLogProblemKind.SetBack,
                place.FullPath,
                null,
                "there are files of two later states than the checkpoint's, which no stopped append leaves: the checkpoint was set back"
            );
        }
        return [.. _temporary.Concat(_beyond.Select(t => t.Path)).Take(AuditLogReport.ListedAtMost)];
    }

    /// <summary>How many entries the log has by now; as many as before where its checkpoint was damaged since.</summary>
    internal static long LatestSize(LogDirectory directory, NoteKey key, long size)
    {
        try
        {
            return Math.Max(size, AuditLog.ReadCheckpoint(directory, key).Checkpoint.Size);
        }
        catch (DamagedLogException)
        {
            return size;
        }
    }

    private Tile? SetBackAt() => _beyond.GroupBy(t => t.WithWidth(Tile.FullWidth)).FirstOrDefault(g => g.Count() > 1)?.Key;

    private void Walk(string relative, long size)
    {
        IEnumerable<FileSystemInfo> entries;
        try
        {
            entries = new DirectoryInfo(Path.Combine(directory.Path, relative)).EnumerateFileSystemInfos("*", Everything);
        }
        catch (DirectoryNotFoundException)
        {
            return; // As below.
        }
        foreach (var entry in entries)
        {
            var path = relative.Length == 0 ? entry.Name : $"{relative}/{entry.Name}";
            if (entry.Attributes == Gone)
            {
                continue; // An append deleted it since it was listed.
            }
            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                _extra.Add(path);
            }
            else if (entry.Attributes.HasFlag(FileAttributes.Directory))
            {
                if (path == DurableWriter.TemporaryDirectory || path == "tile" || path.StartsWith("tile/", StringComparison.Ordinal))
                {
                    Walk(path, size);
                }
                else
                {
                    _extra.Add(path);
                }
            }
            else if (relative == DurableWriter.TemporaryDirectory)
            {
                _temporary.Add(path);
            }
            else if (Tile.TryParse(path, out var tile))
            {
                if (tile.Width > LogDirectory.CommittedWidth(tile, size))
                {
                    _beyond.Add(tile);
                }
            }
            else if (path is not (LogDirectory.CheckpointName or LogLock.FileName))
            {
                _extra.Add(path);
            }
        }
    }
}
