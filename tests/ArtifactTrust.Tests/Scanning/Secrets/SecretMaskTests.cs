using System.Text;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Secrets;

namespace ArtifactTrust.Tests.Scanning.Secrets;

public sealed class SecretMaskTests
{
    // Put together here, so that no file holds it whole.
    private static readonly string Token = "ghp_" + "a1Q9bR7cS3dT5eU2fV8gW4ha1Q9bR7cS3dT5";

    [Fact]
    public void What_a_text_has_of_secrets_is_replaced_and_the_rest_stays()
    {
        Assert.Equal("a ***, b ***", SecretMask.Of($"a {Token}, b {Token}"));
        Assert.Equal("x***", SecretMask.Of($"x{Token}"));
        Assert.Equal("https://me:***@host.example/x", SecretMask.Of("https://me:" + "kq7-Tr" + "@host.example/x"));
        Assert.Equal("plain.text", SecretMask.Of("plain.text"));
        Assert.Equal("", SecretMask.Of(""));
        Assert.DoesNotContain("q7z", SecretMask.Of("https://me:" + "q7z" + "@host.example/"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_scan_repeats_no_secret_of_an_import_a_name_or_a_path()
    {
        var scan = Scan($"model/{Token}.pkl", $"c{Token}\n{Token}\n.");
        Assert.Equal(FileVerdict.Findings, scan.Verdict);
        Assert.Equal("model/***.pkl", scan.Name);
        Assert.Equal(("***", "***"), (scan.Imports.Single().Module, scan.Imports.Single().Name));
        AssertMasked(scan);
        AssertMasked(Scan("config.json", $$"""{"auto_map":{"AutoModel":"{{Token}}/x--m.X"} }"""));
        AssertMasked(Scan("w.zip", "PK\u0003\u0004" + Token));
    }

    [Fact]
    public void A_secret_that_would_be_cut_is_taken_out_before()
    {
        var scan = Scan("m.pkl", $"c{new string('m', 180)} {Token}\nname\n.");
        AssertMasked(scan);
    }

    [Fact]
    public void The_path_of_a_file_with_a_secret_is_shown_without_its_own()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(Token));
        var report = new SecretScanner().Scan($"a/{Token}.txt", stream, "t");
        Assert.Equal("a/***.txt", report.Findings.Single().Target);
    }

    private static void AssertMasked(FileScan scan)
    {
        var all = $"{scan.Name} {string.Join(' ', scan.Findings)} {string.Join(' ', scan.Gaps)} {string.Join(' ', scan.Imports)}";
        Assert.DoesNotContain(Token[..12], all, StringComparison.Ordinal);
    }

    private static FileScan Scan(string name, string text)
    {
        using var stream = new MemoryStream(Encoding.Latin1.GetBytes(text));
        return new ModelScanner().ScanFile(name, stream);
    }
}
