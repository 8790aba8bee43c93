using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;
using Spectre.Console;
using Severities = ArtifactTrust.Attestations.Predicates.Severities;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>scan</c>: what is known to be wrong with a subject, and whether its files are safe to load.</summary>
internal static class ScanCommand
{
    private const string Everything = "all";
    private const string ModelFiles = "model";
    private const string Packages = "trivy";
    private const string Nothing = "none";

    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var scanners = new Option<string>("--scanners")
        {
            Description = "model: look into model files for code; trivy: run Trivy",
            DefaultValueFactory = _ => Everything,
            HelpName = "all|model|trivy",
        };
        scanners.AcceptOnlyFromAmong(Everything, ModelFiles, Packages);
        var archive = new Option<bool>("--archive") { Description = "the file is an image as 'docker save' writes it" };
        var failOn = new Option<string>("--fail-on")
        {
            Description = "exit 1 on a finding of this severity or above",
            DefaultValueFactory = _ => "high",
            HelpName = "critical|high|medium|low|unknown|none",
        };
        failOn.AcceptOnlyFromAmong("critical", "high", "medium", "low", "unknown", Nothing);
        var report = new Option<string?>("--report") { Description = "write Trivy's own report", HelpName = "FILE" };
        var vuln = new Option<string?>("--vuln")
        {
            Description = "write the predicate for: attest --type vuln (Trivy's report whole, as cosign has it)",
            HelpName = "FILE",
        };
        var vulns = new Option<string?>("--vulns")
        {
            Description = "write the predicate for: attest --type vulns (in-toto vulns v0.2)",
            HelpName = "FILE",
        };
        var testResult = new Option<string?>("--test-result")
        {
            Description = "write the predicate for: attest --type test-result (the look into model files)",
            HelpName = "FILE",
        };
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var trivy = new TrivySettings();
        var verb = new Verb(
            "scan",
            "Look into model files for code that runs on loading, and run Trivy over packages and secrets. A CycloneDX file is scanned as an SBOM.",
            "artifact-trust scan ./model --scanners model --test-result model-scan.json",
            "artifact-trust scan registry.example.com/app:1.0 --vulns vulns.json --fail-on critical"
        )
        {
            subject,
            scanners,
            archive,
            failOn,
            report,
            vuln,
            vulns,
            testResult,
            ignore,
            noGit,
            Options.Output(),
        };
        trivy.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                var plan = ScanPlan.For(target, parsed.GetValue(scanners)!, parsed.GetValue(archive));
                var outputs = new ScanOutputs(
                    parsed.GetValue(report),
                    parsed.GetValue(vuln),
                    parsed.GetValue(vulns),
                    parsed.GetValue(testResult)
                );
                outputs.Check(plan);
                var threshold = parsed.GetValue(failOn) == Nothing ? null : (Severity?)Severities.FromWord(parsed.GetValue(failOn));
                ModelScanReport? model = null;
                if (plan.LooksIntoFiles)
                {
                    model = LookIntoFiles(session, target, ignore: parsed.GetValue(ignore) ?? [], parsed.GetValue(noGit), cancellation);
                }
                TrivyScan? packages = null;
                ScannerException? failure = null;
                if (plan.RunsTrivy)
                {
                    try
                    {
                        packages = await RunTrivyAsync(session, target, plan, trivy, parsed, cancellation);
                    }
                    catch (ScannerException e) when (model is not null)
                    {
                        // What was found in the files is told all the same.
                        failure = e;
                    }
                }
                outputs.Write(model, packages);
                return Report(session, target, model, packages, failure, threshold);
            }
        );
        return verb;
    }

    private static ModelScanReport LookIntoFiles(
        Session session,
        Subject subject,
        IEnumerable<string> ignore,
        bool noGit,
        CancellationToken cancellation
    )
    {
        var scanner = new ModelScanner(null, session.Time);
        if (subject is Subject.LocalFile file)
        {
            using var opened = ArtifactFile.Open(file.Path, null, cancellation);
            using var stream = new FileStream(opened.Handle, FileAccess.Read, bufferSize: 0);
            return scanner.Scan(opened.Name, stream, cancellation);
        }
        var path = ((Subject.LocalDirectory)subject).Path;
        using var tree = FileTree.Open(path);
        var files = tree.List(IgnoreOptions.Rules(ignore, path, noGit));
        if (files.Count == 0)
        {
            throw CliException.Rejected("empty-directory", $"the directory '{tree.Path}' has no files");
        }
        return session.Terminal.WithProgress(
            $"scanning {tree.Name}",
            files.Sum(f => f.Size),
            progress => scanner.Scan(tree, files, progress, cancellation)
        );
    }

    private static async Task<TrivyScan> RunTrivyAsync(
        Session session,
        Subject subject,
        ScanPlan plan,
        TrivySettings settings,
        ParseResult parsed,
        CancellationToken cancellation
    )
    {
        var scanner = settings.Scanner(parsed, session.Time);
        var (target, registry) = subject switch
        {
            Subject.Image image => await settings.ImageAsync(image.Reference, session, parsed, cancellation),
            Subject.LocalDirectory directory => (TrivyTarget.Directory(directory.Path), null),
            Subject.LocalFile file when plan.IsArchive => (TrivyTarget.Archive(file.Path), null),
            Subject.LocalFile file when plan.IsSbom => (TrivyTarget.Sbom(file.Path), null),
            Subject.LocalFile file => (TrivyTarget.Directory(file.Path), null),
            _ => throw new InvalidOperationException("a subject of no kind"),
        };
        return await scanner.ScanAsync(target, settings.Options(parsed, registry), cancellation);
    }

    private static int Report(
        Session session,
        Subject subject,
        ModelScanReport? model,
        TrivyScan? packages,
        ScannerException? failure,
        Severity? threshold
    )
    {
        var name = subject switch
        {
            Subject.LocalDirectory d => d.Path,
            Subject.LocalFile f => f.Path,
            Subject.Image i => i.Reference.ToString(),
            _ => "",
        };
        ScanReport[] reports = [.. new[] { model?.ToScanReport(name), packages?.Summary }.OfType<ScanReport>()];
        var findings = ScanReport.Sort(reports.SelectMany(r => r.Findings));
        // The scanner's word for a severity it does not know counts as the worst, unless nothing is to fail.
        var over = threshold is { } limit && findings.Any(f => f.Severity >= limit || f.Severity == Severity.Unknown);
        var complete = failure is null && reports.All(r => r.IsComplete);
        var code =
            over ? ExitCode.Rejected
            : complete ? ExitCode.Success
            : ExitCode.CouldNotTell;
        var result =
            over ? "rejected"
            : complete ? "scanned"
            : "inconclusive";
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "scan", result, code);
                writer.WriteString("subject", name);
                ScanJson.Write(writer, reports, model);
                if (failure is not null)
                {
                    writer.WriteStartObject("error");
                    writer.WriteString("code", "scanner");
                    writer.WriteString("message", failure.Message);
                    if (failure.Hint is not null)
                    {
                        writer.WriteString("hint", failure.Hint);
                    }
                    writer.WriteEndObject();
                }
                writer.WriteEndObject();
            });
            return code;
        }
        terminal.Line($"{result}: {Terminal.Clean(name)}");
        foreach (var report in reports)
        {
            terminal.Line($"  {report.Scanner.Name} {Terminal.Clean(report.Scanner.Version)}: {Counts(report)}");
            foreach (var text in report.Notes.Concat(report.Gaps.Select(g => $"not examined: {g}")))
            {
                terminal.Line($"    {Terminal.Clean(text)}");
            }
        }
        if (findings.Count > 0)
        {
            WriteTable(terminal, findings);
        }
        if (failure is not null)
        {
            terminal.Error.WriteLine($"error: {Terminal.Clean(failure.Message)}");
            if (failure.Hint is not null)
            {
                terminal.Error.WriteLine($"hint: {Terminal.Clean(failure.Hint)}");
            }
        }
        return code;
    }

    private static string Counts(ScanReport report) =>
        report.Findings.Count == 0
            ? "no findings"
            : string.Join(
                ", ",
                Severities.WorstFirst.Where(s => report.Count(s) > 0).Select(s => $"{report.Count(s)} {Severities.ToWord(s)}")
            );

    private static void WriteTable(Terminal terminal, IReadOnlyList<Finding> findings)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("severity", "finding", "where", "installed", "fixed in", "what");
        foreach (var finding in findings)
        {
            var color = finding.Severity switch
            {
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
                Escape(finding.Title)
            );
        }
        terminal.Ansi(terminal.Output).Write(table);
    }

    private static string Escape(string? text) => Markup.Escape(Terminal.Clean(text) ?? "");

    /// <summary>Which scanners look at a subject, and as what.</summary>
    private sealed record ScanPlan(bool LooksIntoFiles, bool RunsTrivy, bool IsSbom, bool IsArchive)
    {
        internal static ScanPlan For(Subject subject, string scanners, bool archive)
        {
            if (archive && subject is not Subject.LocalFile)
            {
                throw CliException.Usage(
                    "--archive goes with a file",
                    "an image in a registry or a layout is named as HOST/REPO or oci-layout:DIR"
                );
            }
            var local = subject is not Subject.Image && !archive;
            var sbom = subject is Subject.LocalFile file && !archive && IsSbomFile(file.Path);
            if (scanners == ModelFiles && (!local || sbom))
            {
                throw CliException.Usage("--scanners model looks into local model files only");
            }
            return new ScanPlan(local && !sbom && scanners != Packages, scanners != ModelFiles, sbom, archive);
        }

        /// <summary>Whether a file is an SBOM, by its content: JSON that says so in its first kilobytes.</summary>
        private static bool IsSbomFile(string path)
        {
            using var handle = File.OpenHandle(path);
            var head = new byte[4096];
            var text = System.Text.Encoding.UTF8.GetString(head, 0, RandomAccess.Read(handle, head, 0));
            return text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith('{')
                && (text.Contains("\"bomFormat\"", StringComparison.Ordinal) || text.Contains("\"spdxVersion\"", StringComparison.Ordinal));
        }
    }

    /// <summary>The files that a scan writes.</summary>
    private sealed record ScanOutputs(string? Report, string? Vuln, string? Vulns, string? TestResult)
    {
        internal void Check(ScanPlan plan)
        {
            if (!plan.RunsTrivy && (Report ?? Vuln ?? Vulns) is not null)
            {
                throw CliException.Usage("--report, --vuln and --vulns need Trivy", "leave out --scanners model");
            }
            if (!plan.LooksIntoFiles && TestResult is not null)
            {
                throw CliException.Usage("--test-result is of the look into model files, which this scan does not make");
            }
        }

        internal void Write(ModelScanReport? model, TrivyScan? packages)
        {
            if (packages is not null)
            {
                WriteTo(Report, packages.RawReport);
                WriteTo(Vuln, CosignVulnPredicate.Create(packages.Summary, packages.Report));
                WriteTo(Vulns, VulnsPredicate.Create(packages.Summary));
            }
            if (model is not null)
            {
                WriteTo(TestResult, TestResultPredicate.Create(model));
            }
        }

        private static void WriteTo(string? path, byte[] content)
        {
            if (path is not null)
            {
                AtomicFile.Write(path, content, replace: true);
            }
        }
    }

    /// <summary>The JSON form of scans.</summary>
    private static class ScanJson
    {
        internal static void Write(Utf8JsonWriter writer, IEnumerable<ScanReport> reports, ModelScanReport? model)
        {
            writer.WriteStartArray("scans");
            foreach (var report in reports)
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
                WriteStrings(writer, "gaps", report.Gaps);
                WriteStrings(writer, "notes", report.Notes);
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
                WriteStrings(writer, "imports", file.Imports.Select(i => $"{i.Module}.{i.Name}"));
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
            WriteOptional(writer, "package", finding.Package);
            WriteOptional(writer, "purl", finding.Purl);
            WriteOptional(writer, "installedVersion", finding.InstalledVersion);
            WriteOptional(writer, "fixedVersion", finding.FixedVersion);
            WriteOptional(writer, "status", finding.Status);
            WriteOptional(writer, "title", finding.Title);
            WriteOptional(writer, "location", finding.Location);
            WriteOptional(writer, "url", finding.PrimaryUrl);
            writer.WriteEndObject();
        }

        private static string Time(DateTimeOffset time) =>
            time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
        {
            if (value is not null)
            {
                writer.WriteString(name, value);
            }
        }

        private static void WriteStrings(Utf8JsonWriter writer, string name, IEnumerable<string> values)
        {
            writer.WriteStartArray(name);
            foreach (var value in values)
            {
                writer.WriteStringValue(value);
            }
            writer.WriteEndArray();
        }
    }
}
