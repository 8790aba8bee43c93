namespace ArtifactTrust.Sbom.Readers;

/// <summary>What a file is to the model or dataset it belongs to.</summary>
internal enum FileRole
{
    /// <summary>None of the below.</summary>
    Other = 0,

    /// <summary>Tensors, a graph, or both.</summary>
    Weights,

    /// <summary>Records.</summary>
    Data,

    /// <summary>Says something about the whole directory, when it lies at its top.</summary>
    Description,
}

/// <summary>What a file says.</summary>
/// <param name="Format">The format's short name, lower case.</param>
/// <param name="Role">What the file is to its directory.</param>
internal sealed record FileFacts(string Format, FileRole Role)
{
    /// <summary>The registered media type, or null.</summary>
    internal string? MediaType { get; init; }

    /// <summary>What belongs to the file alone.</summary>
    internal IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    /// <summary>What it says of the model it belongs to, or null.</summary>
    internal ModelFacts? Model { get; init; }

    /// <summary>What it says of the data in it, or of the dataset it belongs to; or null.</summary>
    internal DatasetFacts? Dataset { get; init; }
}

/// <summary>What a file says of a model.</summary>
internal sealed record ModelFacts
{
    internal string? Description { get; init; }
    internal string? Task { get; init; }
    internal string? ArchitectureFamily { get; init; }
    internal string? Architecture { get; init; }
    internal IReadOnlyList<string> Inputs { get; init; } = [];
    internal IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>The number of elements of all tensors, or null.</summary>
    internal UInt128? Parameters { get; init; }

    internal IReadOnlyList<SbomLicense> Licenses { get; init; } = [];

    /// <summary>Names of models it was made from.</summary>
    internal IReadOnlyList<string> BaseModels { get; init; } = [];

    /// <summary>How, such as <c>finetune</c>.</summary>
    internal string? BaseModelRelation { get; init; }

    /// <summary>Names of datasets it was made with.</summary>
    internal IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>Names of datasets it was evaluated with.</summary>
    internal IReadOnlyList<string> TestDatasets { get; init; } = [];

    internal IReadOnlyList<SbomMetric> Metrics { get; init; } = [];

    /// <summary>Properties of the model card.</summary>
    internal IReadOnlyList<SbomProperty> Properties { get; init; } = [];
}

/// <summary>What a file says of data.</summary>
internal sealed record DatasetFacts
{
    internal string? Name { get; init; }
    internal string? Description { get; init; }
    internal string? Version { get; init; }
    internal string? Url { get; init; }
    internal IReadOnlyList<SbomLicense> Licenses { get; init; } = [];

    /// <summary>Records, or null.</summary>
    internal long? Rows { get; init; }

    /// <summary>Columns: the first <see cref="ArtifactTrust.Formats.Limits.SbomListedNames"/>.</summary>
    internal IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>How many columns there are, or null.</summary>
    internal long? ColumnCount { get; init; }

    /// <summary>The files a description lists.</summary>
    internal IReadOnlyList<DistributionFile> Distribution { get; init; } = [];

    /// <summary>What it says of personal and other sensitive data in it.</summary>
    internal IReadOnlyList<string> SensitiveData { get; init; } = [];

    internal IReadOnlyList<SbomProperty> Properties { get; init; } = [];
}

/// <summary>A file that a dataset's description lists.</summary>
/// <param name="Address">Its address as written.</param>
/// <param name="Sha256">The digest stated, lower-case hex; null where none is stated or it is no SHA-256.</param>
internal sealed record DistributionFile(string Address, string? Sha256);
