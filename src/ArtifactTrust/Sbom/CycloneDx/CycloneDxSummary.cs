namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>What a policy asks of a CycloneDX document, whoever made it.</summary>
/// <param name="SpecVersion">The version of CycloneDX, such as <c>1.6</c>.</param>
/// <param name="SerialNumber">The document's UUID; null where it has none.</param>
/// <param name="Version">The document's revision, from 1.</param>
/// <param name="Timestamp">When it says it was made; null where it does not.</param>
/// <param name="Root">What it is about; null where it does not say.</param>
/// <param name="Components">Every component, those within others too, in order of appearance; without <paramref name="Root"/>.</param>
public sealed record CycloneDxSummary(
    string SpecVersion,
    Guid? SerialNumber,
    int Version,
    DateTimeOffset? Timestamp,
    CycloneDxComponent? Root,
    IReadOnlyList<CycloneDxComponent> Components
);

/// <summary>A component of a CycloneDX document.</summary>
/// <param name="Type">CycloneDX's word, such as <c>library</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, or null.</param>
/// <param name="Purl">Its package URL, or null.</param>
/// <param name="Reference">Its <c>bom-ref</c>, or null.</param>
/// <param name="Licenses">Its licences; several mean that each applies to some of it, or that nobody decided.</param>
/// <param name="Hashes">Its hashes: CycloneDX's name of the algorithm, and lower-case hex.</param>
public sealed record CycloneDxComponent(
    string Type,
    string Name,
    string? Version,
    string? Purl,
    string? Reference,
    IReadOnlyList<SbomLicense> Licenses,
    IReadOnlyList<KeyValuePair<string, string>> Hashes
);
