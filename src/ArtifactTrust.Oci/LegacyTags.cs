using System.Security.Cryptography;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>Cosign's tags beside an image: signatures and attestations as layers of one manifest.</summary>
/// <remarks>Spec: cosign, "Signature Specification", "Storage".</remarks>
internal static class LegacyTags
{
    internal const string ConfigType = "application/vnd.oci.image.config.v1+json";

    /// <summary>The config's type, and the artifact type, where signatures are a referrer.</summary>
    internal const string SignatureArtifact = "application/vnd.dev.cosign.artifact.sig.v1+json";

    /// <summary>The same for attestations.</summary>
    internal const string AttestationArtifact = "application/vnd.dev.cosign.artifact.att.v1+json";

    /// <summary>The suffixes of the tags.</summary>
    internal const string Signatures = ".sig";

    /// <inheritdoc cref="Signatures"/>
    internal const string Attestations = ".att";

    /// <inheritdoc cref="Signatures"/>
    internal const string Sboms = ".sbom";

    internal static string Tag(Digest subject, string suffix) => $"{subject.Algorithm}-{subject.Hex}{suffix}";

    internal static bool IsTag(string tag) =>
        tag.LastIndexOf('.') is > 0 and var dot && tag[dot..] is Signatures or Attestations or Sboms && OciStore.IsReferrersTag(tag[..dot]);

    internal static bool IsLegacyLayer(string mediaType) => mediaType is LegacySignature.SimpleSigningType or LegacySignature.EnvelopeType;

    /// <summary>The layer of a signature.</summary>
    internal static Descriptor LayerOf(LegacySignature signature) =>
        Descriptor.Of(
            signature.Kind == LegacySignatureKind.Image ? LegacySignature.SimpleSigningType : LegacySignature.EnvelopeType,
            signature.Payload.Span
        ) with
        {
            Annotations = signature.Annotations,
        };

    /// <summary>The configuration of a manifest with these layers, as cosign writes it.</summary>
    internal static byte[] Config(IReadOnlyList<Descriptor> layers) =>
        ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("architecture", "");
            writer.WriteString("created", "0001-01-01T00:00:00Z");
            writer.WriteStartArray("history");
            foreach (var _ in layers)
            {
                writer.WriteStartObject();
                writer.WriteString("created", "0001-01-01T00:00:00Z");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteString("os", "");
            writer.WriteStartObject("rootfs");
            writer.WriteString("type", "layers");
            writer.WriteStartArray("diff_ids");
            foreach (var layer in layers)
            {
                writer.WriteStringValue(layer.Digest.ToString());
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteStartObject("config");
            writer.WriteEndObject();
            writer.WriteEndObject();
        });

    /// <summary>Adds layers to the manifest under a tag, so that no layer of anyone's is lost. Their content must be there already.</summary>
    /// <exception cref="MalformedDataException">What is under the tag is no image manifest, so nothing may be written over it, or is full.</exception>
    internal static Task AddAsync(OciStore store, string tag, IEnumerable<Descriptor> layers, CancellationToken cancellation)
    {
        var seen = new List<Descriptor>();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var own = layers.ToArray();
        Descriptor? config = null;
        return store.UpdateTagAsync(
            tag,
            async (current, token) =>
            {
                var manifest = current?.ToImageManifest();
                var present = new HashSet<string>(StringComparer.Ordinal);
                foreach (var layer in manifest?.Layers ?? [])
                {
                    present.Add(Key(layer));
                    See(layer);
                }
                foreach (var layer in own)
                {
                    See(layer);
                }
                if (manifest is not null && keys.All(present.Contains))
                {
                    return null;
                }
                if (seen.Count > OciLimits.LegacyLayers)
                {
                    throw new MalformedDataException($"tag {tag}", store.Name, $"it would have more than {OciLimits.LegacyLayers} layers");
                }
                var bytes = Config(seen);
                var wanted = Descriptor.Of(manifest?.Config.MediaType ?? ConfigType, bytes);
                // Not looked for again: the less time there is between reading and writing, the better.
                config = wanted.Equals(config) ? config : await store.PushBlobAsync(wanted.MediaType, bytes, token).ConfigureAwait(false);
                var merged = new ImageManifest(
                    manifest?.MediaType ?? OciMediaTypes.ImageManifest,
                    manifest?.ArtifactType,
                    config,
                    seen,
                    manifest?.Subject,
                    manifest?.Annotations ?? Descriptor.NoAnnotations
                ).ToUtf8Bytes();
                return StoredManifest.Create(DigestAlgorithm.Sha256.Hash(merged), merged, null);
            },
            cancellation
        );

        void See(Descriptor layer)
        {
            if (keys.Add(Key(layer)))
            {
                seen.Add(layer);
            }
        }
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
