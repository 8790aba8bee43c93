using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Trust;

public sealed class CertificateClaimsTests
{
    [Fact]
    public void Every_name_stands_for_itself() =>
        Assert.All(CertificateClaims.Names, n => Assert.True(CertificateClaims.TryParse(n, out var name, out _) && name == n));

    [Theory]
    [InlineData("1.3.6.1.4.1.57264.1.12", "sourceRepositoryURI")]
    [InlineData("1.3.6.1.4.1.57264.1.23", "deploymentEnvironment")]
    [InlineData("1.3.6.1.4.1.57264.1.99", "1.3.6.1.4.1.57264.1.99")]
    public void An_object_identifier_of_the_arc_is_a_name(string oid, string expected)
    {
        Assert.True(CertificateClaims.TryParse(oid, out var name, out _));
        Assert.Equal(expected, name);
    }

    [Theory]
    [InlineData("sourceRepositoryUri", "did you mean 'sourceRepositoryURI'?")]
    [InlineData("sourceRepoRef", "did you mean 'sourceRepositoryRef'?")]
    [InlineData("x", "there are githubWorkflowTrigger, ")]
    [InlineData("", "there are githubWorkflowTrigger, ")]
    [InlineData("2.5.29.17", "there is no certificate extension")]
    [InlineData("1.3.6.1.4.1.57264.1.", "there is no certificate extension")]
    [InlineData("1.3.6.1.4.1.57264.1.012", "there is no certificate extension")]
    [InlineData("1.3.6.1.4.1.57264.1.1", "conditions of their own")]
    [InlineData("1.3.6.1.4.1.57264.1.7", "conditions of their own")]
    [InlineData("1.3.6.1.4.1.57264.1.8", "conditions of their own")]
    public void Anything_else_is_none_and_the_nearest_name_is_told(string text, string expected)
    {
        Assert.False(CertificateClaims.TryParse(text, out _, out var reason));
        Assert.Contains(expected, reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sourceRepositoryUri", "a")]
    [InlineData("sourceRepositoryURI", "")]
    public void A_rule_with_a_claim_that_could_never_hold_is_refused(string claim, string value) =>
        Assert.Throws<ArgumentException>(() => IdentityRule.Exact("a", "https://b", new Dictionary<string, string> { [claim] = value }));

    [Fact]
    public void A_claim_may_not_be_asked_for_by_name_and_by_object_identifier() =>
        Assert.Throws<ArgumentException>(() =>
            IdentityRule.Exact(
                "a",
                "https://b",
                new Dictionary<string, string> { ["sourceRepositoryURI"] = "x", ["1.3.6.1.4.1.57264.1.12"] = "x" }
            )
        );
}
