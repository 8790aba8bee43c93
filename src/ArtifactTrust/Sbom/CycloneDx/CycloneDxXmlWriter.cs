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
            xml.WriteStartDocument();
            new Body(new CycloneDxXmlElements(xml, $"http://cyclonedx.org/schema/bom/{W.Of(version)}"), version).Document(document);
            xml.WriteEndDocument();
        }
        stream.Write("\n"u8);
    }

    /// <summary>Writes one document of one version.</summary>
    private sealed class Body(CycloneDxXmlElements x, CycloneDxVersion version)
    {
        internal void Document(SbomDocument document)
        {
            x.Begin("bom");
            x.Attribute("serialNumber", $"urn:uuid:{document.SerialNumber}");
            x.Attribute("version", "1");
            Metadata(document);
            x.Each("components", document.Components, Component);
            x.Each("dependencies", document.Dependencies, Dependency);
            x.Each("compositions", W.Compositions(document), c => Composition(c.Aggregate, c.Assemblies));
            x.Each<SbomTraining>("formulation", document.Training is { } training ? [training] : [], Formula);
            x.End();
        }

        private void Metadata(SbomDocument document)
        {
            x.Begin("metadata");
            x.Element("timestamp", W.Of(document.Timestamp));
            x.Begin("lifecycles");
            x.Begin("lifecycle");
            x.Element("phase", W.Lifecycle);
            x.End();
            x.End();
            x.Begin("tools");
            x.Begin("components");
            x.Begin("component");
            x.Attribute("type", "application");
            x.Element("name", SbomDocument.ToolName);
            x.Element("version", document.ToolVersion);
            x.End();
            x.End();
            x.End();
            x.Each(
                "authors",
                document.Authors,
                author =>
                {
                    x.Begin("author");
                    x.Element("name", author.Name);
                    x.Element("email", author.Email);
                    x.End();
                }
            );
            Component(document.Root);
            x.Organization("supplier", document.Supplier);
            x.Properties(document.Properties);
            x.End();
        }

        private void Component(SbomComponent component)
        {
            x.Begin("component");
            x.Attribute("type", W.Of(component.Type));
            x.Attribute("mime-type", component.MediaType);
            x.Attribute("bom-ref", component.Reference);
            x.Organization("supplier", component.Supplier);
            x.Element("name", component.Name);
            x.Element("version", component.Version);
            x.Element("description", component.Description);
            x.Each("hashes", W.Hashes(component), Hash);
            x.Each("licenses", component.Licenses, license => License(license, component.Licenses.Count));
            x.Element("purl", component.PackageUrl);
            if (component.Ancestors.Count > 0)
            {
                x.Begin("pedigree");
                x.Each("ancestors", component.Ancestors, Component);
                x.Element("notes", component.AncestryNote);
                x.End();
            }
            x.Each("externalReferences", component.ExternalReferences, ExternalReference);
            x.Properties(W.Properties(component));
            x.Each("components", component.Components, Component);
            if (component.Occurrences.Count > 0)
            {
                x.Begin("evidence");
                x.Each("occurrences", component.Occurrences, Occurrence);
                x.End();
            }
            if (component.ModelCard is { IsEmpty: false } card)
            {
                new CycloneDxXmlModelCard(x).Write(card);
            }
            if (component.Dataset is { } dataset)
            {
                Dataset(dataset);
            }
            x.End();
        }

        private void Occurrence(SbomOccurrence occurrence)
        {
            x.Begin("occurrence");
            x.Element("location", occurrence.Location);
            x.Element("additionalContext", occurrence.Layer);
            x.End();
        }

        private void Hash(SbomHash hash)
        {
            x.Begin("hash");
            x.Attribute("alg", hash.Algorithm);
            x.Characters(hash.Content);
            x.End();
        }

        private void License(SbomLicense license, int count)
        {
            if (W.IsExpression(license, count, version))
            {
                x.Begin("expression");
                x.Attribute("acknowledgement", W.Acknowledgement);
                x.Characters(license.Expression!);
                x.End();
                return;
            }
            x.Begin("license");
            x.Attribute("acknowledgement", W.Acknowledgement);
            x.Element(license.Id is null ? "name" : "id", license.ToString());
            x.Element("url", license.Url);
            x.End();
        }

        private void ExternalReference(SbomExternalReference reference)
        {
            x.Begin("reference");
            x.Attribute("type", reference.Type);
            x.Element("url", reference.Url);
            x.Each<SbomHash>("hashes", reference.Digest is { } digest ? [W.Of(digest)] : [], Hash);
            x.End();
        }

        private void Dataset(SbomDataset dataset)
        {
            x.Begin("data");
            x.Element("type", "dataset");
            x.Element("name", dataset.Name);
            if (dataset.Url is not null || dataset.Properties.Count > 0)
            {
                x.Begin("contents");
                x.Element("url", dataset.Url);
                x.Properties(dataset.Properties);
                x.End();
            }
            x.Element("classification", dataset.Classification);
            foreach (var kind in dataset.SensitiveData)
            {
                x.Element("sensitiveData", kind);
            }
            x.Element("description", dataset.Description);
            var governance = W.Governance(dataset).ToList();
            if (governance.Count > 0)
            {
                x.Begin("governance");
                foreach (var (many, one, names) in governance)
                {
                    x.Each(
                        many,
                        names,
                        name =>
                        {
                            x.Begin(one);
                            x.Organization("organization", name);
                            x.End();
                        }
                    );
                }
                x.End();
            }
            x.End();
        }

        private void Dependency(SbomDependency dependency)
        {
            x.Begin("dependency");
            x.Attribute("ref", dependency.Reference);
            foreach (var needed in dependency.DependsOn)
            {
                x.Begin("dependency");
                x.Attribute("ref", needed);
                x.End();
            }
            x.End();
        }

        private void Composition(string aggregate, IReadOnlyList<string> assemblies)
        {
            x.Begin("composition");
            x.Element("aggregate", aggregate);
            x.Each(
                "assemblies",
                assemblies,
                reference =>
                {
                    x.Begin("assembly");
                    x.Attribute("ref", reference);
                    x.End();
                }
            );
            x.End();
        }

        private void Formula(SbomTraining training)
        {
            x.Begin("formula");
            x.Attribute("bom-ref", W.FormulaReference);
            x.Each("components", [training.Code], Component);
            x.Begin("workflows");
            x.Begin("workflow");
            x.Attribute("bom-ref", W.WorkflowReference);
            x.Element("uid", W.WorkflowReference);
            x.Within("taskTypes", "taskType", W.TaskType);
            x.Each("inputs", [training.Code.Reference!, .. training.Inputs], reference => Resource("input", null, reference));
            x.Each("outputs", [training.Output], reference => Resource("output", "artifact", reference));
            x.End();
            x.End();
            x.End();
        }

        private void Resource(string element, string? type, string reference)
        {
            x.Begin(element);
            x.Within("resource", "ref", reference);
            x.Element("type", type);
            x.End();
        }
    }
}
