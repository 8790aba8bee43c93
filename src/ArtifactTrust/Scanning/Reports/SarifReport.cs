using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Reports;

/// <summary>Writes scans as SARIF, for code hosts and editors: a run for each scanner, with rules, places and fingerprints.</summary>
/// <remarks>
/// Spec: OASIS SARIF 2.1.0. The same reports become the same bytes. A place is a path below the subject, with lines or a byte offset where they are
/// known. What could not be examined is a notification of level error, and the run says that it was not successful (§3.20.14). A finding that
/// a waiver or a VEX document speaks of is a result with a suppression (§3.27.23). The fingerprint (§3.27.17) is of the kind, rule, file,
/// package and the index among equal ones, not of version and line, so that a finding stays the same one while the file is edited.
/// </remarks>
public static class SarifReport
{
    /// <summary>The name of the fingerprints.</summary>
    public const string FingerprintName = "artifactTrustFinding/v1";

    private const string Schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

    /// <summary>The MIME type of SARIF.</summary>
    public const string MediaType = "application/sarif+json";

    /// <summary>Writes reports of one subject.</summary>
    /// <returns>UTF-8 JSON, with a line feed at its end.</returns>
    public static byte[] Create(IEnumerable<ScanReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default }))
        {
            writer.WriteStartObject();
            writer.WriteString("$schema", Schema);
            writer.WriteString("version", "2.1.0");
            writer.WriteStartArray("runs");
            foreach (var report in reports)
            {
                WriteRun(writer, report);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteRun(Utf8JsonWriter writer, ScanReport report)
    {
        var rules = report
            .Findings.GroupBy(f => f.Id, StringComparer.Ordinal)
            .OrderBy(g => g.Key, CodePointOrder.Instance)
            .Select((g, i) => (Id: g.Key, Index: i, Worst: g.MaxBy(f => f.Severity)!))
            .ToDictionary(r => r.Id, StringComparer.Ordinal);
        writer.WriteStartObject();
        writer.WriteStartObject("tool");
        writer.WriteStartObject("driver");
        writer.WriteString("name", report.Scanner.Name);
        writer.WriteString("version", ReportText.Visible(report.Scanner.Version));
        writer.WriteStartArray("rules");
        foreach (var rule in rules.Values.OrderBy(r => r.Index))
        {
            WriteRule(writer, rule.Worst);
        }
        writer.WriteEndArray();
        writer.WriteStartObject("properties");
        writer.WriteString("uri", report.Scanner.ToUri());
        if (report.Scanner.Database is { } database)
        {
            writer.WriteString("databaseUpdatedAt", Rfc3339.Format(database.UpdatedAt));
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
        WriteInvocation(writer, report);
        writer.WriteString("columnKind", "unicodeCodePoints");
        writer.WriteStartArray("results");
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var finding in report.Findings)
        {
            WriteResult(writer, finding, rules[finding.Id].Index, seen);
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteRule(Utf8JsonWriter writer, Finding finding)
    {
        writer.WriteStartObject();
        writer.WriteString("id", ReportText.Visible(finding.Id));
        WriteText(
            writer,
            "shortDescription",
            finding.Title is { Length: > 0 } title ? ReportText.Visible(title) : ReportText.Visible(finding.Id)
        );
        if (finding.PrimaryUrl is { } url && Uri.TryCreate(url, UriKind.Absolute, out var help) && help.Scheme is "https" or "http")
        {
            writer.WriteString("helpUri", help.AbsoluteUri);
        }
        writer.WriteStartObject("defaultConfiguration");
        writer.WriteString("level", Level(finding.Severity));
        writer.WriteEndObject();
        writer.WriteStartObject("properties");
        writer.WriteStartArray("tags");
        writer.WriteStringValue("security");
        writer.WriteStringValue(JsonNamingPolicy.CamelCase.ConvertName(finding.Class.ToString()));
        writer.WriteEndArray();
        // A number between 0 and 10 as text is what GitHub sorts by.
        writer.WriteString("security-severity", SecuritySeverity(finding.Severity));
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteInvocation(Utf8JsonWriter writer, ScanReport report)
    {
        writer.WriteStartArray("invocations");
        writer.WriteStartObject();
        writer.WriteBoolean("executionSuccessful", report.IsComplete);
        writer.WriteString("startTimeUtc", Rfc3339.Format(report.StartedOn));
        writer.WriteString("endTimeUtc", Rfc3339.Format(report.FinishedOn));
        writer.WriteStartArray("toolExecutionNotifications");
        foreach (var (text, level) in report.Gaps.Select(g => (g, "error")).Concat(report.Notes.Select(n => (n, "note"))))
        {
            writer.WriteStartObject();
            writer.WriteString("level", level);
            WriteText(writer, "message", ReportText.Visible(text));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private static void WriteResult(Utf8JsonWriter writer, Finding finding, int rule, Dictionary<string, int> seen)
    {
        writer.WriteStartObject();
        writer.WriteString("ruleId", ReportText.Visible(finding.Id));
        writer.WriteNumber("ruleIndex", rule);
        writer.WriteString("level", Level(finding.Severity));
        WriteText(writer, "message", ReportText.Describe(finding));
        WriteLocation(writer, finding);
        writer.WriteStartObject("partialFingerprints");
        writer.WriteString(FingerprintName, Fingerprint(finding, seen));
        writer.WriteEndObject();
        if (finding.Suppression is { } suppression)
        {
            writer.WriteStartArray("suppressions");
            writer.WriteStartObject();
            writer.WriteString("kind", "external");
            writer.WriteString("status", "accepted");
            writer.WriteString("justification", ReportText.Describe(suppression));
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        writer.WriteStartObject("properties");
        writer.WriteString("severity", Severities.ToWord(finding.Severity));
        WriteOptional(writer, "package", finding.Package);
        WriteOptional(writer, "purl", finding.Purl);
        WriteOptional(writer, "installedVersion", finding.InstalledVersion);
        WriteOptional(writer, "fixedVersion", finding.FixedVersion);
        WriteOptional(writer, "place", finding.Location);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteLocation(Utf8JsonWriter writer, Finding finding)
    {
        writer.WriteStartArray("locations");
        writer.WriteStartObject();
        writer.WriteStartObject("physicalLocation");
        writer.WriteStartObject("artifactLocation");
        writer.WriteString("uri", RelativeUri(finding.Target));
        writer.WriteEndObject();
        if (finding.StartLine is { } line)
        {
            writer.WriteStartObject("region");
            writer.WriteNumber("startLine", line);
            writer.WriteNumber("endLine", Math.Max(line, finding.EndLine ?? line));
            writer.WriteEndObject();
        }
        else if (finding.ByteOffset is { } offset)
        {
            writer.WriteStartObject("region");
            writer.WriteNumber("byteOffset", offset);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    /// <summary>A name as a URI reference that can only be below the subject: every part is escaped, and none leads up.</summary>
    internal static string RelativeUri(string name)
    {
        var parts = name.Split('/')
            .Where(p => p.Length > 0)
            .Select(p => p is "." or ".." ? "%EF%BF%BD" : Uri.EscapeDataString(WellFormed(p)));
        return string.Join('/', parts) is { Length: > 0 } uri ? uri : "subject";
    }

    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string Fingerprint(Finding finding, Dictionary<string, int> seen)
    {
        var identity = string.Join('\0', finding.Class, finding.Id, finding.Target, finding.Package);
        var index = seen[identity] = seen.GetValueOrDefault(identity) + 1;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{identity}\0{index}")));
    }

    // Viewers make a link of [text](address) in a message (§3.11.6); what others wrote must not become one.
    private static void WriteText(Utf8JsonWriter writer, string name, string text)
    {
        writer.WriteStartObject(name);
        writer.WriteString("text", text.Replace("](", "] (", StringComparison.Ordinal) is { Length: > 0 } shown ? shown : "(no text)");
        writer.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is { Length: > 0 })
        {
            writer.WriteString(name, ReportText.Visible(value));
        }
    }

    // A severity that is not known may be the worst.
    private static string Level(Severity severity) =>
        severity switch
        {
            Severity.Low => "note",
            Severity.None => "none",
            Severity.Medium => "warning",
            _ => "error",
        };

    private static string SecuritySeverity(Severity severity) =>
        severity switch
        {
            Severity.None => "0.0",
            Severity.Low => "2.0",
            Severity.Medium => "5.5",
            Severity.High => "8.0",
            _ => "9.5",
        };
}
