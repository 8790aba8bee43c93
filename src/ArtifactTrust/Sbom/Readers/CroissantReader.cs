using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Croissant: JSON-LD that describes a dataset and its files. Its context is never fetched.</summary>
/// <remarks>Spec: MLCommons Croissant 1.0 and 1.1, Croissant RAI 1.0.</remarks>
internal sealed class CroissantReader : FormatReader
{
    private const string Named = "Croissant description";

    // Croissant RAI 1.0 has no classification, so none is taken from here. The context may be one that names the property without its prefix.
    private static readonly string[] SensitiveNames =
    [
        "rai:personalSensitiveInformation",
        "personalSensitiveInformation",
        "http://mlcommons.org/croissant/RAI/personalSensitiveInformation",
    ];

    /// <inheritdoc/>
    internal override string Format => "croissant";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Description;

    /// <inheritdoc/>
    internal override string? MediaType => "application/ld+json";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) =>
        head.HasExtension(".json", ".jsonld")
        && head.Start.IndexOf("\"@context\""u8) >= 0
        && head.Start.IndexOf("mlcommons.org/croissant"u8) >= 0;

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var bytes = input.ReadBytes((ulong)input.Length, Limits.CroissantBytes);
        JsonUnicode.Check(bytes, Named);
        var json = StrictJson.Parse(bytes, Named, Limits.CroissantBytes);
        if (
            json.ValueKind != JsonValueKind.Object
            || Text(json, "@type") is not ("sc:Dataset" or "Dataset" or "schema:Dataset" or "https://schema.org/Dataset")
        )
        {
            throw new MalformedDataException(Named, "$.@type", "a Dataset is expected");
        }
        var properties = new PropertyList("croissant")
            .AddAll("conforms-to", Texts(json, "conformsTo"))
            .Add("date-published", Text(json, "datePublished"))
            .AddAll("keyword", Texts(json, "keywords"))
            .AddAll("creator", Names(json, "creator"))
            .AddAll("record-set", Names(json, "recordSet"));
        var fields = Elements(json, "recordSet")
            .SelectMany(r => Elements(r, "field"))
            .Where(f => f.ValueKind == JsonValueKind.Object)
            .ToList();
        return new FileFacts(Format, Role)
        {
            MediaType = MediaType,
            Properties = properties.Items,
            Dataset = new DatasetFacts
            {
                Name = Text(json, "name"),
                Description = Text(json, "description"),
                Version = Text(json, "version"),
                Url = Iri.OrNull(Text(json, "url")),
                Licenses = [.. Texts(json, "license").Select(l => LicenseParser.Parse(l)).OfType<SbomLicense>().Distinct()],
                Columns =
                [
                    .. fields
                        .Take(Limits.SbomListedNames)
                        .Select(f => (Name: Text(f, "name") ?? Text(f, "@id"), Type: string.Join(", ", Texts(f, "dataType"))))
                        .Where(f => f.Name is not null)
                        .Select(f => f.Type.Length == 0 ? f.Name! : $"{f.Name}: {f.Type}"),
                ],
                ColumnCount = fields.Count == 0 ? null : fields.Count,
                Distribution = [.. Elements(json, "distribution").Take(Limits.SbomListedNames).Select(File).OfType<DistributionFile>()],
                SensitiveData =
                [
                    .. SensitiveNames
                        .SelectMany(n => Texts(json, n))
                        .Where(t => !string.IsNullOrWhiteSpace(t))
                        .Distinct(StringComparer.Ordinal)
                        .Take(Limits.SbomListedNames),
                ],
                Properties = properties.Items,
            },
        };
    }

    private static DistributionFile? File(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || Text(json, "contentUrl") is not { Length: > 0 } address)
        {
            return null;
        }
        var sha256 = Text(json, "sha256")?.ToLowerInvariant();
        return new DistributionFile(address, sha256 is { Length: 64 } && sha256.All(char.IsAsciiHexDigit) ? sha256 : null);
    }

    private static IEnumerable<string> Names(JsonElement json, string name) =>
        Elements(json, name)
            .Select(e => e.ValueKind == JsonValueKind.Object ? Text(e, "name") : Value(e))
            .OfType<string>()
            .Take(Limits.SbomListedNames);

    private static IEnumerable<string> Texts(JsonElement json, string name) =>
        Elements(json, name).Select(Value).OfType<string>().Take(Limits.SbomListedNames);

    /// <summary>A JSON-LD value that may be one or a list.</summary>
    private static IEnumerable<JsonElement> Elements(JsonElement json, string name)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out var value))
        {
            yield break;
        }
        if (value.ValueKind != JsonValueKind.Array)
        {
            yield return value;
            yield break;
        }
        foreach (var element in value.EnumerateArray())
        {
            yield return element;
        }
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? Value(value) : null;

    private static string? Value(JsonElement value)
    {
        // {"@value": "..."} and {"@id": "..."} are JSON-LD's long forms of a text and an address.
        if (value.ValueKind == JsonValueKind.Object)
        {
            return Text(value, "@value") ?? Text(value, "@id");
        }
        return value.ValueKind == JsonValueKind.String ? FileText.Clean(value.GetString()) : null;
    }
}
