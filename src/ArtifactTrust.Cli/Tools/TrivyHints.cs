namespace ArtifactTrust.Cli.Tools;

/// <summary>What to do about failures of Trivy that are known, by what it writes. Some builds write nothing.</summary>
internal static class TrivyHints
{
    private static readonly (string Text, string Hint)[] Known =
    [
        // The narrow ones before those that they would also fit.
        (
            "Unable to initialize the Java DB",
            "the subject holds Java archives, which need Trivy's Java database: run without --offline once, or name a mirror with --java-db-repository"
        ),
        (
            "failed to download Java DB",
            "the database of Java packages could not be fetched: check the network, or name a mirror with --java-db-repository"
        ),
        (
            "cannot be specified on the first run",
            "there is no database in the cache: run without --offline once, or give a cache with --trivy-cache"
        ),
        (
            "The first run cannot skip downloading DB",
            "there is no database in the cache: run without --offline once, or give a cache with --trivy-cache"
        ),
        ("old DB schema", "the database in the cache is too old for this Trivy: run without --offline once"),
        ("doesn't match. Local DB", "the database in the cache is too new for this Trivy: update Trivy"),
        ("invalid database", "the database in the cache is damaged: delete the cache's db folder, and run without --offline"),
        (
            "TOOMANYREQUESTS",
            "the registry of the database limits requests: name a mirror with --db-repository, or keep the cache between runs"
        ),
        (
            "failed to download vulnerability DB",
            "the database could not be fetched: check the network, or name a mirror with --db-repository"
        ),
        ("MANIFEST_UNKNOWN", "the registry has no such image"),
        ("UNAUTHORIZED", "the registry asks for a user name and a password: log in to it, as with 'docker login'"),
        ("DENIED", "the registry does not let this user read the image"),
        ("invalid token", "the Trivy server does not take the token: check --trivy-token-file"),
        ("unauthenticated", "the Trivy server asks for a token: give it with --trivy-token-file"),
        ("twirp error", "the Trivy server cannot be reached or failed: check --trivy-server, and its own log"),
        ("server gave HTTP response to HTTPS client", "the registry speaks http: allow it with --plain-http"),
        ("x509:", "the registry's certificate is not trusted: name its authority with --registry-ca, or set SSL_CERT_FILE"),
        ("unable to find the specified image", "the image was not found, or nothing answers at the registry's address"),
        ("connection refused", "nothing answers there: check the address and the network"),
        ("no such host", "the host name is not known: check the address and the network"),
        ("exceeds maximum allowed size", "the image is larger than Trivy was told to accept"),
        ("context deadline exceeded", "it took too long: scan less at once"),
        ("VEX error", "a VEX document cannot be read: check --vex"),
        ("ignore file not found", "Trivy's ignore file vanished while it started: run it again"),
        ("unsupported type", "the SBOM's root component has a type Trivy does not read"),
        ("invalid specification version", "the SBOM is of a CycloneDX version newer than this Trivy reads"),
        ("unknown scanning is not yet supported", "the SBOM is in no format that Trivy reads"),
        ("failed to open sbom file", "the SBOM is not there any more"),
        ("SBOM decode error", "the SBOM is damaged"),
        ("as a Docker image: unable to open", "the archive is not there any more"),
        ("as a Docker image", "the archive is neither what 'docker save' writes nor the directory of an image layout"),
        ("walk dir error", "the directory, or something in it, is not there any more or cannot be read"),
        ("scanning reports are not yet supported", "what was given as a Trivy report is none"),
        ("unknown flag", "this Trivy is older than the ones this program knows: use 0.58 or newer"),
        ("flag error", "this Trivy does not take an option of this program: use 0.58 or newer"),
        ("exit status", "Trivy ended as it was told to on findings: leave its exit code to this program"),
        ("no space left on device", "the disk is full"),
    ];

    /// <summary>The hint for what Trivy wrote, or null.</summary>
    public static string? For(string excerpt)
    {
        foreach (var (text, hint) in Known)
        {
            if (excerpt.Contains(text, StringComparison.OrdinalIgnoreCase))
            {
                return hint;
            }
        }
        return excerpt.Contains("FATAL", StringComparison.Ordinal)
            ? null
            : "this build of Trivy does not say why it failed; run it by hand with --debug, or use the upstream build";
    }
}
