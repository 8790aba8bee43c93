using System.CommandLine;
using System.Globalization;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options about Trivy that <c>scan</c> and <c>sbom</c> share.</summary>
/// <param name="scans">Whether Trivy looks for more than packages, and the options about what it looks for are taken.</param>
internal sealed class TrivySettings(bool scans = false)
{
    private static readonly (string Word, TrivyScanners Scanner)[] ScannerWords =
    [
        ("vuln", TrivyScanners.Vulnerabilities),
        ("secret", TrivyScanners.Secrets),
        ("misconfig", TrivyScanners.Misconfigurations),
        ("license", TrivyScanners.Licenses),
    ];

    private readonly Option<string> _scanners = new("--trivy-scanners")
    {
        Description = "what Trivy looks for: vuln, secret, misconfig, license",
        DefaultValueFactory = _ => "vuln,secret",
        HelpName = "vuln,secret,…",
    };

    private readonly Option<string[]> _vex = new("--vex")
    {
        Description =
            "a VEX document (OpenVEX, CSAF; CycloneDX for SBOMs) that says what does not affect the subject; may be given several times",
        HelpName = "FILE",
    };

    private readonly Option<string?> _trivy = new("--trivy")
    {
        Description = $"Trivy's executable (else {TrivyExecutable.Variable}, else PATH)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _sha256 = new("--trivy-sha256")
    {
        Description = "the only executable to accept, by its SHA-256",
        HelpName = "HEX",
    };

    private readonly Option<string?> _cache = new("--trivy-cache")
    {
        Description = "where Trivy's databases are (Trivy's own place)",
        HelpName = "DIR",
    };

    private readonly Option<string?> _repository = new("--db-repository")
    {
        Description = "where Trivy's database is fetched from",
        HelpName = "REF",
    };

    private readonly Option<string?> _javaRepository = new("--java-db-repository")
    {
        Description = "where Trivy's database of Java packages is fetched from",
        HelpName = "REF",
    };

    private readonly Option<string?> _checks = new("--checks-bundle-repository")
    {
        Description = "where Trivy's misconfiguration checks are fetched from (else those built into it)",
        HelpName = "REF",
    };

    private readonly Option<string?> _server = new("--trivy-server")
    {
        Description = "a Trivy server that has the databases",
        HelpName = "URL",
    };

    private readonly Option<string?> _tokenFile = new("--trivy-token-file")
    {
        Description = $"the file that holds the server's token (else {TrivyServer.TokenVariable})",
        HelpName = "FILE",
    };

    private readonly Option<bool> _offline = new("--offline") { Description = "use the databases that are there, and no network" };

    private readonly Option<string> _age = new("--max-db-age")
    {
        Description = "how old the vulnerability database may be",
        DefaultValueFactory = _ => "7d",
        HelpName = "N[hdw]",
    };

    private readonly Option<bool> _stale = new("--allow-stale-db")
    {
        Description = "use an older database all the same; the report says so",
    };

    /// <summary>How registries are reached.</summary>
    internal ImageOptions Images { get; } = new();

    internal void AddTo(Command verb)
    {
        Images.AddTo(verb);
        foreach (var option in (Option[])[.. Own, _offline])
        {
            verb.Options.Add(option);
        }
    }

    // Packages are listed without the database of vulnerabilities.
    private Option[] Own =>
        [
            _trivy,
            _sha256,
            _cache,
            _javaRepository,
            .. scans ? (Option[])[_scanners, _vex, _repository, _age, _stale, _checks, _server, _tokenFile] : [],
        ];

    /// <summary>Throws where an option about Trivy was given and Trivy is not run, or one about registries and there is none either.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal void RequireUse(ParseResult parsed, bool isRun, bool isInRegistry)
    {
        if (!isRun)
        {
            // --offline stays true without Trivy.
            parsed.Refuse(Own, "is for Trivy, which is not run here");
        }
        // Trivy fetches its databases from registries.
        Images.RequireRegistry(parsed, isInRegistry || isRun);
    }

    /// <summary>Whether the command line names an executable.</summary>
    internal bool IsGiven(ParseResult parsed) => parsed.GetValue(_trivy) is not null;

    /// <summary>Finds Trivy.</summary>
    /// <exception cref="ScannerException">It is not there.</exception>
    internal TrivyScanner Scanner(ParseResult parsed, TimeProvider time) =>
        new(TrivyExecutable.Find(parsed.GetValue(_trivy), Environment.GetEnvironmentVariable), time);

    /// <summary>How to run it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="registry">How the registry of the image is reached; null where there is none.</param>
    /// <exception cref="CliException">An option is not of its form.</exception>
    internal TrivyOptions Options(ParseResult parsed, TrivyRegistry? registry) =>
        new()
        {
            CacheDirectory = parsed.GetValue(_cache),
            DatabaseRepository = scans ? parsed.GetValue(_repository) : null,
            JavaDatabaseRepository = parsed.GetValue(_javaRepository),
            ChecksBundleRepository = scans ? parsed.GetValue(_checks) : null,
            Server = scans ? TrivyServer.From(parsed.GetValue(_server), parsed.GetValue(_tokenFile), Images.IsPlainHttp(parsed)) : null,
            Offline = parsed.GetValue(_offline),
            MaximumDatabaseAge = scans ? Age(parsed.GetValue(_age)!) : TrivyOptions.DefaultMaximumDatabaseAge,
            AllowStaleDatabase = scans && parsed.GetValue(_stale),
            RequiredExecutable = Required(parsed.GetValue(_sha256)),
            Insecure = Images.IsPlainHttp(parsed),
            Credential = registry?.Credential,
            Authorities = registry?.Authorities ?? Images.Tls(parsed).ExportAuthorities(null),
            Scanners = scans ? Scanners(parsed.GetValue(_scanners)!) : TrivyScanners.Vulnerabilities | TrivyScanners.Secrets,
            VexFiles = scans ? Vex(parsed.GetValue(_vex) ?? []) : [],
        };

    private static TrivyScanners Scanners(string text)
    {
        var chosen = TrivyScanners.None;
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var scanner = ScannerWords.FirstOrDefault(w => w.Word == word).Scanner;
            chosen |=
                scanner != TrivyScanners.None
                    ? scanner
                    : throw CliException.Usage(
                        $"--trivy-scanners '{word}' is none of {string.Join(", ", ScannerWords.Select(w => w.Word))}"
                    );
        }
        return chosen;
    }

