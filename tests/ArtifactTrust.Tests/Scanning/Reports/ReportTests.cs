using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Reports;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Reports;

public sealed class ReportTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 1, 10, 0, 0, TimeSpan.FromHours(2));

    private static readonly Finding Package = new("CVE-2099-1", FindingClass.Vulnerability, Severity.Critical, "app/requirements.txt")
    {
        Title = "a hole",
        Package = "pillow",
        InstalledVersion = "9.0.0",
        FixedVersion = "10.0.1",
        PrimaryUrl = "https://example.com/CVE-2099-1",
    };

    private static readonly Finding Pickle = new("import-program", FindingClass.ModelFile, Severity.High, "w e/ü#1.pkl")
    {
        ByteOffset = 96,
    };

    private static readonly Finding Line = new("aws-key", FindingClass.Secret, Severity.Medium, "a.env") { StartLine = 3, EndLine = 5 };

    [Fact]
    public void Sarif_has_rules_levels_and_places()
    {
        var run = Run(Report(Package, Pickle, Line));
        Assert.Equal(["CVE-2099-1", "aws-key", "import-program"], Rules(run).Select(r => r.GetProperty("id").GetString()));
        var results = run.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(["error", "error", "warning"], results.Select(r => r.GetProperty("level").GetString()));
        Assert.All(
            results,
            r =>
                Assert.Equal(
                    r.GetProperty("ruleId").GetString(),
                    Rules(run)[r.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString()
                )
        );
        Assert.Equal("a hole (pillow 9.0.0, fixed in 10.0.1)", results[0].GetProperty("message").GetProperty("text").GetString());
        Assert.False(Physical(results[0]).TryGetProperty("region", out _));
        Assert.Equal("w%20e/%C3%BC%231.pkl", Physical(results[1]).GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.Equal(96, Physical(results[1]).GetProperty("region").GetProperty("byteOffset").GetInt64());
        Assert.Equal(3, Physical(results[2]).GetProperty("region").GetProperty("startLine").GetInt32());
        Assert.Equal(5, Physical(results[2]).GetProperty("region").GetProperty("endLine").GetInt32());
        Assert.True(run.GetProperty("invocations")[0].GetProperty("executionSuccessful").GetBoolean());
    }

    [Fact]
    public void The_same_report_is_the_same_bytes_and_a_fingerprint_survives_an_edit_of_the_file()
    {
        Assert.Equal(SarifReport.Create([Report(Package, Line)]), SarifReport.Create([Report(Package, Line)]));
        Assert.Equal(Prints(Report(Line)), Prints(Report(Line with { StartLine = 30, EndLine = 30 })));
        Assert.Equal(Prints(Report(Package)), Prints(Report(Package with { InstalledVersion = "9.0.1" })));
        Assert.NotEqual(Prints(Report(Line)), Prints(Report(Line with { Target = "b.env" })));
        Assert.Equal(2, Prints(Report(Line, Line with { StartLine = 9 })).Distinct().Count());
    }

    [Fact]
    public void What_was_not_examined_is_an_error_of_the_run()
    {
        var run = Run(Report(Line) with { Gaps = ["x.h5: not examined"], Notes = ["an old database"] });
        var invocation = run.GetProperty("invocations")[0];
        Assert.False(invocation.GetProperty("executionSuccessful").GetBoolean());
        var told = invocation.GetProperty("toolExecutionNotifications").EnumerateArray().ToList();
        Assert.Equal(["error", "note"], told.Select(t => t.GetProperty("level").GetString()));
    }

    [Fact]
    public void A_waived_finding_is_a_result_with_a_suppression()
    {
        var waived = Line with
        {
            Suppression = new Suppression(SuppressionKind.Waiver, "a test key") { Expires = new DateOnly(2026, 12, 31), ApprovedBy = "me" },
        };
        var result = Assert.Single(Run(Report(waived)).GetProperty("results").EnumerateArray());
        var suppression = Assert.Single(result.GetProperty("suppressions").EnumerateArray());
        Assert.Equal("waived until 2026-12-31 by me: a test key", suppression.GetProperty("justification").GetString());
    }

    [Theory]
    [InlineData("a\u202Eexe.txt")]
    [InlineData("a\u001b[31m")]
    [InlineData("a\u2066b\u0000\r\n")]
    [InlineData("a\uD800")]
    [InlineData("a\uFFFE")]
    public void Text_that_is_not_what_it_seems_is_made_visible_in_both(string text)
    {
        var finding = Line with { Title = text, Id = text, Target = $"{text}/../x" };
        var report = Report(finding) with { Gaps = [text] };
        var sarif = Run(report);
        var result = sarif.GetProperty("results")[0];
        foreach (
            var shown in new[]
            {
                result.GetProperty("ruleId").GetString(),
                result.GetProperty("message").GetProperty("text").GetString(),
                Rules(sarif)[0].GetProperty("id").GetString(),
                XDocument.Parse(Encoding.UTF8.GetString(JUnitReport.Create([report], _ => true))).ToString(),
            }
        )
        {
            Assert.Contains("\uFFFD", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("\u202E", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("\u001b", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("\u2066", shown, StringComparison.Ordinal);
        }
        var uri = Physical(result).GetProperty("artifactLocation").GetProperty("uri").GetString()!;
        Assert.True(uri.All(char.IsAscii));
        Assert.DoesNotContain("..", uri, StringComparison.Ordinal);
        Assert.EndsWith("/x", uri, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_from_outside_becomes_no_link()
    {
        var text = Run(Report(Line with { Title = "[see](https://evil.example)" })).GetProperty("results")[0].GetProperty("message");
        Assert.DoesNotContain("](", text.GetProperty("text").GetString(), StringComparison.Ordinal);
        var url = Rules(Run(Report(Package with { PrimaryUrl = "javascript:alert(1)" })))[0];
        Assert.False(url.TryGetProperty("helpUri", out _));
    }

    [Fact]
    public void JUnit_has_failures_errors_and_what_is_skipped()
    {
        var waived = Line with { Suppression = new Suppression(SuppressionKind.Vex, "not called") { Status = "not_affected" } };
        var report = Report(Package, Pickle, waived) with { Gaps = ["x.h5: not examined"] };
        var suite = Suite(report, f => f.Severity == Severity.Critical);
        Assert.Equal(
            ("4", "1", "1", "1"),
            (Value(suite, "tests"), Value(suite, "failures"), Value(suite, "errors"), Value(suite, "skipped"))
        );
        Assert.Equal("2026-05-01T08:00:00Z", Value(suite, "timestamp"));
        Assert.Equal("VEX not_affected: not called", Value(suite.Descendants("skipped").Single(), "message"));
        Assert.Equal("CRITICAL", Value(suite.Descendants("failure").Single(), "type"));
        Assert.Equal("x.h5: not examined", Value(suite.Descendants("error").Single(), "message"));
    }

    [Fact]
    public void A_clean_scan_is_a_suite_with_a_case_that_passes()
    {
        var suite = Suite(Report(), _ => true);
        Assert.Equal("1", Value(suite, "tests"));
        Assert.Empty(Assert.Single(suite.Elements()).Elements());
    }

    private static ScanReport Report(params Finding[] findings) =>
        new(new ScannerIdentity("a scanner", "pkg:generic/s", "1", null, null), "t", Start, Start.AddSeconds(5), findings, []);

    private static JsonElement Run(ScanReport report)
    {
        using var json = JsonDocument.Parse(SarifReport.Create([report]));
        return json.RootElement.GetProperty("runs")[0].Clone();
    }

    private static List<JsonElement> Rules(JsonElement run) =>
        [.. run.GetProperty("tool").GetProperty("driver").GetProperty("rules").EnumerateArray()];

    private static JsonElement Physical(JsonElement result) => result.GetProperty("locations")[0].GetProperty("physicalLocation");

    private static List<string?> Prints(ScanReport report) =>
        [
            .. Run(report)
                .GetProperty("results")
                .EnumerateArray()
                .Select(r => r.GetProperty("partialFingerprints").GetProperty(SarifReport.FingerprintName).GetString()),
        ];

    private static XElement Suite(ScanReport report, Func<Finding, bool> fails) =>
        XDocument.Parse(Encoding.UTF8.GetString(JUnitReport.Create([report], fails))).Root!.Elements().Single();

    private static string? Value(XElement element, string attribute) => element.Attribute(attribute)?.Value;
}
