namespace ArtifactTrust.Sbom;

/// <summary>A format that an SBOM can be written in.</summary>
public enum SbomFormat
{
    /// <summary>None; refused.</summary>
    None = 0,

    /// <summary>CycloneDX JSON.</summary>
    CycloneDxJson,

    /// <summary>CycloneDX XML.</summary>
    CycloneDxXml,

    /// <summary>SPDX 2.3 JSON.</summary>
    SpdxJson,

    /// <summary>SPDX 3.0.1 JSON-LD.</summary>
    Spdx3Json,
}
