namespace ArtifactTrust.Oci;

/// <summary>Where evidence may lie beside a subject.</summary>
[Flags]
public enum EvidencePlaces
{
    /// <summary>Nowhere.</summary>
    None = 0,

    /// <summary>Among the referrers: bundles, Notation signatures, and cosign's older form as a referrer.</summary>
    Referrers = 1,

    /// <summary>Under cosign's tag for signatures, <c>.sig</c>.</summary>
    SignatureTag = 2,

    /// <summary>Under cosign's tag for attestations, <c>.att</c>.</summary>
    AttestationTag = 4,

    /// <summary>Everywhere.</summary>
    All = Referrers | SignatureTag | AttestationTag,
}
