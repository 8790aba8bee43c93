using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Writes an SBOM as CycloneDX 1.6 JSON. The same document gives the same bytes.</summary>
/// <remarks>Spec: CycloneDX 1.6 (ECMA-424), <c>bom-1.6.schema.json</c>.</remarks>
public static class CycloneDxJsonWriter
{
    /// <summary>The media type of what is written.</summary>
    public const string MediaType = "application/vnd.cyclonedx+json; version=1.6";

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        NewLine = "\n",
        // The default escapes what would end a script in a web page, where this is not written to; people read it.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The document as UTF-8 JSON, indented, with a line feed at its end.</summary>
    public static byte[] ToBytes(SbomDocument document)
    {
        using var stream = new MemoryStream();
        Write(document, stream);
        return stream.ToArray();
    }

    /// <summary>Writes the document as UTF-8 JSON, indented, with a line feed at its end.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(SbomDocument document, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(stream);
        using (var json = new Utf8JsonWriter(stream, Layout))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
            json.WriteString("bomFormat", "CycloneDX");
            json.WriteString("specVersion", "1.6");
            json.WriteString("serialNumber", $"urn:uuid:{document.SerialNumber}");
            json.WriteNumber("version", 1);
            json.WritePropertyName("metadata");
            Metadata(json, document);
            Array(json, "components", document.Components, Component);
            Array(json, "dependencies", document.Dependencies, Dependency);
            Array(
                json,
                "compositions",
                [
                    .. new (string, IReadOnlyList<string> References)[]
                    {
                        ("complete", document.CompleteAssemblies),
                        ("incomplete", document.IncompleteAssemblies),
                    }.Where(c => c.References.Count > 0),
                ],
                Composition
            );
            json.WriteEndObject();
        }
        stream.Write("\n"u8);
    }

    private static void Metadata(Utf8JsonWriter json, SbomDocument document)
    {
        json.WriteStartObject();
        json.WriteString("timestamp", document.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        // The files exist already when they are described.
        json.WriteStartArray("lifecycles");
        json.WriteStartObject();
        json.WriteString("phase", "post-build");
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
        json.WritePropertyName("component");
        Component(json, document.Root);
        json.WriteEndObject();
    }

    private static void Component(Utf8JsonWriter json, SbomComponent component)
    {
        json.WriteStartObject();
        json.WriteString("type", TypeName(component.Type));
        Text(json, "mime-type", component.MediaType);
        Text(json, "bom-ref", component.Reference);
        if (component.Supplier is { Length: > 0 } supplier)
        {
            json.WriteStartObject("supplier");
            json.WriteString("name", supplier);
            json.WriteEndObject();
        }
        json.WriteString("name", component.Name);
        Text(json, "version", component.Version);
        Text(json, "description", component.Description);
        Hashes(json, component);
        Licenses(json, component.Licenses);
        Text(json, "purl", component.PackageUrl);
        if (component.Ancestors.Count > 0)
        {
            json.WriteStartObject("pedigree");
            Array(json, "ancestors", component.Ancestors, Component);
            Text(json, "notes", component.AncestryNote);
            json.WriteEndObject();
        }
        Array(json, "externalReferences", component.ExternalReferences, ExternalReference);
        if (component.ModelCard is { IsEmpty: false } card)
        {
            ModelCard(json, card);
        }
        if (component.Dataset is { } dataset)
        {
            json.WriteStartArray("data");
            Dataset(json, dataset);
            json.WriteEndArray();
        }
        Properties(json, component.Properties);
        Array(json, "components", component.Components, Component);
        if (component.Occurrences.Count > 0)
        {
            json.WriteStartObject("evidence");
            Array(json, "occurrences", component.Occurrences, Occurrence);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void Occurrence(Utf8JsonWriter json, SbomOccurrence occurrence)
    {
        json.WriteStartObject();
        json.WriteString("location", occurrence.Location);
        Text(json, "additionalContext", occurrence.Layer);
        json.WriteEndObject();
    }

    private static void Hashes(Utf8JsonWriter json, SbomComponent component)
    {
        if (component.Digest is null && component.DeclaredHashes.Count == 0)
        {
            return;
        }
        json.WriteStartArray("hashes");
        if (component.Digest is { } digest)
        {
            Hash(json, digest);
        }
        foreach (var declared in component.DeclaredHashes)
        {
            json.WriteStartObject();
            json.WriteString("alg", declared.Algorithm);
            json.WriteString("content", declared.Content);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string TypeName(SbomComponentType type) =>
        type switch
        {
            SbomComponentType.Application => "application",
            SbomComponentType.MachineLearningModel => "machine-learning-model",
            SbomComponentType.Data => "data",
            SbomComponentType.File => "file",
            SbomComponentType.Library => "library",
            SbomComponentType.OperatingSystem => "operating-system",
            SbomComponentType.Container => "container",
            _ => throw new ArgumentException($"a component has the type {type}", nameof(type)),
        };

    private static void Hash(Utf8JsonWriter json, Digest digest)
    {
        json.WriteStartObject();
        json.WriteString("alg", $"SHA-{8 * digest.Algorithm.SizeInBytes}");
        json.WriteString("content", digest.Hex);
        json.WriteEndObject();
    }

    /// <remarks>1.6 takes licences by identifier and name, or one expression alone; an expression among others becomes a name.</remarks>
    private static void Licenses(Utf8JsonWriter json, IReadOnlyList<SbomLicense> licenses)
    {
        if (licenses.Count == 0)
        {
            return;
        }
        json.WriteStartArray("licenses");
        foreach (var license in licenses)
        {
            json.WriteStartObject();
            if (license.Expression is { } expression && licenses.Count == 1)
            {
                json.WriteString("expression", expression);
                json.WriteString("acknowledgement", "declared");
            }
            else
            {
                json.WriteStartObject("license");
                json.WriteString(license.Id is null ? "name" : "id", license.ToString());
                json.WriteString("acknowledgement", "declared");
                Text(json, "url", license.Url);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void ExternalReference(Utf8JsonWriter json, SbomExternalReference reference)
    {
        json.WriteStartObject();
        json.WriteString("url", reference.Url);
        json.WriteString("type", reference.Type);
        if (reference.Digest is { } digest)
        {
            json.WriteStartArray("hashes");
            Hash(json, digest);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void ModelCard(Utf8JsonWriter json, SbomModelCard card)
    {
        json.WriteStartObject("modelCard");
        json.WriteStartObject("modelParameters");
        Text(json, "task", card.Task);
        Text(json, "architectureFamily", card.ArchitectureFamily);
        Text(json, "modelArchitecture", card.Architecture);
        Array(
            json,
            "datasets",
            card.DatasetReferences,
            static (json, reference) =>
            {
                json.WriteStartObject();
                json.WriteString("ref", reference);
                json.WriteEndObject();
            }
        );
        Array(json, "inputs", card.Inputs, Format);
        Array(json, "outputs", card.Outputs, Format);
        json.WriteEndObject();
        if (card.Metrics.Count > 0)
        {
            json.WriteStartObject("quantitativeAnalysis");
            Array(
                json,
                "performanceMetrics",
                card.Metrics,
                static (json, metric) =>
                {
                    json.WriteStartObject();
                    json.WriteString("type", metric.Type);
                    json.WriteString("value", metric.Value);
                    Text(json, "slice", metric.Slice);
                    json.WriteEndObject();
                }
            );
            json.WriteEndObject();
        }
        Properties(json, card.Properties);
        json.WriteEndObject();

        static void Format(Utf8JsonWriter json, string format)
        {
            json.WriteStartObject();
            json.WriteString("format", format);
            json.WriteEndObject();
        }
    }

    private static void Dataset(Utf8JsonWriter json, SbomDataset dataset)
    {
        json.WriteStartObject();
        json.WriteString("type", "dataset");
        Text(json, "name", dataset.Name);
        if (dataset.Url is not null || dataset.Properties.Count > 0)
        {
            json.WriteStartObject("contents");
            Text(json, "url", dataset.Url);
            Properties(json, dataset.Properties);
            json.WriteEndObject();
        }
        Text(json, "description", dataset.Description);
        json.WriteEndObject();
    }

    private static void Dependency(Utf8JsonWriter json, SbomDependency dependency)
    {
        json.WriteStartObject();
        json.WriteString("ref", dependency.Reference);
        Strings(json, "dependsOn", dependency.DependsOn);
        json.WriteEndObject();
    }

    private static void Composition(Utf8JsonWriter json, (string Aggregate, IReadOnlyList<string> References) composition)
    {
        json.WriteStartObject();
        json.WriteString("aggregate", composition.Aggregate);
        Strings(json, "assemblies", composition.References);
        json.WriteEndObject();
    }

    private static void Properties(Utf8JsonWriter json, IReadOnlyList<SbomProperty> properties) =>
        Array(
            json,
            "properties",
            properties,
            static (json, property) =>
            {
                json.WriteStartObject();
                json.WriteString("name", property.Name);
                json.WriteString("value", property.Value);
                json.WriteEndObject();
            }
        );

    private static void Array<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            return;
        }
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            write(json, item);
        }
        json.WriteEndArray();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }
        json.WriteEndArray();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }
}