    private static string[] Vex(string[] paths)
    {
        foreach (var path in paths)
        {
            CliException.RequireFile(path, "VEX document");
        }
        return paths;
    }

    /// <summary>An image as Trivy is to fetch it: by the digest that its reference has now, and in the way that it was found here. One in an archive becomes a layout, which Trivy reads.</summary>
    /// <param name="reference">The image.</param>
    /// <param name="platform">The platform of an index whose image is meant; null for what Trivy takes.</param>
    /// <param name="images">How images are reached.</param>
    /// <param name="scratch">Where an archive is unpacked to.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="CliException">Trivy cannot reach its registry.</exception>
    /// <exception cref="ScannerException">It is no container image.</exception>
    internal async Task<(TrivyTarget Target, TrivyRegistry? Registry)> ImageAsync(
        OciReference reference,
        Platform? platform,
        Images images,
        PrivateDirectory scratch,
        ParseResult parsed,
        CancellationToken cancellation
    )
    {
        // Asked first, so that what cannot be scanned costs nothing.
        var way = reference is RegistryReference host ? await WayToAsync(host, parsed, cancellation) : null;
        var (store, descriptor) = await images.ResolveAsync(reference, platform, cancellation);
        var root = await store.GetManifestAsync(descriptor.Digest, cancellation);
        if (!root.IsIndex && !ImageConfiguration.IsOf(root.ToImageManifest().Config))
        {
            throw new ScannerException(
                $"Trivy scans container images, and '{reference}' is another artifact",
                "--scanners model looks into its files without Trivy; for Trivy pull it, and scan the directory"
            );
        }
        switch (reference)
        {
            case RegistryReference registry:
                return (TrivyTarget.Registry($"{registry.Host}/{registry.Repository}", descriptor.Digest), way);
            case LayoutReference layout:
                return (TrivyTarget.Layout(layout.Directory, descriptor.Digest), null);
            default:
                var path = scratch.File("unpacked");
                using (var layout = await ImageLayout.CreateAsync(path, cancellation))
                {
                    await new ImageCopier(store, layout, 1).CopyAsync(root, null, evidence: false, cancellation);
                }
                return (TrivyTarget.Layout(path, descriptor.Digest), null);
        }
    }

    /// <summary>Refuses a registry that Trivy cannot reach, at no cost.</summary>
    /// <exception cref="CliException">It shows no client certificate.</exception>
    internal void CheckWayTo(RegistryReference registry, ParseResult parsed)
    {
        if (Images.Tls(parsed).HasClientCertificate(registry))
        {
            throw CliException.Usage(
                $"{registry.Host} is shown a client certificate, and Trivy shows none to registries",
                "copy the image first, and scan the copy: artifact-trust copy SUBJECT oci-layout:DIR"
            );
        }
    }

    /// <summary>How Trivy reaches a registry.</summary>
    /// <exception cref="CliException">It cannot: it shows no client certificate.</exception>
    internal async Task<TrivyRegistry> WayToAsync(RegistryReference registry, ParseResult parsed, CancellationToken cancellation)
    {
        CheckWayTo(registry, parsed);
        var found = await DockerCredentials.FromEnvironment().FindAsync(registry, cancellation);
        var credential = found is { Username: { } user, Password: { } password } ? new Tools.RegistryCredential(user, password) : null;
        return new TrivyRegistry(credential, Images.Tls(parsed).ExportAuthorities(registry));
    }

    private static TimeSpan Age(string text)
    {
        var unit = text.Length > 0 ? text[^1] : ' ';
        var factor = unit switch
        {
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            'w' => TimeSpan.FromDays(7),
            _ => TimeSpan.Zero,
        };
        return
            factor > TimeSpan.Zero
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count is > 0 and < 10_000
            ? factor * count
            : throw CliException.Usage($"--max-db-age '{text}': a number with h, d or w is expected, such as 7d");
    }

    private static Digest? Required(string? hex)
    {
        try
        {
            return hex is null ? null : Digest.FromHex(DigestAlgorithm.Sha256, hex);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"--trivy-sha256: {e.Reason}", null, e);
        }
    }
}

/// <summary>How Trivy reaches the registry of an image.</summary>
/// <param name="Credential">The credential; null for none.</param>
/// <param name="Authorities">PEM certificates to trust besides the system's; empty for none.</param>
internal sealed record TrivyRegistry(Tools.RegistryCredential? Credential, string Authorities);
