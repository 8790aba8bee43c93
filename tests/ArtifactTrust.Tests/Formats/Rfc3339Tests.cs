using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Formats;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5Z")]
    [InlineData("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.1234567Z")]
    [InlineData("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z")]
    [InlineData("2026-01-31T12:00:00-05:30", "2026-01-31T17:30:00Z")]
    [InlineData("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00Z")]
    [InlineData("2028-02-29T23:59:59Z", "2028-02-29T23:59:59Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z")]
    public void A_time_is_read_as_utc(string text, string expected)
    {
        var time = Rfc3339.Parse(text, "test", "$");
        Assert.Equal(expected, Rfc3339.Format(time));
        Assert.Equal(TimeSpan.Zero, time.Offset);
    }

    [Theory]
    [InlineData("Empty", "")]
    [InlineData("DateOnly", "2026-01-31")]
    [InlineData("NoOffset", "2026-01-31T12:00:00")]
    [InlineData("NoSeconds", "2026-01-31T12:00Z")]
    [InlineData("Space", "2026-01-31 12:00:00Z")]
    [InlineData("LowerCase", "2026-01-31t12:00:00z")]
    [InlineData("NoSuchDay", "2026-02-29T12:00:00Z")]
    [InlineData("NoSuchMonth", "2026-13-01T12:00:00Z")]
    [InlineData("MonthZero", "2026-00-01T12:00:00Z")]
    [InlineData("YearZero", "0000-01-01T12:00:00Z")]
    [InlineData("Hour24", "2026-01-31T24:00:00Z")]
    [InlineData("LeapSecond", "2016-12-31T23:59:60Z")]
    [InlineData("EmptyFraction", "2026-01-31T12:00:00.Z")]
    [InlineData("CommaFraction", "2026-01-31T12:00:00,5Z")]
    [InlineData("FractionOnly", "2026-01-31T12:00:00.5")]
    [InlineData("OffsetWithoutColon", "2026-01-31T12:00:00+0200")]
    [InlineData("OffsetTooLarge", "2026-01-31T12:00:00+24:00")]
    [InlineData("BeforeTheFirstInstant", "0001-01-01T00:00:00+01:00")]
    [InlineData("AfterTheLastInstant", "9999-12-31T23:59:59-01:00")]
    [InlineData("TrailingSpace", "2026-01-31T12:00:00Z ")]
    [InlineData("LeadingSpace", " 2026-01-31T12:00:00Z")]
    [InlineData("TrailingText", "2026-01-31T12:00:00Zulu")]
    [InlineData("OtherDigits", "２０26-01-31T12:00:00Z")]
    [InlineData("Negative", "-026-01-31T12:00:00Z")]
    [InlineData("ManyDigits", "2026-01-31T12:00:00.0000000000000000000000000000000000000000000000000000000000Z")]
    public void What_is_no_time_is_refused(string malformation, string text)
    {
        Assert.False(Rfc3339.TryParse(text, out _), malformation);
        var e = Assert.Throws<MalformedDataException>(() => Rfc3339.Parse(text, "test", "$.t"));
        Assert.Equal("$.t", e.Location);
    }
}
