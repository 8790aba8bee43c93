using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning;

/// <summary>The predicate that lists a scan's vulnerabilities independently of the scanner.</summary>
/// <remarks>
/// Spec: in-toto vulns v0.2. The methods written in <c>severity</c>: the first entry is the scanner's own verdict, its method being the source it
/// chose (<c>nvd</c>, <c>ghsa</c>, <c>debian</c>, or <c>trivy</c> where it names none) and its score the severity in lower case; then one such entry for each
/// other source; then <c>SOURCE/cvss_v3</c>, <c>SOURCE/cvss_v3_vector</c>, <c>SOURCE/cvss_v4</c> and <c>SOURCE/cvss_v4_vector</c>. <c>annotations</c> holds one object with the
/// package. Secrets, misconfigurations and licences have no place in this predicate.
/// </remarks>
public static class VulnsPredicate
{
    /// <summary>The predicate's type.</summary>
    public const string Type = Vulns.TypeUri;

    /// <summary>Makes the predicate.</summary>
    /// <returns>UTF-8 JSON on one line.</returns>
    /// <exception cref="ArgumentException">The report names no database, which the predicate requires.</exception>
    public static byte[] Create(ScanReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Scanner.Database is null)
        {
            throw new ArgumentException("the scan used no vulnerability database, so there is no vulns predicate of it", nameof(report));
        }
        return PredicateJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("scanner");
            PredicateJson.WriteScanner(writer, report.Scanner);
            writer.WriteStartArray("result");
            foreach (var finding in report.Findings.Where(IsListed))
            {
                WriteFinding(writer, finding);
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
            PredicateJson.WriteTimes(writer, report);
            writer.WriteEndObject();
        });
    }

    // What is waived is still there, and a policy decides about it; what a VEX document denies is not, by the word of who signs this.
    private static bool IsListed(Finding finding) =>
        finding.Class == FindingClass.Vulnerability && finding.Suppression?.Kind != SuppressionKind.Vex;

    private static void WriteFinding(Utf8JsonWriter writer, Finding finding)
    {
        writer.WriteStartObject();
        writer.WriteString("id", finding.Id);
        writer.WriteStartArray("severity");
        var chosen = finding.SeveritySource is { Length: > 0 } source ? source : "trivy";
        WriteSeverity(writer, chosen, Word(finding.Severity));
        foreach (var score in finding.Scores.Where(s => s.Source != chosen && s.Severity != Severity.Unknown))
        {
            WriteSeverity(writer, score.Source, Word(score.Severity));
        }
        foreach (var score in finding.Scores)
        {
            WriteSeverity(writer, $"{score.Source}/cvss_v3", score.CvssV3Score);
            WriteSeverity(writer, $"{score.Source}/cvss_v3_vector", score.CvssV3Vector);
            WriteSeverity(writer, $"{score.Source}/cvss_v4", score.CvssV40Score);
            WriteSeverity(writer, $"{score.Source}/cvss_v4_vector", score.CvssV40Vector);
        }
        writer.WriteEndArray();
        writer.WriteStartArray("annotations");
        writer.WriteStartObject();
        FindingJson.WritePackage(writer, finding);
        FindingJson.WriteKnown(writer, "target", finding.Target);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteSeverity(Utf8JsonWriter writer, string method, string? score)
    {
        if (score is null)
        {
            return;
        }
        writer.WriteStartObject();
        writer.WriteString("method", method);
        writer.WriteString("score", score);
        writer.WriteEndObject();
    }

    private static string Word(Severity severity) =>
        severity switch
        {
            Severity.Critical => "critical",
            Severity.High => "high",
            Severity.Medium => "medium",
            Severity.Low => "low",
            _ => "unknown",
        };
}
