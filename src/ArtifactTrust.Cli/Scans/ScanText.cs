using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Secrets;
using ArtifactTrust.Scanning.Waivers;
using Spectre.Console;
using Finding = ArtifactTrust.Scanning.Finding;

namespace ArtifactTrust.Cli.Scans;

/// <summary>The form of scans for people.</summary>
internal static class ScanText
{
    internal static void Write(Terminal terminal, string result, string name, WaivedScans scans)
    {
        terminal.Line($"{result}: {Terminal.Clean(name)}");
        foreach (var report in scans.Reports.Where(IsWorthALine))
        {
            terminal.Line($"  {report.Scanner.Name} {Terminal.Clean(report.Scanner.Version)}: {Counts(report)}");
            foreach (var text in report.Notes.Concat(report.Gaps.Select(g => $"not examined: {g}")))
            {
                terminal.Line($"    {Terminal.Clean(text)}");
            }
        }
        foreach (var waiver in scans.Expired)
        {
            terminal.Line($"  waiver is over: {Terminal.Clean(waiver.ToString())}");
        }
        foreach (var waiver in scans.Unused)
        {
            terminal.Line($"  waiver is not needed: {Terminal.Clean(waiver.ToString())}");
        }
        var findings = ScanReport.Sort(scans.Reports.SelectMany(r => r.Findings));
        if (findings.Count > 0)
        {
            WriteTable(terminal, findings);
        }
    }

    // The look for secrets goes with every look into files; where it has nothing to tell, no line is spent on it.
    private static bool IsWorthALine(ScanReport report) =>
        report.Scanner.Uri != SecretScanner.Uri || !report.IsClean || report.Notes.Count > 0;

    private static string Counts(ScanReport report)
    {
        var suppressed = report.Findings.Count(f => f.Suppression is not null);
        var counts = Severities
            .WorstFirst.Where(s => report.Count(s) > 0)
            .Select(s => $"{report.Count(s)} {Severities.ToWord(s)}")
            .ToList();
        if (suppressed > 0)
        {
            counts.Add($"{suppressed} waived or denied by VEX");
        }
        return counts.Count == 0 ? "no findings" : string.Join(", ", counts);
    }

    private static void WriteTable(Terminal terminal, IReadOnlyList<Finding> findings)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("severity", "finding", "where", "installed", "fixed in", "what");
        foreach (var finding in findings)
        {
            var color = finding.Severity switch
            {
                _ when finding.Suppression is not null => "grey",
                Severity.Critical => "red bold",
                Severity.High => "red",
                Severity.Medium => "yellow",
                _ => "default",
            };
            table.AddRow(
                $"[{color}]{Severities.ToWord(finding.Severity)}[/]",
                Escape(finding.Id),
                Escape(finding.Package ?? (finding.Location is null ? finding.Target : $"{finding.Target}: {finding.Location}")),
                Escape(finding.InstalledVersion),
                Escape(finding.FixedVersion),
                Escape(finding.Suppression is { } suppression ? $"{Why(suppression)}. {finding.Title}" : finding.Title)
            );
        }
        terminal.Ansi(terminal.Output).Write(table);
    }

    private static string Why(Suppression suppression) =>
        suppression.Kind == SuppressionKind.Waiver
            ? $"waived until {suppression.Expires:yyyy-MM-dd}: {suppression.Reason}"
            : $"{suppression.Status} by {suppression.Source}: {suppression.Reason}";

    private static string Escape(string? text) => Markup.Escape(Terminal.Clean(text) ?? "");
}
