using System.Xml;
using System.Xml.Schema;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>The published XML schemas of CycloneDX, from the package of its own library.</summary>
internal static class CycloneDxXmlSchema
{
    internal static XmlSchemaSet Of(string version)
    {
        var folder = Path.Join(NpmPackages.Fetch(NpmPackages.CycloneDxLibrary), "res", "schema");
        var schemas = new XmlSchemaSet { XmlResolver = null };
        foreach (var file in (string[])["spdx.SNAPSHOT.xsd", $"bom-{version}.SNAPSHOT.xsd"])
        {
            using var reader = XmlReader.Create(Path.Join(folder, file));
            schemas.Add(null, reader);
        }
        return schemas;
    }
}
