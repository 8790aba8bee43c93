using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>What a policy asks of a CycloneDX bill of materials; not the whole of it.</summary>
/// <remarks>Spec: CycloneDX 1.4 to 1.7, JSON. The predicate is the BOM itself.</remarks>
public sealed record CycloneDxBom : Predicate
{
    /// <summary>The type's URI.</summary>
    public const string TypeUri = "https://cyclonedx.org/bom";

    private const string FormatName = "CycloneDX BOM";

    /// <summary>The version of CycloneDX, such as <c>1.6</c>.</summary>
    public required string SpecVersion { get; init; }

    /// <summary>The BOM's own name, a <c>urn:uuid:</c> URI.</summary>
    public string? SerialNumber { get; init; }

    /// <summary>When the BOM was made, UTC.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Components at every depth, without <c>metadata.component</c>.</summary>
    public int ComponentCount { get; init; }

    /// <summary>The package URLs of the components, each once, in code point order.</summary>
    public IReadOnlyList<string> PackageUrls { get; init; } = [];

    /// <summary>The licences of the components (SPDX ids, expressions, or names), each once, in code point order.</summary>
    public IReadOnlyList<string> Licenses { get; init; } = [];

    /// <inheritdoc/>
    public override DateTimeOffset? Time => Timestamp;

    /// <summary>Reads the predicate.</summary>
    /// <exception cref="MalformedDataException">It is not a CycloneDX BOM, or a member used here has the wrong type.</exception>
    public static CycloneDxBom Parse(JsonElement json)
    {
        var root = PredicateJson.Root(json, FormatName);
        if (root.String("bomFormat") != "CycloneDX")
        {
            throw root.Malformed("bomFormat", "'CycloneDX' is expected");
        }
        var specVersion = root.String("specVersion");
        if (
            !specVersion.StartsWith("1.", StringComparison.Ordinal)
            || specVersion.AsSpan(2).ContainsAnyExceptInRange('0', '9')
            || specVersion.Length == 2
        )
        {
            throw root.Malformed("specVersion", $"a version 1.x is expected, not '{specVersion}'");
        }
        var packageUrls = new SortedSet<string>(CodePointOrder.Instance);
        var licenses = new SortedSet<string>(CodePointOrder.Instance);
        return new CycloneDxBom
        {
            SpecVersion = specVersion,
            SerialNumber = root.OptionalString("serialNumber"),
            Timestamp = root.OptionalObject("metadata")?.OptionalTime("timestamp"),
            ComponentCount = Walk(root, packageUrls, licenses),
            PackageUrls = [.. packageUrls],
            Licenses = [.. licenses],
        };
    }

    // The depth is bounded by that of the JSON.
    private static int Walk(PredicateJson parent, SortedSet<string> packageUrls, SortedSet<string> licenses)
    {
        var count = 0;
        foreach (var component in parent.Objects("components"))
        {
            count += 1 + Walk(component, packageUrls, licenses);
            if (component.OptionalString("purl") is { } purl)
            {
                packageUrls.Add(purl);
            }
            foreach (var choice in component.Objects("licenses"))
            {
                var license = choice.OptionalObject("license");
                if ((choice.OptionalString("expression") ?? license?.OptionalString("id") ?? license?.OptionalString("name")) is { } text)
                {
                    licenses.Add(text);
                }
            }
        }
        return count;
    }
}
