namespace ArtifactTrust.Sbom.Validation;

/// <summary>Something wrong with an SBOM.</summary>
/// <param name="Location">Where: in JSON an RFC 6901 pointer, empty for the whole document; in XML <c>line N, column N</c>.</param>
/// <param name="Reason">What is wrong.</param>
public sealed record SbomError(string Location, string Reason);

/// <summary>What a validator says of an SBOM.</summary>
/// <param name="Format">The format's name, such as <c>CycloneDX</c>.</param>
/// <param name="SpecVersion">The version it was held against.</param>
/// <param name="Errors">What is wrong; none where the document is valid.</param>
/// <param name="Warnings">What the specification allows and is most likely a mistake.</param>
public sealed record SbomValidation(string Format, string SpecVersion, IReadOnlyList<SbomError> Errors, IReadOnlyList<SbomError> Warnings)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsValid => Errors.Count == 0;
}
