using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Tests.Sbom.Reading;

public sealed class TextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\u0000b\u001b[31m", "a b [31m")]
    [InlineData("a\nb\tc", "a\nb\tc")]
    [InlineData("\ud83d\ude00", "\ud83d\ude00")]
    public void Text_keeps_what_can_be_shown(string text, string clean) => Assert.Equal(clean, FileText.Clean(text));

    [Fact]
    public void Half_a_surrogate_pair_is_replaced()
    {
        Assert.Equal("a\uFFFDb", FileText.Clean("a\ud800b"));
        Assert.Equal("\uFFFD", FileText.Clean("\udc00"));
    }

    [Fact]
    public void Long_text_is_cut_between_characters()
    {
        var text = FileText.Clean("x" + string.Concat(Enumerable.Repeat("😀", 10_000)))!;
        Assert.Equal(4096, text.Length);
        Assert.EndsWith("😀…", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.org/a?b=%20#c")]
    [InlineData("LICENSE")]
    [InlineData("../x/y")]
    [InlineData("https://example.org/é")]
    public void An_address_passes(string text) => Assert.Equal(text, Iri.OrNull(text));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("<a>")]
    [InlineData("a%2")]
    [InlineData("a%zz")]
    [InlineData("a#b#c")]
    [InlineData("a\\b")]
    [InlineData("a\u0001")]
    [InlineData("http://[")]
    public void What_is_no_address_does_not(string text) => Assert.Null(Iri.OrNull(text));
}
