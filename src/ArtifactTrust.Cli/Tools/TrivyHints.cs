namespace ArtifactTrust.Cli.Tools;

/// <summary>What to do about failures of Trivy that are known, by what it writes. Some builds write nothing.</summary>
internal static class TrivyHints
{
    private static readonly (string Text, string Hint)[] Known =
    [
        (
            "cannot be specified on the first run",
            "there is no database in the cache: run without --offline once, or give a cache with --trivy-cache"
        ),
        (
            "Unable to initialize the Java DB",
            "the subject holds Java archives, which need Trivy's Java database: run without --offline once"
        ),
        ("old DB schema", "the database in the cache is too old for this Trivy: run without --offline once"),
        ("doesn't match. Local DB", "the database in the cache is too new for this Trivy: update Trivy"),
        ("invalid database", "the database in the cache is damaged: delete the cache's db folder, and run without --offline"),
        (
            "failed to download vulnerability DB",
            "the database could not be fetched: check the network, or name a mirror with --db-repository"
        ),
        (
            "TOOMANYREQUESTS",
            "the registry of the database limits requests: name a mirror with --db-repository, or keep the cache between runs"
        ),
        ("MANIFEST_UNKNOWN", "the registry has no such image"),
        ("UNAUTHORIZED", "the registry asks for a user name and a password"),
        ("unauthenticated", "the Trivy server asks for a token"),
        ("server gave HTTP response to HTTPS client", "the registry speaks http: allow it with --plain-http"),
        ("x509:", "the registry's certificate is not trusted: set SSL_CERT_FILE"),
        ("connection refused", "nothing answers there: check the address and the network"),
        ("no such host", "the host name is not known: check the address and the network"),
        ("context deadline exceeded", "it took too long: scan less at once"),
        ("unsupported type", "the SBOM's root component has a type Trivy does not read"),
        ("invalid specification version", "the SBOM is of a CycloneDX version newer than this Trivy reads (1.7 needs Trivy 0.71)"),
        ("unknown scanning is not yet supported", "the SBOM is in no format that Trivy reads"),
        ("SBOM decode error", "the SBOM is damaged"),
        ("as a Docker image", "the archive is neither what 'docker save' writes nor the directory of an image layout"),
        ("unable to find the specified image", "the image was not found, or the registry cannot be reached"),
        ("unknown flag", "this Trivy is older than the ones this program knows: use 0.58 or newer"),
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
