using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class VerificationSummaryTests
{
    [Fact]
    public void Every_member_is_read()
    {
        var summary = VerificationSummary.Parse(Json.Parse(Samples.Summary));
        Assert.Equal("https://gate.example.com", summary.VerifierId);
        Assert.Equal("0.1.0", summary.VerifierVersion["artifact-trust"]);
        Assert.Equal(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero), summary.Time);
        Assert.Equal("https://registry.example.com/models/bert", summary.ResourceUri);
        Assert.Equal("https://policy.example.com/production", summary.Policy.Uri);
        Assert.Single(summary.InputAttestations);
        Assert.True(summary.Passed);
        Assert.Equal(["SLSA_BUILD_LEVEL_2", "COMPANY_SIGNED"], summary.VerifiedLevels);
        Assert.Equal("1.1", summary.SlsaVersion);
    }

    [Fact]
    public void A_summary_is_written_as_it_was_read()
    {
        var written = VerificationSummary.Parse(Json.Parse(Samples.Summary)).ToJson();
        Assert.True(JsonElement.DeepEquals(Json.Without(Samples.Summary, "dependencyLevels"), written));
    }

    [Theory]
    [InlineData("timeVerified")]
    [InlineData("inputAttestations")]
    [InlineData("slsaVersion")]
    [InlineData("dependencyLevels")]
    [InlineData("verifier/version")]
    [InlineData("policy/digest")]
    public void An_optional_member_may_be_absent(string path) => VerificationSummary.Parse(Json.Without(Samples.Summary, path));

    [Fact]
    public void A_failed_summary_is_read()
    {
        var json = Json.With(Json.With(Samples.Summary, "verificationResult", "\"FAILED\"").GetRawText(), "verifiedLevels", "[\"FAILED\"]");
        Assert.False(VerificationSummary.Parse(json).Passed);
    }

    [Theory]
    [InlineData("verifier", "$.verifier")]
    [InlineData("verifier/id", "$.verifier.id")]
    [InlineData("resourceUri", "$.resourceUri")]
    [InlineData("policy", "$.policy")]
    [InlineData("policy/uri", "$.policy.uri")]
    [InlineData("verificationResult", "$.verificationResult")]
    [InlineData("verifiedLevels", "$.verifiedLevels")]
    public void A_required_member_that_is_absent_is_refused(string path, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => VerificationSummary.Parse(Json.Without(Samples.Summary, path))).Location
        );

    [Theory]
    [InlineData("verificationResult", "\"passed\"", "$.verificationResult")]
    [InlineData("verificationResult", "true", "$.verificationResult")]
    [InlineData("verifiedLevels", "[\"FAILED\"]", "$.verifiedLevels")]
    [InlineData("verifiedLevels", "[1]", "$.verifiedLevels[0]")]
    [InlineData("inputAttestations", "[{\"uri\":\"https://example.com\"}]", "$.inputAttestations")]
    [InlineData("timeVerified", "\"today\"", "$.timeVerified")]
    public void A_member_that_breaks_its_form_is_refused(string path, string value, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => VerificationSummary.Parse(Json.With(Samples.Summary, path, value))).Location
        );
}
