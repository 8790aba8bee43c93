using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Tools;

/// <summary>What Trivy looks for.</summary>
[Flags]
internal enum TrivyScanners
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Packages with published vulnerabilities.</summary>
    Vulnerabilities = 1,

    /// <summary>Credentials in files.</summary>
    Secrets = 2,

    /// <summary>Configurations that are not safe.</summary>
    Misconfigurations = 4,

    /// <summary>Licences.</summary>
    Licenses = 8,
}

/// <summary>A user name and a password for a registry. They reach Trivy by its environment, never by its arguments.</summary>
/// <param name="UserName">The user.</param>
/// <param name="Password">The password or token.</param>
internal sealed record RegistryCredential(string UserName, string Password)
{
    // The record's own text would print the password.
    /// <inheritdoc/>
    public override string ToString() => UserName;
}

/// <summary>How to run Trivy.</summary>
internal sealed record TrivyOptions
{
    /// <summary>The age above which a vulnerability database is not believed any more.</summary>
    public static readonly TimeSpan DefaultMaximumDatabaseAge = TimeSpan.FromDays(7);

    /// <summary>What to look for.</summary>
    public TrivyScanners Scanners { get; init; } = TrivyScanners.Vulnerabilities | TrivyScanners.Secrets;

    /// <summary>Where the databases are; Trivy's own place in the user's cache where null.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Whether Trivy must not use the network for its databases and look-ups.</summary>
    public bool Offline { get; init; }

    /// <summary>Where the vulnerability database is fetched from, such as <c>registry.example/trivy-db:2</c>; Trivy's own places where null.</summary>
    public string? DatabaseRepository { get; init; }

    /// <summary>Where the database of Java packages is fetched from; Trivy's own places where null.</summary>
    public string? JavaDatabaseRepository { get; init; }

    /// <summary>Where misconfiguration checks are fetched from; those built into Trivy are used where null.</summary>
    public string? ChecksBundleRepository { get; init; }

    /// <summary>The server that looks up packages; null where Trivy does so itself.</summary>
    public TrivyServer? Server { get; init; }

    /// <summary>PEM certificates of authorities to trust besides the system's; null or empty for none.</summary>
    public string? Authorities { get; init; }

    /// <summary>How old the vulnerability database may be.</summary>
    public TimeSpan MaximumDatabaseAge { get; init; } = DefaultMaximumDatabaseAge;

    /// <summary>Whether an older database is used all the same; the report then says so.</summary>
    public bool AllowStaleDatabase { get; init; }

    /// <summary>The only executable to accept, by digest; any where null.</summary>
    public Digest? RequiredExecutable { get; init; }

    /// <summary>The credential for the registry of the image.</summary>
    public RegistryCredential? Credential { get; init; }

    /// <summary>Whether the registry is reached over http, or with a certificate nobody vouches for.</summary>
    public bool Insecure { get; init; }

    /// <summary>The platform of a multi-platform image, such as <c>linux/arm64</c>; Trivy's own where null.</summary>
    public string? Platform { get; init; }

    /// <summary>VEX documents: what they say does not affect the subject is reported as suppressed.</summary>
    public IReadOnlyList<string> VexFiles { get; init; } = [];

    /// <summary>Lock files of a directory that nothing is said about where Trivy does not look them up.</summary>
    public IgnoreRules Ignored { get; init; } = IgnoreRules.None;

    /// <summary>Whether Java archives are left out, which Trivy reads only with its database of Java packages.</summary>
    public bool LeavesOutJavaArchives { get; init; }

    /// <summary>After how long Trivy is stopped.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);
}
