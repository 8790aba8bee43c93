using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Waivers;
using Finding = ArtifactTrust.Scanning.Finding;

namespace ArtifactTrust.Cli.Scans;

/// <summary>The JSON form of scans.</summary>
internal static class ScanJson
{
    internal static void Write(Utf8JsonWriter writer, WaivedScans scans, ModelScanReport? model)
    {
        writer.WriteStartArray("scans");
        foreach (var report in scans.Reports)
        {
            writer.WriteStartObject();
            writer.WriteString("scanner", report.Scanner.ToUri());
            writer.WriteString("version", report.Scanner.Version);
            if (report.Scanner.Database is { } database)
            {
                writer.WriteString("databaseUpdatedAt", Time(database.UpdatedAt));
            }
            writer.WriteString("startedOn", Time(report.StartedOn));
            writer.WriteString("finishedOn", Time(report.FinishedOn));
            writer.WriteBoolean("complete", report.IsComplete);
            writer.WriteStrings("gaps", report.Gaps);
            writer.WriteStrings("notes", report.Notes);
            writer.WriteStartObject("counts");
            foreach (var severity in Severities.WorstFirst)
            {
                writer.WriteNumber(Severities.ToWord(severity), report.Count(severity));
            }
            writer.WriteEndObject();
            writer.WriteStartArray("findings");
            foreach (var finding in report.Findings)
            {
                WriteFinding(writer, finding);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (scans.Expired.Count + scans.Unused.Count > 0)
        {
            writer.WriteStartObject("waivers");
            writer.WriteStrings("expired", scans.Expired.Select(w => w.ToString()));
            writer.WriteStrings("unused", scans.Unused.Select(w => w.ToString()));
            writer.WriteEndObject();
        }
        if (model is null)
        {
            return;
        }
        writer.WriteStartArray("files");
        foreach (var file in model.Files)
        {
            writer.WriteStartObject();
            writer.WriteString("name", file.Name);
            writer.WriteString("format", file.Format);
            writer.WriteString("verdict", JsonNamingPolicy.CamelCase.ConvertName(file.Verdict.ToString()));
            writer.WriteStrings("imports", file.Imports.Select(i => $"{i.Module}.{i.Name}"));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteFinding(Utf8JsonWriter writer, Finding finding)
    {
        writer.WriteStartObject();
        writer.WriteString("id", finding.Id);
        writer.WriteString("class", JsonNamingPolicy.CamelCase.ConvertName(finding.Class.ToString()));
        writer.WriteString("severity", Severities.ToWord(finding.Severity));
        writer.WriteString("target", finding.Target);
        FindingJson.WritePackage(writer, finding);
        FindingJson.WriteKnown(writer, "title", finding.Title);
        FindingJson.WriteKnown(writer, "location", finding.Location);
        WriteNumber(writer, "startLine", finding.StartLine);
        WriteNumber(writer, "endLine", finding.EndLine);
        WriteNumber(writer, "byteOffset", finding.ByteOffset);
        FindingJson.WriteKnown(writer, "url", finding.PrimaryUrl);
        if (finding.Suppression is { } suppression)
        {
            WriteSuppression(writer, suppression);
        }
        writer.WriteEndObject();
    }

    private static void WriteSuppression(Utf8JsonWriter writer, Suppression suppression)
    {
        writer.WriteStartObject("suppression");
        writer.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(suppression.Kind.ToString()));
        writer.WriteString("reason", suppression.Reason);
        FindingJson.WriteKnown(writer, "status", suppression.Status);
        FindingJson.WriteKnown(writer, "expires", suppression.Expires?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        FindingJson.WriteKnown(writer, "approvedBy", suppression.ApprovedBy);
        FindingJson.WriteKnown(writer, "source", suppression.Source);
        writer.WriteEndObject();
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }
}
