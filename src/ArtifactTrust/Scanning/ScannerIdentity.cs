using ArtifactTrust.Hashing;

namespace ArtifactTrust.Scanning;

/// <summary>The vulnerability database a scan used.</summary>
/// <param name="Uri">Where it comes from.</param>
/// <param name="Version">The version of its schema, as the scanner writes it.</param>
/// <param name="UpdatedAt">When its publisher made it.</param>
public sealed record VulnerabilityDatabase(string Uri, string Version, DateTimeOffset UpdatedAt);

/// <summary>The program, or the rules, that made a scan.</summary>
/// <param name="Name">A short name for people.</param>
/// <param name="Uri">The package URL or URI of the program, without a version.</param>
/// <param name="Version">The version it says it has; builds exist that say only <c>dev</c>.</param>
/// <param name="Executable">The digest of the executable file, or of the rules; null where it is not known.</param>
/// <param name="Database">The vulnerability database, where there is one.</param>
public sealed record ScannerIdentity(string Name, string Uri, string Version, Digest? Executable, VulnerabilityDatabase? Database)
{
    /// <summary>
    /// The URI that says exactly which program it was: the package URL with its version and the digest of the executable, such as
    /// <c>pkg:github/aquasecurity/trivy@0.68.2?checksum=sha256:…</c>.
    /// </summary>
    /// <remarks>Spec: package-url, "Known qualifiers": <c>checksum</c>.</remarks>
    public string ToUri() =>
        Executable is null
            ? $"{Uri}@{System.Uri.EscapeDataString(Version)}"
            : $"{Uri}@{System.Uri.EscapeDataString(Version)}?checksum={Executable}";
}
