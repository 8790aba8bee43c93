using System.Text.Json;
using ArtifactTrust.Attestations;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning;

public sealed class PredicateTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 10, 0, 0, TimeSpan.FromHours(2));

    private const string Report =
        """{"SchemaVersion":2,"ArtifactName":"x","Results":[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"CVE-2099-1","PkgName":"p","PkgIdentifier":{"PURL":"pkg:pypi/p@1"},"InstalledVersion":"1","Severity":"HIGH","SeveritySource":"ghsa","VendorSeverity":{"ghsa":3,"nvd":4},"CVSS":{"nvd":{"V3Score":9.8,"V3Vector":"CVSS:3.1/AV:N"}}}],"Secrets":[{"RuleID":"s","Severity":"CRITICAL"}]}]}""";

    [Fact]
    public void The_cosign_predicate_carries_the_report_and_what_made_it()
    {
        var (summary, report) = Scan();
        using var json = JsonDocument.Parse(CosignVulnPredicate.Create(summary, report));
        var scanner = json.RootElement.GetProperty("scanner");
        Assert.Equal($"pkg:github/aquasecurity/trivy@dev?checksum={summary.Scanner.Executable}", scanner.GetProperty("uri").GetString());
        Assert.Equal("dev", scanner.GetProperty("version").GetString());
        Assert.Equal("pkg:github/aquasecurity/trivy-db", scanner.GetProperty("db").GetProperty("uri").GetString());
        Assert.Equal("2", scanner.GetProperty("db").GetProperty("version").GetString());
        Assert.Equal("2026-04-30T00:00:00Z", scanner.GetProperty("db").GetProperty("lastUpdate").GetString());
        Assert.Equal(2, TrivyReport.Read(scanner.GetProperty("result")).Findings.Count);
        Assert.Equal("2026-05-01T08:00:00Z", json.RootElement.GetProperty("metadata").GetProperty("scanStartedOn").GetString());
        Assert.Equal("2026-05-01T08:00:05Z", json.RootElement.GetProperty("metadata").GetProperty("scanFinishedOn").GetString());
        Assert.Equal("", json.RootElement.GetProperty("invocation").GetProperty("builder.id").GetString());
        _ = new Statement(
            [new ResourceDescriptor("x", null, new DigestSet(DigestAlgorithm.Sha256.Hash("x"u8)))],
            CosignVulnPredicate.Type,
            json.RootElement
        );
    }

    [Fact]
    public void The_in_toto_predicate_lists_vulnerabilities_with_the_verdict_first()
    {
        var (summary, _) = Scan();
        using var json = JsonDocument.Parse(VulnsPredicate.Create(summary));
        var result = Assert.Single(json.RootElement.GetProperty("scanner").GetProperty("result").EnumerateArray());
        Assert.Equal("CVE-2099-1", result.GetProperty("id").GetString());
        Assert.Equal(
            ["ghsa=high", "nvd=critical", "nvd/cvss_v3=9.8", "nvd/cvss_v3_vector=CVSS:3.1/AV:N"],
            result
                .GetProperty("severity")
                .EnumerateArray()
                .Select(s => $"{s.GetProperty("method").GetString()}={s.GetProperty("score").GetString()}")
        );
        Assert.Equal("pkg:pypi/p@1", result.GetProperty("annotations")[0].GetProperty("purl").GetString());
        Assert.Equal(
            "2026-04-30T00:00:00Z",
            json.RootElement.GetProperty("scanner").GetProperty("db").GetProperty("lastUpdate").GetString()
        );
    }

    [Fact]
    public void Without_a_database_there_is_no_in_toto_predicate()
    {
        var (summary, _) = Scan();
        Assert.Throws<ArgumentException>(() => VulnsPredicate.Create(summary with { Scanner = summary.Scanner with { Database = null } }));
    }

    [Theory]
    [InlineData("PASSED", FileVerdict.Clean, null)]
    [InlineData("PASSED", FileVerdict.NotApplicable, null)]
    [InlineData("WARNED", FileVerdict.Inconclusive, null)]
    [InlineData("WARNED", FileVerdict.Findings, Severity.Medium)]
    [InlineData("FAILED", FileVerdict.Findings, Severity.High)]
    [InlineData("FAILED", FileVerdict.Findings, Severity.Critical)]
    public void The_test_result_is_as_bad_as_the_worst_file(string expected, FileVerdict verdict, Severity? severity)
    {
        Finding[] findings = severity is { } s ? [new Finding("r", FindingClass.ModelFile, s, "f")] : [];
        var file = new FileScan("f", 1, "pickle", verdict, findings, verdict == FileVerdict.Inconclusive ? ["why"] : [], []);
        var clean = new FileScan("g", 1, "pickle", FileVerdict.Clean, [], [], []);
        var report = new ModelScanReport(ModelScanRules.Default, Start, Start, [file, clean]);
        using var json = JsonDocument.Parse(TestResultPredicate.Create(report));
        Assert.Equal(expected, json.RootElement.GetProperty("result").GetString());
        var configuration = Assert.Single(json.RootElement.GetProperty("configuration").EnumerateArray());
        Assert.Equal(ModelScanRules.Default.Digest.Hex, configuration.GetProperty("digest").GetProperty("sha256").GetString());
        Assert.Contains("g", json.RootElement.GetProperty("passedTests").EnumerateArray().Select(t => t.GetString()));
        var listed = new[] { "passedTests", "warnedTests", "failedTests" }.Sum(n => json.RootElement.GetProperty(n).GetArrayLength());
        Assert.Equal(verdict == FileVerdict.NotApplicable ? 1 : 2, listed);
    }

    [Fact]
    public void A_report_with_gaps_is_not_clean()
    {
        var (summary, _) = Scan();
        Assert.False((summary with { Findings = [], Gaps = ["something was not examined"] }).IsClean);
        Assert.True((summary with { Findings = [] }).IsClean);
        Assert.False(summary.IsClean);
        Assert.Equal(Severity.Critical, summary.Worst);
    }

    private static (ScanReport Summary, TrivyReport Report) Scan()
    {
        var report = TrivyReportTests.Parse(Report);
        var scanner = new ScannerIdentity(
            "Trivy",
            "pkg:github/aquasecurity/trivy",
            "dev",
            DigestAlgorithm.Sha256.Hash("trivy"u8),
            new VulnerabilityDatabase("pkg:github/aquasecurity/trivy-db", "2", new DateTimeOffset(2026, 4, 30, 0, 0, 0, TimeSpan.Zero))
        );
        return (new ScanReport(scanner, "x", Start, Start.AddSeconds(5), report.Findings, []), report);
    }
}
