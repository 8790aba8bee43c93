using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>The packages that an SBOM states, to be held against what a scanner recognized of it: what it did not see, it did not look up.</summary>
/// <param name="ByType">How many there are with a version, by the type of their package URLs; only of types that Trivy looks up.</param>
/// <param name="Unnamed">How many libraries, frameworks and applications have no package URL.</param>
public sealed record StatedPackages(IReadOnlyDictionary<string, int> ByType, int Unnamed)
{
    private const string FormatName = "SBOM";

    // Of package-url's types, those that Trivy 0.68 decodes from an SBOM and has advisories for.
    private static readonly HashSet<string> LookedUp = new(
        [
            "apk",
            "bitnami",
            "cargo",
            "cocoapods",
            "composer",
            "conan",
            "deb",
            "gem",
            "golang",
            "hex",
            "maven",
            "npm",
            "nuget",
            "pub",
            "pypi",
            "rpm",
            "swift",
        ],
        StringComparer.Ordinal
    );

    /// <summary>Reads a document.</summary>
    /// <param name="utf8">CycloneDX JSON or SPDX 2 JSON; of anything else nothing is stated.</param>
    /// <exception cref="MalformedDataException">It is JSON but repeats a member, nests too deeply, or is too long.</exception>
    public static StatedPackages Of(ReadOnlyMemory<byte> utf8)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var unnamed = 0;
        if (utf8.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
        {
            var json = StrictJson.Parse(utf8, FormatName, Limits.ScanReportBytes);
            if (json.TryGetProperty("spdxVersion", out _))
            {
                foreach (var reference in Elements(json, "packages").SelectMany(p => Elements(p, "externalRefs")))
                {
                    Add(Text(reference, "referenceType") == "purl" ? Text(reference, "referenceLocator") : null);
                }
            }
            else
            {
                Visit(Elements(json, "components"));
                Visit(
                    json.TryGetProperty("metadata", out var metadata)
                    && metadata.ValueKind == JsonValueKind.Object
                    && metadata.TryGetProperty("component", out var root)
                        ? Elements(root, "components")
                        : []
                );
            }
        }
        return new StatedPackages(
            found.GroupBy(TypeOf, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal),
            unnamed
        );

        void Visit(IEnumerable<JsonElement> components)
        {
            foreach (var component in components)
            {
                var purl = Text(component, "purl");
                unnamed += purl is null && Text(component, "type") is "library" or "framework" or "application" ? 1 : 0;
                Add(purl);
                Visit(Elements(component, "components"));
            }
        }

        void Add(string? purl)
        {
            var bare = purl?.Split('?', '#')[0];
            if (bare?.Contains('@', StringComparison.Ordinal) == true && LookedUp.Contains(TypeOf(bare)))
            {
                found.Add(purl!);
            }
        }
    }

    /// <summary>What a report cannot have looked up, one sentence each; none where it recognized packages of every type.</summary>
    /// <param name="report">Trivy's report about the document.</param>
    public IEnumerable<string> Unrecognized(TrivyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        foreach (var (type, count) in ByType.OrderBy(t => t.Key, StringComparer.Ordinal).Where(t => !report.PackageTypes.Contains(t.Key)))
        {
            yield return $"Trivy recognized none of the {count} packages of type {type} in the SBOM"
                + (type is "deb" or "rpm" or "apk" ? ", which needs the operating system's name and version" : "");
        }
        if (report.PackageCount == 0 && ByType.Count == 0 && Unnamed > 0)
        {
            yield return $"none of the {Unnamed} components of the SBOM has a package URL by which it could be looked up";
        }
    }

    private static string TypeOf(string purl) =>
        purl.StartsWith("pkg:", StringComparison.OrdinalIgnoreCase) ? purl[4..].TrimStart('/').Split('/')[0].ToLowerInvariant() : "";

    private static string? Text(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String
            ? member.GetString()
            : null;

    private static IEnumerable<JsonElement> Elements(JsonElement value, string name)
    {
        if (
            value.ValueKind == JsonValueKind.Object
            && value.TryGetProperty(name, out var member)
            && member.ValueKind == JsonValueKind.Array
        )
        {
            foreach (var element in member.EnumerateArray())
            {
                yield return element;
            }
        }
    }
}
