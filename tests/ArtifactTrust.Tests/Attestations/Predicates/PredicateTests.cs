using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class PredicateTests
{
    [Fact]
    public void The_type_decides_how_a_predicate_is_read()
    {
        Assert.IsType<SlsaProvenance>(Predicate.Parse("https://slsa.dev/provenance/v1", Json.Parse(Samples.Provenance)));
        Assert.IsType<SlsaProvenance>(Predicate.Parse("https://slsa.dev/provenance/v1.0", Json.Parse(Samples.Provenance)));
        Assert.IsType<CycloneDxBom>(Predicate.Parse("https://cyclonedx.org/bom", Json.Parse(Samples.CycloneDx)));
        Assert.IsType<CycloneDxBom>(Predicate.Parse("https://cyclonedx.org/bom/v1.4", Json.Parse(Samples.CycloneDx)));
        Assert.IsType<CosignVuln>(Predicate.Parse("https://cosign.sigstore.dev/attestation/vuln/v1", Json.Parse(Samples.CosignVuln)));
        Assert.IsType<CosignVuln>(Predicate.Parse("cosign.sigstore.dev/attestation/vuln/v1", Json.Parse(Samples.CosignVuln)));
        Assert.IsType<Vulns>(Predicate.Parse("https://in-toto.io/attestation/vulns/v0.2", Json.Parse(Samples.Vulns)));
        Assert.IsType<TestResult>(Predicate.Parse("https://in-toto.io/attestation/test-result/v0.1", Json.Parse(Samples.Tests)));
        Assert.IsType<VerificationSummary>(Predicate.Parse("https://slsa.dev/verification_summary/v1", Json.Parse(Samples.Summary)));
    }

    [Fact]
    public void A_type_not_read_here_keeps_its_json_and_has_no_time()
    {
        var predicate = Assert.IsType<UntypedPredicate>(Predicate.Parse("https://example.com/review/v1", Json.Parse("""{"by":"me"}""")));
        Assert.Equal("me", predicate.Json.GetProperty("by").GetString());
        Assert.Null(predicate.Time);
    }

    public static TheoryData<string> Types => [.. Samples.All.Select(s => s.Type)];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_predicate_that_is_no_object_is_refused(string type)
    {
        var uri = PredicateType.Parse(type).Uri;
        foreach (var json in new[] { "[]", "1", "\"x\"", "null", "true" })
        {
            Assert.Equal("$", Assert.Throws<MalformedDataException>(() => Predicate.Parse(uri, Json.Parse(json))).Location);
        }
        Assert.Throws<MalformedDataException>(() => Predicate.Parse(uri, default));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void An_empty_object_is_refused(string type) =>
        Assert.Throws<MalformedDataException>(() => Predicate.Parse(PredicateType.Parse(type).Uri, Json.Parse("{}")));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_flipped_bit_anywhere_gives_a_predicate_or_a_format_error(string type)
    {
        var (uri, valid) = (PredicateType.Parse(type).Uri, Encoding.UTF8.GetBytes(Samples.All.Single(s => s.Type == type).Json));
        for (var i = 0; i < valid.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var bytes = valid.ToArray();
                bytes[i] ^= (byte)(1 << bit);
                ParsesOrFails(uri, bytes);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_value_of_another_kind_anywhere_gives_a_predicate_or_a_format_error(string type)
    {
        var (uri, valid) = (PredicateType.Parse(type).Uri, Samples.All.Single(s => s.Type == type).Json);
        string[] others = ["null", "0", "-1e999", "\"\"", "\"x\"", "\"\\ud800\"", "[]", "[null]", "[[]]", "{}", "{\"\\u0000\":1}", "true"];
        foreach (var path in Paths(JsonNode.Parse(valid)!, ""))
        {
            foreach (var other in others)
            {
                var root = JsonNode.Parse(valid)!;
                var parts = path.Split('\n')[1..];
                var parent = root;
                foreach (var part in parts[..^1])
                {
                    parent = parent is JsonArray ? parent[int.Parse(part)]! : parent[part]!;
                }
                var marker = "\"MARKER\"";
                if (parent is JsonArray array)
                {
                    array[int.Parse(parts[^1])] = JsonNode.Parse(marker);
                }
                else
                {
                    parent[parts[^1]] = JsonNode.Parse(marker);
                }
                ParsesOrFails(uri, Encoding.UTF8.GetBytes(root.ToJsonString().Replace(marker, other, StringComparison.Ordinal)));
            }
        }
    }

    private static IEnumerable<string> Paths(JsonNode node, string path) =>
        node switch
        {
            JsonObject o => o.SelectMany(m =>
                m.Value is null ? [$"{path}\n{m.Key}"] : Paths(m.Value, $"{path}\n{m.Key}").Append($"{path}\n{m.Key}")
            ),
            JsonArray a => a.SelectMany((v, i) => v is null ? [$"{path}\n{i}"] : Paths(v, $"{path}\n{i}").Append($"{path}\n{i}")),
            _ => [],
        };

    private static void ParsesOrFails(string uri, byte[] utf8)
    {
        try
        {
            Predicate.Parse(uri, StrictJson.Parse(utf8, "test"));
        }
        catch (MalformedDataException)
        {
            // The one answer to what cannot be read.
        }
    }
}
