namespace ArtifactTrust.Sbom;

/// <summary>A software bill of materials, apart from the format it is written in.</summary>
/// <param name="SerialNumber">A UUID (RFC 9562 version 8) derived from everything the document was made from: the same input at the same time has the same.</param>
/// <param name="Timestamp">When it was made, UTC, to the second.</param>
/// <param name="ToolVersion">The version of artifact-trust that made it.</param>
/// <param name="Root">What the document is about: an application, since scanners refuse a model there.</param>
/// <param name="Components">The subject first, then the datasets it names.</param>
/// <param name="Dependencies">Which component needs which.</param>
/// <param name="CompleteAssemblies">References of components all of whose parts are listed.</param>
public sealed record SbomDocument(
    Guid SerialNumber,
    DateTimeOffset Timestamp,
    string ToolVersion,
    SbomComponent Root,
    IReadOnlyList<SbomComponent> Components,
    IReadOnlyList<SbomDependency> Dependencies,
    IReadOnlyList<string> CompleteAssemblies
)
{
    /// <summary>Who answers for the document.</summary>
    public IReadOnlyList<SbomContact> Authors { get; init; } = [];

    /// <summary>Who supplies what the document is about, or null.</summary>
    public string? Supplier { get; init; }

    /// <summary>What the document is itself, beside its components.</summary>
    public IReadOnlyList<SbomProperty> Properties { get; init; } = [];

    /// <summary>How the subject was trained; null where nobody says.</summary>
    public SbomTraining? Training { get; init; }

    /// <summary>The name of the tool, as the document gives it.</summary>
    public const string ToolName = "artifact-trust";

    /// <summary>References of components that have parts which are not listed; why is in their properties.</summary>
    public IReadOnlyList<string> IncompleteAssemblies { get; init; } = [];

    /// <summary>The model or dataset described; of an image or a source tree, its first part.</summary>
    public SbomComponent Subject => Components[0];
}

/// <summary>What one component needs.</summary>
/// <param name="Reference">The component's reference.</param>
/// <param name="DependsOn">References of the components it needs.</param>
public sealed record SbomDependency(string Reference, IReadOnlyList<string> DependsOn);

/// <summary>A person or an organization to turn to.</summary>
/// <param name="Name">The name.</param>
/// <param name="Email">The address, or null.</param>
public sealed record SbomContact(string Name, string? Email);

/// <summary>A run that made a model.</summary>
/// <param name="Code">The code that ran.</param>
/// <param name="Inputs">References of the datasets and base models it read.</param>
/// <param name="Output">The reference of the model it made.</param>
public sealed record SbomTraining(SbomComponent Code, IReadOnlyList<string> Inputs, string Output);
