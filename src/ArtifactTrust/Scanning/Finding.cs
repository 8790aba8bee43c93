using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Scanning;

/// <summary>What kind of thing was found.</summary>
public enum FindingClass
{
    /// <summary>A kind not known here.</summary>
    Unknown,

    /// <summary>A package with a published vulnerability.</summary>
    Vulnerability,

    /// <summary>A credential in a file.</summary>
    Secret,

    /// <summary>A configuration that is not safe.</summary>
    Misconfiguration,

    /// <summary>A licence of a category that someone has to look at.</summary>
    License,

    /// <summary>A model file that can run code, or that hides what it holds.</summary>
    ModelFile,

    /// <summary>Data about a person.</summary>
    PersonalData,
}

/// <summary>What one source says of a vulnerability's severity.</summary>
/// <param name="Source">Who says so, such as <c>nvd</c> or <c>ghsa</c>.</param>
/// <param name="Severity">The source's severity; <see cref="Severity.Unknown"/> where it gives only a score.</param>
public sealed record SeverityScore(string Source, Severity Severity)
{
    /// <summary>The CVSS version 3 base score as written, such as <c>9.8</c>.</summary>
    public string? CvssV3Score { get; init; }

    /// <summary>The CVSS version 3 vector.</summary>
    public string? CvssV3Vector { get; init; }

    /// <summary>The CVSS version 4 base score as written.</summary>
    public string? CvssV40Score { get; init; }

    /// <summary>The CVSS version 4 vector.</summary>
    public string? CvssV40Vector { get; init; }
}

/// <summary>One thing a scanner found.</summary>
/// <param name="Id">The scanner's or the publisher's identifier, such as a CVE number or a rule.</param>
/// <param name="Class">What kind of thing it is.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Target">Where it was found: a file below the subject, a layer, a lock file.</param>
public sealed record Finding(string Id, FindingClass Class, Severity Severity, string Target)
{
    /// <summary>A line for people.</summary>
    public string? Title { get; init; }

    /// <summary>The package's name.</summary>
    public string? Package { get; init; }

    /// <summary>The package URL.</summary>
    public string? Purl { get; init; }

    /// <summary>The version found.</summary>
    public string? InstalledVersion { get; init; }

    /// <summary>The versions that are not affected, as the source writes them; null where there is none.</summary>
    public string? FixedVersion { get; init; }

    /// <summary>What the package's publisher does about it, such as <c>fixed</c>, <c>affected</c> or <c>will_not_fix</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Whose severity <see cref="Severity"/> is.</summary>
    public string? SeveritySource { get; init; }

    /// <summary>Where to read more.</summary>
    public string? PrimaryUrl { get; init; }

    /// <summary>What each source says of the severity, in code point order of the sources.</summary>
    public IReadOnlyList<SeverityScore> Scores { get; init; } = [];

    /// <summary>The place inside the target, such as <c>line 12</c> or <c>byte 96</c>.</summary>
    public string? Location { get; init; }

    /// <summary>The first line of the place, from 1, or null.</summary>
    public int? StartLine { get; init; }

    /// <summary>The last line of the place, from 1, or null.</summary>
    public int? EndLine { get; init; }

    /// <summary>The offset of the place in the target's bytes, from 0, or null. It is one in the file itself, not in what an archive in it holds.</summary>
    public long? ByteOffset { get; init; }

    /// <summary>Why the finding does not count; null for one that does.</summary>
    public Suppression? Suppression { get; init; }
}
