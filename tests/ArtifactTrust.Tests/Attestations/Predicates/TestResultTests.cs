using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class TestResultTests
{
    [Theory]
    [InlineData("PASSED", TestOutcome.Passed)]
    [InlineData("WARNED", TestOutcome.Warned)]
    [InlineData("FAILED", TestOutcome.Failed)]
    public void Every_member_is_read(string word, TestOutcome outcome)
    {
        var result = TestResult.Parse(Json.With(Samples.Tests, "result", $"\"{word}\""));
        Assert.Equal(outcome, result.Outcome);
        Assert.Equal("eval.yaml", Assert.Single(result.Configuration).Name);
        Assert.Equal("https://ci.example.com/runs/17", result.Url);
        Assert.Equal(["accuracy", "toxicity"], result.PassedTests);
        Assert.Empty(result.WarnedTests);
        Assert.Empty(result.FailedTests);
        Assert.Null(result.Time);
    }

    [Fact]
    public void The_zero_value_is_no_success() => Assert.Equal(TestOutcome.Unknown, default);

    [Theory]
    [InlineData("result", "null", "$.result")]
    [InlineData("result", "\"passed\"", "$.result")]
    [InlineData("result", "\"SKIPPED\"", "$.result")]
    [InlineData("result", "true", "$.result")]
    [InlineData("configuration", "null", "$.configuration")]
    [InlineData("configuration", "{}", "$.configuration")]
    [InlineData("configuration/0", "\"x\"", "$.configuration[0]")]
    [InlineData("failedTests", "\"x\"", "$.failedTests")]
    [InlineData("passedTests/1", "1", "$.passedTests[1]")]
    public void A_member_that_breaks_its_form_is_refused(string path, string value, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => TestResult.Parse(Json.With(Samples.Tests, path, value))).Location
        );
}
