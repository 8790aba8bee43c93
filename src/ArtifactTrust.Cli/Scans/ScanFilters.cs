using System.CommandLine;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Waivers;
using Finding = ArtifactTrust.Scanning.Finding;

namespace ArtifactTrust.Cli.Scans;

/// <summary>The options that say which findings are shown, which count, and which fail.</summary>
internal sealed class ScanFilters
{
    private const string Nothing = "none";
    private static readonly string[] SeverityWords = ["critical", "high", "medium", "low", "unknown"];

    private readonly Option<string> _failOn = new("--fail-on")
    {
        Description = "exit 1 on a finding of this severity or above",
        DefaultValueFactory = _ => "high",
        HelpName = "critical|high|medium|low|unknown|none",
    };

    private readonly Option<string?> _severity = new("--severity")
    {
        Description = "leave out findings of other severities; those of unknown severity stay",
        HelpName = "critical,high,…",
    };

    private readonly Option<bool> _unfixed = new("--ignore-unfixed")
    {
        Description = "leave out vulnerabilities that nobody has fixed yet",
    };

    private readonly Option<string?> _waivers = new("--waivers")
    {
        Description = "findings that are accepted for a while, with a reason: YAML or JSON",
        HelpName = "FILE",
    };

    internal ScanFilters() => _failOn.AcceptOnlyFromAmong([.. SeverityWords, Nothing]);

    internal void AddTo(Command verb)
    {
        foreach (var option in (Option[])[_failOn, _severity, _unfixed, _waivers])
        {
            verb.Options.Add(option);
        }
    }

    /// <summary>Reads the options, and the file of waivers.</summary>
    /// <exception cref="CliException">A word or the file is wrong.</exception>
    internal Chosen Read(ParseResult parsed)
    {
        var failOn = parsed.GetValue(_failOn);
        return new Chosen(
            failOn == Nothing ? null : Severities.FromWord(failOn),
            Shown(parsed.GetValue(_severity)),
            parsed.GetValue(_unfixed),
            Waivers(parsed.GetValue(_waivers))
        );
    }

    private static HashSet<Severity>? Shown(string? text)
    {
        if (text is null)
        {
            return null;
        }
        var shown = new HashSet<Severity> { Severity.Unknown };
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var lower = word.ToLowerInvariant();
            if (!SeverityWords.Contains(lower))
            {
                throw CliException.Usage($"--severity '{word}' is none of {string.Join(", ", SeverityWords)}");
            }
            shown.Add(Severities.FromWord(lower));
        }
        return shown;
    }

    private static ScanWaivers? Waivers(string? path)
    {
        if (path is null)
        {
            return null;
        }
        CliException.RequireFile(path, "waiver file");
        try
        {
            var file = new FileInfo(path);
            StrictJson.CheckLength(file.Length, "waiver file", Limits.PolicyBytes);
            return ScanWaivers.Parse(File.ReadAllBytes(path), path);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"'{path}': {e.Message}", "see docs/scan.md for the form of waivers", e);
        }
    }

    /// <summary>What was chosen.</summary>
    /// <param name="FailOn">The least severity that fails; null where none does.</param>
    /// <param name="Shown">The severities that stay; null for all.</param>
    /// <param name="IgnoresUnfixed">Whether vulnerabilities without a fix are left out.</param>
    /// <param name="Waivers">The waivers, where there are any.</param>
    internal sealed record Chosen(Severity? FailOn, IReadOnlySet<Severity>? Shown, bool IgnoresUnfixed, ScanWaivers? Waivers)
    {
        /// <summary>The kinds of data about people that fail, whatever their severity.</summary>
        internal IReadOnlySet<string> FailingKinds { get; init; } = new HashSet<string>(StringComparer.Ordinal);

        /// <summary>Whether a finding makes the scan fail. The scanner's word for a severity it does not know counts as the worst.</summary>
        internal bool Fails(Finding finding) =>
            finding.Suppression is null
            && (
                (FailOn is { } limit && (finding.Severity >= limit || finding.Severity == Severity.Unknown))
                || (finding.Class == FindingClass.PersonalData && FailingKinds.Contains(finding.Id))
            );

        /// <summary>The reports with the waivers applied, and without what is to be left out; each says how much that is.</summary>
        internal WaivedScans Apply(IReadOnlyList<ScanReport> reports, DateTimeOffset now)
        {
            var waived = Waivers?.Apply(reports, now) ?? new WaivedScans(reports, [], []);
            return waived with { Reports = [.. waived.Reports.Select(Filter)] };
        }

        private ScanReport Filter(ScanReport report)
        {
            var kept = report.Findings.Where(f => Shown?.Contains(f.Severity) != false).ToList();
            var fixable = kept.Where(f => !IgnoresUnfixed || f.Class != FindingClass.Vulnerability || f.FixedVersion is not null).ToList();
            List<string> notes = [.. report.Notes];
            if (kept.Count < report.Findings.Count)
            {
                notes.Add($"{report.Findings.Count - kept.Count} findings of other severities are left out");
            }
            if (fixable.Count < kept.Count)
            {
                notes.Add($"{kept.Count - fixable.Count} vulnerabilities that are not fixed are left out");
            }
            return report with { Findings = fixable, Notes = notes };
        }
    }
}
