namespace ArtifactTrust.Trust.Instances;

/// <summary>Where what is trusted of one Sigstore instance comes from: a TUF repository or a file.</summary>
/// <param name="Name">The name it is asked for by.</param>
public sealed record SigstoreProfile(string Name)
{
    /// <summary>The name of Sigstore's public-good instance.</summary>
    public const string PublicGoodName = "public-good";

    /// <summary>The name of Sigstore's instance for trials.</summary>
    public const string StagingName = "staging";

    /// <summary>The name of the instance that signs for GitHub's private repositories.</summary>
    public const string GitHubName = "github";

    private static readonly Lazy<SigstoreProfile> BuiltInPublicGood = new(() =>
        new(PublicGoodName)
        {
            TufUrl = new Uri("https://tuf-repo-cdn.sigstore.dev"),
            TufRoot = Resource("public-good-tuf-root.json"),
            IsBuiltIn = true,
        }
    );

    private static readonly Lazy<SigstoreProfile> BuiltInGitHub = new(() =>
        new(GitHubName)
        {
            TufUrl = new Uri("https://tuf-repo.github.com"),
            TufRoot = Resource("github-tuf-root.json"),
            IsBuiltIn = true,
        }
    );

    private static readonly Lazy<SigstoreProfile> BuiltInStaging = new(() =>
        new(StagingName)
        {
            TufUrl = new Uri("https://tuf-repo-cdn.sigstage.dev"),
            TufRoot = Resource("staging-tuf-root.json"),
            IsBuiltIn = true,
        }
    );

    private static readonly Lazy<TrustedRoot> StagingTrust = new(() => TrustedRoot.Parse(Resource("staging-trusted-root.json")));

    private static readonly Lazy<SigningConfig> StagingConfig = new(() => SigningConfig.Parse(Resource("staging-signing-config.json")));

    private static readonly Lazy<SigningConfig> Services = new(() => SigningConfig.Parse(Resource("public-good-signing-config.json")));

    /// <summary>Sigstore's public-good instance, with the root of its repository as of this release.</summary>
    public static SigstoreProfile PublicGood => BuiltInPublicGood.Value;

    /// <summary>The instance that signs for GitHub's private repositories, with the root of its repository as of this release.</summary>
    public static SigstoreProfile GitHub => BuiltInGitHub.Value;

    /// <summary>Sigstore's instance for trials, which vouches for nothing, with the root of its repository as of this release.</summary>
    public static SigstoreProfile Staging => BuiltInStaging.Value;

    /// <summary>The keys and certificates of the instance for trials as of this release.</summary>
    public static TrustedRoot StagingRoot => StagingTrust.Value;

    /// <summary>The services of the instance for trials as of this release.</summary>
    public static SigningConfig StagingServices => StagingConfig.Value;

    /// <summary>Whether a name is that of a profile that came with the program.</summary>
    public static bool IsBuiltInName(string name) => name is PublicGoodName or StagingName or GitHubName;

    /// <summary>The services of the public-good instance as of this release.</summary>
    public static SigningConfig PublicGoodServices => Services.Value;

    /// <summary>Whether the profile came with the program.</summary>
    public bool IsBuiltIn { get; private init; }

    /// <summary>The base URL of the TUF repository; null where the instance's trust is in files.</summary>
    public Uri? TufUrl { get; init; }

    /// <summary>The root that trust in the repository starts from, JSON; null where <see cref="TufRootFile"/> has it.</summary>
    public ReadOnlyMemory<byte>? TufRoot { get; init; }

    /// <summary>The file of the root that trust in the repository starts from, an absolute path; null where there is none.</summary>
    public string? TufRootFile { get; init; }

    /// <summary>The file of the instance's keys and certificates, an absolute path; null with a TUF repository.</summary>
    public string? TrustedRootFile { get; init; }

    /// <summary>The file that says where the services are, an absolute path; null where the repository says so, or nobody.</summary>
    public string? SigningConfigFile { get; init; }

    /// <summary>The OpenID Connect issuer to sign in at, in place of the signing config's; null for that.</summary>
    public Uri? Issuer { get; init; }

    /// <summary>This program's name at the issuer; null for the usual.</summary>
    public string? ClientId { get; init; }

    /// <summary>The certificates of the authorities that the services' TLS certificates are from, PEM, an absolute path; null for the system's.</summary>
    public string? CaFile { get; init; }

    private static byte[] Resource(string name)
    {
        using var stream =
            typeof(SigstoreProfile).Assembly.GetManifestResourceStream($"ArtifactTrust.Trust.Instances.{name}")
            ?? throw new InvalidOperationException($"the library lacks {name}");
        var utf8 = new byte[stream.Length];
        stream.ReadExactly(utf8);
        return utf8;
    }
}
