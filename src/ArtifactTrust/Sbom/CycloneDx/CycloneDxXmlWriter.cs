using System.Text;
using System.Xml;
using W = ArtifactTrust.Sbom.CycloneDx.CycloneDxWords;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes an SBOM as CycloneDX XML. The same document gives the same bytes.</summary>
/// <remarks>Spec: CycloneDX 1.6 and 1.7 (ECMA-424), <c>bom-1.6.xsd</c> and <c>bom-1.7.xsd</c>, whose sequences set the order of the elements.</remarks>
public static class CycloneDxXmlWriter
{
    /// <summary>Writes the document as UTF-8 XML, indented, with a line feed at its end.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(SbomDocument document, Stream stream, CycloneDxVersion version = CycloneDxVersion.V16)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(stream);
        var settings = new XmlWriterSettings
        {
            Indent = true,
            NewLineChars = "\n",
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            CloseOutput = false,
        };
        using (var xml = XmlWriter.Create(stream, settings))
        {
            new Body(xml, version).Document(document);
        }
        stream.Write("\n"u8);
    }

    /// <summary>Writes one document of one version.</summary>
    private sealed class Body(XmlWriter xml, CycloneDxVersion version)
    {
        private readonly string _namespace = $"http://cyclonedx.org/schema/bom/{W.Of(version)}";

        internal void Document(SbomDocument document)
        {
            xml.WriteStartDocument();
            Begin("bom");
            Attribute("serialNumber", $"urn:uuid:{document.SerialNumber}");
            Attribute("version", "1");
            Metadata(document);
            Each("components", document.Components, Component);
            Each("dependencies", document.Dependencies, Dependency);
            Each("compositions", W.Compositions(document), c => Composition(c.Aggregate, c.Assemblies));
            Each<SbomTraining>("formulation", document.Training is { } training ? [training] : [], Formula);
            xml.WriteEndElement();
            xml.WriteEndDocument();
        }

        private void Metadata(SbomDocument document)
        {
            Begin("metadata");
            Element("timestamp", W.Of(document.Timestamp));
            Begin("lifecycles");
            Begin("lifecycle");
            Element("phase", W.Lifecycle);
            End();
            End();
            Begin("tools");
            Begin("components");
            Begin("component");
            Attribute("type", "application");
            Element("name", SbomDocument.ToolName);
            Element("version", document.ToolVersion);
            End();
            End();
            End();
            Each(
                "authors",
                document.Authors,
                author =>
                {
                    Begin("author");
                    Element("name", author.Name);
                    Element("email", author.Email);
                    End();
                }
            );
            Component(document.Root);
            Organization("supplier", document.Supplier);
            Properties(document.Properties);
            End();
        }

        private void Organization(string element, string? name)
        {
            if (!string.IsNullOrEmpty(name))
            {
                Begin(element);
                Element("name", name);
                End();
            }
        }

        private void Component(SbomComponent component)
        {
            Begin("component");
            Attribute("type", W.Of(component.Type));
            Attribute("mime-type", component.MediaType);
            Attribute("bom-ref", component.Reference);
            Organization("supplier", component.Supplier);
            Element("name", component.Name);
            Element("version", component.Version);
            Element("description", component.Description);
            Each("hashes", W.Hashes(component), Hash);
            Each("licenses", component.Licenses, license => License(license, component.Licenses.Count));
            Element("purl", component.PackageUrl);
            if (component.Ancestors.Count > 0)
            {
                Begin("pedigree");
                Each("ancestors", component.Ancestors, Component);
                Element("notes", component.AncestryNote);
                End();
            }
            Each("externalReferences", component.ExternalReferences, ExternalReference);
            Properties(W.Properties(component));
            Each("components", component.Components, Component);
            if (component.Occurrences.Count > 0)
            {
                Begin("evidence");
                Each("occurrences", component.Occurrences, Occurrence);
                End();
            }
            if (component.ModelCard is { IsEmpty: false } card)
            {
                ModelCard(card);
            }
            if (component.Dataset is { } dataset)
            {
                Dataset(dataset);
            }
            End();
        }

        private void Occurrence(SbomOccurrence occurrence)
        {
            Begin("occurrence");
            Element("location", occurrence.Location);
            Element("additionalContext", occurrence.Layer);
            End();
        }

        private void Hash(SbomHash hash)
        {
            Begin("hash");
            Attribute("alg", hash.Algorithm);
            Characters(hash.Content);
            End();
        }

        private void License(SbomLicense license, int count)
        {
            if (W.IsExpression(license, count, version))
            {
                Begin("expression");
                Attribute("acknowledgement", W.Acknowledgement);
                Characters(license.Expression!);
                End();
                return;
            }
            Begin("license");
            Attribute("acknowledgement", W.Acknowledgement);
            Element(license.Id is null ? "name" : "id", license.ToString());
            Element("url", license.Url);
            End();
        }

        private void ExternalReference(SbomExternalReference reference)
        {
            Begin("reference");
            Attribute("type", reference.Type);
            Element("url", reference.Url);
            Each<SbomHash>("hashes", reference.Digest is { } digest ? [W.Of(digest)] : [], Hash);
            End();
        }

        private void ModelCard(SbomModelCard card)
        {
            Begin("modelCard");
            Begin("modelParameters");
            if (card.Learning is { } learning)
            {
                Begin("approach");
                Element("type", W.Of(learning));
                End();
            }
            Element("task", card.Task);
            Element("architectureFamily", card.ArchitectureFamily);
            Element("modelArchitecture", card.Architecture);
            Each("datasets", W.Datasets(card), reference => Element("ref", reference));
            Each("inputs", card.Inputs, input => Within("input", "format", input));
            Each("outputs", card.Outputs, output => Within("output", "format", output));
            End();
            if (card.Metrics.Count > 0)
            {
                Begin("quantitativeAnalysis");
                Each("performanceMetrics", card.Metrics, Metric);
                End();
            }
            if (card.Considerations is { } considerations)
            {
                Considerations(considerations);
            }
            Properties(card.Properties);
            End();
        }

        private void Metric(SbomMetric metric)
        {
            Begin("performanceMetric");
            Element("type", metric.Type);
            Element("value", metric.Value);
            Element("slice", metric.Slice);
            End();
        }

        private void Considerations(SbomConsiderations considerations)
        {
            Begin("considerations");
            Each("users", considerations.Users, user => Element("user", user));
            Each("useCases", considerations.UseCases, use => Element("useCase", use));
            Each("technicalLimitations", considerations.TechnicalLimitations, limit => Element("technicalLimitation", limit));
            Each("performanceTradeoffs", considerations.PerformanceTradeoffs, tradeoff => Element("performanceTradeoff", tradeoff));
            Each(
                "ethicalConsiderations",
                considerations.EthicalConsiderations,
                risk =>
                {
                    Begin("ethicalConsideration");
                    Element("name", risk.Name);
                    Element("mitigationStrategy", risk.Mitigation);
                    End();
                }
            );
            if (considerations.EnergyConsumptions.Count > 0)
            {
                Begin("environmentalConsiderations");
                Each("energyConsumptions", considerations.EnergyConsumptions, Energy);
                End();
            }
            Each(
                "fairnessAssessments",
                considerations.FairnessAssessments,
                fairness =>
                {
                    Begin("fairnessAssessment");
                    Element("groupAtRisk", fairness.Group);
                    Element("benefits", fairness.Benefits);
                    Element("harms", fairness.Harms);
                    Element("mitigationStrategy", fairness.Mitigation);
                    End();
                }
            );
            End();
        }

        private void Energy(SbomEnergy energy)
        {
            Begin("energyConsumption");
            Element("activity", energy.Activity);
            Begin("energyProviders");
            Organization("organization", energy.Provider);
            Element("energySource", energy.Source);
            Measure("energyProvided", energy.KilowattHours, "kWh");
            End();
            Measure("activityEnergyCost", energy.KilowattHours, "kWh");
            if (energy.TonnesOfCo2 is { } tonnes)
            {
                Measure("co2CostEquivalent", tonnes, "tCO2eq");
            }
            End();
        }

        private void Measure(string element, decimal value, string unit)
        {
            Begin(element);
            Element("value", W.Of(value));
            Element("unit", unit);
            End();
        }

        private void Dataset(SbomDataset dataset)
        {
            Begin("data");
            Element("type", "dataset");
            Element("name", dataset.Name);
            if (dataset.Url is not null || dataset.Properties.Count > 0)
            {
                Begin("contents");
                Element("url", dataset.Url);
                Properties(dataset.Properties);
                End();
            }
            Element("classification", dataset.Classification);
            foreach (var kind in dataset.SensitiveData)
            {
                Element("sensitiveData", kind);
            }
            Element("description", dataset.Description);
            var governance = W.Governance(dataset).ToList();
            if (governance.Count > 0)
            {
                Begin("governance");
                foreach (var (many, one, names) in governance)
                {
                    Each(
                        many,
                        names,
                        name =>
                        {
                            Begin(one);
                            Organization("organization", name);
                            End();
                        }
                    );
                }
                End();
            }
            End();
        }

        private void Dependency(SbomDependency dependency)
        {
            Begin("dependency");
            Attribute("ref", dependency.Reference);
            foreach (var needed in dependency.DependsOn)
            {
                Begin("dependency");
                Attribute("ref", needed);
                End();
            }
            End();
        }

        private void Composition(string aggregate, IReadOnlyList<string> assemblies)
        {
            Begin("composition");
            Element("aggregate", aggregate);
            Each(
                "assemblies",
                assemblies,
                reference =>
                {
                    Begin("assembly");
                    Attribute("ref", reference);
                    End();
                }
            );
            End();
        }

        private void Formula(SbomTraining training)
        {
            Begin("formula");
            Attribute("bom-ref", W.FormulaReference);
            Each("components", [training.Code], Component);
            Begin("workflows");
            Begin("workflow");
            Attribute("bom-ref", W.WorkflowReference);
            Element("uid", W.WorkflowReference);
            Within("taskTypes", "taskType", W.TaskType);
            Each("inputs", [training.Code.Reference!, .. training.Inputs], reference => Resource("input", null, reference));
            Each("outputs", [training.Output], reference => Resource("output", "artifact", reference));
            End();
            End();
            End();
        }

        private void Resource(string element, string? type, string reference)
        {
            Begin(element);
            Within("resource", "ref", reference);
            Element("type", type);
            End();
        }

        private void Properties(IReadOnlyList<SbomProperty> properties) =>
            Each(
                "properties",
                properties,
                property =>
                {
                    Begin("property");
                    Attribute("name", property.Name);
                    Characters(property.Value);
                    End();
                }
            );

        private void Within(string outer, string inner, string text)
        {
            Begin(outer);
            Element(inner, text);
            End();
        }

        private void Each<T>(string element, IEnumerable<T> items, Action<T> write)
        {
            var any = false;
            foreach (var item in items)
            {
                if (!any)
                {
                    Begin(element);
                    any = true;
                }
                write(item);
            }
            if (any)
            {
                End();
            }
        }

        private void Element(string name, string? text)
        {
            if (!string.IsNullOrEmpty(text))
            {
                Begin(name);
                Characters(text);
                End();
            }
        }

        private void Attribute(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                xml.WriteStartAttribute(name);
                Characters(value);
                xml.WriteEndAttribute();
            }
        }

        /// <summary>Writes text: hidden characters as references, and what XML cannot hold as U+FFFD.</summary>
        private void Characters(string text)
        {
            var begin = 0;
            for (var i = 0; i < text.Length; )
            {
                var ok = Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) == System.Buffers.OperationStatus.Done;
                // XML 1.0 §2.2, Char.
                var allowed = ok && rune.Value is '\t' or '\n' or '\r' or (>= 0x20 and not (0xfffe or 0xffff));
                if (!allowed || rune.Value >= 0x7f && SbomJsonEncoder.IsHidden(rune.Value))
                {
                    xml.WriteString(text[begin..i]);
                    Special(allowed ? rune : Rune.ReplacementChar);
                    begin = i + used;
                }
                i += used;
            }
            xml.WriteString(text[begin..]);
        }

        private void Special(Rune rune)
        {
            if (rune == Rune.ReplacementChar)
            {
                xml.WriteString("\uFFFD");
            }
            else if (rune.IsBmp)
            {
                xml.WriteCharEntity((char)rune.Value);
            }
            else
            {
                Span<char> pair = stackalloc char[2];
                rune.EncodeToUtf16(pair);
                xml.WriteSurrogateCharEntity(pair[1], pair[0]);
            }
        }

        private void Begin(string name) => xml.WriteStartElement(name, _namespace);

        private void End() => xml.WriteEndElement();
    }
}
