using System.IO.Compression;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Reads JSON schemas that are part of this library (NOTICE says under which licences).</summary>
internal static class PublishedSchemas
{
    private const int SchemaBytes = 1 << 20;

    /// <summary>Reads one schema of a resource that is an archive.</summary>
    /// <param name="archiveName">The archive's file name.</param>
    /// <param name="schema">The schema's file name.</param>
    /// <param name="isReferredTo">Whether the schema may refer to another of the archive's files.</param>
    internal static JsonSchema Read(string archiveName, string schema, Func<string, bool> isReferredTo)
    {
        using var resource = typeof(PublishedSchemas).Assembly.GetManifestResourceStream($"ArtifactTrust.Sbom.Validation.{archiveName}")!;
        using var archive = new ZipArchive(resource, ZipArchiveMode.Read);
        var reader = new JsonSchemaReader();
        foreach (var entry in archive.Entries.Where(e => e.Name == schema || isReferredTo(e.Name)))
        {
            using var stream = entry.Open();
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            reader.Add(entry.Name, StrictJson.Parse(bytes.ToArray(), "JSON schema", SchemaBytes));
        }
        return reader.Read(schema);
    }
}
