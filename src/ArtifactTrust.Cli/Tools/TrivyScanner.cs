using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Cli.Tools;

/// <summary>A scan by Trivy.</summary>
/// <param name="Summary">Who scanned, when, with which database, and what was found.</param>
/// <param name="Report">Trivy's report, read.</param>
/// <param name="RawReport">Trivy's report as it wrote it, UTF-8 JSON.</param>
/// <param name="Digest">The digest of the image's manifest that the report is bound to; null where the target has none.</param>
internal sealed record TrivyScan(ScanReport Summary, TrivyReport Report, byte[] RawReport, Digest? Digest);

/// <summary>Runs Trivy so that only its answer counts: what it says of the subject, not what the subject, the folder or the environment make it say.</summary>
/// <remarks>
/// Trivy takes settings from <c>trivy.yaml</c>, <c>trivy-secret.yaml</c> and <c>.trivyignore</c> in its working directory, and from <c>TRIVY_*</c> variables. It is started in
/// an empty directory, with empty files for the first two, and with no inherited variable but those for proxies and certificates. Filters are ours to
/// apply: Trivy reports everything, and an exit code other than zero is a failure of the scanner.
/// </remarks>
internal sealed class TrivyScanner(TrivyExecutable executable, TimeProvider? time = null)
{
    /// <summary>The package URL of Trivy, without a version.</summary>
    internal const string Uri = "pkg:github/aquasecurity/trivy";

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The executable.</summary>
    public TrivyExecutable Executable => executable;

