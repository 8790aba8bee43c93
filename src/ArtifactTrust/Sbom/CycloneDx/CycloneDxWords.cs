using System.Globalization;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>How CycloneDX spells what both of its forms, JSON and XML, write.</summary>
internal static class CycloneDxWords
{
    internal const string Acknowledgement = "declared";

    // The files exist already when they are described.
    internal const string Lifecycle = "post-build";

    internal const string FormulaReference = "formula:training";
    internal const string WorkflowReference = "workflow:training";

    /// <summary>Training is what builds a model.</summary>
    internal const string TaskType = "build";

    internal static string Of(CycloneDxVersion version) =>
        version switch
        {
            CycloneDxVersion.V16 => "1.6",
            CycloneDxVersion.V17 => "1.7",
            _ => throw new ArgumentOutOfRangeException(nameof(version), version, "no such version"),
        };

    internal static string Of(SbomComponentType type) =>
        type switch
        {
            SbomComponentType.Application => "application",
            SbomComponentType.MachineLearningModel => "machine-learning-model",
            SbomComponentType.Data => "data",
            SbomComponentType.File => "file",
            SbomComponentType.Library => "library",
            SbomComponentType.OperatingSystem => "operating-system",
            SbomComponentType.Container => "container",
            _ => throw new ArgumentException($"a component has the type {type}", nameof(type)),
        };

    internal static string Of(SbomLearning learning) =>
        learning switch
        {
            SbomLearning.Supervised => "supervised",
            SbomLearning.Unsupervised => "unsupervised",
            SbomLearning.ReinforcementLearning => "reinforcement-learning",
            SbomLearning.SemiSupervised => "semi-supervised",
            SbomLearning.SelfSupervised => "self-supervised",
            _ => throw new ArgumentException($"a model card has the learning {learning}", nameof(learning)),
        };

    internal static string Of(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    internal static string Of(decimal number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The digest that was computed here first, then those that others state and that are not the same.</summary>
    internal static IEnumerable<SbomHash> Hashes(SbomComponent component) =>
        (component.Digest is { } digest ? [Of(digest)] : Enumerable.Empty<SbomHash>()).Concat(component.DeclaredHashes).Distinct();

    internal static SbomHash Of(Digest digest) => new($"SHA-{8 * digest.Algorithm.SizeInBytes}", digest.Hex);

    /// <summary>The properties, with what CycloneDX has no field for among them.</summary>
    internal static IReadOnlyList<SbomProperty> Properties(SbomComponent component) =>
        component.Built is null && component.Released is null
            ? component.Properties
            :
            [
                .. component.Properties,
                .. component.Built is { } built ? [new SbomProperty(SbomPropertyNames.Built, Of(built))] : Array.Empty<SbomProperty>(),
                .. component.Released is { } time ? [new SbomProperty(SbomPropertyNames.Released, Of(time))] : Array.Empty<SbomProperty>(),
            ];

    /// <summary>Data that a model was made or evaluated with, each once.</summary>
    internal static IReadOnlyList<string> Datasets(SbomModelCard card) =>
        [.. card.DatasetReferences.Concat(card.TestDatasetReferences).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether the licence stands as an expression: 1.6 takes one only if it is alone; among others it becomes a name.</summary>
    internal static bool IsExpression(SbomLicense license, int count, CycloneDxVersion version) =>
        license.Expression is not null && (count == 1 || version >= CycloneDxVersion.V17);

    /// <summary>Who is responsible for data: CycloneDX's word for many, for one, and the names.</summary>
    internal static IEnumerable<(string Many, string One, IReadOnlyList<string> Names)> Governance(SbomDataset dataset) =>
        new (string, string, IReadOnlyList<string> Names)[]
        {
            ("custodians", "custodian", dataset.Custodians),
            ("stewards", "steward", dataset.Stewards),
            ("owners", "owner", dataset.Owners),
        }.Where(g => g.Names.Count > 0);

    /// <summary>Which parts of which components are all there.</summary>
    internal static IEnumerable<(string Aggregate, IReadOnlyList<string> Assemblies)> Compositions(SbomDocument document) =>
        new (string, IReadOnlyList<string> Assemblies)[]
        {
            ("complete", document.CompleteAssemblies),
            ("incomplete", document.IncompleteAssemblies),
        }.Where(c => c.Assemblies.Count > 0);
}
