using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Tests.Notation;

public sealed class NotationTrustPolicyTests
{
    private const string Rule =
        """{"name":"a","registryScopes":["r.example/a"],"signatureVerification":{"level":"strict"},"trustStores":["ca:x"],"trustedIdentities":["*"]}""";

    [Fact]
    public void The_rule_that_names_the_repository_comes_before_the_one_for_all()
    {
        var policy = Parse(
            $$"""
            {"version":"1.0","trustPolicies":[
              {"name":"all","registryScopes":["*"],"signatureVerification":{"level":"audit"},"trustStores":["ca:x"],"trustedIdentities":["*"]},
              {{Rule}}]}
            """
        );
        Assert.Equal("a", policy.Find("r.example/a")?.Name);
        Assert.Equal("all", policy.Find("r.example/a/b")?.Name);
        Assert.Equal("all", policy.Find(null)?.Name);
        Assert.True(policy.Find(null)!.IsMilder);
        Assert.False(policy.Find("r.example/a")!.IsMilder);
        policy = Parse($$"""{"version":"1.0","trustPolicies":[{{Rule}}]}""");
        Assert.Null(policy.Find("r.example/b"));
        Assert.Null(policy.Find(null));
    }

    [Theory]
    [InlineData("\"name\":\"a\"", "\"name\":\"\"")]
    [InlineData("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\"")]
    [InlineData("\"name\":\"a\"", "\"name\":\"a\",\"globalPolicy\":true")]
    [InlineData("[\"r.example/a\"]", "[]")]
    [InlineData("[\"r.example/a\"]", "[\"*\",\"r.example/a\"]")]
    [InlineData("[\"r.example/a\"]", "[\"r.example/*\"]")]
    [InlineData("[\"r.example/a\"]", "[\"https://r.example/a\"]")]
    [InlineData("[\"r.example/a\"]", "[\"r.example\"]")]
    [InlineData("[\"r.example/a\"]", "[\"r.example/a:1\"]")]
    [InlineData("[\"r.example/a\"]", "[\"r.example/a@sha256:00\"]")]
    [InlineData("[\"r.example/a\"]", "[\"r.example/a\",\"r.example/a\"]")]
    [InlineData("[\"r.example/a\"]", "[1]")]
    [InlineData("\"strict\"", "\"Strict\"")]
    [InlineData("\"strict\"", "\"skip\"")]
    [InlineData("\"strict\"", "\"strict\",\"override\":{\"integrity\":\"log\"}")]
    [InlineData("\"strict\"", "\"strict\",\"override\":{\"expiry\":\"skip\"}")]
    [InlineData("\"strict\"", "\"strict\",\"verifyTimestamp\":\"never\"")]
    [InlineData("\"ca:x\"", "\"ca:\"")]
    [InlineData("\"ca:x\"", "\"ca:..\"")]
    [InlineData("\"ca:x\"", "\"ca:../ca/x\"")]
    [InlineData("\"ca:x\"", "\"root:x\"")]
    [InlineData("\"ca:x\"", "\"x\"")]
    [InlineData("\"trustStores\":[\"ca:x\"],", "")]
    [InlineData("[\"*\"]", "[]")]
    [InlineData("[\"*\"]", "[\"*\",\"x509.subject: C=DE, ST=BE, O=a\"]")]
    [InlineData("[\"*\"]", "[\"C=DE, ST=BE, O=a\"]")]
    [InlineData("[\"*\"]", "[\"x509.san: a\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, O=a\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a, O=b\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, S=BE, O=a\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a+CN=b\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=#0401\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a;b\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a\\\\\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a, DC=b\"]")]
    [InlineData("[\"*\"]", "[\"x509.subject: C=DE, ST=BE, O=a\",\"x509.subject: C=DE, ST=BE, O=a, CN=b\"]")]
    public void A_rule_that_breaks_the_specification_is_malformed(string old, string replacement)
    {
        Assert.Contains(old, Rule, StringComparison.Ordinal);
        Assert.Throws<MalformedDataException>(() =>
            Parse($$"""{"version":"1.0","trustPolicies":[{{Rule.Replace(old, replacement, StringComparison.Ordinal)}}]}""")
        );
    }

