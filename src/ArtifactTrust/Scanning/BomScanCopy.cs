using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>A CycloneDX BOM in the form that Trivy can read, and what was changed for that.</summary>
/// <param name="Utf8">The BOM to scan.</param>
/// <param name="ReplacedRootType">The type of the root component that stands in the original; null where nothing was changed.</param>
/// <remarks>
/// Trivy refuses a whole BOM whose <c>metadata.component</c> is a model, a data set or another type it has no packages for, though it skips such
/// components elsewhere. In the copy the root is an <c>application</c>, and nothing else differs. The subject of a scan stays the original.
/// </remarks>
public sealed record BomScanCopy(ReadOnlyMemory<byte> Utf8, string? ReplacedRootType)
{
    private const string FormatName = "CycloneDX BOM";

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
        if (
            !json.TryGetProperty("metadata", out var metadata)
            || metadata.ValueKind != JsonValueKind.Object
            || !metadata.TryGetProperty("component", out var root)
            || root.ValueKind != JsonValueKind.Object
            || StrictJson.OptionalString(root, "type", FormatName, "$.metadata.component") is not { } type
            || Accepted.Contains(type)
        )
        {
            return new BomScanCopy(utf8, null);
        }
        var copy = PredicateJson.Write(writer =>
            WriteWith(
                writer,
                json,
                "metadata",
                () =>
                    WriteWith(
                        writer,
                        metadata,
                        "component",
                        () => WriteWith(writer, root, "type", () => writer.WriteStringValue("application"))
                    )
            )
        );
        return new BomScanCopy(copy, type);
    }

    /// <summary>Writes an object with the value of one member written by someone else.</summary>
    private static void WriteWith(Utf8JsonWriter writer, JsonElement value, string name, Action write)
    {
        writer.WriteStartObject();
        foreach (var member in value.EnumerateObject())
        {
            writer.WritePropertyName(member.Name);
            if (member.NameEquals(name))
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
