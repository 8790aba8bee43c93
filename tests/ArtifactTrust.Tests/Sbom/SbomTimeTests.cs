using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom;

public sealed class SbomTimeTests
{
    private static readonly TimeProvider Clock = new FixedClock(new DateTimeOffset(2030, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(2)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void The_clock_is_asked_where_the_variable_is_not_set(string? value) =>
        Assert.Equal(new DateTimeOffset(2030, 1, 2, 1, 4, 5, TimeSpan.Zero), SbomTime.Resolve(Clock, value));

    [Theory]
    [InlineData("0", 1970)]
    [InlineData("1700000000", 2023)]
    [InlineData("253402300799", 9999)]
    public void The_variable_decides_where_it_is_set(string value, int year) => Assert.Equal(year, SbomTime.Resolve(Clock, value).Year);

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData(" 1")]
    [InlineData("today")]
    [InlineData("253402300800")]
    [InlineData("99999999999999999999")]
    public void A_value_that_is_no_number_of_seconds_is_refused(string value) =>
        Assert.Throws<MalformedDataException>(() => SbomTime.Resolve(Clock, value));

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now.ToUniversalTime();
    }
}
