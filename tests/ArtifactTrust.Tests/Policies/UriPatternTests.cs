using ArtifactTrust.Formats;
using ArtifactTrust.Policies;

namespace ArtifactTrust.Tests.Policies;

public sealed class UriPatternTests
{
    [Theory]
    [InlineData("git+https://git.example.com/models/bert", "git+https://git.example.com/models/bert")]
    [InlineData("https://example.com/a%2Fb?x=1#y", "https://example.com/a%2Fb?x=1#y")]
    [InlineData("https://example.com/a/../b", "https://example.com/a/../b")]
    [InlineData("git+https://git.example.com/models/*", "git+https://git.example.com/models/bert")]
    [InlineData("git+https://git.example.com/models/*@refs/heads/main", "git+https://git.example.com/models/bert@refs/heads/main")]
    [InlineData("git+https://git.example.com/models/*@refs/heads/*", "git+https://git.example.com/models/bert@refs/heads/main")]
    [InlineData("git+https://git.example.com/models/*@**", "git+https://git.example.com/models/bert@refs/heads/main")]
    [InlineData("git+https://git.example.com/**@refs/tags/v*", "git+https://git.example.com/a/b/c@refs/tags/v1.2")]
    [InlineData("https://example.com/*/data/*", "https://example.com/x/data/y")]
    [InlineData("https://example.com/**/data/*.csv", "https://example.com/x/y/data/z.csv")]
    [InlineData("https://example.com/**/data", "https://example.com/data/data/data")]
    [InlineData("pkg:pypi/*@*", "pkg:pypi/torch@2.1.0")]
    [InlineData("pkg:npm/%40acme/*@1.*", "pkg:npm/%40acme/tool@1.2")]
    [InlineData("https://example.com/a.*.b", "https://example.com/a...b")]
    [InlineData("file:///data/*", "file:///data/x")]
    public void A_pattern_matches(string pattern, string uri) => Assert.True(UriPattern.Parse(pattern).Matches(uri));

    [Theory]
    [InlineData("OtherCase", "https://example.com/a", "https://example.com/A")]
    [InlineData("Prefix", "https://example.com/a", "https://example.com/ab")]
    [InlineData("Suffix", "https://example.com/a", "xhttps://example.com/a")]
    [InlineData("TrailingSlash", "https://example.com/a", "https://example.com/a/")]
    [InlineData("NothingForAStar", "https://example.com/*", "https://example.com/")]
    [InlineData("NothingForTwoStars", "https://example.com/**", "https://example.com/")]
    [InlineData("TwoSegmentsForAStar", "https://example.com/*", "https://example.com/a/b")]
    [InlineData("OtherHost", "https://example.com/*", "https://example.com.evil.org/a")]
    [InlineData("UserInfo", "https://example.com/*", "https://example.com@evil.org/a")]
    [InlineData("OtherScheme", "https://example.com/*", "http://example.com/a")]
    [InlineData("ParentSegment", "https://example.com/models/**", "https://example.com/models/../evil/x")]
    [InlineData("ParentAtTheEnd", "https://example.com/models/*", "https://example.com/models/..")]
    [InlineData("ParentBeforeTheRevision", "git+https://example.com/models/*@*", "git+https://example.com/models/..@main")]
    [InlineData("SelfBeforeTheRevision", "git+https://example.com/models/**@main", "git+https://example.com/models/.@main")]
    [InlineData("ParentBeforeTheQuery", "https://example.com/models/*?v=1", "https://example.com/models/..?v=1")]
    [InlineData("ParentBeforeTheFragment", "https://example.com/models/*#part", "https://example.com/models/..#part")]
    [InlineData("CurrentSegment", "https://example.com/models/**", "https://example.com/models/./x")]
    [InlineData("EncodedSlash", "https://example.com/*", "https://example.com/a%2fb")]
    [InlineData("EncodedParent", "https://example.com/models/**", "https://example.com/models/%2e%2e/evil")]
    [InlineData("Backslash", "https://example.com/*", "https://example.com/a\\b")]
    [InlineData("Query", "https://example.com/*", "https://example.com/a?b")]
    [InlineData("Fragment", "https://example.com/**", "https://example.com/a#b")]
    [InlineData("Revision", "git+https://example.com/*", "git+https://example.com/a@refs")]
    [InlineData("RevisionThatLooksLikeTwo", "git+https://e.com/*@refs/tags/*", "git+https://e.com/a@refs/heads/x@refs/tags/v1")]
    [InlineData("RevisionThatLooksLikeTwoAcross", "git+https://e.com/**@refs/tags/*", "git+https://e.com/a@refs/heads/x@refs/tags/v1")]
    [InlineData("Space", "https://example.com/*", "https://example.com/a b")]
    [InlineData("LineFeed", "https://example.com/*", "https://example.com/a\n")]
    [InlineData("TokenCharacter", "https://example.com/*", "https://example.com/\u0001")]
    [InlineData("TokenCharacterOfExact", "https://example.com/a", "https://example.com/\u0001")]
    [InlineData("Empty", "https://example.com/*", "")]
    public void A_pattern_does_not_match(string why, string pattern, string uri) =>
        Assert.False(UriPattern.Parse(pattern).Matches(uri), why);

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("models/*")]
    [InlineData("//example.com/*")]
    [InlineData("https:")]
    [InlineData("1:x")]
    [InlineData("*://example.com/x")]
    [InlineData("https://*/x")]
    [InlineData("https://*.example.com/x")]
    [InlineData("https://example.com*")]
    [InlineData("https://example.com:*/x")]
    [InlineData("https:///*")]
    [InlineData("pkg:*")]
    [InlineData("pkg:*/x")]
    [InlineData("https://example.com/***")]
    [InlineData("https://example.com/a b")]
    [InlineData("https://example.com/\u0001")]
    public void What_could_accept_more_than_it_shows_is_refused(string pattern) =>
        Assert.Throws<MalformedDataException>(() => UriPattern.Parse(pattern));

    [Fact]
    public void A_pattern_is_at_most_1024_characters_long() =>
        Assert.Throws<MalformedDataException>(() => UriPattern.Parse("https://example.com/" + new string('a', 1005)));

    [Fact]
    public void Many_wildcards_over_a_long_uri_are_matched_in_little_time_and_a_longer_one_not_at_all()
    {
        var pattern = UriPattern.Parse("https://e.com/" + string.Concat(Enumerable.Repeat("**a", 300)));
        Assert.False(pattern.Matches("https://e.com/" + new string('a', 4000) + "b"));
        Assert.False(UriPattern.Parse("https://e.com/**").Matches("https://e.com/" + new string('a', 5000)));
    }
}
