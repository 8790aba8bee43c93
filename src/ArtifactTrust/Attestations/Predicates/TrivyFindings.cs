using System.Text.Json;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>Takes the findings out of Trivy's own JSON report, as the cosign vuln predicate carries it.</summary>
internal static class TrivyFindings
{
    private const int SchemaVersion = 2;

    /// <summary>
    /// The findings: vulnerabilities, secrets and failed misconfiguration checks. Licences are not findings, and what the scanner was told
    /// to suppress is not either. Null where the object is not a Trivy report of schema version 2.
    /// </summary>
    /// <remarks>Trivy's own reader takes names in any case: a list in another must not be no list.</remarks>
    internal static IReadOnlyList<Finding>? Read(PredicateJson report)
    {
        if (
            !report.Json.TryGetProperty("SchemaVersion", out var version)
            || version.ValueKind != JsonValueKind.Number
            || !version.TryGetInt32(out var number)
            || number != SchemaVersion
            || report.OptionalString("ArtifactName") is null
        )
        {
            return null;
        }
        var findings = new List<Finding>();
        report.RefuseOtherCase("Results");
        foreach (var result in report.Objects("Results"))
        {
            result.RefuseOtherCase("Vulnerabilities", "Secrets", "Misconfigurations");
            var target = result.OptionalString("Target");
            foreach (var item in result.Objects("Vulnerabilities"))
            {
                Add(FindingKind.Vulnerability, item, item.String("VulnerabilityID"), item.OptionalString("PkgName") ?? target);
            }
            foreach (var item in result.Objects("Secrets"))
            {
                Add(FindingKind.Secret, item, item.String("RuleID"), target);
            }
            foreach (var item in result.Objects("Misconfigurations"))
            {
                item.RefuseOtherCase("Status");
                if (item.OptionalString("Status") != "PASS")
                {
                    Add(FindingKind.Misconfiguration, item, item.OptionalString("ID") ?? item.String("AVDID"), target);
                }
            }
        }
        return findings;

        void Add(FindingKind kind, PredicateJson item, string id, string? where)
        {
            item.RefuseOtherCase("Severity");
            findings.Add(new Finding(kind, id, Severities.FromWord(item.OptionalString("Severity")), where));
        }
    }
}
