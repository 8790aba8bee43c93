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
        private const string CreationInfo = "_:creationinfo";
        private const string NoLicense = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense";

        private readonly SpdxLicensing _licensing = new();
        private readonly string _base = $"urn:uuid:{document.SerialNumber}#";
        private readonly Dictionary<string, string> _organizations = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, string> _expressions = new(StringComparer.Ordinal);
        private readonly List<(string From, string Expression)> _declared = [];
        private readonly List<string> _undeclared = [];
        private int _relationships;

        internal void Write()
        {
            var graph = new SpdxGraph(document);
            foreach (var supplier in graph.Elements.Select(e => e.Component.Supplier).Append(document.Supplier).OfType<string>())
            {
                _organizations.TryAdd(
                    supplier,
                    Id(string.Create(CultureInfo.InvariantCulture, $"Organization-{_organizations.Count + 1}"))
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
                Relationship(Id(from), Spelled(relation), [.. to.Select(Id)]);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }

        private void Creation()
        {
            json.WriteStartObject();
            json.WriteString("type", "CreationInfo");
            json.WriteString("@id", CreationInfo);
            json.WriteString("specVersion", "3.0.1");
            json.WriteString("created", CycloneDxWords.Of(document.Timestamp));
            // Somebody has to be named; where no author is, the program is.
            Strings(
                "createdBy",
                document.Authors.Count == 0 ? [Id("Agent")] : [.. document.Authors.Select((_, i) => Id($"Author-{i + 1}"))]
            );
            Strings("createdUsing", [Id("Tool")]);
            json.WriteEndObject();
            Begin("Tool", "Tool", $"{SbomDocument.ToolName} {document.ToolVersion}");
            json.WriteEndObject();
            if (document.Authors.Count == 0)
            {
                Begin("SoftwareAgent", "Agent", SbomDocument.ToolName);
                json.WriteEndObject();
            }
            for (var i = 0; i < document.Authors.Count; i++)
            {
                Begin("Agent", $"Author-{i + 1}", document.Authors[i].Name);
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
                Begin("Organization", id[_base.Length..], name);
                json.WriteEndObject();
            }
        }

        private void Document(SpdxGraph graph)
        {
            var profiles = Profiles(graph);
            Begin("SpdxDocument", "SpdxDocument", document.Root.Name);
            Strings("profileConformance", profiles);
            Strings("rootElement", [Id("Sbom")]);
            json.WriteEndObject();
            Begin("software_Sbom", "Sbom", null);
            Strings("profileConformance", profiles);
            Strings("software_sbomType", ["analyzed"]);
            Strings("rootElement", [Id(graph.Root)]);
            Strings("element", [.. graph.Elements.Select(e => Id(e.Id))]);
            json.WriteEndObject();
        }

        private static List<string> Profiles(SpdxGraph graph)
        {
            var models = graph
                .Elements.Where(e => e.Component.Type == SbomComponentType.MachineLearningModel)
                .Select(e => e.Component)
                .ToList();
            var data = graph.Elements.Where(e => IsDataset(e.Component)).Select(e => e.Component).ToList();
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
                component.Supplier is not null && component.Released is not null && Download(component) is not null;
        }

        private void Element(SpdxElement element)
        {
            var component = element.Component;
            Begin(TypeName(component), element.Id, component.Name);
            Text("description", component.Description);
            Hashes(component);
            ExternalReferences(component);
            if (component.Supplier is { } supplier)
            {
                json.WriteString("suppliedBy", _organizations[supplier]);
                if (IsDataset(component))
                {
                    Strings("originatedBy", [_organizations[supplier]]);
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
            json.WriteString("software_primaryPurpose", Purpose(component));
            if (component.Type == SbomComponentType.File)
            {
                Text("contentType", component.MediaType);
            }
            else
            {
                Text("software_packageVersion", component.Version);
                Text("software_packageUrl", component.PackageUrl);
                Text("software_downloadLocation", Download(component));
                Text("software_homePage", SpdxFacts.Address(component, "website"));
            }
            if (component.Type == SbomComponentType.MachineLearningModel)
            {
                Model(component);
            }
            else if (IsDataset(component))
            {
                Dataset(component);
            }
            Properties(component);
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

        private void Model(SbomComponent component)
        {
            if (component.ModelCard is not { } card)
            {
                return;
            }
            Strings("ai_typeOfModel", [.. new[] { card.ArchitectureFamily, card.Architecture }.OfType<string>().Distinct()]);
            var considerations = card.Considerations ?? new SbomConsiderations();
            Text(
                "ai_informationAboutApplication",
                Joined([.. card.Task is { } task ? [$"task: {task}"] : Array.Empty<string>(), .. considerations.UseCases])
            );
            Text("ai_informationAboutTraining", Joined([.. card.Learning is { } l ? [CycloneDxWords.Of(l)] : Array.Empty<string>()]));
            Text("ai_limitation", Joined(considerations.TechnicalLimitations));
            Entries("ai_metric", card.Metrics.Select(m => (m.Slice is null ? m.Type : $"{m.Type} ({m.Slice})", m.Value)));
            var training = considerations.EnergyConsumptions.Where(e => e.Activity == "training").ToList();
            var tuning = considerations.EnergyConsumptions.Where(e => e.Activity == "fine-tuning").ToList();
            var inference = considerations.EnergyConsumptions.Where(e => e.Activity == "inference").ToList();
            if (training.Count + tuning.Count + inference.Count > 0)
            {
                json.WriteStartObject("ai_energyConsumption");
                json.WriteString("type", "ai_EnergyConsumption");
                Energy("ai_finetuningEnergyConsumption", tuning);
                Energy("ai_inferenceEnergyConsumption", inference);
                Energy("ai_trainingEnergyConsumption", training);
                json.WriteEndObject();
            }
        }

        private void Energy(string member, List<SbomEnergy> consumptions)
        {
            if (consumptions.Count == 0)
            {
                return;
            }
            json.WriteStartArray(member);
            foreach (var consumption in consumptions)
            {
                json.WriteStartObject();
                json.WriteString("type", "ai_EnergyConsumptionDescription");
                json.WriteNumber("ai_energyQuantity", consumption.KilowattHours);
                json.WriteString("ai_energyUnit", "kilowattHour");
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        private void Dataset(SbomComponent component)
        {
            var data = component.Dataset;
            // A table is known by its columns; of other data nothing says what it is.
            var isTable = data?.Properties.Any(p => p.Name is SbomPropertyNames.Column or SbomPropertyNames.ColumnCount) == true;
            Strings("dataset_datasetType", [isTable ? "structured" : "noAssertion"]);
            if (SpdxFacts.Bytes(component) is { } bytes)
            {
                json.WriteNumber("dataset_datasetSize", bytes);
            }
            if (data?.SensitiveData.Count > 0)
            {
                json.WriteString("dataset_hasSensitivePersonalInformation", "yes");
            }
            // The Traffic Light Protocol's words are the only ones SPDX has; other classifications are among the properties.
            if (data?.Classification?.ToLowerInvariant() is "red" or "amber" or "green" or "clear")
            {
                json.WriteString("dataset_confidentialityLevel", data.Classification.ToLowerInvariant());
            }
        }

        private void Hashes(SbomComponent component)
        {
            var hashes = CycloneDxWords.Hashes(component).ToList();
            if (hashes.Count == 0)
            {
                return;
            }
            json.WriteStartArray("verifiedUsing");
            foreach (var hash in hashes)
            {
                json.WriteStartObject();
                json.WriteString("type", "Hash");
                json.WriteString("algorithm", Algorithm(hash.Algorithm));
                json.WriteString("hashValue", hash.Content);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        private void ExternalReferences(SbomComponent component)
        {
            if (component.ExternalReferences.Count == 0)
            {
                return;
            }
            json.WriteStartArray("externalRef");
            foreach (var reference in component.ExternalReferences)
            {
                json.WriteStartObject();
                json.WriteString("type", "ExternalRef");
                json.WriteString(
                    "externalRefType",
                    reference.Type switch
                    {
                        "website" => "altWebPage",
                        "distribution" => "altDownloadLocation",
                        "vcs" => "vcs",
                        "documentation" => "documentation",
                        _ => "other",
                    }
                );
                Strings("locator", [reference.Url]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        private void Properties(SbomComponent component)
        {
            var properties = SpdxFacts.Properties(component);
            if (properties.Count == 0)
            {
                return;
            }
            json.WriteStartArray("extension");
            json.WriteStartObject();
            json.WriteString("type", "extension_CdxPropertiesExtension");
            json.WriteStartArray("extension_cdxProperty");
            foreach (var property in properties)
            {
                json.WriteStartObject();
                json.WriteString("type", "extension_CdxPropertyEntry");
                json.WriteString("extension_cdxPropName", property.Name);
                json.WriteString("extension_cdxPropValue", property.Value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
        }

        private void Licenses()
        {
            var texts = _licensing.Own.Select((own, i) => (own.Key, License: own.Value, Id: $"LicenseText-{i + 1}")).ToList();
            foreach (var (_, license, id) in texts)
            {
                Begin("simplelicensing_SimpleLicensingText", id, license.ToString());
                json.WriteString("simplelicensing_licenseText", $"The licence is named '{license}'; its text was not found.");
                json.WriteEndObject();
            }
            var number = 0;
            foreach (var expression in _expressions.Keys.ToList())
            {
                var id = $"License-{++number}";
                _expressions[expression] = id;
                Begin("simplelicensing_LicenseExpression", id, null);
                json.WriteString("simplelicensing_licenseExpression", expression);
                var words = expression.Split(' ', '(', ')');
                Entries("simplelicensing_customIdToUri", texts.Where(t => words.Contains(t.Key)).Select(t => (t.Key, Id(t.Id))));
                json.WriteEndObject();
            }
            foreach (var (from, expression) in _declared)
            {
                Relationship(Id(from), "hasDeclaredLicense", [Id(_expressions[expression])]);
            }
            foreach (var from in _undeclared)
            {
                Relationship(Id(from), "hasDeclaredLicense", [NoLicense]);
            }
            foreach (var from in _declared.Select(d => d.From).Concat(_undeclared))
            {
                Relationship(Id(from), "hasConcludedLicense", [NoLicense]);
            }
        }

        private void Relationship(string from, string type, IReadOnlyList<string> to)
        {
            Begin("Relationship", string.Create(CultureInfo.InvariantCulture, $"Relationship-{++_relationships}"), null);
            json.WriteString("from", from);
            json.WriteString("relationshipType", type);
            Strings("to", to);
            json.WriteEndObject();
        }

        private static IEnumerable<(string From, SpdxRelation Relation, IReadOnlyList<string> To)> Grouped(SpdxGraph graph) =>
            graph
                .Relations.GroupBy(r => (r.From, r.Relation))
                .Select(g => (g.Key.From, g.Key.Relation, (IReadOnlyList<string>)[.. g.Select(r => r.To)]));

        private void Begin(string type, string id, string? name)
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("spdxId", Id(id));
            json.WriteString("creationInfo", CreationInfo);
            Text("name", name);
        }

        private void Entries(string member, IEnumerable<(string Key, string Value)> entries)
        {
            var list = entries.ToList();
            if (list.Count == 0)
            {
                return;
            }
            json.WriteStartArray(member);
            foreach (var (key, value) in list)
            {
                json.WriteStartObject();
                json.WriteString("type", "DictionaryEntry");
                json.WriteString("key", key);
                json.WriteString("value", value);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }

        private void Strings(string name, IReadOnlyList<string> values)
        {
            if (values.Count == 0)
            {
                return;
            }
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

        private static string? Joined(IReadOnlyList<string> texts) => texts.Count == 0 ? null : string.Join("\n", texts);

        private string Id(string id) => _base + id;
    }

    private static string? Download(SbomComponent component) => SpdxFacts.Address(component, "distribution", "vcs");

    private static bool IsDataset(SbomComponent component) => component.Type == SbomComponentType.Data;

    private static string TypeName(SbomComponent component) =>
        component.Type switch
        {
            SbomComponentType.MachineLearningModel => "ai_AIPackage",
            SbomComponentType.Data => "dataset_DatasetPackage",
            SbomComponentType.File => "software_File",
            _ => "software_Package",
        };

    private static string Purpose(SbomComponent component) =>
        component.Type switch
        {
            SbomComponentType.Application => "application",
            SbomComponentType.MachineLearningModel => "model",
            SbomComponentType.Data => "data",
            SbomComponentType.File => "file",
            SbomComponentType.Library => "library",
            SbomComponentType.OperatingSystem => "operatingSystem",
            SbomComponentType.Container => "container",
            _ => throw new ArgumentException($"a component has the type {component.Type}", nameof(component)),
        };

    private static string Spelled(SpdxRelation relation) =>
        relation switch
        {
            SpdxRelation.Contains => "contains",
            SpdxRelation.DependsOn => "dependsOn",
            SpdxRelation.TrainedOn => "trainedOn",
            SpdxRelation.TestedOn => "testedOn",
            SpdxRelation.DescendantOf => "descendantOf",
            SpdxRelation.Generates => "generates",
            _ => throw new ArgumentOutOfRangeException(nameof(relation), relation, "no such relation"),
        };

    private static string Algorithm(string cycloneDx) =>
        cycloneDx switch
        {
            "MD5" => "md5",
            "SHA-1" => "sha1",
            "SHA-256" => "sha256",
            "SHA-384" => "sha384",
            "SHA-512" => "sha512",
            "SHA3-256" => "sha3_256",
            "SHA3-384" => "sha3_384",
            "SHA3-512" => "sha3_512",
            "BLAKE2b-256" => "blake2b256",
            "BLAKE2b-384" => "blake2b384",
            "BLAKE2b-512" => "blake2b512",
            "BLAKE3" => "blake3",
            _ => "other",
        };
}
