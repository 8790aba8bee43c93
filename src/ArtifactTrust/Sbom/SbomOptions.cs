using ArtifactTrust.Sbom.Cards;

namespace ArtifactTrust.Sbom;

/// <summary>What the maker of an SBOM decides; everything else comes from the files.</summary>
/// <param name="Kind">Model or dataset.</param>
/// <param name="Name">The subject's name.</param>
/// <param name="Version">The subject's version; null where it has none.</param>
/// <param name="Timestamp">When the SBOM is made, to the second; see <see cref="SbomTime"/>.</param>
public sealed record SbomOptions(SbomSubjectKind Kind, string Name, string? Version, DateTimeOffset Timestamp)
{
    /// <summary>What the maker states beside the files, or null.</summary>
    public SbomCard? Card { get; init; }

    /// <summary>The code that made a model, or null.</summary>
    public SbomTrainingCode? TrainingCode { get; init; }
}
