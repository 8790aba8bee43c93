namespace ArtifactTrust.Oci;

/// <summary>A manifest as lists of referrers show it.</summary>
internal static class ReferrerEntry
{
    /// <summary>Its descriptor with type and annotations.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing Manifests with Subject", step 5.</remarks>
    internal static Descriptor Of(StoredManifest manifest)
    {
        if (manifest.IsIndex)
        {
            var index = manifest.ToImageIndex();
            return manifest.Descriptor with { ArtifactType = index.ArtifactType, Annotations = index.Annotations };
        }
        var image = manifest.ToImageManifest();
        return manifest.Descriptor with { ArtifactType = image.EffectiveArtifactType, Annotations = image.Annotations };
    }
}
