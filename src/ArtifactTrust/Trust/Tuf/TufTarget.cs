using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>A file that a repository distributes.</summary>
/// <param name="Path">Its path, with <c>/</c> between names.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Hashes">Its hashes.</param>
/// <param name="Custom">What else its signer says of it, an object; null where that is nothing.</param>
/// <remarks>Spec: TUF 1.0 §4.5, TARGETS.</remarks>
public sealed record TufTarget(string Path, long Length, TufHashes Hashes, JsonElement? Custom)
{
    internal static TufTarget Parse(string path, JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        return new TufTarget(
            path,
            TufJson.RequiredNumber(json, "length", 0, long.MaxValue, format, location),
            TufHashes.Parse(json, format, location),
            json.TryGetProperty("custom", out var custom) && custom.ValueKind != JsonValueKind.Null
                ? StrictJson.RequiredObject(json, "custom", format, location)
                : null
        );
    }
}
