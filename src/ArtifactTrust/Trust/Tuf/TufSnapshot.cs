using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The versions of all targets metadata that belong together.</summary>
/// <param name="Header">Version and expiry.</param>
/// <param name="Meta">The files by name: <c>targets.json</c>, and one for each delegated role.</param>
/// <remarks>Spec: TUF 1.0 §4.4.</remarks>
public sealed record TufSnapshot(TufHeader Header, IReadOnlyDictionary<string, TufMetaFile> Meta)
{
    internal static TufSnapshot Parse(TufFile file)
    {
        var format = TufFile.Format(TufFile.Snapshot);
        var meta = new Dictionary<string, TufMetaFile>(StringComparer.Ordinal);
        foreach (var member in TufJson.RequiredMembers(file.Signed, "meta", Limits.TufRoles, format, "$.signed"))
        {
            meta.Add(member.Name, TufMetaFile.Parse(member.Value, format, $"$.signed.meta.'{member.Name}'"));
        }
        return new TufSnapshot(TufHeader.Parse(file.Signed, format), meta);
    }
}