    /// <summary>The environment variables of this process, for those that are passed on. Tests replace it.</summary>
    internal Func<string, string?> Variables { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Where Trivy keeps its databases if nobody says otherwise.</summary>
    public string DefaultCacheDirectory =>
        Variables("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathFullyQualified(cache)
            ? Path.Join(cache, "trivy")
            : Path.Join(Variables("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "trivy");

    /// <summary>Whether there is a database of Java packages, without which Trivy reads no Java archive and nothing beside one.</summary>
    public bool HasJavaDatabase(TrivyOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return File.Exists(Path.Join(options.CacheDirectory ?? DefaultCacheDirectory, "java-db", "metadata.json"));
    }

    /// <summary>Scans a subject.</summary>
    /// <exception cref="ScannerException">Trivy or its database failed, or the report is not of this subject: nothing is known.</exception>
    public async Task<TrivyScan> ScanAsync(TrivyTarget target, TrivyOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        CheckExecutable(options);
        var cache = Path.GetFullPath(options.CacheDirectory ?? DefaultCacheDirectory);
        using var directory = PrivateDirectory.Create();
        var commands = new TrivyCommands(executable, cache, directory, Variables);
        var version = await ReadVersionAsync(commands, directory, cancellation).ConfigureAwait(false);
        var notes = new List<string>();
        var usesDatabase = target.Command == "sbom" || options.Scanners.HasFlag(TrivyScanners.Vulnerabilities);
        TrivyDatabase? database = null;
        if (usesDatabase && options.Server is { } server)
        {
            var (serverVersion, serverDatabase) = await server.AskAsync(cancellation).ConfigureAwait(false);
            database = serverDatabase;
            notes.Add($"packages were looked up by the Trivy server {server.Address}, version {serverVersion}");
            if (database.CheckAge(_time.GetUtcNow(), options) is { } note)
            {
                notes.Add(note);
            }
        }
        else if (usesDatabase)
        {
            await UpdateDatabaseAsync(commands, directory, options, cancellation).ConfigureAwait(false);
            database = TrivyDatabase.Read(cache);
            if (database.CheckAge(_time.GetUtcNow(), options) is { } note)
            {
                notes.Add(note);
            }
        }
        var input = TrivyInput.Prepare(target, directory, notes, out var stated);
        if (target.IsInstalledSystem)
        {
            notes.Add("the directory was scanned as an installed system: what is installed is looked up, and not what lock files name");
        }
        var stating =
            target.IsDirectory && options.Scanners.HasFlag(TrivyScanners.Vulnerabilities)
                ? DirectoryPackages.Read(target, options.Ignored, cancellation)
                : null;
        var vex = TrivyVex.Prepare(options.VexFiles, target, directory);
        var started = _time.GetUtcNow();
        var raw = await RunAsync(commands, commands.Scan(target, input, "json", false, vex, options), target, directory, cancellation)
            .ConfigureAwait(false);
        var finished = _time.GetUtcNow();
        Executable.CheckUnchanged();
        var after =
            database is null ? null
            : options.Server is { } asked ? (await asked.AskAsync(cancellation).ConfigureAwait(false)).Database
            : TrivyDatabase.Read(cache);
        if (after != database)
        {
            throw new ScannerException("the vulnerability database was replaced while Trivy ran", "run it again");
        }
        var report = TrivyAnswer.ReadReport(raw);
        TrivyAnswer.CheckSubject(target, report);
        TrivyAnswer.Describe(report, notes);
        var scanner = new ScannerIdentity(
            "Trivy",
            Uri,
            version,
            // With a server, the program that finds vulnerabilities is not the one that was hashed.
            options.Server
                is null
                ? Executable.Digest
                : null,
            database?.ToVulnerabilityDatabase(options)
        );
        var (suppressed, gaps) = TrivyVex.Explain(report.Suppressed, vex, notes);
        return new TrivyScan(
            new ScanReport(
                scanner,
                target.Name,
                started,
                finished,
                ScanReport.Sort([.. report.Findings, .. suppressed]),
                [.. gaps, .. stated?.Unrecognized(report) ?? [], .. stating?.NotLookedUp(report) ?? []]
            )
            {
                Notes = notes,
            },
            report,
            raw,
            target.Digest
        );
    }

    /// <summary>Lists the packages of a subject as a CycloneDX document. No database is needed but the one of Java packages, where there are Java archives.</summary>
    /// <exception cref="ScannerException">Trivy failed, or what it wrote is no CycloneDX document.</exception>
    public async Task<byte[]> ListPackagesAsync(TrivyTarget target, TrivyOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        CheckExecutable(options);
        var cache = Path.GetFullPath(options.CacheDirectory ?? DefaultCacheDirectory);
        using var directory = PrivateDirectory.Create();
        var commands = new TrivyCommands(executable, cache, directory, Variables);
        await UpdateJavaDatabaseAsync(commands, directory, options, cancellation).ConfigureAwait(false);
        var command = commands.Scan(target, TrivyInput.Prepare(target, directory, [], out _), "cyclonedx", true, [], options);
        var bytes = await RunAsync(commands, command, target, directory, cancellation).ConfigureAwait(false);
        Executable.CheckUnchanged();
        try
        {
            var json = StrictJson.Parse(bytes, "CycloneDX BOM", Limits.ScanReportBytes);
            if (json.ValueKind == JsonValueKind.Object && StrictJson.OptionalString(json, "bomFormat", "CycloneDX BOM", "$") == "CycloneDX")
            {
                return bytes;
            }
        }
        catch (MalformedDataException e)
        {
            throw new ScannerException($"Trivy ended well, but its document cannot be read: {e.Message}", innerException: e);
        }
        throw new ScannerException("Trivy ended well, but what it wrote is no CycloneDX document");
    }

    private void CheckExecutable(TrivyOptions options)
    {
        if (options.RequiredExecutable is { } required && !required.Equals(Executable.Digest))
        {
            throw new ScannerException(
                $"'{Executable.Path}' is {Executable.Digest}; {required} is required",
                "install the required build of Trivy"
            );
        }
    }

    private async Task<string> ReadVersionAsync(TrivyCommands commands, PrivateDirectory directory, CancellationToken cancellation)
    {
        var result = await ToolProcess.RunAsync(commands.Version(), directory, cancellation).ConfigureAwait(false);
        TrivyAnswer.ThrowOnFailure(result, "tell its version");
        try
        {
            return StrictJson.RequiredString(StrictJson.Parse(result.Output, "Trivy version", 1 << 20), "Version", "Trivy version", "$");
        }
        catch (MalformedDataException e)
        {
            throw new ScannerException(
                $"'{Executable.Path}' does not answer as Trivy does: {e.Message}",
                "check that it is Trivy",
                result.ErrorExcerpt,
                e
            );
        }
    }

    private static async Task UpdateDatabaseAsync(
        TrivyCommands commands,
        PrivateDirectory directory,
        TrivyOptions options,
        CancellationToken cancellation
    )
    {
        if (options.Offline)
        {
            return;
        }
        TrivyAnswer.ThrowOnFailure(
            await ToolProcess.RunAsync(commands.Update(options), directory, cancellation).ConfigureAwait(false),
            "fetch its vulnerability database"
        );
        await UpdateJavaDatabaseAsync(commands, directory, options, cancellation).ConfigureAwait(false);
    }

    private static async Task UpdateJavaDatabaseAsync(
        TrivyCommands commands,
        PrivateDirectory directory,
        TrivyOptions options,
        CancellationToken cancellation
    )
    {
        if (!options.Offline && !options.LeavesOutJavaArchives && options.JavaDatabaseRepository is { Length: > 0 } java)
        {
            TrivyAnswer.ThrowOnFailure(
                await ToolProcess.RunAsync(commands.UpdateJava(options, java), directory, cancellation).ConfigureAwait(false),
                "fetch its database of Java packages"
            );
        }
    }

    private static async Task<byte[]> RunAsync(
        TrivyCommands commands,
        ToolCommand command,
        TrivyTarget target,
        PrivateDirectory directory,
        CancellationToken cancellation
    )
    {
        var result = await ToolProcess.RunAsync(command, directory, cancellation).ConfigureAwait(false);
        TrivyAnswer.ThrowOnFailure(result, $"scan {target.Name}");
        return TrivyAnswer.Read(commands.Output, result);
    }
}
