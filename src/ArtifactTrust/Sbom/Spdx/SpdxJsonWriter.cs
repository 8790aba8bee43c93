using System.Text.Json;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>Writes an SBOM as SPDX 2.3 JSON. The same document gives the same bytes.</summary>
/// <remarks>
/// Spec: SPDX 2.3 (ISO/IEC 5962 family), clauses 6 to 12. Files are packages of the purpose FILE: clause 8.4 makes SHA-1 mandatory for
/// file elements, and SHA-1 is not computed here. SPDX 2.3 has no word for training; a dataset is what a model depends on, with a comment.
/// </remarks>
public static class SpdxJsonWriter
{
    private const string NoAssertion = "NOASSERTION";

    /// <summary>Writes the document as UTF-8 JSON, indented, with a line feed at its end.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(SbomDocument document, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(stream);
        using (var json = new Utf8JsonWriter(stream, SbomJsonEncoder.Layout))
        {
            new Body(json, document).Write();
        }
        stream.Write("\n"u8);
    }

    private sealed class Body(Utf8JsonWriter json, SbomDocument document)
    {
        private readonly SpdxLicensing _licensing = new();
        private readonly string _time = CycloneDxWords.Of(document.Timestamp);
        private readonly string _tool = $"Tool: {SbomDocument.ToolName}-{document.ToolVersion}";

        internal void Write()
        {
            var graph = new SpdxGraph(document);
            json.WriteStartObject();
            json.WriteString("spdxVersion", "SPDX-2.3");
            json.WriteString("dataLicense", "CC0-1.0");
            json.WriteString("SPDXID", "SPDXRef-DOCUMENT");
            json.WriteString("name", document.Root.Name);
            json.WriteString("documentNamespace", $"urn:uuid:{document.SerialNumber}");
            json.WriteStartObject("creationInfo");
            json.WriteString("created", _time);
            json.WriteStartArray("creators");
            json.WriteStringValue(_tool);
            foreach (var author in document.Authors)
            {
                json.WriteStringValue(author.Email is { } email ? $"Person: {author.Name} ({email})" : $"Person: {author.Name}");
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteStartArray("packages");
            foreach (var element in graph.Elements)
            {
                Package(element);
            }
            json.WriteEndArray();
            ExtractedLicenses();
            json.WriteStartArray("relationships");
            Relationship("SPDXRef-DOCUMENT", "DESCRIBES", graph.Root, null);
            foreach (var (from, relation, to) in graph.Relations)
            {
                Relationship(from, relation, to);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Package(SpdxElement element)
        {
            var component = element.Component;
            json.WriteStartObject();
            json.WriteString("SPDXID", element.Id);
            json.WriteString("name", component.Name);
            json.WriteText("versionInfo", component.Version);
            if (component.Type == SbomComponentType.File || component.Digest is not null)
            {
                json.WriteString("packageFileName", component.Name);
            }
            if (component.Supplier is { Length: > 0 } supplier)
            {
                json.WriteString("supplier", $"Organization: {supplier}");
            }
            json.WriteString("downloadLocation", SpdxFacts.Download(component) ?? NoAssertion);
            json.WriteBoolean("filesAnalyzed", false);
            Checksums(component);
            json.WriteText("homepage", SpdxFacts.Address(component, "website"));
            json.WriteString("licenseConcluded", NoAssertion);
            json.WriteString("licenseDeclared", _licensing.Expression(component.Licenses) ?? NoAssertion);
            json.WriteString("copyrightText", NoAssertion);
            json.WriteText("description", component.Description);
            json.WriteString("primaryPackagePurpose", Purpose(component.Type));
            if (component.Released is { } released)
            {
                json.WriteString("releaseDate", CycloneDxWords.Of(released));
            }
            if (component.PackageUrl is { } purl)
            {
                json.WriteStartArray("externalRefs");
                json.WriteStartObject();
                json.WriteString("referenceCategory", "PACKAGE-MANAGER");
                json.WriteString("referenceType", "purl");
                json.WriteString("referenceLocator", purl);
                json.WriteEndObject();
                json.WriteEndArray();
            }
            json.WriteText(
                "sourceInfo",
                component.Occurrences.Count == 0 ? null : string.Join("\n", component.Occurrences.Select(o => $"found in: {o.Location}"))
            );
            Annotations(component);
            json.WriteEndObject();
        }

        private void Checksums(SbomComponent component) =>
            json.WriteObjects(
                "checksums",
                [.. CycloneDxWords.Hashes(component)],
                hash =>
                {
                    json.WriteString("algorithm", Algorithm(hash.Algorithm));
                    json.WriteString("checksumValue", hash.Content);
                }
            );

        /// <summary>What the format has no field for, one annotation each.</summary>
        private void Annotations(SbomComponent component) =>
            json.WriteObjects(
                "annotations",
                SpdxFacts.Properties(component),
                property =>
                {
                    json.WriteString("annotationType", "OTHER");
                    json.WriteString("annotator", _tool);
                    json.WriteString("annotationDate", _time);
                    json.WriteString("comment", $"{property.Name}: {property.Value}");
                }
            );

        private void ExtractedLicenses() =>
            json.WriteObjects(
                "hasExtractedLicensingInfos",
                [.. _licensing.Own],
                own =>
                {
                    var (reference, license) = own;
                    json.WriteString("licenseId", reference);
                    json.WriteString("name", license.ToString());
                    json.WriteString("extractedText", SpdxLicensing.TextOf(license));
                    json.WriteTexts("seeAlsos", license.Url is { } url ? [url] : []);
                }
            );

        private void Relationship(string from, SpdxRelation relation, string to)
        {
            switch (relation)
            {
                case SpdxRelation.Contains:
                    Relationship(from, "CONTAINS", to, null);
                    break;
                case SpdxRelation.DependsOn:
                    Relationship(from, "DEPENDS_ON", to, null);
                    break;
                case SpdxRelation.TrainedOn:
                    Relationship(from, "DEPENDS_ON", to, "trained on");
                    break;
                case SpdxRelation.TestedOn:
                    Relationship(to, "TEST_CASE_OF", from, "tested on");
                    break;
                case SpdxRelation.DescendantOf:
                    Relationship(from, "DESCENDANT_OF", to, null);
                    break;
                case SpdxRelation.Generates:
                    Relationship(to, "GENERATED_FROM", from, "training code");
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(relation), relation, "no such relation");
            }
        }

        private void Relationship(string from, string type, string to, string? comment)
        {
            json.WriteStartObject();
            json.WriteString("spdxElementId", from);
            json.WriteString("relationshipType", type);
            json.WriteString("relatedSpdxElement", to);
            json.WriteText("comment", comment);
            json.WriteEndObject();
        }
    }

    private static string Algorithm(string cycloneDx) =>
        cycloneDx.StartsWith("SHA-", StringComparison.Ordinal) ? $"SHA{cycloneDx[4..]}" : cycloneDx;

    private static string Purpose(SbomComponentType type) =>
        type switch
        {
            SbomComponentType.Application => "APPLICATION",
            SbomComponentType.Library => "LIBRARY",
            SbomComponentType.OperatingSystem => "OPERATING_SYSTEM",
            SbomComponentType.Container => "CONTAINER",
            SbomComponentType.File => "FILE",
            SbomComponentType.MachineLearningModel or SbomComponentType.Data => "OTHER",
            _ => throw new ArgumentException($"a component has the type {type}", nameof(type)),
        };
}