    [Theory]
    [InlineData("""{"version":"1.1","trustPolicies":[RULE]}""")]
    [InlineData("""{"trustPolicies":[RULE]}""")]
    [InlineData("""{"version":"1.0","trustPolicies":[]}""")]
    [InlineData("""{"version":"1.0","trustPolicies":[RULE],"more":1}""")]
    [InlineData("""{"version":"1.0","trustPolicies":[RULE,RULE]}""")]
    [InlineData("""{"version":"1.0","trustPolicies":[RULE,OTHER]}""")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_file_that_is_no_policy_is_malformed(string text) =>
        Assert.Throws<MalformedDataException>(() =>
            Parse(
                text.Replace("RULE", Rule, StringComparison.Ordinal)
                    .Replace("OTHER", Rule.Replace("\"a\"", "\"b\"", StringComparison.Ordinal), StringComparison.Ordinal)
            )
        );

    [Theory]
    [InlineData(@"C=DE, ST=Berlin, O=Ex\, ample", "Ex, ample")]
    [InlineData(@"C=DE,ST=Berlin,O=  a b  ", "a b")]
    [InlineData(@"C=DE,ST=Berlin,O=\ a\ ", " a ")]
    [InlineData(@"C=DE,ST=Berlin,O=\\\;", @"\;")]
    [InlineData(@"C=DE,ST=Berlin,O=M\C3\BCller", "Müller")]
    [InlineData("C=DE,ST=Berlin,O=Müller", "Müller")]
    [InlineData(@"C=DE,ST=Berlin,O=a\=b=c", "a=b=c")]
    public void Values_are_read_without_their_escapes(string text, string organization)
    {
        var (name, problem) = SubjectName.Parse(text);
        Assert.Null(problem);
        Assert.Equal(organization, name!.Attributes["O"]);
    }

    [Fact]
    public void A_store_has_its_own_certificates_only()
    {
        using var scene = new NotationScene();
        var store = NotationTrustStore.Open(scene.Folder);
        Assert.Single(store.Read("ca", "example"));
        // DER is read too; other files, and directories inside, add nothing.
        scene.Add("ca", "example", store.Read("ca", "example")[0].RawData, "root.cer");
        scene.Add("ca", "example", "notes"u8.ToArray(), "README");
        scene.Add("ca", "example/inside", NotationScene.Data("tsa-root.pem"));
        Assert.Equal(2, store.Read("ca", "example").Count);
        Assert.Throws<MalformedDataException>(() => store.Read("ca", "nobody"));
        Assert.Throws<MalformedDataException>(() => store.Read("signingAuthority", "example"));
        Assert.Throws<MalformedDataException>(() => NotationTrustStore.Open(Path.Combine(scene.Folder, "x509")));
    }

    [Fact]
    public void A_store_with_something_else_than_authorities_is_refused()
    {
        using var scene = new NotationScene();
        var store = NotationTrustStore.Open(scene.Folder);
        scene.Add("ca", "broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"u8.ToArray());
        scene.Add("ca", "leaf", NotationDraft.Good.Certificates[0].RawData);
        scene.Add("tsa", "intermediate", NotationDraft.Good.Certificates[1].RawData);
        scene.Add("ca", "empty", [], "README");
        Directory.CreateSymbolicLink(
            Path.Combine(scene.Folder, "x509", "ca", "linked"),
            Path.Combine(scene.Folder, "x509", "ca", "example")
        );
        Directory.CreateDirectory(Path.Combine(scene.Folder, "x509", "ca", "links"));
        File.CreateSymbolicLink(
            Path.Combine(scene.Folder, "x509", "ca", "links", "root.pem"),
            Path.Combine(scene.Folder, "x509", "ca", "example", "root.pem")
        );
        foreach (var name in (string[])["broken", "leaf", "empty", "linked", "links"])
        {
            Assert.Throws<MalformedDataException>(() => store.Read("ca", name));
        }
        Assert.Throws<MalformedDataException>(() => store.Read("tsa", "intermediate"));
        scene.Add("ca", "intermediate", NotationDraft.Good.Certificates[1].RawData);
        Assert.Single(store.Read("ca", "intermediate"));
    }

    private static NotationTrustPolicy Parse(string text) => NotationTrustPolicy.Parse(Encoding.UTF8.GetBytes(text));
}
