using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>The operating system an image is made from.</summary>
/// <param name="Family">The family, such as <c>debian</c>.</param>
/// <param name="Name">The release, such as <c>12.5</c>.</param>
/// <param name="IsEndOfLife">Whether its publisher no longer fixes it, so that missing findings say little.</param>
public sealed record TrivyOperatingSystem(string Family, string Name, bool IsEndOfLife);

/// <summary>A report of Trivy, <c>--format json</c>.</summary>
/// <remarks>
/// Spec: Trivy's JSON report, <c>SchemaVersion</c> 2. Nearly every member may be absent; one that is there must have its type.
/// Members not used here are ignored. A report says what Trivy saw, not what was meant to be scanned: whoever ran it binds the
/// subject's digest.
/// </remarks>
public sealed class TrivyReport
{
    private const string FormatName = "Trivy report";

    private TrivyReport(JsonElement json) => Json = json;

    /// <summary>The whole report.</summary>
    public JsonElement Json { get; }

    /// <summary>What Trivy was given.</summary>
    public required string ArtifactName { get; init; }

    /// <summary>What Trivy took it for: <c>container_image</c>, <c>filesystem</c>, <c>cyclonedx</c>, …</summary>
    public required string ArtifactType { get; init; }

    /// <summary>When the report was made; null where the report does not say.</summary>
    public DateTimeOffset? CreatedAt { get; private init; }

    /// <summary>The digest of the image's configuration, <c>sha256:hex</c>.</summary>
    public string? ImageId { get; private init; }

    /// <summary>The image in its registry, <c>host/repo@sha256:hex</c>; empty for files.</summary>
    public IReadOnlyList<string> RepoDigests { get; private init; } = [];

    /// <summary>The operating system, where one was found.</summary>
    public TrivyOperatingSystem? OperatingSystem { get; private init; }

    /// <summary>The platform of the image, such as <c>linux/amd64</c>; null where the report does not say.</summary>
    public string? Platform { get; private init; }

    /// <summary>How many packages were looked up; zero says that nothing was recognized.</summary>
    public int PackageCount { get; private init; }

    /// <summary>The types of the package URLs of what was looked up, such as <c>pypi</c>.</summary>
    public IReadOnlySet<string> PackageTypes { get; private init; } = new HashSet<string>();

    /// <summary>The package URLs of what was looked up, as Trivy writes them.</summary>
    public IReadOnlySet<string> PackageUrls { get; private init; } = new HashSet<string>();

    /// <summary>Where packages were found: of a directory, the paths of lock files.</summary>
    public IReadOnlySet<string> PackageTargets { get; private init; } = new HashSet<string>();

    /// <summary>The findings Trivy left out and says so, each with the reason; the worst first.</summary>
    public IReadOnlyList<Finding> Suppressed { get; private init; } = [];

    /// <summary>Everything found, the worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Reads a report.</summary>
    /// <exception cref="MalformedDataException">It is not a report of schema version 2, or over a limit.</exception>
    public static TrivyReport Parse(ReadOnlyMemory<byte> utf8) => Read(StrictJson.Parse(utf8, FormatName, Limits.ScanReportBytes));

