using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning;

public sealed class TrivyReportTests
{
    [Fact]
    public void What_was_looked_up_and_where_it_was_found_is_told()
    {
        var report = TrivyReport.Parse(
            """
            {"SchemaVersion":2,"Results":[
              {"Target":"a/poetry.lock","Packages":[{"Identifier":{"PURL":"pkg:pypi/a@1"}},{"Identifier":null},{"Identifier":{"PURL":"other"}}]},
              {"Target":"empty.lock","Packages":[]},{"Target":"secret.txt"},{"Packages":[{"Identifier":{"PURL":"pkg:npm/b@1"}}]}]}
            """u8.ToArray()
        );
        Assert.Equal(4, report.PackageCount);
        Assert.Equal(["npm", "pypi"], report.PackageTypes.Order(StringComparer.Ordinal));
        Assert.Equal(["other", "pkg:npm/b@1", "pkg:pypi/a@1"], report.PackageUrls.Order(StringComparer.Ordinal));
        Assert.Equal(["a/poetry.lock"], report.PackageTargets);
    }

    [VectorFact]
    public void A_real_report_of_an_image_is_read()
    {
        var report = TrivyReport.Parse(File.ReadAllBytes(Vectors.Require("trivy/examples/image.full.json")));
        Assert.Equal("images/image.tar", report.ArtifactName);
        Assert.Equal("container_image", report.ArtifactType);
        Assert.Equal(new TrivyOperatingSystem("debian", "12.5", false), report.OperatingSystem);
        Assert.Equal("linux/amd64", report.Platform);
        Assert.Equal(
            new DateTimeOffset(2026, 11, 21, 22, 53, 47, TimeSpan.Zero),
            report.CreatedAt?.AddTicks(-(report.CreatedAt.Value.Ticks % TimeSpan.TicksPerSecond))
        );
        Assert.Empty(report.RepoDigests);
        Assert.True(report.PackageCount > 5);
        var finding = report.Findings.First(f => f.Id == "CVE-2099-1001");
        Assert.Equal(FindingClass.Vulnerability, finding.Class);
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Equal("nvd", finding.SeveritySource);
        Assert.Equal("fixture-libc6", finding.Package);
        Assert.Equal("pkg:deb/debian/fixture-libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12.5", finding.Purl);
        Assert.Equal("2.36-9+deb12u4", finding.InstalledVersion);
        Assert.Equal("2.36-9+deb12u5", finding.FixedVersion);
        Assert.Equal("fixed", finding.Status);
        Assert.Equal("images/image.tar (debian 12.5)", finding.Target);
        Assert.Equal("https://avd.aquasec.com/nvd/cve-2099-1001", finding.PrimaryUrl);
        Assert.Equal(
            new SeverityScore("nvd", Severity.Critical)
            {
                CvssV3Score = "9.8",
                CvssV3Vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            },
            Assert.Single(finding.Scores)
        );
    }

    [VectorTheory]
    [InlineData("fs.full.json")]
    [InlineData("image.full.json")]
    [InlineData("image.vex.json")]
    [InlineData("sbom.json")]
    public void Real_reports_lose_no_finding(string name)
    {
        var bytes = File.ReadAllBytes(Vectors.Require($"trivy/examples/{name}"));
        using var json = JsonDocument.Parse(bytes);
        var expected = json
            .RootElement.GetProperty("Results")
            .EnumerateArray()
            .SelectMany(r => r.EnumerateObject())
            .Where(m => m.Name is "Vulnerabilities" or "Secrets" or "Misconfigurations" or "Licenses")
            .Sum(m => m.Value.GetArrayLength());
        var report = TrivyReport.Parse(bytes);
        Assert.Equal(expected, report.Findings.Count);
        Assert.Equal(report.Findings.Select(f => f.Severity).OrderDescending(), report.Findings.Select(f => f.Severity));
    }

    [VectorFact]
    public void All_classes_of_findings_are_told_apart()
    {
        var report = TrivyReport.Parse(File.ReadAllBytes(Vectors.Require("trivy/examples/fs.full.json")));
        var classes = report.Findings.Select(f => f.Class).ToHashSet();
        Assert.Superset(
            new HashSet<FindingClass> { FindingClass.Vulnerability, FindingClass.Secret, FindingClass.Misconfiguration },
            classes
        );
        Assert.DoesNotContain(FindingClass.Unknown, classes);
    }

    [Fact]
    public void A_report_without_optional_members_is_read()
    {
        var report = Parse("""{"SchemaVersion":2}""");
        Assert.Empty(report.Findings);
        Assert.Equal("", report.ArtifactName);
        Assert.Null(report.OperatingSystem);
        Assert.Empty(Parse("""{"SchemaVersion":2,"Results":null,"Metadata":null}""").Findings);
        Assert.Empty(Parse("""{"SchemaVersion":2,"Results":[{"Target":"x","Vulnerabilities":null}]}""").Findings);
    }

