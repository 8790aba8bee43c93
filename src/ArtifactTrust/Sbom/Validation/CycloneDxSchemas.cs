using System.Collections.Concurrent;
using System.IO.Compression;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>The published schemas of CycloneDX, which are part of this library (NOTICE says under which licence).</summary>
internal static class CycloneDxSchemas
{
    private const int SchemaBytes = 1 << 20;

    private static readonly ConcurrentDictionary<string, JsonSchema> Read = new(StringComparer.Ordinal);

    /// <summary>The versions there are schemas of.</summary>
    internal static IReadOnlyList<string> Versions { get; } = ["1.4", "1.5", "1.6", "1.7"];

    /// <summary>The schema of one version.</summary>
    internal static JsonSchema Of(string version) => Read.GetOrAdd(version, Load);

    private static JsonSchema Load(string version)
    {
        using var resource = typeof(CycloneDxSchemas).Assembly.GetManifestResourceStream(
            "ArtifactTrust.Sbom.Validation.cyclonedx-schemas.zip"
        )!;
        using var archive = new ZipArchive(resource, ZipArchiveMode.Read);
        var reader = new JsonSchemaReader();
        foreach (var entry in archive.Entries)
        {
            // The other versions' schemas are not referred to.
            if (!entry.Name.StartsWith("bom-", StringComparison.Ordinal) || entry.Name == Name(version))
            {
                using var stream = entry.Open();
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                reader.Add(entry.Name, StrictJson.Parse(bytes.ToArray(), "JSON schema", SchemaBytes));
            }
        }
        return reader.Read(Name(version));
    }

    private static string Name(string version) => $"bom-{version}.schema.json";
}
