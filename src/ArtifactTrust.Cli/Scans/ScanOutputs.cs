using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Reports;

namespace ArtifactTrust.Cli.Scans;

/// <summary>The files that a scan writes.</summary>
internal sealed class ScanOutputs
{
    private readonly Option<string?> _report = File("--report", "write Trivy's own report");
    private readonly Option<string?> _vuln = File(
        "--vuln",
        "write the predicate for: attest --type vuln (Trivy's report whole, as cosign has it)"
    );
    private readonly Option<string?> _vulns = File("--vulns", "write the predicate for: attest --type vulns (in-toto vulns v0.2)");
    private readonly Option<string?> _testResult = File(
        "--test-result",
        "write the predicate for: attest --type test-result (the look into model files)"
    );
    private readonly Option<string?> _personal = File(
        "--pii-result",
        "write the predicate about data about people, for: attest --type URI"
    );
    private readonly Option<string?> _sarif = File("--sarif", "write what is shown as SARIF 2.1.0");
    private readonly Option<string?> _junit = File("--junit", "write what is shown as JUnit XML");

    internal void AddTo(Command verb)
    {
        foreach (var option in (Option[])[_report, _vuln, _vulns, _testResult, _personal, _sarif, _junit])
        {
            verb.Options.Add(option);
        }
    }

    /// <summary>Refuses files that this scan does not make.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void Check(ParseResult parsed, ScanPlan plan, bool looksForPeople)
    {
        if (parsed.GetValue(_personal) is not null && !looksForPeople)
        {
            throw CliException.Usage("--pii-result goes with --pii");
        }
        if (!plan.RunsTrivy && (parsed.GetValue(_report) ?? parsed.GetValue(_vuln) ?? parsed.GetValue(_vulns)) is not null)
        {
            throw CliException.Usage("--report, --vuln and --vulns need Trivy", "leave out --scanners");
        }
        if (!plan.LooksIntoModels && parsed.GetValue(_testResult) is not null)
        {
            throw CliException.Usage("--test-result is of the look into model files, which this scan does not make");
        }
    }

    /// <summary>Writes the evidence: all that was found, whatever is shown of it.</summary>
    internal void WriteEvidence(ParseResult parsed, ModelScanReport? model, DataScanReport? data, TrivyScan? packages)
    {
        if (packages is not null)
        {
            Write(parsed.GetValue(_report), () => packages.RawReport);
            Write(parsed.GetValue(_vuln), () => CosignVulnPredicate.Create(packages.Summary, packages.Report));
            if (parsed.GetValue(_vulns) is not null && packages.Summary.Scanner.Database is null)
            {
                throw CliException.Usage(
                    "--vulns is of vulnerabilities, which this scan does not look for",
                    "add vuln to --trivy-scanners"
                );
            }
            Write(parsed.GetValue(_vulns), () => VulnsPredicate.Create(packages.Summary));
        }
        if (data is not null)
        {
            Write(parsed.GetValue(_personal), () => PersonalDataPredicate.Create(data));
        }
        if (model is not null)
        {
            Write(parsed.GetValue(_testResult), () => TestResultPredicate.Create(model));
        }
    }

    /// <summary>Writes what is shown.</summary>
    internal void WriteReports(ParseResult parsed, IReadOnlyList<ScanReport> reports, Func<Finding, bool> fails)
    {
        Write(parsed.GetValue(_sarif), () => SarifReport.Create(reports));
        Write(parsed.GetValue(_junit), () => JUnitReport.Create(reports, fails));
    }

    internal static Option<string?> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    internal static void Write(string? path, Func<byte[]> content)
    {
        if (path is not null)
        {
            DurableFile.Write(path, content(), replace: true);
        }
    }
}
