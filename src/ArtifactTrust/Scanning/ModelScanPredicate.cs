using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Scanning.Models;

namespace ArtifactTrust.Scanning;

/// <summary>The predicate that says everything a scan of model files found: rules, places, imports, and what could not be examined.</summary>
/// <remarks>
/// A type of this project's own, documented in docs/attestations.md, beside <see cref="TestResultPredicate"/>, which says only how the scan of each
/// file ended.
/// </remarks>
public static class ModelScanPredicate
{
    /// <summary>The predicate's type.</summary>
    public const string Type = "urn:artifact-trust:model-scan:v0.1";

    /// <summary>Makes the predicate.</summary>
    /// <returns>UTF-8 JSON on one line.</returns>
    public static byte[] Create(ModelScanReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return PredicateJson.Write(writer =>
        {
            writer.WriteStartObject();
            WriteRules(writer, report.Rules);
            PredicateJson.WriteTimes(writer, report.ToScanReport(""));
            writer.WriteStartObject("counts");
            foreach (var verdict in Enum.GetValues<FileVerdict>())
            {
                writer.WriteNumber(Word(verdict), report.Count(verdict));
            }
            writer.WriteEndObject();
            writer.WriteStartArray("files");
            foreach (var file in report.Files)
            {
                WriteFile(writer, file);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private static void WriteRules(Utf8JsonWriter writer, ModelScanRules rules)
    {
        writer.WriteStartObject("rules");
        writer.WriteString("id", rules.Id);
        writer.WriteString("version", rules.Version);
        writer.WriteString("digest", rules.Digest.ToString());
        writer.WriteBoolean("strict", rules.IsStrict);
        writer.WriteStartArray("sources");
        foreach (var source in rules.Sources)
        {
            writer.WriteStartObject();
            writer.WriteString("id", source.Id);
            writer.WriteString("version", source.Version);
            writer.WriteString("digest", source.Digest.ToString());
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter writer, FileScan file)
    {
        writer.WriteStartObject();
        writer.WriteString("name", file.Name);
        writer.WriteNumber("size", file.Size);
        writer.WriteString("format", file.Format);
        writer.WriteString("verdict", Word(file.Verdict));
        writer.WriteStartArray("findings");
        foreach (var finding in file.Findings)
        {
            writer.WriteStartObject();
            writer.WriteString("rule", finding.Id);
            writer.WriteString("severity", Severities.ToWord(finding.Severity));
            WriteOptional(writer, "title", finding.Title);
            WritePlace(writer, finding.Location, finding.ByteOffset);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("imports");
        foreach (var import in file.Imports)
        {
            writer.WriteStartObject();
            writer.WriteString("module", import.Module);
            writer.WriteString("name", import.Name);
            WriteOptional(writer, "severity", import.Severity is { } severity ? Severities.ToWord(severity) : null);
            WritePlace(writer, import.Location, import.ByteOffset);
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

    private static void WritePlace(Utf8JsonWriter writer, string? location, long? offset)
    {
        WriteOptional(writer, "location", location);
        if (offset is { } at)
        {
            writer.WriteNumber("byteOffset", at);
        }
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static string Word(FileVerdict verdict) => JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString());
}
