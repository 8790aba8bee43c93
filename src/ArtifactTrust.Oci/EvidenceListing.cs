using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A Sigstore bundle found beside a subject. Nothing about it is verified but that its bytes are those its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries the bundle.</param>
/// <param name="MediaType">The bundle's media type, as the manifest says.</param>
/// <param name="Bytes">The bundle.</param>
/// <param name="Annotations">What whoever put it there says about it: hints, which anyone may write.</param>
public sealed record StoredBundle(
    Digest Manifest,
    string MediaType,
    ReadOnlyMemory<byte> Bytes,
    IReadOnlyDictionary<string, string> Annotations
);

/// <summary>A referrer that is no evidence, or cannot be read as such.</summary>
/// <param name="Referrer">What the store lists.</param>
/// <param name="Reason">Why it was left out.</param>
public sealed record SkippedReferrer(Descriptor Referrer, string Reason)
{
    /// <summary>Whether its manifest says that it is a signature of the Notary Project.</summary>
    public bool IsNotation { get; init; }

    /// <summary>The type of artifact that its manifest says it is, where that is no evidence: an SBOM by itself, say.</summary>
    public string? OtherType { get; init; }
}

/// <summary>A signature or attestation in cosign's legacy storage. Nothing about it is verified but that its payload is the one its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries it.</param>
/// <param name="Layer">Which of the manifest's layers it is, from 0.</param>
/// <param name="Tag">The tag it was found under; null for a referrer.</param>
/// <param name="Signature">The signature.</param>
public sealed record StoredLegacySignature(Digest Manifest, int Layer, string? Tag, LegacySignature Signature);

/// <summary>A signature of the Notary Project found beside a subject. Nothing about it is verified but that its bytes are those its manifest names.</summary>
/// <param name="Manifest">The digest of the manifest that carries it.</param>
/// <param name="MediaType">The envelope's media type, as the manifest says.</param>
/// <param name="Bytes">The envelope.</param>
public sealed record StoredNotationSignature(Digest Manifest, string MediaType, ReadOnlyMemory<byte> Bytes);

/// <summary>What a store has on a subject.</summary>
/// <param name="Bundles">The bundles, in the store's order.</param>
/// <param name="Skipped">The other referrers, and layers of legacy storage that cannot be read, each with the reason.</param>
public sealed record EvidenceListing(IReadOnlyList<StoredBundle> Bundles, IReadOnlyList<SkippedReferrer> Skipped)
{
    /// <summary>The signatures and attestations in cosign's legacy storage.</summary>
    public IReadOnlyList<StoredLegacySignature> Legacy { get; init; } = [];

    /// <summary>The signatures of the Notary Project.</summary>
    public IReadOnlyList<StoredNotationSignature> Notation { get; init; } = [];
}