    [Fact]
    public void A_finding_is_never_dropped_for_what_it_lacks()
    {
        var report = Parse(
            """{"SchemaVersion":2,"Results":[{"Vulnerabilities":[{},{"Severity":"SEVERE"},{"Severity":"critical"}],"Secrets":[{}],"Licenses":[{}],"Misconfigurations":[{},{"Status":"PASS"}]}]}"""
        );
        Assert.Equal(6, report.Findings.Count);
        Assert.Equal(Severity.Critical, report.Findings[0].Severity);
        Assert.All(report.Findings.Skip(1), f => Assert.Equal(Severity.Unknown, f.Severity));
        Assert.All(report.Findings, f => Assert.Equal("(unnamed)", f.Id));
    }

    [Fact]
    public void An_operating_system_past_its_end_is_marked()
    {
        var report = Parse("""{"SchemaVersion":2,"Metadata":{"OS":{"Family":"debian","Name":"8","EOSL":true}}}""");
        Assert.True(report.OperatingSystem?.IsEndOfLife);
    }

    [Fact]
    public void What_Trivy_was_told_to_leave_out_is_counted()
    {
        Assert.Equal(2, Parse("""{"SchemaVersion":2,"Results":[{"ExperimentalModifiedFindings":[{},{}]}]}""").Suppressed.Count);
    }

    [Theory]
    [InlineData("not json", "$")]
    [InlineData("", "$")]
    [InlineData("[]", "$")]
    [InlineData("{}", "$.SchemaVersion")]
    [InlineData("""{"SchemaVersion":1}""", "$.SchemaVersion")]
    [InlineData("""{"SchemaVersion":"2"}""", "$.SchemaVersion")]
    [InlineData("""{"SchemaVersion":2.5}""", "$.SchemaVersion")]
    [InlineData("""{"SchemaVersion":2,"Results":{}}""", "$.Results")]
    [InlineData("""{"SchemaVersion":2,"Results":[7]}""", "$.Results[0]")]
    [InlineData("""{"SchemaVersion":2,"Results":[{"Vulnerabilities":{}}]}""", "$.Results[0].Vulnerabilities")]
    [InlineData("""{"SchemaVersion":2,"Results":[{"Vulnerabilities":[7]}]}""", "$.Results[0].Vulnerabilities[0]")]
    [InlineData("""{"SchemaVersion":2,"Results":[{"Vulnerabilities":[{"Severity":4}]}]}""", "$.Results[0].Vulnerabilities[0].Severity")]
    [InlineData("""{"SchemaVersion":2,"Results":[{"Secrets":[{"Title":[]}]}]}""", "$.Results[0].Secrets[0].Title")]
    [InlineData("""{"SchemaVersion":2,"Results":[{"Vulnerabilities":[{"CVSS":{"nvd":7}}]}]}""", "$.Results[0].Vulnerabilities[0].CVSS.nvd")]
    [InlineData("""{"SchemaVersion":2,"Metadata":{"RepoDigests":[1]}}""", "$.Metadata.RepoDigests[0]")]
    [InlineData("""{"SchemaVersion":2,"CreatedAt":"yesterday"}""", "$.CreatedAt")]
    [InlineData("""{"SchemaVersion":2,"SchemaVersion":2}""", "$")]
    public void A_malformed_report_is_refused_where_it_is_wrong(string json, string location)
    {
        var e = Assert.Throws<MalformedDataException>(() => Parse(json));
        Assert.StartsWith(location, e.Location, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_prefix_and_every_flipped_byte_of_a_report_is_read_or_refused()
    {
        var report = Encoding.UTF8.GetBytes(
            """{"SchemaVersion":2,"CreatedAt":"2026-01-01T00:00:00Z","Metadata":{"OS":{"Family":"a"},"RepoDigests":["x"]},"Results":[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"C","Severity":"HIGH","VendorSeverity":{"n":3},"CVSS":{"n":{"V3Score":7.5}}}]}]}"""
        );
        for (var i = 0; i < report.Length; i++)
        {
            Try(report[..i]);
            for (var bit = 0; bit < 8; bit++)
            {
                var changed = report.ToArray();
                changed[i] ^= (byte)(1 << bit);
                Try(changed);
            }
        }

        static void Try(byte[] bytes)
        {
            try
            {
                TrivyReport.Parse(bytes);
            }
            catch (MalformedDataException)
            {
                // Refused, as it should be.
            }
        }
    }

    [Fact]
    public void A_large_report_is_read()
    {
        var json = new StringBuilder("""{"SchemaVersion":2,"Results":[{"Target":"t","Vulnerabilities":[""");
        for (var i = 0; i < 50_000; i++)
        {
            json.Append(i == 0 ? "" : ",")
                .Append("{\"VulnerabilityID\":\"CVE-")
                .Append(i)
                .Append("\",\"PkgName\":\"p\",\"Severity\":\"LOW\"}");
        }
        Assert.Equal(50_000, Parse(json.Append("]}]}").ToString()).Findings.Count);
    }

    internal static TrivyReport Parse(string json) => TrivyReport.Parse(Encoding.UTF8.GetBytes(json));
}
