using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>The layers of the manifest under one of cosign's tags: ours, and all that were ever seen there.</summary>
/// <param name="store">Where the manifest's configuration is stored.</param>
/// <param name="tag">The tag, for messages.</param>
/// <param name="own">Layers to add. Their content must be there already.</param>
/// <param name="whole">A manifest of just those layers, which keeps its digest where nobody else has any; null for one made here.</param>
internal sealed class LegacyLayers(OciStore store, string tag, IReadOnlyList<Descriptor> own, StoredManifest? whole = null) : TagContent
{
    private readonly List<Descriptor> _seen = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private Descriptor? _config;

    /// <inheritdoc/>
    internal override void See(StoredManifest current) => See(current.ToImageManifest().Layers);

    /// <inheritdoc/>
    internal override async Task<StoredManifest?> MergeAsync(StoredManifest? current, CancellationToken cancellation)
    {
        var manifest = current?.ToImageManifest();
        var present = See(manifest?.Layers ?? []);
        See(own);
        if (manifest is not null && _keys.IsSubsetOf(present))
        {
            return null;
        }
        if (whole is not null && manifest is null && _keys.SetEquals(own.Select(Key)))
        {
            return whole;
        }
        if (_seen.Count > OciLimits.LegacyLayers)
        {
            throw new MalformedDataException($"tag {tag}", store.Name, $"it would have more than {OciLimits.LegacyLayers} layers");
        }
        var bytes = LegacyTags.Config(_seen);
        var wanted = Descriptor.Of(manifest?.Config.MediaType ?? LegacyTags.ConfigType, bytes);
        // Not looked for again: the less time there is between reading and writing, the better.
        _config = wanted.Equals(_config) ? _config : await store.PushBlobAsync(wanted.MediaType, bytes, cancellation).ConfigureAwait(false);
        var merged = new ImageManifest(
            manifest?.MediaType ?? OciMediaTypes.ImageManifest,
            manifest?.ArtifactType,
            _config,
            _seen,
            manifest?.Subject,
            manifest?.Annotations ?? Descriptor.NoAnnotations
        ).ToUtf8Bytes();
        return StoredManifest.Create(DigestAlgorithm.Sha256.Hash(merged), merged, null);
    }

    private HashSet<string> See(IReadOnlyList<Descriptor> layers)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var layer in layers)
        {
            var key = Key(layer);
            keys.Add(key);
            if (_keys.Add(key))
            {
                _seen.Add(layer);
            }
        }
        return keys;
    }

    // The same payload may be signed by several: what differs is in the annotations.
    private static string Key(Descriptor layer)
    {
        var text = ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString(layer.MediaType, layer.Digest.ToString());
            Descriptor.WriteAnnotations(writer, layer.Annotations);
            writer.WriteEndObject();
        });
        return Convert.ToHexStringLower(SHA256.HashData(text));
    }
}
