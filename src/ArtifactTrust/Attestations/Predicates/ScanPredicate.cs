namespace ArtifactTrust.Attestations.Predicates;

/// <summary>The findings of a vulnerability scanner, whichever of the two predicate types carries them.</summary>
public abstract record ScanPredicate : Predicate
{
    private protected ScanPredicate() { }

    /// <summary>The scanner, a URI.</summary>
    public string? ScannerUri { get; init; }

    /// <summary>The scanner's version.</summary>
    public string? ScannerVersion { get; init; }

    /// <summary>The vulnerability database, a URI.</summary>
    public string? DatabaseUri { get; init; }

    /// <summary>The database's version.</summary>
    public string? DatabaseVersion { get; init; }

    /// <summary>When the database was last updated, UTC; null where the predicate does not say.</summary>
    public DateTimeOffset? DatabaseUpdated { get; init; }

    /// <summary>When the scan started, UTC.</summary>
    public required DateTimeOffset ScanStartedOn { get; init; }

    /// <summary>When the scan ended, UTC.</summary>
    public required DateTimeOffset ScanFinishedOn { get; init; }

    /// <summary>What was found; empty where nothing was, null where the scanner's report is not one that is read here.</summary>
    public IReadOnlyList<Finding>? Findings { get; init; }

    /// <inheritdoc/>
    public override DateTimeOffset? Time => ScanFinishedOn;

    private protected static (DateTimeOffset Started, DateTimeOffset Finished) Times(PredicateJson root)
    {
        var metadata = root.Object("metadata");
        var (started, finished) = (metadata.Time("scanStartedOn"), metadata.Time("scanFinishedOn"));
        return started <= finished ? (started, finished) : throw metadata.Malformed("scanFinishedOn", "the scan ended before it started");
    }
}

/// <summary>One thing a scanner found.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Id">The advisory or the rule, such as <c>CVE-2024-3094</c>.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Where">The package or the file it was found in; null where the report does not say.</param>
public sealed record Finding(FindingKind Kind, string Id, Severity Severity, string? Where);

/// <summary>What kind of thing a scanner found.</summary>
public enum FindingKind
{
    /// <summary>Not known.</summary>
    Unknown,

    /// <summary>A package with a known vulnerability.</summary>
    Vulnerability,

    /// <summary>A credential in a file.</summary>
    Secret,

    /// <summary>A configuration that breaks a rule.</summary>
    Misconfiguration,
}
