using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>Writes an SBOM as SPDX 3.0.1 JSON-LD. The same document gives the same bytes.</summary>
/// <remarks>
/// Spec: SPDX 3.0.1, profiles Core, Software, SimpleLicensing, AI, Dataset and Extension. Conformance to the AI and dataset profiles is
/// stated only where what they require is known (supplier, version, times, download location): a card can state it.
/// </remarks>
public static class Spdx3JsonWriter
{
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
        private const string NoLicense = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense";

        private readonly SpdxLicensing _licensing = new();
        private readonly Spdx3Elements _elements = new(json, document.SerialNumber);
        private readonly Dictionary<string, string> _organizations = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, string> _expressions = new(StringComparer.Ordinal);
        private readonly List<(string From, string Expression)> _declared = [];
        private readonly List<string> _undeclared = [];

        internal void Write()
        {
            var graph = new SpdxGraph(document);
            foreach (var supplier in graph.Elements.Select(e => e.Component.Supplier).Append(document.Supplier).OfType<string>())
            {
                _organizations.TryAdd(
                    supplier,
                    _elements.Id(string.Create(CultureInfo.InvariantCulture, $"Organization-{_organizations.Count + 1}"))
                );
            }
            json.WriteStartObject();
            json.WriteString("@context", "https://spdx.org/rdf/3.0.1/spdx-context.jsonld");
            json.WriteStartArray("@graph");
            Creation();
            Document(graph);
            foreach (var element in graph.Elements)
            {
                Element(element);
            }
            Licenses();
            foreach (var (from, relation, to) in Grouped(graph))
            {
                _elements.Relationship(_elements.Id(from), Spdx3Words.Spelled(relation), [.. to.Select(_elements.Id)]);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Creation()
        {
            json.WriteStartObject();
            json.WriteString("type", "CreationInfo");
            json.WriteString("@id", Spdx3Elements.CreationInfo);
            json.WriteString("specVersion", "3.0.1");
            json.WriteString("created", CycloneDxWords.Of(document.Timestamp));
            // Somebody has to be named; where no author is, the program is.
            json.WriteTexts(
                "createdBy",
                document.Authors.Count == 0
                    ? [_elements.Id("Agent")]
                    : [.. document.Authors.Select((_, i) => _elements.Id($"Author-{i + 1}"))]
            );
            json.WriteTexts("createdUsing", [_elements.Id("Tool")]);
            json.WriteEndObject();
            _elements.Begin("Tool", "Tool", $"{SbomDocument.ToolName} {document.ToolVersion}");
            json.WriteEndObject();
            if (document.Authors.Count == 0)
            {
                _elements.Begin("SoftwareAgent", "Agent", SbomDocument.ToolName);
                json.WriteEndObject();
            }
            for (var i = 0; i < document.Authors.Count; i++)
            {
                _elements.Begin("Agent", $"Author-{i + 1}", document.Authors[i].Name);
                if (document.Authors[i].Email is { } email)
                {
                    json.WriteStartArray("externalIdentifier");
                    json.WriteStartObject();
                    json.WriteString("type", "ExternalIdentifier");
                    json.WriteString("externalIdentifierType", "email");
                    json.WriteString("identifier", email);
                    json.WriteEndObject();
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            foreach (var (name, id) in _organizations)
            {
                _elements.Begin("Organization", _elements.NameOf(id), name);
                json.WriteEndObject();
            }
        }

        private void Document(SpdxGraph graph)
        {
            var profiles = Profiles(graph);
            _elements.Begin("SpdxDocument", "SpdxDocument", document.Root.Name);
            json.WriteTexts("profileConformance", profiles);
            json.WriteTexts("rootElement", [_elements.Id("Sbom")]);
            json.WriteEndObject();
            _elements.Begin("software_Sbom", "Sbom", null);
            json.WriteTexts("profileConformance", profiles);
            json.WriteTexts("software_sbomType", ["analyzed"]);
            json.WriteTexts("rootElement", [_elements.Id(graph.Root)]);
            json.WriteTexts("element", [.. graph.Elements.Select(e => _elements.Id(e.Id))]);
            json.WriteEndObject();
        }

        private static List<string> Profiles(SpdxGraph graph)
        {
            var models = graph
                .Elements.Where(e => e.Component.Type == SbomComponentType.MachineLearningModel)
                .Select(e => e.Component)
                .ToList();
            var data = graph.Elements.Where(e => Spdx3Words.IsDataset(e.Component)).Select(e => e.Component).ToList();
            List<string> profiles = ["core", "software", "simpleLicensing", "extension"];
            if (models.Count > 0 && models.TrueForAll(m => IsReleased(m) && m.Version is not null))
            {
                profiles.Add("ai");
            }
            if (data.Count > 0 && data.TrueForAll(d => IsReleased(d) && d.Built is not null))
            {
                profiles.Add("dataset");
            }
            return profiles;

            static bool IsReleased(SbomComponent component) =>
                component.Supplier is not null && component.Released is not null && SpdxFacts.Download(component) is not null;
        }

        private void Element(SpdxElement element)
        {
            var component = element.Component;
            _elements.Begin(Spdx3Words.TypeName(component), element.Id, component.Name);
            json.WriteText("description", component.Description);
            var fields = new Spdx3PackageFields(json);
            fields.Hashes(component);
            fields.ExternalReferences(component);
            if (component.Supplier is { } supplier)
            {
                json.WriteString("suppliedBy", _organizations[supplier]);
                if (Spdx3Words.IsDataset(component))
                {
                    json.WriteTexts("originatedBy", [_organizations[supplier]]);
                }
            }
            if (component.Released is { } released)
            {
                json.WriteString("releaseTime", CycloneDxWords.Of(released));
            }
            if (component.Built is { } built)
            {
                json.WriteString("builtTime", CycloneDxWords.Of(built));
            }
            json.WriteString("software_primaryPurpose", Spdx3Words.Purpose(component));
            if (component.Type == SbomComponentType.File)
            {
                json.WriteText("contentType", component.MediaType);
            }
            else
            {
                json.WriteText("software_packageVersion", component.Version);
                json.WriteText("software_packageUrl", component.PackageUrl);
                json.WriteText("software_downloadLocation", SpdxFacts.Download(component));
                json.WriteText("software_homePage", SpdxFacts.Address(component, "website"));
            }
            if (component.Type == SbomComponentType.MachineLearningModel)
            {
                fields.Model(component);
            }
            else if (Spdx3Words.IsDataset(component))
            {
                fields.Dataset(component);
            }
            fields.Properties(component);
            json.WriteEndObject();
            if (_licensing.Expression(component.Licenses) is { } expression)
            {
                _expressions.TryAdd(expression, "");
                _declared.Add((element.Id, expression));
            }
            else if (component.Type == SbomComponentType.MachineLearningModel)
            {
                _undeclared.Add(element.Id);
            }
        }

        private void Licenses()
        {
            var texts = _licensing.Own.Select((own, i) => (own.Key, License: own.Value, Id: $"LicenseText-{i + 1}")).ToList();
            foreach (var (_, license, id) in texts)
            {
                _elements.Begin("simplelicensing_SimpleLicensingText", id, license.ToString());
                json.WriteString("simplelicensing_licenseText", SpdxLicensing.TextOf(license));
                json.WriteEndObject();
            }
            var number = 0;
            foreach (var expression in _expressions.Keys.ToList())
            {
                var id = $"License-{++number}";
                _expressions[expression] = id;
                _elements.Begin("simplelicensing_LicenseExpression", id, null);
                json.WriteString("simplelicensing_licenseExpression", expression);
                var words = expression.Split(' ', '(', ')');
                json.WriteEntries(
                    "simplelicensing_customIdToUri",
                    texts.Where(t => words.Contains(t.Key)).Select(t => (t.Key, _elements.Id(t.Id)))
                );
                json.WriteEndObject();
            }
            foreach (var (from, expression) in _declared)
            {
                _elements.Relationship(_elements.Id(from), "hasDeclaredLicense", [_elements.Id(_expressions[expression])]);
            }
            foreach (var from in _undeclared)
            {
                _elements.Relationship(_elements.Id(from), "hasDeclaredLicense", [NoLicense]);
            }
            foreach (var from in _declared.Select(d => d.From).Concat(_undeclared))
            {
                _elements.Relationship(_elements.Id(from), "hasConcludedLicense", [NoLicense]);
            }
        }

        private static IEnumerable<(string From, SpdxRelation Relation, IReadOnlyList<string> To)> Grouped(SpdxGraph graph) =>
            graph
                .Relations.GroupBy(r => (r.From, r.Relation))
                .Select(g => (g.Key.From, g.Key.Relation, (IReadOnlyList<string>)[.. g.Select(r => r.To)]));
    }
}
