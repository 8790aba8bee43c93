using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom;

/// <summary>The front matter of a README as the predicate of an attestation.</summary>
public sealed class CardPredicateTests
{
    [Fact]
    public void A_card_is_its_front_matter_and_the_digest_of_the_whole_file()
    {
        const string Readme = """
            ---
            tags: [b, a]
            license: mit
            gated: no
            version: 1.0
            extra:
              empty_list: []
              empty_map: {}
              nothing:
            "\U0001F600": astral
            Z: upper
            ---
            # Prose
            """;
        var bytes = Encoding.UTF8.GetBytes(Readme);
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Equal(
            $$$"""{"card":{"digest":{"sha256":"{{{digest}}}"},"name":"README.md"},"metadata":{"Z":"upper","extra":{"empty_list":[],"empty_map":{},"nothing":null},"gated":"no","license":"mit","tags":["b","a"],"version":"1.0","\uD83D\uDE00":"astral"}}""",
            CardPredicate.FromReadme(bytes, "README.md").GetRawText()
        );
    }

    [Fact]
    public void The_order_of_the_front_matter_and_a_byte_order_mark_change_the_digest_alone()
    {
        var first = CardPredicate.FromReadme("---\na: 1\nb: 2\n---\n"u8, "README.md");
        var second = CardPredicate.FromReadme("\uFEFF---\r\nb: 2\r\na: 1\r\n---\r\n"u8, "README.md");
        Assert.Equal(first.GetProperty("metadata").GetRawText(), second.GetProperty("metadata").GetRawText());
        Assert.NotEqual(first.GetProperty("card").GetRawText(), second.GetProperty("card").GetRawText());
    }

    [Fact]
    public void Empty_front_matter_is_an_empty_object() =>
        Assert.Equal("{}", CardPredicate.FromReadme("---\n---\n"u8, "x").GetProperty("metadata").GetRawText());

    [Theory]
    [InlineData("", "three hyphens")]
    [InlineData("# Prose\n---\na: b\n---\n", "three hyphens")]
    [InlineData("---\na: b\n", "no line of three hyphens ends it")]
    [InlineData("---\n- a\n---\n", "a mapping is expected")]
    [InlineData("---\n[]\n---\n", "a mapping is expected")]
    [InlineData("---\ntext\n---\n", "a mapping is expected")]
    [InlineData("---\na: 1\na: 2\n---\n", "twice")]
    [InlineData("---\na: &x 1\nb: *x\n---\n", "anchors and aliases")]
    [InlineData("---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n", "anchors and aliases")]
    [InlineData("---\na: !!python/object/apply:os.system [id]\n---\n", "tags are not accepted")]
    [InlineData("---\na: !custom b\n---\n", "tags are not accepted")]
    [InlineData("---\n? [a, b]\n: c\n---\n", "a key is to be a scalar")]
    [InlineData("---\na: [\n---\n", "YAML")]
    public void What_is_no_card_is_refused(string readme, string reason)
    {
        var e = Assert.Throws<MalformedDataException>(() => CardPredicate.FromReadme(Encoding.UTF8.GetBytes(readme), "README.md"));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Front_matter_nested_or_large_beyond_reason_is_refused()
    {
        var deep = $"---\na: {new string('[', 100)}{new string(']', 100)}\n---\n";
        Assert.Throws<MalformedDataException>(() => CardPredicate.FromReadme(Encoding.UTF8.GetBytes(deep), "x"));
        var large = $"---\na: {new string('x', Limits.FrontMatterBytes)}\n---\n";
        Assert.Throws<MalformedDataException>(() => CardPredicate.FromReadme(Encoding.UTF8.GetBytes(large), "x"));
        // The prose below may be of any length.
        CardPredicate.FromReadme(Encoding.UTF8.GetBytes($"---\na: b\n---\n{new string('x', 2 * Limits.FrontMatterBytes)}"), "x");
    }

    [Fact]
    public void Cards_are_the_predicates_of_two_types()
    {
        Assert.True(CardPredicate.IsMadeFor(PredicateType.Parse("model-card")));
        Assert.True(CardPredicate.IsMadeFor(PredicateType.Parse("urn:artifact-trust:dataset-card:v1")));
        Assert.False(CardPredicate.IsMadeFor(PredicateType.Parse("croissant")));
    }
}
