namespace ArtifactTrust.Sbom.Merging;

/// <summary>What the maker of a merged SBOM decides.</summary>
/// <param name="Name">The release's name.</param>
/// <param name="Version">The release's version, or null.</param>
/// <param name="Timestamp">When the document is made, to the second; see <see cref="SbomTime"/>.</param>
public sealed record SbomMergeOptions(string Name, string? Version, DateTimeOffset Timestamp);

/// <summary>A merged SBOM.</summary>
/// <param name="Utf8">The document: CycloneDX JSON with a line feed at its end.</param>
/// <param name="SpecVersion">Its version of CycloneDX.</param>
/// <param name="SerialNumber">Its UUID.</param>
/// <param name="Components">How many components it has, without the release.</param>
/// <param name="Notes">What could not be taken over, and what was kept apart.</param>
public sealed record MergedSbom(byte[] Utf8, string SpecVersion, Guid SerialNumber, int Components, IReadOnlyList<string> Notes);
