using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Trust;

public sealed class IdentityRuleTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(@"https://ci\.test/acme/.*", true)]
    [InlineData(@"https://ci\.test/acme", false)]
    [InlineData(@"acme", false)]
    [InlineData(@"nobody|https://ci\.test/acme/.*", true)]
    [InlineData(@"https://ci\.test/acme/.*|nobody", true)]
    public void A_pattern_matches_the_whole_name(string pattern, bool expected)
    {
        var rule = IdentityRule.Create(pattern, true, TestLeaf.IssuerUrl, false);
        Assert.Equal(expected, rule.Accepts(Identity(new Forgery())));
    }

    [Theory]
    [InlineData("a)|(.*")]
    [InlineData("(")]
    [InlineData(@"(a)\1")]
    public void A_pattern_that_leaves_its_anchors_or_linear_time_is_refused(string pattern)
    {
        Assert.Throws<ArgumentException>(() => IdentityRule.Create(pattern, true, "issuer", false));
    }

    [Fact]
    public void Addresses_and_user_names_are_names_too()
    {
        Assert.Equal(["dev@example.com"], Identity(new Forgery { NameExtension = TestLeaf.Email("dev@example.com") }).Names);
        Assert.Equal(["dev!example.com"], Identity(new Forgery { NameExtension = TestLeaf.UserName("dev!example.com") }).Names);
    }

    [Fact]
    public void The_old_extension_for_the_issuer_agrees_with_the_new_one()
    {
        const string oid = "1.3.6.1.4.1.57264.1.1";
        Assert.Equal(TestLeaf.IssuerUrl, Identity(new Forgery { FurtherExtensions = [TestLeaf.RawText(oid, TestLeaf.IssuerUrl)] }).Issuer);
        Assert.Throws<MalformedDataException>(() =>
            Identity(new Forgery { FurtherExtensions = [TestLeaf.RawText(oid, "https://other.test")] })
        );
    }

    [Fact]
    public void A_claim_that_is_no_text_is_refused()
    {
        Assert.Throws<MalformedDataException>(() =>
            Identity(new Forgery { FurtherExtensions = [new X509Extension("1.3.6.1.4.1.57264.1.9", [5, 0], false)] })
        );
    }

    private CertificateIdentity Identity(Forgery forgery)
    {
        using var leaf = TestLeaf.Issue(_authority, forgery);
        return CertificateIdentity.Read(leaf.Certificate);
    }
}
