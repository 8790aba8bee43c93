using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>Reads CycloneDX JSON 1.2 to 1.7: enough to attest a document and to judge it, not a validation against its schema.</summary>
/// <remarks>
/// Spec: CycloneDX 1.2 to 1.7 JSON. What is read is read strictly: a member of the wrong type, a reference given twice or a licence
/// without a name is an error, since a policy would otherwise judge less than is there. What is not read is ignored.
/// </remarks>
public static partial class CycloneDxReader
{
    private const string Named = "CycloneDX document";

    private static readonly string[] Versions = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

    private static readonly string[] Types =
    [
        "application",
        "framework",
        "library",
        "container",
        "platform",
        "operating-system",
        "device",
        "device-driver",
        "firmware",
        "file",
        "machine-learning-model",
        "data",
        "cryptographic-asset",
    ];

    /// <summary>Reads a document.</summary>
    /// <param name="utf8">The whole document.</param>
    /// <exception cref="MalformedDataException">It is no such document; see the remarks of the class.</exception>
    public static CycloneDxSummary Read(ReadOnlyMemory<byte> utf8) => Read(StrictJson.Parse(utf8, Named, Limits.PredicateBytes));

    /// <summary>Reads a document that is part of another, such as a statement's predicate.</summary>
    /// <param name="json">The document.</param>
    /// <exception cref="MalformedDataException">It is no such document; see the remarks of the class.</exception>
    public static CycloneDxSummary Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("$", "an object is expected");
        }
        if (StrictJson.RequiredString(json, "bomFormat", Named, "$") != "CycloneDX")
        {
            throw Malformed("$.bomFormat", "'CycloneDX' is expected");
        }
        var specVersion = StrictJson.RequiredString(json, "specVersion", Named, "$");
        if (!Versions.Contains(specVersion))
        {
            throw Malformed("$.specVersion", $"one of {string.Join(", ", Versions)} is expected");
        }
        var version = 1;
        if (
            json.TryGetProperty("version", out var v)
            && !(v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out version) && version >= 1)
        )
        {
            throw Malformed("$.version", "a number from 1 is expected");
        }
        var references = new HashSet<string>(StringComparer.Ordinal);
        var components = new List<CycloneDxComponent>();
        var (timestamp, root) = Metadata(json, references, components);
        Components(json, "$", references, components);
        return new CycloneDxSummary(specVersion, SerialNumber(json), version, timestamp, root, components);
    }

    private static Guid? SerialNumber(JsonElement json)
    {
        if (StrictJson.OptionalString(json, "serialNumber", Named, "$") is not { } text)
        {
            return null;
        }
        return SerialNumberPattern().IsMatch(text)
            ? Guid.ParseExact(text["urn:uuid:".Length..], "D")
            : throw Malformed("$.serialNumber", "urn:uuid: and a UUID in lower case are expected");
    }

    private static (DateTimeOffset? Timestamp, CycloneDxComponent? Root) Metadata(
        JsonElement json,
        HashSet<string> references,
        List<CycloneDxComponent> components
    )
    {
        if (!json.TryGetProperty("metadata", out var metadata))
        {
            return (null, null);
        }
        if (metadata.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("$.metadata", "an object is expected");
        }
        DateTimeOffset? timestamp = null;
        if (StrictJson.OptionalString(metadata, "timestamp", Named, "$.metadata") is { } text)
        {
            timestamp =
                TimestampPattern().IsMatch(text)
                && DateTimeOffset.TryParse(
                    text,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var time
                )
                    ? time
                    : throw Malformed("$.metadata.timestamp", "a date and time of RFC 3339 is expected");
        }
        if (!metadata.TryGetProperty("component", out var component))
        {
            return (timestamp, null);
        }
        var root = Component(component, "$.metadata.component", references);
        Components(component, "$.metadata.component", references, components);
        return (timestamp, root);
    }

    private static void Components(JsonElement parent, string location, HashSet<string> references, List<CycloneDxComponent> components)
    {
        if (!parent.TryGetProperty("components", out _))
        {
            return;
        }
        var index = 0;
        foreach (var item in StrictJson.RequiredArray(parent, "components", Named, location, Limits.SbomComponents).EnumerateArray())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{location}.components[{index++}]");
            if (components.Count == Limits.SbomComponents)
            {
                throw Malformed(place, $"more than {Limits.SbomComponents} components");
            }
            components.Add(Component(item, place, references));
            // The nesting of the JSON, which is bounded, bounds this recursion.
            Components(item, place, references, components);
        }
    }

    private static CycloneDxComponent Component(JsonElement json, string location, HashSet<string> references)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw Malformed(location, "an object is expected");
        }
        var type = StrictJson.RequiredString(json, "type", Named, location);
        if (!Types.Contains(type))
        {
            throw Malformed($"{location}.type", "the type is not one of CycloneDX's");
        }
        var reference = StrictJson.OptionalString(json, "bom-ref", Named, location);
        if (reference is not null && (reference.Length == 0 || !references.Add(reference)))
        {
            throw Malformed($"{location}.bom-ref", "the reference is empty or occurs twice");
        }
        return new CycloneDxComponent(
            type,
            StrictJson.RequiredString(json, "name", Named, location),
            StrictJson.OptionalString(json, "version", Named, location),
            StrictJson.OptionalString(json, "purl", Named, location),
            reference,
            Licenses(json, location),
            Hashes(json, location)
        );
    }

    private static List<SbomLicense> Licenses(JsonElement component, string location)
    {
        var licenses = new List<SbomLicense>();
        if (!component.TryGetProperty("licenses", out _))
        {
            return licenses;
        }
        var index = 0;
        foreach (var item in StrictJson.RequiredArray(component, "licenses", Named, location, Limits.SbomListedNames).EnumerateArray())
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{location}.licenses[{index++}]");
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw Malformed(place, "an object is expected");
            }
            if (StrictJson.OptionalString(item, "expression", Named, place) is { } expression)
            {
                licenses.Add(SbomLicense.OfExpression(expression));
                continue;
            }
            var license = StrictJson.RequiredObject(item, "license", Named, place);
            var id = StrictJson.OptionalString(license, "id", Named, $"{place}.license");
            var name = StrictJson.OptionalString(license, "name", Named, $"{place}.license");
            var url = StrictJson.OptionalString(license, "url", Named, $"{place}.license");
            licenses.Add(
                (id, name) switch
                {
                    ({ } i, null) => SbomLicense.OfId(i, url),
                    (null, { } n) => SbomLicense.OfName(n, url),
                    _ => throw Malformed($"{place}.license", "either an id or a name is expected"),
                }
            );
        }
        return licenses;
    }

    private static List<KeyValuePair<string, string>> Hashes(JsonElement component, string location)
    {
        var hashes = new List<KeyValuePair<string, string>>();
        if (!component.TryGetProperty("hashes", out _))
        {
            return hashes;
        }
        foreach (var item in StrictJson.RequiredArray(component, "hashes", Named, location, Limits.SbomHashes).EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw Malformed($"{location}.hashes", "an object is expected");
            }
            var content = StrictJson.RequiredString(item, "content", Named, $"{location}.hashes");
            if (content.Length is not (32 or 40 or 64 or 96 or 128) || !content.All(char.IsAsciiHexDigit))
            {
                throw Malformed($"{location}.hashes", "a hash of 16, 20, 32, 48 or 64 bytes in hex is expected");
            }
            hashes.Add(new(StrictJson.RequiredString(item, "alg", Named, $"{location}.hashes"), content.ToLowerInvariant()));
        }
        return hashes;
    }

    private static MalformedDataException Malformed(string location, string reason) => new(Named, location, reason);

    [GeneratedRegex(@"\Aurn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SerialNumberPattern();

    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex TimestampPattern();
}
