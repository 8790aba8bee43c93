using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning;

/// <summary>What a scanner found in one subject, and what it could not look into.</summary>
/// <param name="Scanner">Who scanned.</param>
/// <param name="Target">What was scanned, for people; what it is bound to is the statement's subject.</param>
/// <param name="StartedOn">When the scan started, UTC.</param>
/// <param name="FinishedOn">When the scan finished, UTC.</param>
/// <param name="Findings">The findings, the worst first.</param>
/// <param name="Gaps">What could not be examined, one sentence each. A report with gaps is not clean, whatever it found.</param>
public sealed record ScanReport(
    ScannerIdentity Scanner,
    string Target,
    DateTimeOffset StartedOn,
    DateTimeOffset FinishedOn,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<string> Gaps
)
{
    /// <summary>What a reader of the findings should know besides, one sentence each: the platform scanned, an old database that was allowed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether all of the subject that the scanner is for was examined.</summary>
    public bool IsComplete => Gaps.Count == 0;

    /// <summary>Whether everything was examined and nothing was found.</summary>
    public bool IsClean => IsComplete && Findings.Count == 0;

    /// <summary>The findings that count: those that nobody waived, and that no VEX document speaks of.</summary>
    public IEnumerable<Finding> Counted => Findings.Where(f => f.Suppression is null);

    /// <summary>The severity of the worst finding that counts; null where there is none.</summary>
    public Severity? Worst => Counted.Select(f => (Severity?)f.Severity).Max();

    /// <summary>How many findings that count have that severity.</summary>
    public int Count(Severity severity) => Counted.Count(f => f.Severity == severity);

    /// <summary>The order of findings in reports: the worst first, then by target, package and identifier in code point order.</summary>
    public static IReadOnlyList<Finding> Sort(IEnumerable<Finding> findings) =>
        [
            .. findings
                .OrderByDescending(f => f.Severity)
                .ThenBy(f => f.Target, CodePointOrder.Instance)
                .ThenBy(f => f.Package ?? "", CodePointOrder.Instance)
                .ThenBy(f => f.Id, CodePointOrder.Instance)
                .ThenBy(f => f.StartLine ?? 0)
                .ThenBy(f => f.ByteOffset ?? 0)
                .ThenBy(f => f.Location ?? "", CodePointOrder.Instance),
        ];
}
