using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The checks of TUF's client workflow that need bytes and trusted metadata only. Null means that a check holds.</summary>
/// <remarks>Spec: TUF 1.0 §5.3 to §5.6.</remarks>
internal static class TufRules
{
    private const int LongestText = 400;

    /// <summary>Reads a root.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="trusted">The root before it; null where the caller trusts the file itself, which then must still be whole.</param>
    /// <param name="root">The root, where there is no failure.</param>
    internal static TufFailure? Root(ReadOnlyMemory<byte> bytes, TufRoot? trusted, out TufRoot? root)
    {
        root = null;
        try
        {
            var file = TufFile.Parse(bytes, TufFile.Root, Limits.TufRootBytes);
            if (
                (Type(file, TufFile.Root, TufFile.Root) ?? (trusted is null ? null : Threshold(file, trusted.Root, "§5.3.4"))) is
                { } failure
            )
            {
                return failure;
            }
            var read = TufRoot.Parse(file);
            if (trusted is not null && read.Header.Version != trusted.Header.Version + 1)
            {
                return new TufFailure(TufFailureCode.VersionMismatch, TufFile.Root, "§5.3.5", "the next root's version does not follow")
                {
                    Expected = $"{trusted.Header.Version + 1}",
                    Actual = $"{read.Header.Version}",
                };
            }
            if (Threshold(file, read.Root, "§5.3.4") is { } ownFailure)
            {
                return ownFailure;
            }
            root = read;
            return null;
        }
        catch (MalformedDataException e)
        {
            return Malformed(TufFile.Root, e);
        }
    }

    internal static TufFailure? Timestamp(ReadOnlyMemory<byte> bytes, TufRoot root, out TufTimestamp? timestamp) =>
        Read(bytes, root.Timestamp, TufFile.Timestamp, Limits.TufTimestampBytes, "§5.4.2", TufTimestamp.Parse, out timestamp);

    internal static TufFailure? Snapshot(ReadOnlyMemory<byte> bytes, TufRoot root, out TufSnapshot? snapshot) =>
        Read(bytes, root.Snapshot, TufFile.Snapshot, Limits.TufSnapshotBytes, "§5.5.3", TufSnapshot.Parse, out snapshot);

    internal static TufFailure? Targets(ReadOnlyMemory<byte> bytes, TufRole role, out TufTargets? targets) =>
        Read(bytes, role, TufFile.Targets, Limits.TufTargetsBytes, "§5.6.3", f => TufTargets.Parse(f, role.Name), out targets);

    /// <summary>Whether a newer timestamp takes nothing back.</summary>
    internal static TufFailure? TimestampRollback(TufTimestamp trusted, TufTimestamp next)
    {
        if (next.Header.Version < trusted.Header.Version)
        {
            return Rollback(TufFile.Timestamp, "§5.4.3.1", "the version goes back", trusted.Header.Version, next.Header.Version);
        }
        return next.Snapshot.Version < trusted.Snapshot.Version
            ? Rollback(TufFile.Timestamp, "§5.4.3.2", "the snapshot's version goes back", trusted.Snapshot.Version, next.Snapshot.Version)
            : null;
    }

    /// <summary>Whether a newer snapshot takes nothing back.</summary>
    internal static TufFailure? SnapshotRollback(TufSnapshot trusted, TufSnapshot next)
    {
        if (next.Header.Version < trusted.Header.Version)
        {
            return Rollback(TufFile.Snapshot, "§5.5.5", "the version goes back", trusted.Header.Version, next.Header.Version);
        }
        foreach (var (name, before) in trusted.Meta)
        {
            if (!next.Meta.TryGetValue(name, out var now))
            {
                return new TufFailure(TufFailureCode.Rollback, TufFile.Snapshot, "§5.5.5", $"'{name}' is no longer listed");
            }
            if (now.Version < before.Version)
            {
                return Rollback(TufFile.Snapshot, "§5.5.5", $"the version of '{name}' goes back", before.Version, now.Version);
            }
        }
        return null;
    }

    /// <summary>Whether content is of the length and hashes that trusted metadata lists.</summary>
    internal static TufFailure? Listed(ReadOnlySpan<byte> content, long? length, TufHashes? hashes, string role, string clause)
    {
        if (length is not null && content.Length != length)
        {
            return new TufFailure(TufFailureCode.LengthMismatch, role, clause, "the length is not the one listed")
            {
                Expected = $"{length} bytes",
                Actual = $"{content.Length} bytes",
            };
        }
        return hashes?.Check(content, role, clause);
    }

    internal static TufFailure? Version(long listed, TufHeader header, string role, string clause) =>
        header.Version == listed
            ? null
            : new TufFailure(TufFailureCode.VersionMismatch, role, clause, "the version is not the one listed")
            {
                Expected = $"{listed}",
                Actual = $"{header.Version}",
            };

    internal static TufFailure? Expiry(TufHeader header, DateTimeOffset now, string role, string clause) =>
        header.Expires > now
            ? null
            : new TufFailure(TufFailureCode.Expired, role, clause, $"version {header.Version} has expired")
            {
                Expected = $"an expiry after {Rfc3339.Format(now)}",
                Actual = Rfc3339.Format(header.Expires),
            };

    private static TufFailure? Read<T>(
        ReadOnlyMemory<byte> bytes,
        TufRole role,
        string type,
        int maximumBytes,
        string clause,
        Func<TufFile, T> parse,
        out T? result
    )
        where T : class
    {
        result = null;
        try
        {
            var file = TufFile.Parse(bytes, role.Name, maximumBytes);
            if ((Type(file, type, role.Name) ?? Threshold(file, role, clause)) is { } failure)
            {
                return failure;
            }
            result = parse(file);
            return null;
        }
        catch (MalformedDataException e)
        {
            return Malformed(role.Name, e);
        }
    }

    private static TufFailure? Type(TufFile file, string type, string role) =>
        file.Type == type
            ? null
            : new TufFailure(TufFailureCode.WrongType, role, "§4.2.1", "the file is of another role")
            {
                Expected = type,
                Actual = Printable(file.Type),
            };

    private static TufFailure? Threshold(TufFile file, TufRole role, string clause)
    {
        var count = role.CountSignatures(file);
        return count >= role.Threshold
            ? null
            : new TufFailure(TufFailureCode.ThresholdNotMet, role.Name, clause, "too few keys of the role signed")
            {
                Expected = $"{role.Threshold} of {role.Keys.Count} keys",
                Actual = $"{count}",
            };
    }

    private static TufFailure Rollback(string role, string clause, string message, long before, long now) =>
        new(TufFailureCode.Rollback, role, clause, message) { Expected = $"{before} or more", Actual = $"{now}" };

    private static TufFailure Malformed(string role, MalformedDataException e) =>
        new(TufFailureCode.Malformed, role, "§4", Printable($"unreadable at {e.Location}: {e.Reason}"));

    /// <summary>Text of a file that nobody vouches for, without what a terminal would obey.</summary>
    private static string Printable(string text) => new([.. text.Take(LongestText).Select(c => char.IsControl(c) ? '\uFFFD' : c)]);
}
