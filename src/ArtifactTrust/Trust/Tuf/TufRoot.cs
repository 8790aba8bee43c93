using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The keys of a TUF repository: where all its trust comes from.</summary>
/// <remarks>Spec: TUF 1.0 §4.3.</remarks>
public sealed class TufRoot
{
    private TufRoot(TufHeader header, bool consistentSnapshot, TufRole root, TufRole timestamp, TufRole snapshot, TufRole targets)
    {
        (Header, ConsistentSnapshot) = (header, consistentSnapshot);
        (Root, Timestamp, Snapshot, Targets) = (root, timestamp, snapshot, targets);
    }

    /// <summary>Version and expiry.</summary>
    public TufHeader Header { get; }

    /// <summary>Whether files have their version or hash in their names.</summary>
    public bool ConsistentSnapshot { get; }

    /// <summary>Who signs the next root.</summary>
    public TufRole Root { get; }

    /// <summary>Who signs <c>timestamp.json</c>.</summary>
    public TufRole Timestamp { get; }

    /// <summary>Who signs <c>snapshot.json</c>.</summary>
    public TufRole Snapshot { get; }

    /// <summary>Who signs <c>targets.json</c>.</summary>
    public TufRole Targets { get; }

    internal static TufRoot Parse(TufFile file)
    {
        const string location = "$.signed.roles";
        var format = TufFile.Format(TufFile.Root);
        var keys = TufJson.RequiredKeys(file.Signed, format, "$.signed");
        var roles = StrictJson.RequiredObject(file.Signed, "roles", format, "$.signed");
        return new TufRoot(
            TufHeader.Parse(file.Signed, format),
            TufJson.OptionalBoolean(file.Signed, "consistent_snapshot", format, "$.signed") ?? false,
            Role(TufFile.Root),
            Role(TufFile.Timestamp),
            Role(TufFile.Snapshot),
            Role(TufFile.Targets)
        );

        TufRole Role(string name) =>
            TufRole.Parse(name, StrictJson.RequiredObject(roles, name, format, location), keys, format, $"{location}.{name}");
    }
}
