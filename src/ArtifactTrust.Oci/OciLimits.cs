namespace ArtifactTrust.Oci;

/// <summary>Upper bounds on what registries and layouts may hand over, checked before memory is taken. See also <see cref="Formats.Limits"/>.</summary>
internal static class OciLimits
{
    /// <summary>Layers of one image manifest.</summary>
    internal const int Layers = 4096;

    /// <summary>Descriptors in one image index, and referrers of one manifest.</summary>
    internal const int IndexManifests = 10_000;

    /// <summary>Pages of one listing of referrers.</summary>
    internal const int ReferrerPages = 1000;

    /// <summary>Blobs of a layout that are looked through for evidence where its index lists none.</summary>
    internal const int SavedBlobs = 20_000;

    /// <summary>All pages of one listing of referrers, in bytes.</summary>
    internal const int ReferrerListBytes = 32 << 20;

    /// <summary>The manifests of all referrers of one subject that are read as evidence, in bytes.</summary>
    internal const long ReferrerManifestsBytes = 64L << 20;

    /// <summary>A referrer's manifest, in bytes, where it is read as evidence. Those that cosign writes have below 1 KiB.</summary>
    internal const int ReferrerManifestBytes = 256 << 10;

    /// <summary>All evidence of one subject, in bytes, manifests and bundles together.</summary>
    internal const long EvidenceBytes = Formats.Limits.BundleLinesBytes;

    /// <summary>The body of an answer that is an error, in bytes. More is not read.</summary>
    internal const int ErrorBytes = 64 << 10;

    /// <summary>The answer of a token service, in bytes.</summary>
    internal const int TokenBytes = 256 << 10;

    /// <summary>A file of registry credentials, in bytes.</summary>
    internal const int CredentialFileBytes = 1 << 20;

    /// <summary>What a credential helper may print, in bytes.</summary>
    internal const int HelperOutputBytes = 64 << 10;

    /// <summary>Redirects of one request.</summary>
    internal const int Redirects = 5;

    /// <summary>A chunk of an upload, in bytes, however large a registry asks it to be.</summary>
    internal const int ChunkBytes = 64 << 20;

    /// <summary>Rounds of reading, merging and writing what is under a tag that several write to.</summary>
    internal const int TagRounds = 128;

    /// <summary>Signatures or attestations in one manifest under cosign's own tags, as layers of it.</summary>
    internal const int LegacyLayers = 1024;

    /// <summary>A payload of simple signing, in bytes. Those that cosign writes have below 1 KiB.</summary>
    internal const int SimpleSigningBytes = 1 << 20;

    /// <summary>An annotation of a signature, such as its certificate or its log entry, in characters.</summary>
    internal const int LegacyAnnotationCharacters = 1 << 20;

    /// <summary>Manifests that one copy moves: an image's platforms and all that is about them.</summary>
    internal const int CopyManifests = 100_000;

    /// <summary>How deep indexes may list indexes, and referrers be about referrers.</summary>
    internal const int CopyDepth = 16;

    /// <summary>The file <c>manifest.json</c> of a docker-archive, in bytes.</summary>
    internal const int DockerArchiveIndexBytes = 4 << 20;

    /// <summary>An image's configuration, in bytes, where it is read.</summary>
    internal const int ImageConfigBytes = 8 << 20;

    /// <summary>A file of certificates or a private key for TLS, in bytes.</summary>
    internal const int TlsFileBytes = 4 << 20;

    /// <summary>Host, slash and repository together, in characters (distribution-spec 1.1, "Pulling manifests", implementers' note).</summary>
    internal const int NameCharacters = 255;

    /// <summary>A media type or artifact type, in characters (RFC 6838 §4.2 allows 127 for each half).</summary>
    internal const int MediaTypeCharacters = 255;
}
