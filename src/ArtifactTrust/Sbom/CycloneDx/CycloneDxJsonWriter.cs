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
            Array("components", document.Components, Component);
            Array("dependencies", document.Dependencies, Dependency);
            Array("compositions", [.. W.Compositions(document)], c => Composition(c.Aggregate, c.Assemblies));
            Array<SbomTraining>("formulation", document.Training is { } training ? [training] : [], Formula);
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
            Array("authors", document.Authors, Contact);
            json.WritePropertyName("component");
            Component(document.Root);
            Organization("supplier", document.Supplier);
            Properties(document.Properties);
            json.WriteEndObject();
        }

        private void Contact(SbomContact contact)
        {
            json.WriteStartObject();
            json.WriteString("name", contact.Name);
            Text("email", contact.Email);
            json.WriteEndObject();
        }

        private void Organization(string member, string? name)
        {
            if (!string.IsNullOrEmpty(name))
            {
                json.WriteStartObject(member);
                json.WriteString("name", name);
                json.WriteEndObject();
            }
        }

        private void Component(SbomComponent component)
        {
            json.WriteStartObject();
            json.WriteString("type", W.Of(component.Type));
            Text("mime-type", component.MediaType);
            Text("bom-ref", component.Reference);
            Organization("supplier", component.Supplier);
            json.WriteString("name", component.Name);
            Text("version", component.Version);
            Text("description", component.Description);
            Array("hashes", [.. W.Hashes(component)], Hash);
            Array("licenses", component.Licenses, license => License(license, component.Licenses.Count));
            Text("purl", component.PackageUrl);
            if (component.Ancestors.Count > 0)
            {
                json.WriteStartObject("pedigree");
                Array("ancestors", component.Ancestors, Component);
                Text("notes", component.AncestryNote);
                json.WriteEndObject();
            }
            Array("externalReferences", component.ExternalReferences, ExternalReference);
            if (component.ModelCard is { IsEmpty: false } card)
            {
                ModelCard(card);
            }
            if (component.Dataset is { } dataset)
            {
                Array("data", [dataset], Dataset);
            }
            Properties(W.Properties(component));
            Array("components", component.Components, Component);
            if (component.Occurrences.Count > 0)
            {
                json.WriteStartObject("evidence");
                Array("occurrences", component.Occurrences, Occurrence);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        private void Occurrence(SbomOccurrence occurrence)
        {
            json.WriteStartObject();
            json.WriteString("location", occurrence.Location);
            Text("additionalContext", occurrence.Layer);
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
                Text("url", license.Url);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }

        private void ExternalReference(SbomExternalReference reference)
        {
            json.WriteStartObject();
            json.WriteString("url", reference.Url);
            json.WriteString("type", reference.Type);
            Array<SbomHash>("hashes", reference.Digest is { } digest ? [W.Of(digest)] : [], Hash);
            json.WriteEndObject();
        }

        private void ModelCard(SbomModelCard card)
        {
            json.WriteStartObject("modelCard");
            json.WriteStartObject("modelParameters");
            if (card.Learning is { } learning)
            {
                json.WriteStartObject("approach");
                json.WriteString("type", W.Of(learning));
                json.WriteEndObject();
            }
            Text("task", card.Task);
            Text("architectureFamily", card.ArchitectureFamily);
            Text("modelArchitecture", card.Architecture);
            Array("datasets", W.Datasets(card), reference => Member("ref", reference));
            Array("inputs", card.Inputs, input => Member("format", input));
            Array("outputs", card.Outputs, output => Member("format", output));
            json.WriteEndObject();
            if (card.Metrics.Count > 0)
            {
                json.WriteStartObject("quantitativeAnalysis");
                Array("performanceMetrics", card.Metrics, Metric);
                json.WriteEndObject();
            }
            if (card.Considerations is { } considerations)
            {
                Considerations(considerations);
            }
            Properties(card.Properties);
            json.WriteEndObject();
        }

        private void Metric(SbomMetric metric)
        {
            json.WriteStartObject();
            json.WriteString("type", metric.Type);
            json.WriteString("value", metric.Value);
            Text("slice", metric.Slice);
            json.WriteEndObject();
        }

        private void Considerations(SbomConsiderations considerations)
        {
            json.WriteStartObject("considerations");
            Array("users", considerations.Users, json.WriteStringValue);
            Array("useCases", considerations.UseCases, json.WriteStringValue);
            Array("technicalLimitations", considerations.TechnicalLimitations, json.WriteStringValue);
            Array("performanceTradeoffs", considerations.PerformanceTradeoffs, json.WriteStringValue);
            Array(
                "ethicalConsiderations",
                considerations.EthicalConsiderations,
                risk =>
                {
                    json.WriteStartObject();
                    json.WriteString("name", risk.Name);
                    Text("mitigationStrategy", risk.Mitigation);
                    json.WriteEndObject();
                }
            );
            if (considerations.EnergyConsumptions.Count > 0)
            {
                json.WriteStartObject("environmentalConsiderations");
                Array("energyConsumptions", considerations.EnergyConsumptions, Energy);
                json.WriteEndObject();
            }
            Array(
                "fairnessAssessments",
                considerations.FairnessAssessments,
                fairness =>
                {
                    json.WriteStartObject();
                    json.WriteString("groupAtRisk", fairness.Group);
                    Text("benefits", fairness.Benefits);
                    Text("harms", fairness.Harms);
                    Text("mitigationStrategy", fairness.Mitigation);
                    json.WriteEndObject();
                }
            );
            json.WriteEndObject();
        }

        private void Energy(SbomEnergy energy)
        {
            json.WriteStartObject();
            json.WriteString("activity", energy.Activity);
            json.WriteStartArray("energyProviders");
            json.WriteStartObject();
            Organization("organization", energy.Provider);
            json.WriteString("energySource", energy.Source);
            Measure("energyProvided", energy.KilowattHours, "kWh");
            json.WriteEndObject();
            json.WriteEndArray();
            Measure("activityEnergyCost", energy.KilowattHours, "kWh");
            if (energy.TonnesOfCo2 is { } tonnes)
            {
                Measure("co2CostEquivalent", tonnes, "tCO2eq");
            }
            json.WriteEndObject();
        }

        private void Measure(string member, decimal value, string unit)
        {
            json.WriteStartObject(member);
            json.WriteNumber("value", value);
            json.WriteString("unit", unit);
            json.WriteEndObject();
        }

        private void Dataset(SbomDataset dataset)
        {
            json.WriteStartObject();
            json.WriteString("type", "dataset");
            Text("name", dataset.Name);
            if (dataset.Url is not null || dataset.Properties.Count > 0)
            {
                json.WriteStartObject("contents");
                Text("url", dataset.Url);
                Properties(dataset.Properties);
                json.WriteEndObject();
            }
            Text("classification", dataset.Classification);
            Array("sensitiveData", dataset.SensitiveData, json.WriteStringValue);
            Text("description", dataset.Description);
            var governance = W.Governance(dataset).ToList();
            if (governance.Count > 0)
            {
                json.WriteStartObject("governance");
                foreach (var (many, _, names) in governance)
                {
                    Array(
                        many,
                        names,
                        name =>
                        {
                            json.WriteStartObject();
                            Organization("organization", name);
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
            Array("components", [training.Code], Component);
            json.WriteStartArray("workflows");
            json.WriteStartObject();
            json.WriteString("bom-ref", W.WorkflowReference);
            json.WriteString("uid", W.WorkflowReference);
            Strings("taskTypes", [W.TaskType]);
            Array("inputs", [training.Code.Reference!, .. training.Inputs], reference => Resource(null, reference));
            Array("outputs", [training.Output], reference => Resource("artifact", reference));
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Resource(string? type, string reference)
        {
            json.WriteStartObject();
            Text("type", type);
            json.WritePropertyName("resource");
            Member("ref", reference);
            json.WriteEndObject();
        }

        private void Member(string name, string value)
        {
            json.WriteStartObject();
            json.WriteString(name, value);
            json.WriteEndObject();
        }

        private void Properties(IReadOnlyList<SbomProperty> properties) =>
            Array(
                "properties",
                properties,
                property =>
                {
                    json.WriteStartObject();
                    json.WriteString("name", property.Name);
                    json.WriteString("value", property.Value);
                    json.WriteEndObject();
                }
            );

        private void Array<T>(string name, IReadOnlyList<T> items, Action<T> write)
        {
            if (items.Count == 0)
            {
                return;
            }
            json.WriteStartArray(name);
            foreach (var item in items)
            {
                write(item);
            }
            json.WriteEndArray();
        }

        private void Strings(string name, IReadOnlyList<string> values)
        {
            json.WriteStartArray(name);
            foreach (var value in values)
            {
                json.WriteStringValue(value);
            }
            json.WriteEndArray();
        }

        private void Text(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                json.WriteString(name, value);
            }
        }
    }
}
