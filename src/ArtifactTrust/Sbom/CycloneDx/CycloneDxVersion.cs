namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>A version of CycloneDX that is written.</summary>
public enum CycloneDxVersion
{
    /// <summary>None; refused.</summary>
    None = 0,

    /// <summary>1.6 (ECMA-424, first edition).</summary>
    V16,

    /// <summary>1.7 (ECMA-424, second edition).</summary>
    V17,
}
