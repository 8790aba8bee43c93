using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Completeness;

namespace ArtifactTrust.Tests.Sbom.Completeness;

public sealed class SbomCompletenessTests
{
    [Fact]
    public void The_lists_have_the_elements_that_were_published()
    {
        Assert.Equal(["ntia-2021", "cisa-2025", "g7-ai-2026", "owasp-aibom"], SbomCompleteness.Profiles);
        Assert.Equal(7, MinimumElements.Profiles[0].Elements.Count);
        Assert.Equal(
            [
                ("Metadata", 10),
                ("System", 9),
                ("Models", 13),
                ("Datasets", 10),
                ("Infrastructure", 2),
                ("Security", 4),
                ("Key performance indicators", 2),
            ],
            MinimumElements.Profiles[2].Elements.GroupBy(e => e.Cluster).Select(g => (g.Key, g.Count()))
        );
        Assert.Equal(100, AibomProfile.Owasp.Categories.Sum(c => c.Points));
        Assert.Equal((48, 11), (AibomProfile.Owasp.Fields.Count, AibomProfile.Owasp.Fields.Count(f => f.IsOptional)));
    }

    [VectorFact]
    public void The_elements_of_the_g7_are_those_of_the_published_vocabulary()
    {
        var published = File.ReadLines(Vectors.Require("bom-schemas/g7/g7ai-spdx3.sssom.tsv"))
            .Where(l => l.StartsWith("g7ai:", StringComparison.Ordinal))
            .Select(l => l.Split('\t')[0]["g7ai:".Length..])
            .Distinct()
            .ToList();
        var ours = MinimumElements.Profiles[2].Elements.Select(e => e.Id).ToList();
        Assert.Empty(published.Except(ours));
    }

    [Fact]
    public void A_document_with_everything_scores_high_and_says_what_is_missing()
    {
        var scores = Score(SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.CycloneDxJson));
        Assert.All(scores, s => Assert.InRange(s.Score, 50m, 99m));
        var g7 = scores.Single(s => s.Id == "g7-ai-2026");
        var signature = g7.Missing.Single(m => m.Id == "sbom-author-signature");
        Assert.Equal((0, 1), (signature.Found, signature.Applicable));
        Assert.DoesNotContain(g7.Missing, m => m.Id == "model-license");
    }

    [Fact]
    public void An_empty_document_scores_low_and_what_is_not_there_is_not_asked_for()
    {
        var scores = Score("""{"bomFormat":"CycloneDX","specVersion":"1.6"}"""u8.ToArray());
        Assert.Equal(0, scores[0].Score);
        Assert.DoesNotContain(scores[2].Elements, e => e.Cluster is "Models" or "Datasets");
    }

    [Fact]
    public void An_element_of_components_counts_for_the_share_that_has_it()
    {
        var score = Score(
            """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a","version":"1"},{"type":"library","name":"b"},{"type":"file","name":"f"}]}"""u8.ToArray()
        )[0];
        var version = score.Elements.Single(e => e.Id == "version");
        Assert.Equal((1, 2), (version.Found, version.Applicable));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":1}]}""")]
    public void What_is_not_valid_is_not_scored(string json) =>
        Assert.Throws<MalformedDataException>(() => SbomCompleteness.Score(Encoding.UTF8.GetBytes(json)));

    private static IReadOnlyList<ProfileScore> Score(byte[] utf8) => SbomCompleteness.Score(utf8);
}
