using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Waivers;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Waivers;

public sealed class ScanWaiverTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private static readonly Finding Pillow = new("CVE-2099-1", FindingClass.Vulnerability, Severity.Critical, "app/requirements.txt")
    {
        Purl = "pkg:pypi/pillow@9.0.0",
    };

    [Fact]
    public void A_waived_finding_stays_and_says_why()
    {
        var scans = Parse(Waiver("")).Apply([Report(Pillow)], Now);
        var suppression = Assert.Single(scans.Reports[0].Findings).Suppression;
        Assert.Equal(
            new Suppression(SuppressionKind.Waiver, "not reachable")
            {
                Expires = new DateOnly(2026, 12, 31),
                ApprovedBy = "alice",
                Source = "w.yaml",
            },
            suppression
        );
        Assert.Empty(scans.Reports[0].Counted);
        Assert.Null(scans.Reports[0].Worst);
        Assert.False(scans.Reports[0].IsClean);
        Assert.Empty(scans.Unused);
    }

    [Fact]
    public void A_waiver_ends_with_its_last_day()
    {
        var scans = Parse(Waiver("")).Apply([Report(Pillow)], Now.AddSeconds(1));
        Assert.Null(scans.Reports[0].Findings[0].Suppression);
        Assert.Single(scans.Expired);
        Assert.Empty(scans.Unused);
    }

    [Theory]
    [InlineData("purl: pkg:pypi/pillow@9.0.0", true)]
    [InlineData("purl: pkg:pypi/pillow@*", true)]
    [InlineData("purl: pkg:pypi/*", true)]
    [InlineData("purl: pkg:*", false)]
    [InlineData("purl: pkg:**", true)]
    [InlineData("purl: pkg:pypi/pillow", false)]
    [InlineData("purl: pkg:npm/pillow@9.0.0", false)]
    [InlineData("path: app/requirements.txt", true)]
    [InlineData("path: requirements.txt", false)]
    [InlineData("path: '*/requirements.txt'", true)]
    [InlineData("path: '**/requirements.*'", true)]
    [InlineData("path: '*.txt'", false)]
    [InlineData("path: '**.txt'", true)]
    public void A_waiver_is_for_what_its_patterns_fit(string pattern, bool fits)
    {
        var scans = Parse(Waiver($"    {pattern}\n")).Apply([Report(Pillow)], Now);
        Assert.Equal(fits, scans.Reports[0].Findings[0].Suppression is not null);
        Assert.Equal(fits ? 0 : 1, scans.Unused.Count);
    }

    [Fact]
    public void A_waiver_for_a_package_is_for_no_finding_without_one()
    {
        var scans = Parse(Waiver("    purl: '**'\n")).Apply([Report(Pillow with { Purl = null })], Now);
        Assert.Null(scans.Reports[0].Findings[0].Suppression);
    }

    [Fact]
    public void Nothing_is_waived_where_not_everything_was_examined()
    {
        var scans = Parse(Waiver("")).Apply([Report(Pillow) with { Gaps = ["x.h5"] }, Report(Pillow)], Now);
        Assert.Null(scans.Reports[0].Findings[0].Suppression);
        Assert.Contains("do not apply", Assert.Single(scans.Reports[0].Notes), StringComparison.Ordinal);
        Assert.NotNull(scans.Reports[1].Findings[0].Suppression);
    }

    [Fact]
    public void What_a_VEX_document_says_is_kept()
    {
        var denied = Pillow with { Suppression = new Suppression(SuppressionKind.Vex, "not called") };
        var scans = Parse(Waiver("")).Apply([Report(denied)], Now);
        Assert.Equal(SuppressionKind.Vex, scans.Reports[0].Findings[0].Suppression!.Kind);
        Assert.Single(scans.Unused);
    }

    [Fact]
    public void The_same_as_JSON_is_read()
    {
        var waivers = ScanWaivers.Parse("""{"version": 1, "waivers": [{"id": "CVE-2099-1", "reason": "r", "expires": "2026-12-31"}]}"""u8);
        Assert.Equal("CVE-2099-1 until 2026-12-31", Assert.Single(waivers.Waivers).ToString());
    }

    [Theory]
    [InlineData("waivers: [{id: a, reason: r, expires: 2026-12-31}]", "needs 'version'")]
    [InlineData("version: 2\nwaivers: [{id: a, reason: r, expires: 2026-12-31}]", "version")]
    [InlineData("version: 1", "needs 'waivers'")]
    [InlineData("version: 1\nwaivers: []", "empty list")]
    [InlineData("version: 1\nwaivers: [{reason: r, expires: 2026-12-31}]", "needs 'id'")]
    [InlineData("version: 1\nwaivers: [{id: a, expires: 2026-12-31}]", "needs 'reason'")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: '', expires: 2026-12-31}]", "empty")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: r}]", "needs 'expires'")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: r, expires: 31.12.2026}]", "a day such as")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: r, expires: 2026-02-30}]", "a day such as")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: r, expires: never}]", "a day such as")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: r, expires: 2026-12-31, aproved: me}]", "approvedBy")]
    [InlineData("version: 1\nwaivers: [{id: a, reason: \"a\\u202Eb\", expires: 2026-12-31, until: x}]", "until")]
    [InlineData("[]", "a mapping")]
    [InlineData("", "empty")]
    public void A_file_that_is_not_of_this_form_is_refused(string text, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => Parse(text));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_made_to_take_long_does_not()
    {
        var pattern = string.Concat(Enumerable.Repeat("*a", 500));
        var waivers = Parse(Waiver($"    path: '{pattern}'\n"));
        Assert.Single(waivers.Apply([Report(Pillow with { Target = new string('a', 4000) + "b" })], Now).Unused);
        Assert.Throws<MalformedDataException>(() => Parse(Waiver($"    path: '{new string('*', 2000)}'\n")));
    }

    [Fact]
    public void No_change_of_one_byte_ends_in_another_exception()
    {
        var text = Encoding.UTF8.GetBytes(Waiver("    path: '**/x'\n"));
        for (var i = 0; i < text.Length; i++)
        {
            foreach (var flip in new byte[] { 1, 0x20, 0x80 })
            {
                text[i] ^= flip;
                try
                {
                    ScanWaivers.Parse(text).Apply([Report(Pillow)], Now);
                }
                catch (MalformedDataException)
                {
                    // As it should.
                }
                text[i] ^= flip;
            }
        }
    }

    private static ScanWaivers Parse(string text) => ScanWaivers.Parse(Encoding.UTF8.GetBytes(text), "w.yaml");

    private static string Waiver(string more) =>
        $"version: 1\nwaivers:\n  - id: CVE-2099-1\n    reason: not reachable\n    expires: 2026-12-31\n    approvedBy: alice\n{more}";

    private static ScanReport Report(params Finding[] findings) =>
        new(new ScannerIdentity("s", "pkg:generic/s", "1", null, null), "t", Now, Now, findings, []);
}
