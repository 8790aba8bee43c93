using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>A CycloneDX BOM in the form that Trivy can read, and what was changed for that.</summary>
/// <param name="Utf8">The BOM to scan.</param>
/// <param name="ReplacedRootType">The type of the root component that stands in the original; null where nothing was changed.</param>
/// <remarks>
/// Trivy refuses a whole BOM whose <c>metadata.component</c> is a model, a data set or another type it has no packages for, though it skips such
/// components elsewhere. In the copy the root is an <c>application</c>. Versions before 0.71 refuse CycloneDX 1.7, which adds members that a look-up of packages
/// does not need; the copy says 1.6. Nothing else differs, and the subject of a scan stays the original.
/// </remarks>
public sealed record BomScanCopy(ReadOnlyMemory<byte> Utf8, string? ReplacedRootType)
{
    /// <summary>The newest version that every Trivy reads that can be used at all.</summary>
    public const string NewestSpecVersion = "1.6";

    private const string FormatName = "CycloneDX BOM";

    // Later versions may move what this one relies on, so they are left to Trivy.
    private const string LoweredSpecVersion = "1.7";

    /// <summary>The specification's version that stands in the original; null where the copy has the same.</summary>
    public string? ReplacedSpecVersion { get; private init; }

    // The types whose component Trivy accepts at the root (0.68.2, tried one by one).
    private static readonly string[] Accepted =
    [
        "application",
        "container",
        "library",
        "framework",
        "platform",
        "operating-system",
        "file",
    ];

    /// <summary>The BOM itself where Trivy can read it, otherwise a copy.</summary>
    /// <param name="utf8">The document. One that is not CycloneDX JSON is returned as it is: Trivy reads other formats too.</param>
    /// <exception cref="MalformedDataException">It is JSON but repeats a member, nests too deeply, or is too long.</exception>
    public static BomScanCopy Of(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Span.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
        {
            return new BomScanCopy(utf8, null);
        }
        var json = StrictJson.Parse(utf8, FormatName, Limits.ScanReportBytes);
        var type = RootType(json);
        var version =
            json.TryGetProperty("bomFormat", out _) && StrictJson.OptionalString(json, "specVersion", FormatName, "$") == LoweredSpecVersion
                ? LoweredSpecVersion
                : null;
        if (type is null && version is null)
        {
            return new BomScanCopy(utf8, null);
        }
        var copy = PredicateJson.Write(writer =>
            WriteWith(
                writer,
                json,
                (name, value) =>
                    name switch
                    {
                        "specVersion" when version is not null => () => writer.WriteStringValue(NewestSpecVersion),
                        "$schema" when version is not null => () =>
                            writer.WriteStringValue($"http://cyclonedx.org/schema/bom-{NewestSpecVersion}.schema.json"),
                        "metadata" when type is not null => () => WriteMetadata(writer, value),
                        _ => null,
                    }
            )
        );
        return new BomScanCopy(copy, type) { ReplacedSpecVersion = version };
    }

    /// <summary>The root component's type where Trivy does not accept it there.</summary>
    private static string? RootType(JsonElement json) =>
        json.TryGetProperty("metadata", out var metadata)
        && metadata.ValueKind == JsonValueKind.Object
        && metadata.TryGetProperty("component", out var root)
        && root.ValueKind == JsonValueKind.Object
        && StrictJson.OptionalString(root, "type", FormatName, "$.metadata.component") is { } type
        && !Accepted.Contains(type)
            ? type
            : null;

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement metadata) =>
        WriteWith(
            writer,
            metadata,
            (member, component) =>
                member == "component"
                    ? () => WriteWith(writer, component, (name, _) => name == "type" ? () => writer.WriteStringValue("application") : null)
                    : null
        );

    /// <summary>Writes an object, some values of which someone else writes.</summary>
    private static void WriteWith(Utf8JsonWriter writer, JsonElement value, Func<string, JsonElement, Action?> replace)
    {
        writer.WriteStartObject();
        foreach (var member in value.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (replace(member.Name, member.Value) is { } write)
            {
                write();
            }
            else
            {
                member.Value.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    }
}
