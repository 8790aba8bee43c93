using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class PredicateTypeTests
{
    [Theory]
    [InlineData("slsaprovenance1", "https://slsa.dev/provenance/v1")]
    [InlineData("slsaprovenance02", "https://slsa.dev/provenance/v0.2")]
    [InlineData("cyclonedx", "https://cyclonedx.org/bom")]
    [InlineData("spdx", "https://spdx.dev/Document")]
    [InlineData("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1")]
    [InlineData("vulns", "https://in-toto.io/attestation/vulns/v0.2")]
    [InlineData("test-result", "https://in-toto.io/attestation/test-result/v0.1")]
    [InlineData("vsa", "https://slsa.dev/verification_summary/v1")]
    [InlineData("openvex", "https://openvex.dev/ns")]
    [InlineData("link", "https://in-toto.io/attestation/link/v0.3")]
    [InlineData("custom", "https://cosign.sigstore.dev/attestation/v1")]
    public void A_short_name_stands_for_its_uri(string name, string uri)
    {
        var type = PredicateType.Parse(name);
        Assert.Equal(uri, type.Uri);
        Assert.Equal(name, type.Name);
        Assert.Equal(name, type.ToString());
        Assert.Equal(name, PredicateType.NameOf(uri));
    }

    [Fact]
    public void Every_short_name_is_read_and_no_uri_belongs_to_two()
    {
        var types = PredicateType.Names.Select(PredicateType.Parse).ToList();
        var uris = types.SelectMany(t => t.Uris).ToList();
        Assert.Equal(uris.Count, uris.Distinct().Count());
        Assert.All(types, t => Assert.All(t.Uris, u => Assert.True(t.Accepts(u))));
    }

    [Theory]
    [InlineData("vuln", "cosign.sigstore.dev/attestation/vuln/v1")]
    [InlineData("vulns", "https://in-toto.io/attestation/vulns/v0.1")]
    [InlineData("slsaprovenance1", "https://slsa.dev/provenance/v1.0")]
    [InlineData("cyclonedx", "https://cyclonedx.org/bom/v1.4")]
    public void A_short_name_accepts_older_spellings_and_a_uri_only_itself(string name, string spelling)
    {
        Assert.True(PredicateType.Parse(name).Accepts(spelling));
        var literal = PredicateType.Parse(spelling);
        Assert.True(literal.Accepts(spelling));
        Assert.False(literal.Accepts(PredicateType.Parse(name).Uri));
        Assert.Equal(name, literal.Name);
        Assert.Equal(spelling, literal.ToString());
        Assert.False(PredicateType.Parse(PredicateType.Parse(name).Uri).Accepts(spelling));
    }

    [Theory]
    [InlineData("https://example.com/review/v1")]
    [InlineData("urn:example:review")]
    public void Any_other_uri_stands_for_itself(string uri)
    {
        var type = PredicateType.Parse(uri);
        Assert.Null(type.Name);
        Assert.Equal([uri], type.Uris);
        Assert.False(type.HasTime);
        Assert.False(type.Accepts(uri + "/"));
        Assert.False(type.Accepts(uri.ToUpperInvariant()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("slsa")]
    [InlineData("Vulns")]
    [InlineData("vuln ")]
    [InlineData(":x")]
    [InlineData("x:")]
    [InlineData("1x:y")]
    [InlineData("https://example.com/a b")]
    [InlineData("https://example.com/\u001b[31m")]
    [InlineData("example.com/review")]
    public void A_word_that_is_neither_is_refused_with_the_names(string text)
    {
        Assert.False(PredicateType.TryParse(text, out _));
        var e = Assert.Throws<MalformedDataException>(() => PredicateType.Parse(text));
        Assert.Contains("slsaprovenance1, ", e.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_near_miss_is_answered_with_what_was_meant() =>
        Assert.EndsWith(
            "did you mean 'cyclonedx'?",
            Assert.Throws<MalformedDataException>(() => PredicateType.Parse("cyclonedex")).Reason,
            StringComparison.Ordinal
        );
}