    /// <summary>Reads a report that is already parsed, such as the <c>scanner.result</c> of an attestation.</summary>
    /// <exception cref="MalformedDataException">It is not a report of schema version 2, or over a limit.</exception>
    public static TrivyReport Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, "$", "an object is expected");
        }
        if (!json.TryGetProperty("SchemaVersion", out var version) || !version.TryGetInt32OrNone(out var number) || number != 2)
        {
            throw new MalformedDataException(FormatName, "$.SchemaVersion", "schema version 2 is expected");
        }
        var metadata = Object(json, "Metadata", "$");
        var findings = new List<Finding>();
        var suppressed = new List<Finding>();
        var urls = new HashSet<string>(StringComparer.Ordinal);
        var targets = new HashSet<string>(StringComparer.Ordinal);
        var (packages, index) = (0, 0);
        foreach (var result in Items(json, "Results", "$"))
        {
            var location = $"$.Results[{index++}]";
            RequireObject(result, location);
            var before = packages;
            foreach (var package in Items(result, "Packages", location))
            {
                packages++;
                if (Text(Object(package, "Identifier", $"{location}.Packages"), "PURL", $"{location}.Packages.Identifier") is { } url)
                {
                    urls.Add(url);
                }
            }
            if (packages > before && Text(result, "Target", location) is { } target)
            {
                targets.Add(target);
            }
            suppressed.AddRange(TrivyFindings.ReadSuppressed(result, location));
            findings.AddRange(TrivyFindings.Read(result, location));
            if (findings.Count + suppressed.Count > Limits.ScanFindings)
            {
                throw new MalformedDataException(FormatName, location, $"more than {Limits.ScanFindings} findings");
            }
        }
        return new TrivyReport(json)
        {
            ArtifactName = Text(json, "ArtifactName", "$") ?? "",
            ArtifactType = Text(json, "ArtifactType", "$") ?? "",
            CreatedAt = Time(json, "CreatedAt", "$"),
            ImageId = Text(metadata, "ImageID", "$.Metadata"),
            RepoDigests = [.. Items(metadata, "RepoDigests", "$.Metadata").Select((d, i) => String(d, $"$.Metadata.RepoDigests[{i}]"))],
            OperatingSystem = ReadOperatingSystem(metadata),
            Platform = ReadPlatform(Object(metadata, "ImageConfig", "$.Metadata")),
            PackageCount = packages,
            PackageTypes = urls.Select(PackageType).OfType<string>().ToHashSet(StringComparer.Ordinal),
            PackageUrls = urls,
            PackageTargets = targets,
            Suppressed = ScanReport.Sort(suppressed),
            Findings = ScanReport.Sort(findings),
        };
    }

    private static string? PackageType(string url) =>
        url.StartsWith("pkg:", StringComparison.Ordinal) && url.IndexOf('/', StringComparison.Ordinal) is > 4 and var end
            ? url[4..end]
            : null;

    internal static string? Text(JsonElement parent, string name, string location) =>
        parent.ValueKind != JsonValueKind.Object ? null : StrictJson.OptionalString(parent, name, FormatName, location);

    /// <summary>The member as an object; undefined where it is absent or null.</summary>
    internal static JsonElement Object(JsonElement parent, string name, string location)
    {
        if (
            parent.ValueKind != JsonValueKind.Object
            || !parent.TryGetProperty(name, out var value)
            || value.ValueKind == JsonValueKind.Null
        )
        {
            return default;
        }
        RequireObject(value, $"{location}.{name}");
        return value;
    }

    /// <summary>The elements of an array; none where it is absent or null.</summary>
    internal static IEnumerable<JsonElement> Items(JsonElement parent, string name, string location)
    {
        if (
            parent.ValueKind != JsonValueKind.Object
            || !parent.TryGetProperty(name, out var value)
            || value.ValueKind == JsonValueKind.Null
        )
        {
            return [];
        }
        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : throw new MalformedDataException(FormatName, $"{location}.{name}", "an array is expected");
    }

    internal static void RequireObject(JsonElement value, string location)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(FormatName, location, "an object is expected");
        }
    }

    /// <summary>The name of a member.</summary>
    internal static string Name(JsonProperty member, string location)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(FormatName, location, "the name of a member is not valid Unicode", e);
        }
    }

    private static string String(JsonElement value, string location)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw new MalformedDataException(FormatName, location, "a string is expected");
        }
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(FormatName, location, "the string is not valid Unicode", e);
        }
    }

    private static DateTimeOffset? Time(JsonElement parent, string name, string location)
    {
        if (Text(parent, name, location) is null)
        {
            return null;
        }
        return parent.GetProperty(name).TryGetDateTimeOffset(out var time)
            ? time.ToUniversalTime()
            : throw new MalformedDataException(FormatName, $"{location}.{name}", "a time (RFC 3339) is expected");
    }

    private static string? ReadPlatform(JsonElement configuration)
    {
        const string location = "$.Metadata.ImageConfig";
        return
            Text(configuration, "os", location) is { Length: > 0 } system
            && Text(configuration, "architecture", location) is { Length: > 0 } architecture
            ? $"{system}/{architecture}"
            : null;
    }

    private static TrivyOperatingSystem? ReadOperatingSystem(JsonElement metadata)
    {
        const string location = "$.Metadata.OS";
        var system = Object(metadata, "OS", "$.Metadata");
        return system.ValueKind != JsonValueKind.Object
            ? null
            : new TrivyOperatingSystem(
                Text(system, "Family", location) ?? "",
                Text(system, "Name", location) ?? "",
                system.TryGetProperty("EOSL", out var ended) && ended.ValueKind == JsonValueKind.True
            );
    }
}
