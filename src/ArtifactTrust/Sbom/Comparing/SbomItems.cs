using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Sbom.Comparing;

/// <summary>The components of a document, whatever its format.</summary>
internal static class SbomItems
{
    private const string Named = "SBOM";

    /// <exception cref="MalformedDataException">It is of no format that can be read here.</exception>
    internal static (string Format, IReadOnlyList<SbomItem> Items) Read(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, Named, Limits.PredicateBytes);
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("spdxVersion", out _))
        {
            return ("SPDX", Spdx(json));
        }
        var bom = CycloneDxReader.Read(json);
        return (
            "CycloneDX",
            [
                .. (bom.Root is null ? [] : new[] { bom.Root })
                    .Concat(bom.Components)
                    .Select(c => new SbomItem(
                        c.Type,
                        c.Name,
                        c.Version,
                        c.Purl,
                        Sorted(c.Licenses.Select(l => l.ToString())),
                        Sorted(c.Hashes.Select(h => $"{h.Key}:{h.Value}"))
                    )),
            ]
        );
    }

    private static List<SbomItem> Spdx(JsonElement json)
    {
        var version = StrictJson.RequiredString(json, "spdxVersion", Named, "$");
        if (version is not ("SPDX-2.2" or "SPDX-2.3"))
        {
            throw new MalformedDataException(Named, "$.spdxVersion", "SPDX-2.2 or SPDX-2.3 is expected");
        }
        var items = new List<SbomItem>();
        foreach (var (list, name) in (ReadOnlySpan<(string, string)>)[("packages", "name"), ("files", "fileName")])
        {
            if (!json.TryGetProperty(list, out _))
            {
                continue;
            }
            var index = 0;
            foreach (var element in StrictJson.RequiredArray(json, list, Named, "$", Limits.SbomComponents).EnumerateArray())
            {
                items.Add(Element(element, name, $"$.{list}[{index++}]"));
            }
        }
        return items;
    }

    private static SbomItem Element(JsonElement json, string nameMember, string at)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Named, at, "an object is expected");
        }
        var hashes = new List<string>();
        foreach (var checksum in Objects(json, "checksums", at))
        {
            var algorithm = StrictJson.RequiredString(checksum, "algorithm", Named, $"{at}.checksums");
            var value = StrictJson.RequiredString(checksum, "checksumValue", Named, $"{at}.checksums");
            // CycloneDX's spelling, so that documents of both formats can be compared.
            var spelled =
                algorithm.StartsWith("SHA", StringComparison.Ordinal)
                && algorithm.Length > 3
                && algorithm[3] is >= '0' and <= '9'
                && !algorithm.Contains('-', StringComparison.Ordinal)
                    ? $"SHA-{algorithm[3..]}"
                    : algorithm;
            hashes.Add($"{spelled}:{value.ToLowerInvariant()}");
        }
        var purl = Objects(json, "externalRefs", at)
            .Where(r => StrictJson.OptionalString(r, "referenceType", Named, at) == "purl")
            .Select(r => StrictJson.OptionalString(r, "referenceLocator", Named, at))
            .FirstOrDefault();
        var license = StrictJson.OptionalString(json, "licenseDeclared", Named, at);
        return new SbomItem(
            (
                StrictJson.OptionalString(json, "primaryPackagePurpose", Named, at) ?? (nameMember == "name" ? "package" : "file")
            ).ToLowerInvariant(),
            StrictJson.RequiredString(json, nameMember, Named, at),
            StrictJson.OptionalString(json, "versionInfo", Named, at),
            purl,
            license is null or "NOASSERTION" or "NONE" ? [] : [license],
            Sorted(hashes)
        );
    }

    private static IEnumerable<JsonElement> Objects(JsonElement json, string name, string at) =>
        json.TryGetProperty(name, out _)
            ? StrictJson
                .RequiredArray(json, name, Named, at, Limits.SbomListedNames)
                .EnumerateArray()
                .Select(e =>
                    e.ValueKind == JsonValueKind.Object
                        ? e
                        : throw new MalformedDataException(Named, $"{at}.{name}", "objects are expected")
                )
            : [];

    private static List<string> Sorted(IEnumerable<string> texts) =>
        [.. texts.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
}
