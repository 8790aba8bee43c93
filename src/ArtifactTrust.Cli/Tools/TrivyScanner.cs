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
    // What a program behind a proxy, or in a network with its own certificates, cannot do without.
    private static readonly string[] PassedVariables =
    [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ];

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

    /// <summary>Scans a subject.</summary>
    /// <exception cref="ScannerException">Trivy or its database failed, or the report is not of this subject: nothing is known.</exception>
    public async Task<TrivyScan> ScanAsync(TrivyTarget target, TrivyOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        CheckExecutable(options);
        var cache = Path.GetFullPath(options.CacheDirectory ?? DefaultCacheDirectory);
        using var directory = PrivateDirectory.Create();
        var version = await ReadVersionAsync(directory, cache, cancellation).ConfigureAwait(false);
        var notes = new List<string>();
        var usesDatabase = target.Command == "sbom" || options.Scanners.HasFlag(TrivyScanners.Vulnerabilities);
        TrivyDatabase? database = null;
        if (usesDatabase)
        {
            await UpdateDatabaseAsync(directory, cache, options, cancellation).ConfigureAwait(false);
            database = TrivyDatabase.Read(cache);
            if (database.CheckAge(_time.GetUtcNow(), options) is { } note)
            {
                notes.Add(note);
            }
        }
        var input = PrepareInput(target, directory, notes);
        var started = _time.GetUtcNow();
        var raw = await RunAsync(target, input, "json", ScannerWords(target, options), options, directory, cache, cancellation)
            .ConfigureAwait(false);
        var finished = _time.GetUtcNow();
        Executable.CheckUnchanged();
        if (database is not null && TrivyDatabase.Read(cache) != database)
        {
            throw new ScannerException("the vulnerability database was replaced while Trivy ran", "run it again");
        }
        var report = ReadReport(raw);
        CheckSubject(target, report);
        Describe(report, notes);
        var scanner = new ScannerIdentity(
            "Trivy",
            "pkg:github/aquasecurity/trivy",
            version,
            Executable.Digest,
            database?.ToVulnerabilityDatabase(options)
        );
        string[] gaps = report.SuppressedCount > 0 ? [$"Trivy left out {report.SuppressedCount} findings"] : [];
        return new TrivyScan(
            new ScanReport(scanner, target.Name, started, finished, report.Findings, gaps) { Notes = notes },
            report,
            raw,
            target.Digest
        );
    }

    /// <summary>Lists the packages of a subject as a CycloneDX document. No database is needed.</summary>
    /// <exception cref="ScannerException">Trivy failed, or what it wrote is no CycloneDX document.</exception>
    public async Task<byte[]> ListPackagesAsync(TrivyTarget target, TrivyOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        CheckExecutable(options);
        var cache = Path.GetFullPath(options.CacheDirectory ?? DefaultCacheDirectory);
        using var directory = PrivateDirectory.Create();
        var input = PrepareInput(target, directory, []);
        var bytes = await RunAsync(target, input, "cyclonedx", null, options, directory, cache, cancellation).ConfigureAwait(false);
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

    private static string ScannerWords(TrivyTarget target, TrivyOptions options)
    {
        if (target.Command == "sbom")
        {
            return "vuln";
        }
        var words = new List<string>();
        Add(TrivyScanners.Vulnerabilities, "vuln");
        Add(TrivyScanners.Secrets, "secret");
        Add(TrivyScanners.Misconfigurations, "misconfig");
        Add(TrivyScanners.Licenses, "license");
        return words.Count > 0 ? string.Join(',', words) : throw new ArgumentException("there is nothing to look for", nameof(options));

        void Add(TrivyScanners scanner, string word)
        {
            if (options.Scanners.HasFlag(scanner))
            {
                words.Add(word);
            }
        }
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

    private async Task<string> ReadVersionAsync(PrivateDirectory directory, string cache, CancellationToken cancellation)
    {
        var command = Command(["version", "--format", "json", "--cache-dir", cache], TimeSpan.FromMinutes(1), null);
        var result = await ToolProcess.RunAsync(command, directory, cancellation).ConfigureAwait(false);
        ThrowOnFailure(result, "tell its version");
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

    private async Task UpdateDatabaseAsync(PrivateDirectory directory, string cache, TrivyOptions options, CancellationToken cancellation)
    {
        if (options.Offline)
        {
            return;
        }
        List<string> arguments = ["image", "--download-db-only", "--cache-dir", cache, "--no-progress", .. Settings(directory)];
        if (options.DatabaseRepository is { Length: > 0 } repository)
        {
            arguments.AddRange(["--db-repository", repository]);
        }
        // Without the credential: it is for the image's registry, and this is another.
        var result = await ToolProcess.RunAsync(Command(arguments, options.Timeout, null), directory, cancellation).ConfigureAwait(false);
        ThrowOnFailure(result, "fetch its vulnerability database");
    }

    private async Task<byte[]> RunAsync(
        TrivyTarget target,
        string input,
        string format,
        string? scanners,
        TrivyOptions options,
        PrivateDirectory directory,
        string cache,
        CancellationToken cancellation
    )
    {
        var output = directory.File("report.json");
        List<string> arguments =
        [
            target.Command,
            "--format",
            format,
            "--output",
            output,
            "--cache-dir",
            cache,
            // Layers that someone else has looked at, or says so, are looked at again; and scans do not wait for each other.
            "--cache-backend",
            "memory",
            "--no-progress",
            "--timeout",
            $"{(int)options.Timeout.TotalSeconds}s",
            "--skip-db-update",
            .. Settings(directory),
        ];
        if (scanners is not null)
        {
            arguments.AddRange(["--scanners", scanners]);
        }
        if (options.Offline)
        {
            arguments.Add("--offline-scan");
        }
        if (options.Offline || options.Credential is not null)
        {
            // The Java database comes from another registry than the image, which must not see the credential.
            arguments.Add("--skip-java-db-update");
        }
        AddTarget(arguments, target, input, options);
        var command = Command(arguments, options.Timeout + TimeSpan.FromSeconds(10), options.Credential);
        if (target.IsRemote && options.Authorities is { Length: > 0 } authorities)
        {
            command = command with { Environment = WithAuthorities(command.Environment, authorities, directory) };
        }
        command = command with { OutputFile = output, MaximumOutputFileBytes = Limits.ScanReportBytes };
        var result = await ToolProcess.RunAsync(command, directory, cancellation).ConfigureAwait(false);
        ThrowOnFailure(result, $"scan {target.Name}");
        return ReadOutput(output, result);
    }

    /// <summary>The environment with a directory of certificates more: besides the system's file of them, which stays as it is.</summary>
    private static Dictionary<string, string> WithAuthorities(
        IReadOnlyDictionary<string, string> environment,
        string authorities,
        PrivateDirectory directory
    )
    {
        var path = Directory.CreateDirectory(directory.File("authorities")).FullName;
        File.WriteAllText(Path.Join(path, "registry.pem"), authorities);
        // Where nothing is set, Go looks into these; naming one hides them.
        var others = environment.GetValueOrDefault("SSL_CERT_DIR") is { Length: > 0 } set ? set : "/etc/ssl/certs:/etc/pki/tls/certs";
        return new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["SSL_CERT_DIR"] = $"{path}:{others}" };
    }

    private static void AddTarget(List<string> arguments, TrivyTarget target, string input, TrivyOptions options)
    {
        if (target.IsRemote)
        {
            arguments.AddRange(["--image-src", "remote"]);
            if (options.Insecure)
            {
                arguments.Add("--insecure");
            }
        }
        if (target.Command == "image" && options.Platform is { Length: > 0 } platform)
        {
            arguments.Add($"--platform={platform}");
        }
        if (target.Command == "image" && !target.IsRemote)
        {
            arguments.Add("--input");
        }
        arguments.Add(input);
    }

    private static IEnumerable<string> Settings(PrivateDirectory directory)
    {
        var configuration = directory.File("settings.yaml");
        var ignore = directory.File("ignore");
        if (!File.Exists(ignore))
        {
            File.WriteAllText(configuration, "{}\n");
            File.WriteAllText(ignore, "");
        }
        return ["--config", configuration, "--ignorefile", ignore];
    }

    /// <summary>What Trivy is given as its target: a copy or a link where it could not take the original.</summary>
    private static string PrepareInput(TrivyTarget target, PrivateDirectory directory, List<string> notes)
    {
        if (target.IsLayout)
        {
            var path = target.Value;
            if (path.Contains('@', StringComparison.Ordinal) || path.Contains(':', StringComparison.Ordinal))
            {
                // Trivy splits its argument at the first of them.
                path = directory.File("layout");
                Directory.CreateSymbolicLink(path, target.Value);
            }
            return target.Digest is { } digest ? $"{path}@{digest}" : $"{path}:{target.Tag}";
        }
        if (target.Command != "sbom")
        {
            return target.Value;
        }
        try
        {
            // Always a copy: what is scanned is then what was read, whatever happens to the file.
            var copy = BomScanCopy.Of(ReadBounded(target.Value, "SBOM", Limits.ScanReportBytes));
            if (copy.ReplacedRootType is { } type)
            {
                notes.Add($"for the scan the SBOM's root component was an application instead of a {type}, which Trivy does not read");
            }
            var path = directory.File("sbom.json");
            using var written = File.Create(path);
            written.Write(copy.Utf8.Span);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"the SBOM cannot be read: {e.Message}", innerException: e);
        }
    }

    private ToolCommand Command(IReadOnlyList<string> arguments, TimeSpan timeout, RegistryCredential? credential)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // As variables, since older versions know no such flags.
            ["TRIVY_DISABLE_TELEMETRY"] = "true",
            ["TRIVY_SKIP_VERSION_CHECK"] = "true",
            ["TRIVY_SKIP_CHECK_UPDATE"] = "true",
        };
        foreach (var name in PassedVariables)
        {
            if (Variables(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
        if (credential is not null)
        {
            environment["TRIVY_USERNAME"] = credential.UserName;
            environment["TRIVY_PASSWORD"] = credential.Password;
        }
        return new ToolCommand(Executable.Path, arguments)
        {
            Environment = environment,
            Timeout = timeout,
            Secrets = credential is null ? [] : [credential.Password],
        };
    }

    private static void ThrowOnFailure(ToolResult result, string task)
    {
        if (result.ExitCode != 0)
        {
            throw new ScannerException(
                $"Trivy could not {task} (exit code {result.ExitCode})",
                TrivyHints.For(result.ErrorExcerpt),
                result.ErrorExcerpt.Length > 0 ? result.ErrorExcerpt : null
            );
        }
    }

    private static byte[] ReadOutput(string path, ToolResult result)
    {
        try
        {
            return ReadBounded(path, "Trivy report", Limits.ScanReportBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"Trivy ended well, but there is no report to read: {e.Message}", null, result.ErrorExcerpt, e);
        }
    }

    private static byte[] ReadBounded(string path, string format, int maximumBytes)
    {
        using var file = File.OpenRead(path);
        StrictJson.CheckLength(file.Length, format, maximumBytes);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static TrivyReport ReadReport(byte[] raw)
    {
        try
        {
            return TrivyReport.Parse(raw);
        }
        catch (MalformedDataException e)
        {
            throw new ScannerException($"Trivy ended well, but its report cannot be read: {e.Message}", innerException: e);
        }
    }

    /// <summary>Checks that the report is about the image that was asked for.</summary>
    private static void CheckSubject(TrivyTarget target, TrivyReport report)
    {
        if (target.Digest is not { } digest)
        {
            return;
        }
        var named =
            report.RepoDigests.Count > 0
                ? report.RepoDigests.Any(d => d.EndsWith($"@{digest}", StringComparison.Ordinal))
                : !target.IsRemote;
        if (!named)
        {
            throw new ScannerException(
                $"Trivy's report is about {string.Join(", ", report.RepoDigests.DefaultIfEmpty("no digest"))}, not about {digest}"
            );
        }
        if (target.IsLayout && ConfigurationOf(target.Value, digest) is { } configuration && configuration != report.ImageId)
        {
            throw new ScannerException(
                $"Trivy's report is about the image {report.ImageId ?? "(none)"}, not about {configuration}, the one that {digest} names"
            );
        }
    }

    /// <summary>The configuration that a manifest of an image layout names; null where the manifest is an index or cannot be read.</summary>
    private static string? ConfigurationOf(string layout, Digest digest)
    {
        try
        {
            var bytes = ReadBounded(
                Path.Join(layout, "blobs", digest.Algorithm.Name, digest.Hex),
                "image manifest",
                Limits.OciManifestBytes
            );
            if (!digest.Algorithm.Hash(bytes).Equals(digest))
            {
                throw new ScannerException($"the manifest in '{layout}' is not {digest}");
            }
            var json = StrictJson.Parse(bytes, "image manifest", Limits.OciManifestBytes);
            return json.TryGetProperty("config", out var configuration)
                ? StrictJson.OptionalString(configuration, "digest", "image manifest", "$.config")
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedDataException)
        {
            throw new ScannerException($"the manifest {digest} in '{layout}' cannot be read: {e.Message}", innerException: e);
        }
    }

    private static void Describe(TrivyReport report, List<string> notes)
    {
        if (report.Platform is { } platform)
        {
            notes.Add($"the image for {platform} was scanned");
        }
        if (report.OperatingSystem is { IsEndOfLife: true } ended)
        {
            notes.Add($"{ended.Family} {ended.Name} is no longer maintained: that nothing is found in it says little");
        }
        if (report.PackageCount == 0)
        {
            notes.Add("no package was recognized");
        }
    }
}
