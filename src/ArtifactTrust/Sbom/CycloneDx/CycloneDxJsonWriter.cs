using System.Text.Json;
using W = ArtifactTrust.Sbom.CycloneDx.CycloneDxWords;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes an SBOM as CycloneDX JSON. The same document gives the same bytes.</summary>
/// <remarks>Spec: CycloneDX 1.6 and 1.7 (ECMA-424), <c>bom-1.6.schema.json</c> and <c>bom-1.7.schema.json</c>.</remarks>
public static class CycloneDxJsonWriter
{
    /// <summary>The media type of what is written as version 1.6.</summary>
    public const string MediaType = "application/vnd.cyclonedx+json; version=1.6";

    /// <summary>The document as UTF-8 JSON, indented, with a line feed at its end.</summary>
    public static byte[] ToBytes(SbomDocument document, CycloneDxVersion version = CycloneDxVersion.V16)
    {
        using var stream = new MemoryStream();
        Write(document, stream, version);
        return stream.ToArray();
    }

    /// <summary>Writes the document as UTF-8 JSON, indented, with a line feed at its end.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(SbomDocument document, Stream stream, CycloneDxVersion version = CycloneDxVersion.V16)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(stream);
        var named = W.Of(version);
        using (var json = new Utf8JsonWriter(stream, SbomJsonEncoder.Layout))
        {
            new Body(json, version).Document(document, named);
        }
        stream.Write("\n"u8);
    }

    /// <summary>Writes one document of one version.</summary>
    private sealed class Body(Utf8JsonWriter json, CycloneDxVersion version)
    {
        internal void Document(SbomDocument document, string named)
        {
            json.WriteStartObject();
            json.WriteString("$schema", $"http://cyclonedx.org/schema/bom-{named}.schema.json");
            json.WriteString("bomFormat", "CycloneDX");
            json.WriteString("specVersion", named);
            json.WriteString("serialNumber", $"urn:uuid:{document.SerialNumber}");
            json.WriteNumber("version", 1);
            json.WritePropertyName("metadata");
            Metadata(document);
            json.WriteList("components", document.Components, Component);
            json.WriteList("dependencies", document.Dependencies, Dependency);
            json.WriteList("compositions", [.. W.Compositions(document)], c => Composition(c.Aggregate, c.Assemblies));
            json.WriteList<SbomTraining>("formulation", document.Training is { } training ? [training] : [], Formula);
            json.WriteEndObject();
        }

        private void Metadata(SbomDocument document)
        {
            json.WriteStartObject();
            json.WriteString("timestamp", W.Of(document.Timestamp));
            json.WriteStartArray("lifecycles");
            json.WriteStartObject();
            json.WriteString("phase", W.Lifecycle);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartObject("tools");
            json.WriteStartArray("components");
            json.WriteStartObject();
            json.WriteString("type", "application");
            json.WriteString("name", SbomDocument.ToolName);
            json.WriteString("version", document.ToolVersion);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteList("authors", document.Authors, Contact);
            json.WritePropertyName("component");
            Component(document.Root);
            json.WriteOrganization("supplier", document.Supplier);
            json.WriteProperties(document.Properties);
            json.WriteEndObject();
        }

        private void Contact(SbomContact contact)
        {
            json.WriteStartObject();
            json.WriteString("name", contact.Name);
            json.WriteText("email", contact.Email);
            json.WriteEndObject();
        }

        private void Component(SbomComponent component)
        {
            json.WriteStartObject();
            json.WriteString("type", W.Of(component.Type));
            json.WriteText("mime-type", component.MediaType);
            json.WriteText("bom-ref", component.Reference);
            json.WriteOrganization("supplier", component.Supplier);
            json.WriteString("name", component.Name);
            json.WriteText("version", component.Version);
            json.WriteText("description", component.Description);
            json.WriteList("hashes", [.. W.Hashes(component)], Hash);
            json.WriteList("licenses", component.Licenses, license => License(license, component.Licenses.Count));
            json.WriteText("purl", component.PackageUrl);
            if (component.Ancestors.Count > 0)
            {
                json.WriteStartObject("pedigree");
                json.WriteList("ancestors", component.Ancestors, Component);
                json.WriteText("notes", component.AncestryNote);
                json.WriteEndObject();
            }
            json.WriteList("externalReferences", component.ExternalReferences, ExternalReference);
            if (component.ModelCard is { IsEmpty: false } card)
            {
                new CycloneDxJsonModelCard(json).Write(card);
            }
            if (component.Dataset is { } dataset)
            {
                json.WriteList("data", [dataset], Dataset);
            }
            json.WriteProperties(W.Properties(component));
            json.WriteList("components", component.Components, Component);
            if (component.Occurrences.Count > 0)
            {
                json.WriteStartObject("evidence");
                json.WriteList("occurrences", component.Occurrences, Occurrence);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        private void Occurrence(SbomOccurrence occurrence)
        {
            json.WriteStartObject();
            json.WriteString("location", occurrence.Location);
            json.WriteText("additionalContext", occurrence.Layer);
            json.WriteEndObject();
        }

        private void Hash(SbomHash hash)
        {
            json.WriteStartObject();
            json.WriteString("alg", hash.Algorithm);
            json.WriteString("content", hash.Content);
            json.WriteEndObject();
        }

        private void License(SbomLicense license, int count)
        {
            json.WriteStartObject();
            if (W.IsExpression(license, count, version))
            {
                json.WriteString("expression", license.Expression);
                json.WriteString("acknowledgement", W.Acknowledgement);
            }
            else
            {
                json.WriteStartObject("license");
                json.WriteString(license.Id is null ? "name" : "id", license.ToString());
                json.WriteString("acknowledgement", W.Acknowledgement);
                json.WriteText("url", license.Url);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        private void ExternalReference(SbomExternalReference reference)
        {
            json.WriteStartObject();
            json.WriteString("url", reference.Url);
            json.WriteString("type", reference.Type);
            json.WriteList<SbomHash>("hashes", reference.Digest is { } digest ? [W.Of(digest)] : [], Hash);
            json.WriteEndObject();
        }

        private void Dataset(SbomDataset dataset)
        {
            json.WriteStartObject();
            json.WriteString("type", "dataset");
            json.WriteText("name", dataset.Name);
            if (dataset.Url is not null || dataset.Properties.Count > 0)
            {
                json.WriteStartObject("contents");
                json.WriteText("url", dataset.Url);
                json.WriteProperties(dataset.Properties);
                json.WriteEndObject();
            }
            json.WriteText("classification", dataset.Classification);
            json.WriteList("sensitiveData", dataset.SensitiveData, json.WriteStringValue);
            json.WriteText("description", dataset.Description);
            var governance = W.Governance(dataset).ToList();
            if (governance.Count > 0)
            {
                json.WriteStartObject("governance");
                foreach (var (many, _, names) in governance)
                {
                    json.WriteList(
                        many,
                        names,
                        name =>
                        {
                            json.WriteStartObject();
                            json.WriteOrganization("organization", name);
                            json.WriteEndObject();
                        }
                    );
                }
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        private void Dependency(SbomDependency dependency)
        {
            json.WriteStartObject();
            json.WriteString("ref", dependency.Reference);
            Strings("dependsOn", dependency.DependsOn);
            json.WriteEndObject();
        }

        private void Composition(string aggregate, IReadOnlyList<string> assemblies)
        {
            json.WriteStartObject();
            json.WriteString("aggregate", aggregate);
            Strings("assemblies", assemblies);
            json.WriteEndObject();
        }

        private void Formula(SbomTraining training)
        {
            json.WriteStartObject();
            json.WriteString("bom-ref", W.FormulaReference);
            json.WriteList("components", [training.Code], Component);
            json.WriteStartArray("workflows");
            json.WriteStartObject();
            json.WriteString("bom-ref", W.WorkflowReference);
            json.WriteString("uid", W.WorkflowReference);
            json.WriteTexts("taskTypes", [W.TaskType]);
            json.WriteList("inputs", [training.Code.Reference!, .. training.Inputs], reference => Resource(null, reference));
            json.WriteList("outputs", [training.Output], reference => Resource("artifact", reference));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Resource(string? type, string reference)
        {
            json.WriteStartObject();
            json.WriteText("type", type);
            json.WritePropertyName("resource");
            json.WriteMember("ref", reference);
            json.WriteEndObject();
        }

        // Empty says that there is nothing, where absent would say nothing.
        private void Strings(string name, IReadOnlyList<string> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }
            json.WriteEndArray();
        }
    }
}
