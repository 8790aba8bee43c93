using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>The entries of a referrers tag's index: ours, and all that were ever seen there.</summary>
/// <param name="manifest">Our referrer.</param>
/// <param name="subject">What it is about.</param>
internal sealed class ReferrersList(StoredManifest manifest, Digest subject) : TagContent
{
    private readonly Dictionary<string, JsonElement> _seen = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    internal override void See(StoredManifest current) => Read(current);

    /// <inheritdoc/>
    internal override Task<StoredManifest?> MergeAsync(StoredManifest? current, CancellationToken cancellation) =>
        Task.FromResult(Merge(current));

    private StoredManifest? Merge(StoredManifest? current)
    {
        var (root, present) = current is null ? (default, []) : Read(current);
        var own = manifest.Descriptor.Digest.ToString();
        if (present.Contains(own) && _seen.Keys.All(present.Contains))
        {
            return null;
        }
        var bytes = ManifestJson.Write(writer => Write(writer, root, own));
        StrictJson.CheckLength(bytes.Length, ImageIndex.FormatName, Limits.OciManifestBytes);
        return StoredManifest.Create(DigestAlgorithm.Sha256.Hash(bytes), bytes, OciMediaTypes.ImageIndex);
    }

    private (JsonElement Root, HashSet<string> Present) Read(StoredManifest current)
    {
        if (current.Descriptor.Digest.Equals(subject))
        {
            throw new RegistryException(
                null,
                null,
                $"the registry takes the tag of the list of referrers, {OciStore.ReferrersTag(subject)}, for the image itself: nothing can be listed there",
                "sign and attest with --format legacy"
            );
        }
        var present = new HashSet<string>(StringComparer.Ordinal);
        current.ToImageIndex();
        var root = StrictJson.Parse(current.Bytes, ImageIndex.FormatName, Limits.OciManifestBytes);
        foreach (var entry in root.GetProperty("manifests").EnumerateArray())
        {
            var digest = entry.GetProperty("digest").GetString()!;
            present.Add(digest);
            _seen[digest] = entry;
        }
        return (root, present);
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
