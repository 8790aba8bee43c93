using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>The predicate that says which data about people files hold, and how much.</summary>
/// <remarks>
/// A type of our own, since none is published: <c>docs/personal-data.md</c> describes it. <c>result</c> is <c>NONE</c> where everything was examined and nothing was found,
/// <c>FOUND</c>, or <c>INCOMPLETE</c> where nothing was found and not everything was examined. No value is in it, nor a part of one.
/// </remarks>
public static class PersonalDataPredicate
{
    /// <summary>The predicate's type.</summary>
    public const string Type = "urn:artifact-trust:attestation:personal-data:v0.1";

    /// <summary>Makes the predicate.</summary>
    /// <returns>UTF-8 JSON on one line.</returns>
    public static byte[] Create(DataScanReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var found = report.Files.Any(f => f.Columns.Count > 0);
        var complete = report.Files.All(f => f.Gaps.Count == 0);
        return PredicateJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString(
                "result",
                found ? "FOUND"
                    : complete ? "NONE"
                    : "INCOMPLETE"
            );
            writer.WriteBoolean("complete", complete);
            writer.WriteStartObject("scanner");
            writer.WriteString("uri", DataScanner.Uri);
            writer.WriteString("version", DataScanner.Version);
            writer.WriteEndObject();
            writer.WriteStartObject("counts");
            foreach (var kind in PersonalDataKinds.All.Where(k => report.Count(k) > 0))
            {
                writer.WriteNumber(kind.ToWord(), report.Count(kind));
            }
            writer.WriteEndObject();
            writer.WriteStartArray("files");
            foreach (var file in report.Files.OrderBy(f => f.Name, CodePointOrder.Instance))
            {
                writer.WriteStartObject();
                writer.WriteString("name", file.Name);
                writer.WriteString("format", file.Format);
                writer.WriteNumber("values", file.Values);
                writer.WriteStartArray("columns");
                foreach (var column in file.Columns)
                {
                    writer.WriteStartObject();
                    writer.WriteString("path", column.Path);
                    writer.WriteString("kind", column.Kind.ToWord());
                    writer.WriteNumber("count", column.Count);
                    writer.WriteString("confidence", column.Confidence.ToString().ToLowerInvariant());
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteStartArray("gaps");
                foreach (var gap in file.Gaps)
                {
                    writer.WriteStringValue(gap);
                }
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartObject("metadata");
            writer.WriteString("scanStartedOn", Rfc3339.Format(report.StartedOn));
            writer.WriteString("scanFinishedOn", Rfc3339.Format(report.FinishedOn));
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }
}
