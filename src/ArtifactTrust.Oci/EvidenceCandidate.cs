using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Oci;

/// <summary>A layer that may be evidence, or the reason why a manifest has none.</summary>
internal sealed record EvidenceCandidate(Descriptor Manifest)
{
    internal Descriptor? Layer { get; init; }

    internal IReadOnlyDictionary<string, string> Annotations { get; init; } = Descriptor.NoAnnotations;

    internal string? Reason { get; init; }

    internal bool IsLegacy { get; init; }

    internal bool IsNotation { get; init; }

    internal string? OtherType { get; init; }

    internal int Index { get; init; }

    internal string? Tag { get; init; }

    internal string Word =>
        IsLegacy ? "payload"
        : IsNotation ? "envelope"
        : "bundle";

    internal EvidenceCandidate Skip(string reason) => this with { Layer = null, Reason = reason };

    /// <summary>What a referrer holds, by its manifest.</summary>
    /// <param name="referrer">What the store lists.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="subject">What it is to be about.</param>
    internal static IReadOnlyList<EvidenceCandidate> Of(Descriptor referrer, ImageManifest manifest, Digest subject)
    {
        var none = new EvidenceCandidate(referrer);
        if (manifest.Subject is { } about && !about.Digest.Equals(subject))
        {
            return [none.Skip($"its own subject is {about.Digest}, not {subject}")];
        }
        if (manifest.EffectiveArtifactType == OciMediaTypes.NotationSignature)
        {
            return [Notation(none with { IsNotation = true }, manifest)];
        }
        if (manifest.Layers.Any(l => LegacyTags.IsLegacyLayer(l.MediaType)))
        {
            return Legacy(referrer, manifest, null);
        }
        var layers = manifest.Layers.Where(l => OciMediaTypes.IsSigstoreBundle(l.MediaType)).ToArray();
        if (layers.Length == 0)
        {
            return
            [
                (none with { OtherType = manifest.EffectiveArtifactType }).Skip(
                    $"it is '{manifest.EffectiveArtifactType}', not a Sigstore bundle"
                ),
            ];
        }
        if (manifest.Layers.Count > 1)
        {
            return [none.Skip($"it has {manifest.Layers.Count} layers; a bundle is one")];
        }
        return layers[0].Size <= Limits.BundleBytes
            ? [none with { Layer = layers[0], Annotations = manifest.Annotations }]
            : [none.Skip($"its bundle has {layers[0].Size} bytes; at most {Limits.BundleBytes} are read")];
    }

    /// <summary>What a manifest of cosign's legacy storage holds: a signature or attestation a layer.</summary>
    /// <param name="descriptor">The manifest, as listed.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="tag">The tag it was found under; null for a referrer.</param>
    internal static IReadOnlyList<EvidenceCandidate> Legacy(Descriptor descriptor, ImageManifest manifest, string? tag)
    {
        var candidates = new List<EvidenceCandidate>();
        foreach (var layer in manifest.Layers)
        {
            var one = new EvidenceCandidate(descriptor)
            {
                Layer = layer,
                IsLegacy = true,
                Index = candidates.Count,
                Tag = tag,
            };
            var maximum = layer.MediaType == LegacySignature.SimpleSigningType ? OciLimits.SimpleSigningBytes : Limits.BundleBytes;
            if (one.Index == OciLimits.LegacyLayers)
            {
                candidates.Add(one.Skip($"it has more than {OciLimits.LegacyLayers} layers; the others are not read"));
                break;
            }
            candidates.Add(
                !LegacyTags.IsLegacyLayer(layer.MediaType) ? one.Skip($"layer {one.Index} is '{layer.MediaType}', not a signature")
                : layer.Size > maximum ? one.Skip($"layer {one.Index} has {layer.Size} bytes; at most {maximum} are read")
                : layer.Annotations.Values.Any(a => a.Length > OciLimits.LegacyAnnotationCharacters)
                    ? one.Skip($"an annotation of layer {one.Index} has more than {OciLimits.LegacyAnnotationCharacters} characters")
                : one
            );
        }
        return candidates;
    }

    /// <remarks>Spec: Notary Project signature specification, "OCI Signatures": one layer, and a subject, which whoever calls has compared.</remarks>
    private static EvidenceCandidate Notation(EvidenceCandidate none, ImageManifest manifest) =>
        manifest.Subject is null ? none.Skip("it is a Notation signature that names no subject")
        : manifest.Layers is not [var envelope]
            ? none.Skip($"it is a Notation signature with {manifest.Layers.Count} layers; an envelope is one")
        : !NotationSignature.IsEnvelope(envelope.MediaType)
            ? none.Skip($"it is a Notation signature in an envelope of the type '{envelope.MediaType}', which is not known")
        : envelope.Size > Limits.NotationEnvelopeBytes
            ? none.Skip($"its envelope has {envelope.Size} bytes; at most {Limits.NotationEnvelopeBytes} are read")
        : none with { Layer = envelope };
}
