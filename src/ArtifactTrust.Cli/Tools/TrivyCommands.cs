using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Tools;

/// <summary>The commands that Trivy is started with: its arguments, and an environment that is ours.</summary>
/// <param name="executable">Trivy.</param>
/// <param name="cache">Where its databases are.</param>
/// <param name="directory">Its working directory.</param>
/// <param name="variables">The environment variables of this process, for those that are passed on.</param>
internal sealed class TrivyCommands(TrivyExecutable executable, string cache, PrivateDirectory directory, Func<string, string?> variables)
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

    /// <summary>Where a scan writes its report.</summary>
    internal string Output { get; } = directory.File("report.json");

    /// <summary>To tell the version.</summary>
    internal ToolCommand Version() => Command(["version", "--format", "json", "--cache-dir", cache], TimeSpan.FromMinutes(1), null);

    /// <summary>To fetch the database of vulnerabilities.</summary>
    internal ToolCommand Update(TrivyOptions options)
    {
        List<string> arguments = ["image", "--download-db-only", "--cache-dir", cache, "--no-progress", .. Settings()];
        if (options.DatabaseRepository is { Length: > 0 } repository)
        {
            arguments.AddRange(["--db-repository", repository]);
        }
        // Without the credential: it is for the image's registry, and this is another.
        return Command(arguments, options.Timeout, null, options);
    }

    /// <summary>To fetch the database of Java packages.</summary>
    internal ToolCommand UpdateJava(TrivyOptions options, string repository) =>
        Command(
            ["image", "--download-java-db-only", "--cache-dir", cache, "--no-progress", .. Settings(), "--java-db-repository", repository],
            options.Timeout,
            null,
            options
        );

    /// <summary>To scan, or to list packages.</summary>
    /// <param name="target">The target.</param>
    /// <param name="input">The target, as Trivy is given it.</param>
    /// <param name="format">The form of the report.</param>
    /// <param name="lists">Whether packages are listed, and nothing is looked for.</param>
    /// <param name="vex">The VEX documents.</param>
    /// <param name="options">The options.</param>
    internal ToolCommand Scan(
        TrivyTarget target,
        string input,
        string format,
        bool lists,
        IReadOnlyList<TrivyVex> vex,
        TrivyOptions options
    )
    {
        var scanners = lists ? null : ScannerWords(target, options);
        List<string> arguments =
        [
            target.Command,
            "--format",
            format,
            "--output",
            Output,
            "--cache-dir",
            cache,
            // Layers that someone else has looked at, or says so, are looked at again; and scans do not wait for each other.
            "--cache-backend",
            "memory",
            "--no-progress",
            "--timeout",
            $"{(int)options.Timeout.TotalSeconds}s",
            "--skip-db-update",
            .. Settings(),
        ];
        if (scanners is not null)
        {
            arguments.AddRange(["--scanners", scanners]);
        }
        foreach (var document in vex)
        {
            arguments.AddRange(["--vex", document.Copy]);
        }
        if (vex.Count > 0)
        {
            arguments.Add("--show-suppressed");
        }
        if (options.Offline)
        {
            arguments.Add("--offline-scan");
        }
        if (options.Offline || options.Credential is not null || options.JavaDatabaseRepository is not null)
        {
            // The Java database comes from another registry than the image, which must not see the credential; or it was fetched before.
            arguments.Add("--skip-java-db-update");
        }
        if (options.LeavesOutJavaArchives)
        {
            // Trivy looks at the endings in any case, and at patterns as they are written.
            arguments.AddRange(["--skip-files", "**/*.[jJ][aA][rR]", "--skip-files", "**/*.[wWeEpP][aA][rR]"]);
        }
        if (options.ChecksBundleRepository is { Length: > 0 } checks && scanners?.Contains("misconfig", StringComparison.Ordinal) == true)
        {
            arguments.AddRange(["--checks-bundle-repository", checks]);
        }
        if (options.Server is { } server)
        {
            arguments.AddRange(["--server", server.Address]);
        }
        AddTarget(arguments, target, input, options);
        return Command(arguments, options.Timeout + TimeSpan.FromSeconds(10), options.Credential, options) with
        {
            OutputFile = Output,
            MaximumOutputFileBytes = Limits.ScanReportBytes,
        };
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

    private IEnumerable<string> Settings()
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

    private ToolCommand Command(
        IReadOnlyList<string> arguments,
        TimeSpan timeout,
        RegistryCredential? credential,
        TrivyOptions? options = null
    )
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // As variables, since older versions know no such flags.
            ["TRIVY_DISABLE_TELEMETRY"] = "true",
            ["TRIVY_SKIP_VERSION_CHECK"] = "true",
        };
        if (options?.ChecksBundleRepository is null || options.Offline)
        {
            environment["TRIVY_SKIP_CHECK_UPDATE"] = "true";
        }
        foreach (var name in PassedVariables)
        {
            if (variables(name) is { Length: > 0 } value)
            {
                environment[name] = value;
            }
        }
        if (options?.Authorities is { Length: > 0 } authorities)
        {
            environment["SSL_CERT_DIR"] = TrivyAuthorities.Write(authorities, environment.GetValueOrDefault("SSL_CERT_DIR"), directory);
        }
        var secrets = new List<string>();
        if (credential is not null)
        {
            environment["TRIVY_USERNAME"] = credential.UserName;
            environment["TRIVY_PASSWORD"] = credential.Password;
            secrets.Add(credential.Password);
        }
        if (options?.Server?.Token is { } token)
        {
            environment["TRIVY_TOKEN"] = token;
            secrets.Add(token);
        }
        return new ToolCommand(executable.Path, arguments)
        {
            Environment = environment,
            Timeout = timeout,
            Secrets = secrets,
        };
    }
}
