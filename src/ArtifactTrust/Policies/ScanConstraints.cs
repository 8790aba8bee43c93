using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>No finding is above a severity. A finding whose severity is not known is above every one unless the policy allows it.</summary>
internal sealed class MaxSeverity(Severity limit, bool allowUnknown)
    : AttestationConstraint(
        "maxSeverity",
        $"no finding above {limit.ToString().ToUpperInvariant()}{(allowUnknown ? "" : " or of unknown severity")}"
    )
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not ScanPredicate { Findings: { } findings })
        {
            return Fails(
                DenialCode.ReportNotReadable,
                "the scanner's report is of a form that is not read here",
                hint: "attest a Trivy JSON report as vuln, or any scanner's findings as vulns"
            );
        }
        var over = findings.Where(f => f.Severity == Severity.Unknown ? !allowUnknown : f.Severity > limit).ToList();
        if (over.Count == 0)
        {
            return Holds(findings.Count == 0 ? "no findings" : $"{findings.Count} findings, none above");
        }
        // The worst first; unknown ones last, since what is known is better to act on.
        var worst = over.OrderByDescending(f => f.Severity).ThenBy(f => f.Id, StringComparer.Ordinal).ToList();
        return Fails(
            DenialCode.SeverityExceeded,
            $"{over.Count} of {findings.Count} findings are over the limit",
            Excerpt.List(worst, Describe),
            over.All(f => f.Severity == Severity.Unknown)
                ? "have the severities settled, or set 'unknownSeverity: allow' in the policy"
                : "fix what was found and scan again"
        );
    }

    private static string Describe(Finding finding) =>
        $"{finding.Id} {finding.Severity.ToString().ToUpperInvariant()}{(finding.Where is null ? "" : $" in {finding.Where}")}";
}

/// <summary>When the scan ended, the vulnerability database was not older than this.</summary>
internal sealed class MaxDatabaseAge(PolicyDuration limit)
    : AttestationConstraint("maxDatabaseAge", $"a database not older than {limit} at the time of the scan")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not ScanPredicate { DatabaseUpdated: { } updated } scan)
        {
            return Fails(DenialCode.TimeMissing, "the scan does not say when its database was updated (scanner.db.lastUpdate)");
        }
        var age = scan.ScanFinishedOn - updated;
        if (age < -PolicyEvaluator.ClockSkew)
        {
            return Fails(DenialCode.TimeInFuture, "the database is from after the scan", Rfc3339.Format(updated));
        }
        var actual = $"{PolicyDuration.Describe(age < TimeSpan.Zero ? TimeSpan.Zero : age)} old";
        return age <= limit.Value
            ? Holds(actual)
            : Fails(
                DenialCode.TooOld,
                $"the database was {actual}; {limit} is the most",
                actual,
                "update the scanner's database and scan again"
            );
    }
}

/// <summary>The scan names the scanner's executable file by its digest, and it is one of these.</summary>
/// <remarks>
/// Spec: package-url, "Known qualifiers": <c>checksum</c>, a list of <c>algorithm:hex</c>. A version does not do: one of Trivy's was published with
/// malicious code in it, and builds exist that say no version.
/// </remarks>
internal sealed class PinnedScanner(IReadOnlyList<string> allowed)
    : AttestationConstraint("scanner.sha256", $"a scan by the executable {string.Join(" or ", allowed.Select(d => $"sha256:{d}"))}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        var uri = (predicate as ScanPredicate)?.ScannerUri;
        var digests = Digests(uri).ToList();
        if (digests.Count == 0)
        {
            return Fails(
                DenialCode.ScannerMismatch,
                "the scan does not name its scanner by a digest (scanner.uri with ?checksum=sha256:…)",
                uri,
                "scan again with artifact-trust scan, and without a server"
            );
        }
        // A list of digests is of one file in several algorithms, so two of the same algorithm mean that one is not true.
        return digests is [var only] && allowed.Contains(only)
            ? Holds($"sha256:{only}")
            : Fails(
                DenialCode.ScannerMismatch,
                "the scan was made by another executable",
                string.Join(", ", digests.Select(d => $"sha256:{d}")),
                "scan again with the executable that the policy names"
            );
    }

    private static IEnumerable<string> Digests(string? uri)
    {
        var query = uri?.IndexOf('?', StringComparison.Ordinal) ?? -1;
        if (query < 0)
        {
            return [];
        }
        var qualifiers = uri![(query + 1)..].Split('#')[0].Split('&');
        return qualifiers
            .Where(q => q.StartsWith("checksum=", StringComparison.OrdinalIgnoreCase))
            .SelectMany(q => Uri.UnescapeDataString(q["checksum=".Length..]).Split(','))
            .Where(c => c.StartsWith("sha256:", StringComparison.OrdinalIgnoreCase))
            .Select(c => c["sha256:".Length..].ToLowerInvariant());
    }
}
