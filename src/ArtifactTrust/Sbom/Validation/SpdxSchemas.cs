namespace ArtifactTrust.Sbom.Validation;

/// <summary>The published schemas of SPDX.</summary>
internal static class SpdxSchemas
{
    private static readonly Lazy<JsonSchema> Two = new(() => Read("2.3"));
    private static readonly Lazy<JsonSchema> Three = new(() => Read("3.0.1"));

    /// <summary>The schema of 2.3, which is that of 2.2 with more members and values, and fewer that are required.</summary>
    internal static JsonSchema Version2 => Two.Value;

    /// <summary>The schema of 3.0.1.</summary>
    internal static JsonSchema Version3 => Three.Value;

    private static JsonSchema Read(string version) =>
        PublishedSchemas.Read("spdx-schemas.zip", $"spdx-{version}.schema.json", isReferredTo: _ => false);
}
