using System.Collections.Concurrent;
using System.IO.Compression;
using System.Xml;
using System.Xml.Schema;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>The published XML schemas of CycloneDX, which are part of this library (NOTICE says under which licence).</summary>
internal static class CycloneDxXmlSchemas
{
    private const string Licenses = "spdx.xsd";

    // Each is compiled once: that takes longer than most documents.
    private static readonly ConcurrentDictionary<string, Lazy<XmlSchemaSet>> Compiled = new(StringComparer.Ordinal);

    /// <summary>The schema of one version, to be read only.</summary>
    internal static XmlSchemaSet Of(string version) => Compiled.GetOrAdd(version, v => new Lazy<XmlSchemaSet>(() => Load(v))).Value;

    private static XmlSchemaSet Load(string version)
    {
        using var resource = typeof(CycloneDxXmlSchemas).Assembly.GetManifestResourceStream(
            "ArtifactTrust.Sbom.Validation.cyclonedx-xml-schemas.zip"
        )!;
        using var archive = new ZipArchive(resource, ZipArchiveMode.Read);
        // What they import is in the set already, and nothing is fetched.
        var schemas = new XmlSchemaSet { XmlResolver = null };
        foreach (var name in (string[])[Licenses, $"bom-{version}.xsd"])
        {
            using var stream = archive.GetEntry(name)!.Open();
            using var reader = XmlReader.Create(stream, CycloneDxXmlValidator.Settings());
            schemas.Add(null, reader);
        }
        schemas.Compile();
        return schemas;
    }
}
