using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Tests.Verification.Sigstore;

namespace ArtifactTrust.Tests.Policies;

/// <summary>What docs/policy.md shows is what the code does.</summary>
public sealed partial class PolicyDocumentationTests
{
    private static readonly string Text = Read();

    private static string Read()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "ArtifactTrust.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the repository's root is not above the tests");
        }
        return File.ReadAllText(Path.Combine(directory.FullName, "docs", "policy.md")).ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"^```(\w+) (\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();

    private static List<string> Marked(string mark) =>
        [.. Blocks().Matches(Text).Where(m => m.Groups[2].Value == mark).Select(m => m.Groups[3].Value)];

    private static TrustPolicy Parse(string yaml)
    {
        using var inline = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = inline
            .ExportSubjectPublicKeyInfoPem()
            .ReplaceLineEndings("\n")
            .TrimEnd()
            .Replace("\n", "\n          ", StringComparison.Ordinal);
        return TrustPolicy.Parse(
            Encoding.UTF8.GetBytes(Placeholder().Replace(yaml, key)),
            name =>
            {
                if (name.EndsWith(".pem", StringComparison.Ordinal))
                {
                    using var authority = new TestAuthority();
                    var certificate = name.Contains("time", StringComparison.Ordinal) ? authority.Tsa.Certificate : authority.Root;
                    return Encoding.UTF8.GetBytes(
                        certificate.ExportCertificatePem()
                            + "\n"
                            + (name.Contains("time", StringComparison.Ordinal) ? authority.TsaRoot.ExportCertificatePem() + "\n" : "")
                    );
                }
                using var file = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                return Encoding.UTF8.GetBytes(file.ExportSubjectPublicKeyInfoPem());
            }
        );
    }

    [GeneratedRegex(@"-----BEGIN PUBLIC KEY-----\n[^\n]*…[^\n]*\n +-----END PUBLIC KEY-----")]
    private static partial Regex Placeholder();

    [Fact]
    public void Every_whole_policy_is_one()
    {
        var policies = Marked("policy");
        Assert.Equal(5, policies.Count);
        foreach (var yaml in policies)
        {
            using var policy = Parse(yaml);
            Assert.NotEmpty(policy.Subjects);
        }
    }

    [Fact]
    public void Every_rule_is_one()
    {
        var head = Marked("policy")[0].Split("subjects:\n")[0];
        var rules = Marked("rule");
        Assert.Equal(3, rules.Count);
        foreach (var rule in rules)
        {
            var item = rule.TrimEnd().Replace("\n", "\n        ", StringComparison.Ordinal);
            using var policy = Parse($"{head}subjects:\n  model:\n    kind: file\n    attestations:\n      - {item}\n");
            Assert.Single(policy.Subjects[0].Attestations);
        }
    }

    [Fact]
    public void The_json_has_the_members_shown_in_the_order_shown()
    {
        var shown = Json.Parse(Assert.Single(Marked("decision")));
        var decision = Given.Decide(
            Given.ModelPolicy("attestations: [ { type: vulns, from: alice, maxSeverity: NONE } ]"),
            Given.Attestation("alice", "vulns", Samples.Vulns)
        );
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            decision.WriteTo(writer);
        }
        var written = Json.Parse(Encoding.UTF8.GetString(buffer.WrittenSpan));
        Assert.Equal(Names(shown), Names(written));
        Assert.Equal(Names(shown.GetProperty("policy")), Names(written.GetProperty("policy")));
        var (shownSubject, writtenSubject) = (shown.GetProperty("subjects")[0], written.GetProperty("subjects")[0]);
        Assert.Equal(Names(shownSubject), Names(writtenSubject));
        var shownRule = shownSubject.GetProperty("rules")[0];
        var writtenRule = writtenSubject.GetProperty("rules").EnumerateArray().Last();
        Assert.Equal(Names(shownRule), Names(writtenRule));
        Assert.Equal(Names(shownRule.GetProperty("rejected")[0]), Names(writtenRule.GetProperty("rejected")[0]));
    }

    [Fact]
    public void Every_code_and_every_name_of_a_type_is_in_it_in_order()
    {
        var codes = Enum.GetValues<DenialCode>().Where(c => c != DenialCode.None).Order();
        var list = Text[Text.IndexOf("The codes, the least specific first", StringComparison.Ordinal)..];
        Assert.Equal(
            codes.Select(c => JsonNamingPolicy.CamelCase.ConvertName(c.ToString())),
            Quoted().Matches(list[..list.IndexOf("\n\n", StringComparison.Ordinal)]).Select(m => m.Groups[1].Value)
        );
        var names = Text[Text.IndexOf("The names are `slsaprovenance1`", StringComparison.Ordinal)..];
        Assert.Equal(
            PredicateType.Names,
            Quoted().Matches(names[..names.IndexOf("\nSix", StringComparison.Ordinal)]).Select(m => m.Groups[1].Value)
        );
    }

    [Theory]
    [InlineData("git+https://git.example.com/models/*", "/models/bert", true)]
    [InlineData("git+https://git.example.com/models/*", "/models/bert@refs/heads/main", false)]
    [InlineData("git+https://git.example.com/models/*@refs/tags/*", "/models/bert@refs/heads/x@refs/tags/v1", false)]
    [InlineData("git+https://git.example.com/**@**", "/a/b@refs/heads/main", true)]
    [InlineData("git+https://git.example.com/**@**", "/a/b", false)]
    public void The_table_of_patterns_is_true(string pattern, string path, bool matches)
    {
        Assert.Contains($"`{pattern}`", Text, StringComparison.Ordinal);
        Assert.Contains($"`…{path}`", Text, StringComparison.Ordinal);
        Assert.Equal(matches, UriPattern.Parse(pattern).Matches("git+https://git.example.com" + path));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    private static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(m => m.Name);
}
