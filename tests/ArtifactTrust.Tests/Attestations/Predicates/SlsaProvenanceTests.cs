using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class SlsaProvenanceTests
{
    [Fact]
    public void Every_member_is_read()
    {
        var provenance = SlsaProvenance.Parse(Json.Parse(Samples.Provenance));
        Assert.Equal("https://ci.example.com/train/v1", provenance.BuildType);
        Assert.Equal(3, provenance.ExternalParameters.GetProperty("epochs").GetInt32());
        Assert.Equal(2, provenance.ResolvedDependencies.Count);
        Assert.Equal("7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", provenance.ResolvedDependencies[0].Digest!["gitCommit"]);
        Assert.Equal("https://ci.example.com/runner", provenance.BuilderId);
        Assert.Equal("2.1", provenance.BuilderVersion["runner"]);
        Assert.Equal("run/17", provenance.InvocationId);
        Assert.Equal(new DateTimeOffset(2026, 6, 1, 10, 0, 0, TimeSpan.Zero), provenance.StartedOn);
        Assert.Equal(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero), provenance.Time);
    }

    [Theory]
    [InlineData("buildDefinition/internalParameters")]
    [InlineData("buildDefinition/resolvedDependencies")]
    [InlineData("runDetails/metadata")]
    [InlineData("runDetails/metadata/finishedOn")]
    [InlineData("runDetails/builder/version")]
    [InlineData("runDetails/byproducts")]
    public void An_optional_member_may_be_absent_null_or_empty(string path)
    {
        SlsaProvenance.Parse(Json.Without(Samples.Provenance, path));
        SlsaProvenance.Parse(Json.With(Samples.Provenance, path, "null"));
    }

    [Fact]
    public void Without_an_end_there_is_no_time() =>
        Assert.Null(SlsaProvenance.Parse(Json.Without(Samples.Provenance, "runDetails/metadata/finishedOn")).Time);

    [Theory]
    [InlineData("buildDefinition", "$.buildDefinition")]
    [InlineData("buildDefinition/buildType", "$.buildDefinition.buildType")]
    [InlineData("buildDefinition/externalParameters", "$.buildDefinition.externalParameters")]
    [InlineData("runDetails", "$.runDetails")]
    [InlineData("runDetails/builder", "$.runDetails.builder")]
    [InlineData("runDetails/builder/id", "$.runDetails.builder.id")]
    public void A_required_member_that_is_absent_null_or_of_another_type_is_refused(string path, string location)
    {
        foreach (
            var json in new[]
            {
                Json.Without(Samples.Provenance, path),
                Json.With(Samples.Provenance, path, "null"),
                Json.With(Samples.Provenance, path, "7"),
                Json.With(Samples.Provenance, path, "\"\""),
                Json.With(Samples.Provenance, path, "[]"),
            }
        )
        {
            Assert.Equal(location, Assert.Throws<MalformedDataException>(() => SlsaProvenance.Parse(json)).Location);
        }
    }

    [Theory]
    [InlineData("buildDefinition/resolvedDependencies", "{}", "$.buildDefinition.resolvedDependencies")]
    [InlineData("buildDefinition/resolvedDependencies/1", "\"x\"", "$.buildDefinition.resolvedDependencies[1]")]
    [InlineData("buildDefinition/resolvedDependencies/1/uri", "1", "$.buildDefinition.resolvedDependencies[1].uri")]
    [InlineData("buildDefinition/resolvedDependencies/1/digest/sha256", "1", "$.buildDefinition.resolvedDependencies[1].digest.sha256")]
    [InlineData("runDetails/builder/version/runner", "2", "$.runDetails.builder.version.runner")]
    [InlineData("runDetails/metadata/startedOn", "\"yesterday\"", "$.runDetails.metadata.startedOn")]
    [InlineData("runDetails/metadata/finishedOn", "\"2026-06-01T12:00:00\"", "$.runDetails.metadata.finishedOn")]
    [InlineData("runDetails/metadata/finishedOn", "\"2026-06-01T09:00:00Z\"", "$.runDetails.metadata.finishedOn")]
    public void A_member_that_breaks_its_form_is_refused(string path, string value, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => SlsaProvenance.Parse(Json.With(Samples.Provenance, path, value))).Location
        );
}
