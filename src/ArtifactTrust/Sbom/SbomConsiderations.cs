namespace ArtifactTrust.Sbom;

/// <summary>What the maker of a model says of its use. No file can know it; see <see cref="Cards.SbomCard"/>.</summary>
/// <remarks>Spec: CycloneDX 1.6, modelCard.considerations.</remarks>
public sealed record SbomConsiderations
{
    /// <summary>Who is meant to use it.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>What it is meant for.</summary>
    public IReadOnlyList<string> UseCases { get; init; } = [];

    /// <summary>What it cannot do.</summary>
    public IReadOnlyList<string> TechnicalLimitations { get; init; } = [];

    /// <summary>What was given up for what.</summary>
    public IReadOnlyList<string> PerformanceTradeoffs { get; init; } = [];

    /// <summary>Risks of its use.</summary>
    public IReadOnlyList<SbomRisk> EthicalConsiderations { get; init; } = [];

    /// <summary>Who may be treated unfairly.</summary>
    public IReadOnlyList<SbomFairness> FairnessAssessments { get; init; } = [];

    /// <summary>Energy used.</summary>
    public IReadOnlyList<SbomEnergy> EnergyConsumptions { get; init; } = [];
}

/// <summary>A risk and what is done against it.</summary>
/// <param name="Name">The risk.</param>
/// <param name="Mitigation">What is done, or null.</param>
public sealed record SbomRisk(string Name, string? Mitigation);

/// <summary>What the model means for a group.</summary>
/// <param name="Group">The group at risk.</param>
/// <param name="Benefits">What it gains, or null.</param>
/// <param name="Harms">What it suffers, or null.</param>
/// <param name="Mitigation">What is done against it, or null.</param>
public sealed record SbomFairness(string Group, string? Benefits, string? Harms, string? Mitigation);

/// <summary>Energy that one activity took.</summary>
/// <param name="Activity">CycloneDX's word, such as <c>training</c>.</param>
/// <param name="KilowattHours">Energy, in kWh.</param>
/// <param name="Provider">The name of who provided it.</param>
/// <param name="Source">CycloneDX's word for where it came from, such as <c>wind</c> or <c>unknown</c>.</param>
/// <param name="TonnesOfCo2">Carbon dioxide equivalent, in tonnes, or null.</param>
public sealed record SbomEnergy(string Activity, decimal KilowattHours, string Provider, string Source, decimal? TonnesOfCo2);
