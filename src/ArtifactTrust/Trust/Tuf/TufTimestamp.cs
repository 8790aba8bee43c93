using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>Which snapshot is the newest.</summary>
/// <param name="Header">Version and expiry.</param>
/// <param name="Snapshot">The snapshot.</param>
/// <remarks>Spec: TUF 1.0 §4.6.</remarks>
public sealed record TufTimestamp(TufHeader Header, TufMetaFile Snapshot)
{
    internal static TufTimestamp Parse(TufFile file)
    {
        var format = TufFile.Format(TufFile.Timestamp);
        var meta = StrictJson.RequiredObject(file.Signed, "meta", format, "$.signed");
        return new TufTimestamp(
            TufHeader.Parse(file.Signed, format),
            TufMetaFile.Parse(
                StrictJson.RequiredObject(meta, "snapshot.json", format, "$.signed.meta"),
                format,
                "$.signed.meta.'snapshot.json'"
            )
        );
    }
}
