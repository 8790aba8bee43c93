using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class ScanPredicateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_cosign_vuln_predicate_gives_trivys_findings()
    {
        var scan = CosignVuln.Parse(Json.Parse(Samples.CosignVuln));
        Assert.Equal(
            [
                new(FindingKind.Vulnerability, "CVE-2099-0001", Severity.Medium, "libc6"),
                new(FindingKind.Vulnerability, "CVE-2099-0002", Severity.Low, "zlib"),
                new(FindingKind.Secret, "aws-access-key-id", Severity.Critical, ".env"),
                new(FindingKind.Misconfiguration, "DS001", Severity.High, "Dockerfile"),
            ],
            scan.Findings
        );
        Assert.Equal(Noon, scan.Time);
        Assert.Equal(Noon.AddHours(-6), scan.DatabaseUpdated);
        Assert.Equal("0.68.2", scan.ScannerVersion);
        Assert.Equal(("https://ci.example.com/runs/9", "9", "ci"), (scan.InvocationUri, scan.EventId, scan.BuilderId));
    }

    [Fact]
    public void A_cosign_vuln_predicate_is_written_as_it_was_read()
    {
        var json = Json.Parse(Samples.CosignVuln);
        Assert.True(System.Text.Json.JsonElement.DeepEquals(json, CosignVuln.Parse(json).ToJson()));
    }

    [Fact]
    public void A_database_without_a_date_is_written_without_one()
    {
        var scan = CosignVuln.Parse(Json.Without(Samples.CosignVuln, "scanner/db/lastUpdate"));
        Assert.Null(scan.DatabaseUpdated);
        Assert.False(scan.ToJson().GetProperty("scanner").GetProperty("db").TryGetProperty("lastUpdate", out _));
    }

    [Theory]
    [InlineData("scanner/result/Results", "null")]
    [InlineData("scanner/result/Results", "[]")]
    [InlineData("scanner/result/Results", "[{\"Target\":\"x\",\"Vulnerabilities\":null}]")]
    public void A_report_without_results_has_no_findings(string path, string value) =>
        Assert.Empty(CosignVuln.Parse(Json.With(Samples.CosignVuln, path, value)).Findings!);

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"matches\":[]}")]
    [InlineData("{\"SchemaVersion\":1,\"ArtifactName\":\"x\"}")]
    [InlineData("{\"SchemaVersion\":3,\"ArtifactName\":\"x\"}")]
    [InlineData("{\"SchemaVersion\":2.5,\"ArtifactName\":\"x\"}")]
    [InlineData("{\"SchemaVersion\":\"2\",\"ArtifactName\":\"x\"}")]
    [InlineData("{\"SchemaVersion\":2}")]
    public void The_findings_of_another_report_are_not_known_rather_than_none(string report) =>
        Assert.Null(CosignVuln.Parse(Json.With(Samples.CosignVuln, "scanner/result", report)).Findings);

    [Theory]
    [InlineData("\"NEGLIGIBLE\"", Severity.Low)]
    [InlineData("\"moderate\"", Severity.Medium)]
    [InlineData("\"UNKNOWN\"", Severity.Unknown)]
    [InlineData("\"SEVERE\"", Severity.Unknown)]
    [InlineData("null", Severity.Unknown)]
    public void A_severity_is_a_word(string json, Severity expected) =>
        Assert.Equal(
            expected,
            CosignVuln
                .Parse(Json.With(Samples.CosignVuln, "scanner/result/Results/0/Vulnerabilities/0/Severity", json))
                .Findings![0]
                .Severity
        );

    [Theory]
    [InlineData("scanner", "$.scanner")]
    [InlineData("scanner/result", "$.scanner.result")]
    [InlineData("metadata", "$.metadata")]
    [InlineData("metadata/scanStartedOn", "$.metadata.scanStartedOn")]
    [InlineData("metadata/scanFinishedOn", "$.metadata.scanFinishedOn")]
    [InlineData(
        "scanner/result/Results/0/Vulnerabilities/1/VulnerabilityID",
        "$.scanner.result.Results[0].Vulnerabilities[1].VulnerabilityID"
    )]
    [InlineData("scanner/result/Results/1/Secrets/0/RuleID", "$.scanner.result.Results[1].Secrets[0].RuleID")]
    [InlineData("scanner/result/Results/2/Misconfigurations/0/ID", "$.scanner.result.Results[2].Misconfigurations[0].AVDID")]
    public void A_cosign_vuln_predicate_without_a_required_member_is_refused(string path, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => CosignVuln.Parse(Json.Without(Samples.CosignVuln, path))).Location
        );

    [Theory]
    [InlineData("metadata/scanFinishedOn", "\"2026-06-01T11:00:00Z\"")]
    [InlineData("metadata/scanFinishedOn", "\"\"")]
    [InlineData("metadata/scanStartedOn", "\"2026-06-01\"")]
    [InlineData("scanner/result", "[]")]
    [InlineData("scanner/result/Results", "{}")]
    [InlineData("scanner/result/Results/0/Vulnerabilities", "{}")]
    [InlineData("scanner/db/lastUpdate", "\"now\"")]
    [InlineData("scanner/result/results", "[]")]
    [InlineData("scanner/result/Results/0/vulnerabilities", "[]")]
    [InlineData("scanner/result/Results/0/SECRETS", "[]")]
    [InlineData("scanner/result/Results/0/misConfigurations", "[]")]
    [InlineData("scanner/result/Results/0/Vulnerabilities/0/severity", "\"LOW\"")]
    [InlineData("scanner/result/Results/2/Misconfigurations/0/status", "\"PASS\"")]
    public void A_cosign_vuln_predicate_that_breaks_its_form_is_refused(string path, string value) =>
        Assert.Throws<MalformedDataException>(() => CosignVuln.Parse(Json.With(Samples.CosignVuln, path, value)));

    [VectorTheory]
    [InlineData("trivy/examples/image.cosign-vuln.json", "trivy/examples/image.full.json")]
    public void What_trivy_writes_is_read(string predicate, string report)
    {
        var scan = CosignVuln.Parse(StrictJson.Parse(File.ReadAllBytes(Vectors.Require(predicate)), "test"));
        Assert.Contains(scan.Findings!, f => f.Severity == Severity.Critical);
        Assert.DoesNotContain(scan.Findings!, f => f.Severity == Severity.Unknown && f.Kind == FindingKind.Unknown);
        Assert.Null(scan.DatabaseUpdated);
        Assert.Null(scan.DatabaseVersion);
        // The count of each severity, taken another way.
        var text = File.ReadAllText(Vectors.Require(predicate));
        Assert.Equal(text.Split("\"VulnerabilityID\":").Length - 1, scan.Findings!.Count(f => f.Kind == FindingKind.Vulnerability));
        Assert.True(File.Exists(Vectors.Require(report)));
    }

    [VectorFact]
    public void Secrets_and_misconfigurations_of_a_real_report_are_findings()
    {
        var report = StrictJson.Parse(File.ReadAllBytes(Vectors.Require("trivy/examples/fs.full.json")), "test");
        var scan = CosignVuln.Parse(Json.With(Samples.CosignVuln, "scanner/result", report.GetRawText()));
        Assert.Equal(6, scan.Findings!.Count(f => f.Kind == FindingKind.Vulnerability));
        Assert.Equal(25, scan.Findings!.Count(f => f.Kind == FindingKind.Misconfiguration));
        Assert.Equal(2, scan.Findings!.Count(f => f is { Kind: FindingKind.Secret, Severity: Severity.Critical }));
    }

    [Fact]
    public void A_vulns_predicate_gives_its_findings()
    {
        var scan = Vulns.Parse(Json.Parse(Samples.Vulns));
        Assert.Equal(
            [
                new(FindingKind.Vulnerability, "CVE-2099-0001", Severity.Medium, null),
                new(FindingKind.Vulnerability, "CVE-2099-0002", Severity.Low, null),
            ],
            scan.Findings
        );
        Assert.Equal(Noon, scan.Time);
        Assert.Equal(Noon.AddHours(-6), scan.DatabaseUpdated);
    }

    [Fact]
    public void The_older_vulns_predicate_nests_each_finding()
    {
        var json = Json.With(
            Samples.Vulns,
            "scanner/result",
            """[{"vulnerability": {"id": "CVE-1", "severity": [{"method": "nvd", "score": "HIGH"}]}}]"""
        );
        var scan = Assert.IsType<Vulns>(Predicate.Parse("https://in-toto.io/attestation/vulns/v0.1", json));
        Assert.Equal([new(FindingKind.Vulnerability, "CVE-1", Severity.High, null)], scan.Findings);
    }

    [Theory]
    [InlineData("""[{"method":"nvd","score":"CRITICAL"}]""", Severity.Critical)]
    [InlineData("""[{"method":"vendor","score":"Important"}]""", Severity.High)]
    [InlineData("""[{"method":"CVSSv3","score":"0.0"}]""", Severity.None)]
    [InlineData("""[{"method":"CVSSv3","score":"0.1"}]""", Severity.Low)]
    [InlineData("""[{"method":"CVSSv3","score":"3.9"}]""", Severity.Low)]
    [InlineData("""[{"method":"CVSSv3","score":"4.0"}]""", Severity.Medium)]
    [InlineData("""[{"method":"CVSSv3","score":"6.9"}]""", Severity.Medium)]
    [InlineData("""[{"method":"CVSSv3","score":"7"}]""", Severity.High)]
    [InlineData("""[{"method":"CVSSv3","score":"8.9"}]""", Severity.High)]
    [InlineData("""[{"method":"CVSSv3","score":"9.0"}]""", Severity.Critical)]
    [InlineData("""[{"method":"CVSSv3","score":"10"}]""", Severity.Critical)]
    [InlineData("""[{"method":"CVSSv3","score":"10.1"}]""", Severity.Unknown)]
    [InlineData("""[{"method":"CVSSv3","score":"-1"}]""", Severity.Unknown)]
    [InlineData("""[{"method":"CVSSv3","score":"5,2"}]""", Severity.Unknown)]
    [InlineData("""[{"method":"CVSSv3","score":"CVSS:3.1/AV:N"}]""", Severity.Unknown)]
    [InlineData("""[{"method":"epss","score":"0.9"}]""", Severity.Unknown)]
    [InlineData("""[]""", Severity.Unknown)]
    [InlineData("""[{"method":"epss","score":"0.9"},{"method":"nvd","score":"low"}]""", Severity.Low)]
    [InlineData("""[{"method":"nvd","score":"low"},{"method":"cvss","score":"9.8"}]""", Severity.Critical)]
    public void The_highest_severity_that_is_understood_counts(string severities, Severity expected) =>
        Assert.Equal(expected, Vulns.Parse(Json.With(Samples.Vulns, "scanner/result/0/severity", severities)).Findings![0].Severity);

    [Theory]
    [InlineData("scanner", "$.scanner")]
    [InlineData("scanner/uri", "$.scanner.uri")]
    [InlineData("scanner/db", "$.scanner.db")]
    [InlineData("scanner/db/lastUpdate", "$.scanner.db.lastUpdate")]
    [InlineData("scanner/result", "$.scanner.result")]
    [InlineData("scanner/result/1/id", "$.scanner.result[1].id")]
    [InlineData("scanner/result/1/severity", "$.scanner.result[1].severity")]
    [InlineData("scanner/result/1/severity/0/method", "$.scanner.result[1].severity[0].method")]
    [InlineData("scanner/result/1/severity/0/score", "$.scanner.result[1].severity[0].score")]
    [InlineData("metadata/scanStartedOn", "$.metadata.scanStartedOn")]
    [InlineData("metadata/scanFinishedOn", "$.metadata.scanFinishedOn")]
    public void A_vulns_predicate_without_a_required_member_is_refused(string path, string location) =>
        Assert.Equal(location, Assert.Throws<MalformedDataException>(() => Vulns.Parse(Json.Without(Samples.Vulns, path))).Location);

    [Theory]
    [InlineData("scanner/result", "null")]
    [InlineData("scanner/result", "{}")]
    [InlineData("scanner/result/0/severity", "\"HIGH\"")]
    [InlineData("scanner/result/0/severity/0/score", "7.5")]
    [InlineData("metadata/scanFinishedOn", "\"2020-06-01T11:00:00Z\"")]
    public void A_vulns_predicate_that_breaks_its_form_is_refused(string path, string value) =>
        Assert.Throws<MalformedDataException>(() => Vulns.Parse(Json.With(Samples.Vulns, path, value)));
}
