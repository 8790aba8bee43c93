using System.Globalization;
using System.Xml;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Reports;

/// <summary>Writes scans as JUnit XML, for CI systems that show test results: a suite for each scanner, a case for each finding.</summary>
/// <remarks>
/// Spec: there is none; the members are those that Jenkins' and GitLab's readers take. A finding that fails the scan is a failure, one that does not count
/// is skipped, and another passes. What could not be examined is an error. A suite without either has one case that passes, since
/// some readers take a file without cases for a mistake.
/// </remarks>
public static class JUnitReport
{
    /// <summary>Writes reports of one subject.</summary>
    /// <param name="reports">The reports.</param>
    /// <param name="fails">Whether a finding fails the scan.</param>
    /// <returns>An XML document, UTF-8.</returns>
    public static byte[] Create(IEnumerable<ScanReport> reports, Func<Finding, bool> fails)
    {
        ArgumentNullException.ThrowIfNull(reports);
        ArgumentNullException.ThrowIfNull(fails);
        using var stream = new MemoryStream();
        var settings = new XmlWriterSettings
        {
            Indent = true,
            NewLineChars = "\n",
            Encoding = new System.Text.UTF8Encoding(false),
        };
        using (var writer = XmlWriter.Create(stream, settings))
        {
            writer.WriteStartElement("testsuites");
            foreach (var report in reports)
            {
                WriteSuite(writer, report, fails);
            }
            writer.WriteEndElement();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteSuite(XmlWriter writer, ScanReport report, Func<Finding, bool> fails)
    {
        var failures = report.Counted.Count(fails);
        var skipped = report.Findings.Count(f => f.Suppression is not null);
        writer.WriteStartElement("testsuite");
        Attribute("name", $"{report.Scanner.Name} {report.Scanner.Version}");
        Attribute("tests", Number(Math.Max(1, report.Findings.Count + report.Gaps.Count)));
        Attribute("failures", Number(failures));
        Attribute("errors", Number(report.Gaps.Count));
        Attribute("skipped", Number(skipped));
        Attribute("timestamp", Rfc3339.Format(report.StartedOn));
        Attribute("time", (report.FinishedOn - report.StartedOn).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture));
        foreach (var finding in report.Findings)
        {
            WriteCase(finding);
        }
        foreach (var gap in report.Gaps)
        {
            writer.WriteStartElement("testcase");
            Attribute("classname", "not examined");
            Attribute("name", gap);
            writer.WriteStartElement("error");
            Attribute("message", gap);
            Attribute("type", "not-examined");
            writer.WriteEndElement();
            writer.WriteEndElement();
        }
        if (report.Findings.Count + report.Gaps.Count == 0)
        {
            writer.WriteStartElement("testcase");
            Attribute("classname", report.Scanner.Name);
            Attribute("name", "no findings");
            writer.WriteEndElement();
        }
        writer.WriteEndElement();

        void WriteCase(Finding finding)
        {
            var text = ReportText.Describe(finding);
            writer.WriteStartElement("testcase");
            Attribute("classname", finding.Target);
            var place = finding.Package ?? finding.Location;
            Attribute("name", $"{Severities.ToWord(finding.Severity)} {finding.Id}{(place is { Length: > 0 } ? $" {place}" : "")}");
            if (finding.Suppression is { } suppression)
            {
                writer.WriteStartElement("skipped");
                Attribute("message", ReportText.Describe(suppression));
                writer.WriteEndElement();
            }
            else if (fails(finding))
            {
                writer.WriteStartElement("failure");
                Attribute("message", text);
                Attribute("type", Severities.ToWord(finding.Severity));
                writer.WriteEndElement();
            }
            else
            {
                writer.WriteElementString("system-out", text);
            }
            writer.WriteEndElement();
        }

        void Attribute(string name, string value) => writer.WriteAttributeString(name, ReportText.Visible(value));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
