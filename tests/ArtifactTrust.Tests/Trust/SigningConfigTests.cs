using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Tests.Trust;

public class SigningConfigTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    private static SigningService Service(string host, int version, string from = "2025-01-01", string? to = null, string? by = null) =>
        new(
            new Uri($"https://{host}"),
            version,
            new ValidityPeriod(DateTimeOffset.Parse(from + "Z", null), to is null ? null : DateTimeOffset.Parse(to + "Z", null)),
            by ?? host
        );

    private static IEnumerable<string> Choose(ServiceSelector selector, int count, params SigningService[] services) =>
        new ServiceSelection(selector, count).Choose(services, [1, 2], Now).Select(s => s.Url.Host);

    [Fact]
    public void The_highest_known_version_is_chosen_and_versions_are_never_mixed() =>
        Assert.Equal(["b"], Choose(ServiceSelector.All, 1, Service("a", 1), Service("b", 2), Service("c", 3)));

    [Fact]
    public void Of_one_version_the_newest_comes_first() =>
        Assert.Equal(["b"], Choose(ServiceSelector.Any, 1, Service("a", 1), Service("b", 1, "2025-06-01"), Service("c", 1, "2025-03-01")));

    [Fact]
    public void Services_outside_their_time_are_left_out_and_with_them_their_version() =>
        Assert.Equal(
            ["a"],
            Choose(ServiceSelector.All, 1, Service("a", 1), Service("b", 2, "2026-02-01"), Service("c", 2, "2025-01-01", "2026-01-01"))
        );

    [Fact]
    public void Services_of_one_operator_count_as_one() =>
        Assert.Equal(
            ["b", "c"],
            Choose(ServiceSelector.All, 1, Service("a", 1, by: "x"), Service("b", 1, "2025-06-01", by: "x"), Service("c", 1, by: "y"))
        );

    [Fact]
    public void As_many_as_said_are_chosen_or_none()
    {
        Assert.Equal(2, Choose(ServiceSelector.Exact, 2, Service("a", 1), Service("b", 1), Service("c", 1)).Count());
        Assert.Empty(Choose(ServiceSelector.Exact, 2, Service("a", 1), Service("b", 2)));
        Assert.Empty(Choose(ServiceSelector.Any, 1));
    }

    [Fact]
    public void A_config_is_read()
    {
        var config = Parse("""{"selector":"EXACT","count":2}""");
        Assert.Equal(2, config.TransparencyLogs.Count);
        Assert.Equal(new ServiceSelection(ServiceSelector.Exact, 2), config.TransparencyLogSelection);
        Assert.Empty(config.TimestampAuthorities);
        Assert.Equal("op", config.TransparencyLogs[0].Operator);
    }

    [Theory]
    [InlineData("""{"selector":"EXACT"}""")]
    [InlineData("""{"selector":"EXACT","count":0}""")]
    [InlineData("""{"selector":"SOME"}""")]
    [InlineData("""{"selector":"ANY","count":-1}""")]
    [InlineData("""{}""")]
    [InlineData("null")]
    [InlineData("""{"selector":"ANY","x":1}""")]
    public void A_rule_that_says_nothing_clear_is_refused(string selection) =>
        Assert.Throws<MalformedDataException>(() => Parse(selection));

    [Theory]
    [InlineData("""{"url":"ftp://a","majorApiVersion":1,"validFor":{"start":"2025-01-01T00:00:00Z"}}""")]
    [InlineData("""{"url":"https://u:p@a","majorApiVersion":1,"validFor":{"start":"2025-01-01T00:00:00Z"}}""")]
    [InlineData("""{"url":"/a","majorApiVersion":1,"validFor":{"start":"2025-01-01T00:00:00Z"}}""")]
    [InlineData("""{"url":"https://a","majorApiVersion":0,"validFor":{"start":"2025-01-01T00:00:00Z"}}""")]
    [InlineData("""{"url":"https://a","validFor":{"start":"2025-01-01T00:00:00Z"}}""")]
    [InlineData("""{"url":"https://a","majorApiVersion":1}""")]
    [InlineData("""{"url":"https://a","majorApiVersion":1,"validFor":{"start":"2025-01-01T00:00:00Z","end":"2024-01-01T00:00:00Z"}}""")]
    public void A_service_that_is_not_fully_described_is_refused(string service) =>
        Assert.Throws<MalformedDataException>(() => Parse("""{"selector":"ANY"}""", service));

    [VectorTheory]
    [InlineData("signing_config.json")]
    [InlineData("signing_config.rekor1.json")]
    [InlineData("signing_config.both.json")]
    public void Published_configs_are_read(string file) =>
        Assert.NotEmpty(SigningConfig.Parse(File.ReadAllBytes(Vectors.Require($"local-sigstore/{file}"))).TransparencyLogs);

    private static SigningConfig Parse(string selection, string? service = null) =>
        SigningConfig.Parse(
            Encoding.UTF8.GetBytes(
                $$"""
                {"mediaType":"{{SigningConfig.MediaTypeV02}}","rekorTlogConfig":{{selection}},"rekorTlogUrls":[
                 {{service
                    ?? """{"url":"https://a.test","majorApiVersion":1,"validFor":{"start":"2025-01-01T00:00:00Z"},"operator":"op"}"""}},
                 {"url":"https://b.test","majorApiVersion":2,"validFor":{"start":"2025-01-01T00:00:00Z"} }]}
                """
            )
        );
}
