namespace ArtifactTrust.Sbom;

/// <summary>What a model's files say about it. What they do not say is absent, never guessed.</summary>
/// <remarks>Spec: CycloneDX 1.6, modelCard.</remarks>
public sealed record SbomModelCard
{
    /// <summary>What the model does, such as <c>text-generation</c>.</summary>
    public string? Task { get; init; }

    /// <summary>The family, such as <c>bert</c>.</summary>
    public string? ArchitectureFamily { get; init; }

    /// <summary>The architecture, such as <c>BertForMaskedLM</c>.</summary>
    public string? Architecture { get; init; }

    /// <summary>How it learned; null where nobody says.</summary>
    public SbomLearning? Learning { get; init; }

    /// <summary>References of dataset components that the model names as its training data.</summary>
    public IReadOnlyList<string> DatasetReferences { get; init; } = [];

    /// <summary>References of dataset components that the model was evaluated with.</summary>
    public IReadOnlyList<string> TestDatasetReferences { get; init; } = [];

    /// <summary>Inputs: name, type and shape.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];

    /// <summary>Outputs: name, type and shape.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>Results that the model's card reports.</summary>
    public IReadOnlyList<SbomMetric> Metrics { get; init; } = [];

    /// <summary>What its maker says of its use; null where nobody says anything.</summary>
    public SbomConsiderations? Considerations { get; init; }

    /// <summary>What the format has no field for.</summary>
    public IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    internal bool IsEmpty =>
        Task is null
        && Learning is null
        && Considerations is null
        && TestDatasetReferences.Count == 0
        && ArchitectureFamily is null
        && Architecture is null
        && DatasetReferences.Count == 0
        && Inputs.Count == 0
        && Outputs.Count == 0
        && Metrics.Count == 0
        && Properties.Count == 0;
}

/// <summary>One result of an evaluation, as its reporter wrote it.</summary>
/// <param name="Type">What was measured, such as <c>accuracy</c>.</param>
/// <param name="Value">The number.</param>
/// <param name="Slice">What it was measured on, or null.</param>
public sealed record SbomMetric(string Type, string Value, string? Slice);

/// <summary>How a model learned.</summary>
public enum SbomLearning
{
    /// <summary>Not stated; refused by writers.</summary>
    None = 0,

    /// <summary>From labelled data.</summary>
    Supervised,

    /// <summary>From data without labels.</summary>
    Unsupervised,

    /// <summary>From rewards.</summary>
    ReinforcementLearning,

    /// <summary>From data of which some has labels.</summary>
    SemiSupervised,

    /// <summary>From labels made of the data itself.</summary>
    SelfSupervised,
}
