using System.CommandLine;
using System.Globalization;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The options about Trivy that <c>scan</c> and <c>sbom</c> share.</summary>
internal sealed class TrivySettings
{
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

    private readonly ImageOptions _images = new();

    internal void AddTo(Command verb)
    {
        _images.AddTo(verb);
        foreach (var option in (Option[])[_trivy, _sha256, _cache, _repository, _offline, _age, _stale])
        {
            verb.Options.Add(option);
        }
    }

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
            DatabaseRepository = parsed.GetValue(_repository),
            Offline = parsed.GetValue(_offline),
            MaximumDatabaseAge = Age(parsed.GetValue(_age)!),
            AllowStaleDatabase = parsed.GetValue(_stale),
            RequiredExecutable = Required(parsed.GetValue(_sha256)),
            Insecure = registry?.IsPlainHttp ?? false,
            Credential = registry?.Credential,
            Authorities = registry?.Authorities,
        };

    /// <summary>An image as Trivy is to fetch it: by the digest that its reference has now, and in the way that it was found here.</summary>
    /// <exception cref="CliException">It is an archive, or Trivy cannot reach its registry.</exception>
    internal async Task<(TrivyTarget Target, TrivyRegistry? Registry)> ImageAsync(
        OciReference reference,
        Session session,
        ParseResult parsed,
        CancellationToken cancellation
    )
    {
        if (reference is ArchiveReference)
        {
            throw CliException.Usage(
                $"'{reference}' is an archive, which is not scanned as it is",
                "unpack it first: artifact-trust copy SUBJECT oci-layout:DIR"
            );
        }
        var tls = _images.Tls(parsed);
        if (reference is RegistryReference host && tls.HasClientCertificate(host))
        {
            throw CliException.Usage(
                $"{host.Host} is shown a client certificate, and Trivy shows none to registries",
                "copy the image first, and scan the copy: artifact-trust copy SUBJECT oci-layout:DIR"
            );
        }
        using var images = _images.Opener(session, parsed)();
        var (_, descriptor) = await images.ResolveAsync(reference, cancellation);
        if (reference is not RegistryReference registry)
        {
            return (TrivyTarget.Layout(((LayoutReference)reference).Directory, descriptor.Digest), null);
        }
        var found = await DockerCredentials.FromEnvironment().FindAsync(registry, cancellation);
        var credential = found is { Username: { } user, Password: { } password } ? new Tools.RegistryCredential(user, password) : null;
        return (
            TrivyTarget.Registry($"{registry.Host}/{registry.Repository}", descriptor.Digest),
            new TrivyRegistry(credential, _images.IsPlainHttp(parsed), tls.ExportAuthorities(registry))
        );
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
/// <param name="IsPlainHttp">Whether it speaks http.</param>
/// <param name="Authorities">PEM certificates to trust besides the system's; empty for none.</param>
internal sealed record TrivyRegistry(Tools.RegistryCredential? Credential, bool IsPlainHttp, string Authorities);
