using System.Collections.Concurrent;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>The published schemas of CycloneDX.</summary>
internal static class CycloneDxSchemas
{
    private static readonly ConcurrentDictionary<string, JsonSchema> Read = new(StringComparer.Ordinal);

    /// <summary>The versions there are schemas of.</summary>
    internal static IReadOnlyList<string> Versions { get; } = ["1.4", "1.5", "1.6", "1.7"];

    /// <summary>The schema of one version.</summary>
    internal static JsonSchema Of(string version) => Read.GetOrAdd(version, Load);

    private static JsonSchema Load(string version) =>
        PublishedSchemas.Read(
            "cyclonedx-schemas.zip",
            $"bom-{version}.schema.json",
            // The other versions' schemas are not referred to.
            isReferredTo: name => !name.StartsWith("bom-", StringComparison.Ordinal)
        );
}
