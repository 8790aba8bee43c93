using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>The entries of a referrers tag's index: ours, and all that were ever seen there.</summary>
internal sealed class ReferrersList(StoredManifest manifest)
{
    private readonly Dictionary<string, JsonElement> _seen = new(StringComparer.Ordinal);

    /// <summary>The index with every entry, or null where the current one has them all.</summary>
    /// <exception cref="MalformedDataException">What is under the tag is not an index, so nothing may be written over it.</exception>
    internal StoredManifest? MergeInto(StoredManifest? current)
    {
        var root = default(JsonElement);
        var present = new HashSet<string>(StringComparer.Ordinal);
        if (current is not null)
        {
            current.ToImageIndex();
            root = StrictJson.Parse(current.Bytes, ImageIndex.FormatName, Limits.OciManifestBytes);
            foreach (var entry in root.GetProperty("manifests").EnumerateArray())
            {
                var digest = entry.GetProperty("digest").GetString()!;
                present.Add(digest);
                _seen[digest] = entry;
            }
        }
        var own = manifest.Descriptor.Digest.ToString();
        if (present.Contains(own) && _seen.Keys.All(present.Contains))
        {
            return null;
        }
        var bytes = ManifestJson.Write(writer => Write(writer, root, own));
        StrictJson.CheckLength(bytes.Length, ImageIndex.FormatName, Limits.OciManifestBytes);
        return StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, OciMediaTypes.ImageIndex);
    }

    private void Write(Utf8JsonWriter writer, JsonElement root, string own)
    {
        writer.WriteStartObject();
        writer.WriteNumber("schemaVersion", 2);
        writer.WriteString("mediaType", OciMediaTypes.ImageIndex);
        writer.WriteStartArray("manifests");
        foreach (var (digest, entry) in _seen)
        {
            if (digest != own)
            {
                // As it is, members unknown here included.
                entry.WriteTo(writer);
            }
        }
        ReferrerEntry.Of(manifest).WriteTo(writer);
        writer.WriteEndArray();
        if (root.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in root.EnumerateObject())
            {
                if (member.Name is not ("schemaVersion" or "mediaType" or "manifests"))
                {
                    member.WriteTo(writer);
                }
            }
        }
        writer.WriteEndObject();
    }
}
