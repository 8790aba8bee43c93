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
