using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Scans;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;
using ArtifactTrust.Sbom.Packages;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Waivers;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>scan</c>: what is known to be wrong with a subject, and whether its files are safe to load.</summary>
internal static class ScanCommand
{
    internal static Command Create(Session session)
    {
        var subject = Options.Subject();
        var scanners = new Option<string>("--scanners")
        {
            Description = "model: look into files for code and secrets; data: for secrets only; trivy: run Trivy",
            DefaultValueFactory = _ => ScanPlan.Everything,
            HelpName = "all|model|data|trivy",
        };
        scanners.AcceptOnlyFromAmong(ScanPlan.Everything, ScanPlan.ModelFiles, ScanPlan.DataFiles, ScanPlan.Packages);
        var archive = new Option<bool>("--archive") { Description = "the file is an image as 'docker save' writes it" };
        var platform = PlatformOption.Create();
        var ignore = Options.IgnorePaths();
        var noGit = Options.NoIgnoreGitPaths();
        var people = new Option<bool>("--pii") { Description = "look for data about people too, in CSV, JSON, Parquet and text" };
        var failOnPeople = new Option<string?>("--fail-on-pii")
        {
            Description = "with --pii, exit 1 on these kinds whatever their severity",
            HelpName = "email,phone,…|all",
        };
        var filters = new ScanFilters();
        var outputs = new ScanOutputs();
        var modelScan = new ModelScanSettings();
        var trivy = new TrivySettings(scans: true);
        var verb = new Verb(
            "scan",
            "Look into files for code that runs on loading, secrets and data about people, and run Trivy. A CycloneDX file is scanned as an SBOM.",
            "artifact-trust scan ./model --scanners model --test-result model-scan.json",
            "artifact-trust scan registry.example.com/app:1.0 --vulns vulns.json --fail-on critical --sarif scan.sarif"
        )
        {
            subject,
            scanners,
            archive,
            platform,
            ignore,
            noGit,
            people,
            failOnPeople,
            Options.Output(),
        };
        modelScan.AddTo(verb);
        filters.AddTo(verb);
        outputs.AddTo(verb);
        trivy.AddTo(verb);
        verb.SetAction(
            async (parsed, cancellation) =>
            {
                var target = Subject.Parse(parsed.GetValue(subject)!);
                var chosenPlatform = PlatformOption.ReadFor([target], parsed.GetValue(platform));
                var plan = ScanPlan.For(target, parsed.GetValue(scanners)!, parsed.GetValue(archive));
                trivy.RequireUse(parsed, plan.RunsTrivy, target.IsInRegistry());
                if (target is Subject.LocalFile)
                {
                    parsed.RequireDirectory([ignore, noGit], target);
                }
                var forPeople = parsed.GetValue(people);
                outputs.Check(parsed, plan, forPeople);
                modelScan.Check(parsed, plan.LooksIntoModels);
                if (forPeople && !plan.LooksIntoFiles)
                {
                    throw CliException.Usage("--pii looks into files, which this scan does not");
                }
                var chosen = filters.Read(parsed) with { FailingKinds = PersonalKinds.Read(parsed.GetValue(failOnPeople), forPeople) };
                var name = NameOf(target);
                var reports = new List<ScanReport>();
                var files = LocalScans.None;
                if (plan.RunsTrivy && target is Subject.Image { Reference: RegistryReference registry })
                {
                    trivy.CheckWayTo(registry, parsed);
                }
                if (plan.LooksIntoFiles)
                {
                    using var images = trivy.Images.Opener(session, parsed)();
                    var rules = plan.LooksIntoModels ? modelScan.Rules(parsed) : null;
                    // An artifact has no files of version control's: whatever is in it is its content.
                    IgnoreRules Ignored(string path, bool isArtifact) =>
                        IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], path, isArtifact || parsed.GetValue(noGit));
                    if (ImageOf(target, plan) is { } image)
                    {
                        var found = await images.ManifestAsync(image.Reference, chosenPlatform, cancellation);
                        files = await new ImageScans(session, rules, forPeople).RunAsync(
                            found,
                            name,
                            path => Ignored(path, true),
                            cancellation
                        );
                        if (target is Subject.Image)
                        {
                            // Trivy looks into the same one, wherever the tag leads by then.
                            target = new Subject.Image(OciReference.Parse($"{image.Reference.Place}@{found.Manifest.Descriptor.Digest}"));
                            chosenPlatform = null;
                        }
                    }
                    else
                    {
                        files = LocalScans.Run(session, target, path => Ignored(path, false), name, rules, forPeople, cancellation);
                    }
                    reports.AddRange(files.Reports);
                }
                TrivyScan? packages = null;
                ScannerException? failure = null;
                if (plan.RunsTrivy)
                {
                    try
                    {
                        var ignored = target is Subject.LocalDirectory { Path: var path }
                            ? IgnoreOptions.Rules(parsed.GetValue(ignore) ?? [], path, parsed.GetValue(noGit))
                            : IgnoreRules.None;
                        packages = await RunTrivyAsync(session, target, chosenPlatform, plan, trivy, ignored, parsed, cancellation);
                        reports.Add(packages.Summary);
                    }
                    catch (ScannerException e)
                    {
                        // What was found in the files is told all the same.
                        failure = e;
                    }
                }
                outputs.WriteEvidence(parsed, files.Model, files.Data, packages);
                modelScan.Write(parsed, files.Model);
                var scans = chosen.Apply(reports, session.Time.GetUtcNow());
                var written = failure is null ? scans.Reports : [.. scans.Reports, Failed(failure, name, session.Time.GetUtcNow())];
                outputs.WriteReports(parsed, written, chosen.Fails);
                if (failure is not null && reports.Count == 0)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }
                return Report(session, name, scans, files.Model, failure, chosen);
            }
        );
        return verb;
    }

    private static Subject.Image? ImageOf(Subject subject, ScanPlan plan) =>
        subject is Subject.LocalFile file && plan.IsArchive
            ? SbomPackages.ArchiveAt(file.Path)
                ?? throw CliException.Usage($"'{file.Path}' is no archive of an image", "--archive takes what 'docker save' writes")
            : subject as Subject.Image;

    private static string NameOf(Subject subject) =>
        subject switch
        {
            Subject.LocalDirectory d => d.Path,
            Subject.LocalFile f => f.Path,
            Subject.Image i => i.Reference.ToString(),
            _ => "",
        };

    private static async Task<TrivyScan> RunTrivyAsync(
        Session session,
        Subject subject,
        Platform? platform,
        ScanPlan plan,
        TrivySettings settings,
        IgnoreRules ignored,
        ParseResult parsed,
        CancellationToken cancellation
    )
    {
        var scanner = settings.Scanner(parsed, session.Time);
        using var images = settings.Images.Opener(session, parsed)();
        using var scratch = PrivateDirectory.Create();
        var (target, registry) = subject switch
        {
            Subject.Image image => await settings.ImageAsync(image.Reference, platform, images, scratch, parsed, cancellation),
            Subject.LocalDirectory directory when PackageTree.IsInstalledSystem(directory.Path) => (
                TrivyTarget.RootFileSystem(directory.Path),
                null
            ),
            Subject.LocalDirectory directory => (TrivyTarget.Directory(directory.Path), null),
            Subject.LocalFile file when plan.IsArchive => (TrivyTarget.Archive(file.Path), null),
            Subject.LocalFile file when plan.IsSbom => (TrivyTarget.Sbom(file.Path), null),
            Subject.LocalFile file => (TrivyTarget.Directory(file.Path), null),
            _ => throw new InvalidOperationException("a subject of no kind"),
        };
        return await scanner.ScanAsync(target, settings.Options(parsed, registry) with { Ignored = ignored }, cancellation);
    }

    /// <summary>A scan that failed, as a report: nothing was examined.</summary>
    private static ScanReport Failed(ScannerException failure, string target, DateTimeOffset now) =>
        new(new ScannerIdentity("Trivy", TrivyScanner.Uri, "unknown", null, null), target, now, now, [], [failure.Message]);

    private static int Report(
        Session session,
        string name,
        WaivedScans scans,
        ModelScanReport? model,
        ScannerException? failure,
        ScanFilters.Chosen chosen
    )
    {
        var over = scans.Reports.SelectMany(r => r.Findings).Any(chosen.Fails);
        var complete = failure is null && scans.Reports.All(r => r.IsComplete);
        var (code, result) =
            over ? (ExitCode.Rejected, "rejected")
            : complete ? (ExitCode.Success, "scanned")
            : (ExitCode.CouldNotTell, "inconclusive");
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, "scan", result, code);
                writer.WriteString("subject", name);
                ScanJson.Write(writer, scans, model);
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
        ScanText.Write(terminal, result, name, scans);
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
}
