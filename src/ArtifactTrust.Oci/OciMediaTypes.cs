namespace ArtifactTrust.Oci;

/// <summary>Media types of manifests and of the things evidence is made of.</summary>
/// <remarks>Spec: OCI image-spec 1.1, "Media Types"; Docker Image Manifest V2, Schema 2; Sigstore bundle.</remarks>
public static class OciMediaTypes
{
    /// <summary>An OCI image manifest.</summary>
    public const string ImageManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>An OCI image index.</summary>
    public const string ImageIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>Docker's image manifest, of the same shape as OCI's.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker's manifest list, of the same shape as OCI's index.</summary>
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>The empty JSON object, which stands where a config is required and there is none.</summary>
    public const string Empty = "application/vnd.oci.empty.v1+json";

    /// <summary>A Sigstore bundle as written today. Readers take <see cref="IsSigstoreBundle"/>.</summary>
    public const string SigstoreBundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

    /// <summary>A referrer that carries a signature of the Notary Project, as artifact type or, by older signers, as the config's type.</summary>
    public const string NotationSignature = "application/vnd.cncf.notary.signature";

    private const string BundlePrefix = "application/vnd.dev.sigstore.bundle";

    /// <summary>Whether the type is that of a single image's manifest, OCI's or Docker's.</summary>
    public static bool IsImageManifest(string mediaType) => mediaType is ImageManifest or DockerManifest;

    /// <summary>Whether the type is that of an index, OCI's or Docker's.</summary>
    public static bool IsImageIndex(string mediaType) => mediaType is ImageIndex or DockerManifestList;

    /// <summary>Whether the type is that of a Sigstore bundle of any 0.x version, in the new or the old spelling.</summary>
    public static bool IsSigstoreBundle(string? mediaType)
    {
        if (mediaType is null || !mediaType.StartsWith(BundlePrefix, StringComparison.Ordinal))
        {
            return false;
        }
        var rest = mediaType.AsSpan(BundlePrefix.Length);
        var minor =
            rest.StartsWith("+json;version=0.", StringComparison.Ordinal) ? rest["+json;version=0.".Length..]
            : rest.StartsWith(".v0.", StringComparison.Ordinal) && rest.EndsWith("+json", StringComparison.Ordinal)
                ? rest[".v0.".Length..^5]
            : [];
        return minor.Length is 1 or 2 && !minor.ContainsAnyExceptInRange('0', '9');
    }
}
