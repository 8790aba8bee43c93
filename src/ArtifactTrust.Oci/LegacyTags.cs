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
    internal static Task AddAsync(OciStore store, string tag, IReadOnlyList<Descriptor> layers, CancellationToken cancellation) =>
        store.UpdateTagAsync(tag, new LegacyLayers(store, tag, layers), cancellation);

    /// <summary>Adds the layers of another manifest, which is stored as it is where the tag has none.</summary>
    /// <inheritdoc cref="AddAsync(OciStore, string, IReadOnlyList{Descriptor}, CancellationToken)"/>
    internal static Task AddAsync(OciStore store, string tag, StoredManifest manifest, CancellationToken cancellation) =>
        store.UpdateTagAsync(tag, new LegacyLayers(store, tag, manifest.ToImageManifest().Layers, manifest), cancellation);
}
