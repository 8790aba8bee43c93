namespace ArtifactTrust.Trust.Tuf;

/// <summary>The metadata of a repository after every check of the client workflow. Only the client makes it.</summary>
public sealed class TufTrust
{
    internal TufTrust(TufRoot root, TufTimestamp timestamp, TufSnapshot snapshot, TufTargets targets, DateTimeOffset time)
    {
        (Root, Timestamp, Snapshot, Targets, Time) = (root, timestamp, snapshot, targets, time);
    }

    /// <summary>The newest root.</summary>
    public TufRoot Root { get; }

    /// <summary>The newest timestamp.</summary>
    public TufTimestamp Timestamp { get; }

    /// <summary>The snapshot it names.</summary>
    public TufSnapshot Snapshot { get; }

    /// <summary>The top-level targets metadata.</summary>
    public TufTargets Targets { get; }

    /// <summary>When the update began: the time that all expiries are compared with (TUF 1.0 §5.1).</summary>
    public DateTimeOffset Time { get; }

    /// <summary>When the first of the four expires, UTC.</summary>
    public DateTimeOffset Expires => new[] { Root.Header, Timestamp.Header, Snapshot.Header, Targets.Header }.Min(h => h.Expires);
}
