using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>What trusted metadata says of another metadata file.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Length">Its length in bytes, where given.</param>
/// <param name="Hashes">Its hashes, where given.</param>
/// <remarks>Spec: TUF 1.0 §4.4, METAFILES.</remarks>
public sealed record TufMetaFile(long Version, long? Length, TufHashes? Hashes)
{
    internal static TufMetaFile Parse(JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        return new TufMetaFile(
            TufJson.RequiredNumber(json, "version", 1, long.MaxValue, format, location),
            TufJson.OptionalNumber(json, "length", 0, long.MaxValue, format, location),
            json.TryGetProperty("hashes", out _) ? TufHashes.Parse(json, format, location) : null
        );
    }
}
