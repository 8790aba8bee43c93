using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>How, from what and by whom an artifact was built.</summary>
/// <remarks>Spec: SLSA provenance v1. Members not listed here are ignored, as its parsing rules ask.</remarks>
public sealed record SlsaProvenance : Predicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://slsa.dev/provenance/v1";

    private const string FormatName = "SLSA provenance v1";

    /// <summary>The URI of the template of the build.</summary>
    public required string BuildType { get; init; }

    /// <summary>The parameters that the builder's user controls, as they are written.</summary>
    public required JsonElement ExternalParameters { get; init; }

    /// <summary>What the build used, as far as the builder knows; in no order.</summary>
    public IReadOnlyList<ResourceDescriptor> ResolvedDependencies { get; init; } = [];

    /// <summary>The URI of the build platform.</summary>
    public required string BuilderId { get; init; }

    /// <summary>The versions of the platform's parts, by their names.</summary>
    public IReadOnlyDictionary<string, string> BuilderVersion { get; init; } = new Dictionary<string, string>();

    /// <summary>The platform's own name for this build.</summary>
    public string? InvocationId { get; init; }

    /// <summary>When the build started, UTC.</summary>
    public DateTimeOffset? StartedOn { get; init; }

    /// <summary>When the build ended, UTC.</summary>
    public DateTimeOffset? FinishedOn { get; init; }

    /// <inheritdoc/>
    public override DateTimeOffset? Time => FinishedOn;

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">A required member is absent, or a member has the wrong type.</exception>
    public static SlsaProvenance Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        var definition = root.Object("buildDefinition");
        var run = root.Object("runDetails");
        var builder = run.Object("builder");
        var metadata = run.OptionalObject("metadata");
        var provenance = new SlsaProvenance
        {
            BuildType = definition.String("buildType"),
            ExternalParameters = definition.Object("externalParameters").Json,
            ResolvedDependencies = definition.Descriptors("resolvedDependencies"),
            BuilderId = builder.String("id"),
            BuilderVersion = builder.StringMap("version"),
            InvocationId = metadata?.OptionalString("invocationId"),
            StartedOn = metadata?.OptionalTime("startedOn"),
            FinishedOn = metadata?.OptionalTime("finishedOn"),
        };
        return provenance.StartedOn > provenance.FinishedOn
            ? throw metadata!.Value.Malformed("finishedOn", "the build ended before it started")
            : provenance;
    }
}
