using System.Text;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Completeness;

namespace ArtifactTrust.Tests.Sbom.Completeness;

/// <summary>
/// Figures that the generator's own Python gave for these documents: <c>src/models/scoring.py</c> at the commit that <c>owasp-aibom.json</c> names,
/// <c>calculate_completeness_score(document, validate=False)</c>, and once more with <c>extraction_results</c> naming the fields that a document
/// states where that code does not look, which is how the generator scores what it has made itself.
/// </summary>
public sealed class AibomScoringTests
{
    private const string StatedElsewhere =
        "primaryPurpose suppliedBy external_references intendedUse energyQuantity energyUnit metric useSensitivePersonalInformation";

    public static TheoryData<string, string> Texts { get; } =
        new()
        {
            { """{"bomFormat":"CycloneDX","specVersion":"1.6"}""", "7.6 7.6 0.76: 10.0 0.0 0.0 0.0 0.0; none; " },
            {
                """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"machine-learning-model","name":"a","version":"1","externalReferences":[{"type":"website","url":"https://a.example/"}]}]}""",
                // The component's version serves for the missing one of the document.
                "24.5 26.8 0.855: 15.0 0.0 11.4 0.0 5.0; none; external_references"
            },
            {
                """{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,"metadata":{"properties":[{"name":"primaryPurpose","value":"chat"},{"name":"spdx:domain","value":"x"}]},"components":[{"type":"machine-learning-model","name":"a","modelCard":{"properties":[{"name":"genai:aibom:modelcard:vocabSize","value":"32000"},{"name":"genai:aibom:modelcard:hyperparameter","value":"{}"}]}}]}""",
                "31.6 31.6 0.855: 20.0 8.0 5.7 3.3 0.0; none; "
            },
            {
                """{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"components":[{"type":"library","name":"openssl","version":"3.0","purl":"pkg:deb/debian/openssl@3.0","licenses":[{"license":{"id":"MIT"}}]}]}""",
                "25.1 25.1 0.855: 15.0 0.0 14.3 0.0 0.0; none; "
            },
        };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_document_has_the_score_that_the_generator_gives_it(string json, string expected) =>
        Assert.Equal(expected, Said(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_document_of_ours_has_the_score_that_the_generator_gives_it() =>
        Assert.Equal(
            $"47.4 72.4 1: 20.0 8.0 20.0 19.4 5.0; standard; {StatedElsewhere}",
            Said(SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.CycloneDxJson))
        );

    [VectorTheory]
    [InlineData("ml-bom-1.6.json")]
    [InlineData("ml-bom-1.7.json")]
    public void A_document_of_others_has_the_score_that_the_generator_gives_it(string name) =>
        Assert.Equal(
            $"51.3 76.7 1: 20.0 8.0 20.0 21.2 7.5; standard; {StatedElsewhere}",
            Said(File.ReadAllBytes(Vectors.Require($"bom-examples/{name}")))
        );

    [Fact]
    public void A_model_is_found_behind_other_components_where_the_generator_takes_the_first()
    {
        var score = Score(
            """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"l"},{"type":"machine-learning-model","name":"a","purl":"pkg:generic/a@1"}]}"""u8.ToArray()
        );
        Assert.Equal(["purl"], score.Aibom!.NotFoundByGenerator);
    }

    [Fact]
    public void Every_field_is_told_with_where_it_can_be_stated_and_what_is_optional_only_where_it_is()
    {
        var score = Score("""{"bomFormat":"CycloneDX","specVersion":"1.6"}"""u8.ToArray());
        Assert.Equal(37, score.Elements.Count);
        Assert.All(score.Elements, e => Assert.NotEmpty(e.State));
        Assert.Equal(["bomFormat", "specVersion"], score.Elements.Where(e => e.Found == 1).Select(e => e.Id));
    }

    private static string Said(byte[] utf8)
    {
        var score = Score(utf8);
        var aibom = score.Aibom!;
        return FormattableString.Invariant(
            $"{aibom.GeneratorScore:0.0} {score.Score:0.0} {aibom.Penalty}: {string.Join(' ', aibom.Categories.Select(c => FormattableString.Invariant($"{c.Points:0.0}")))}; {aibom.Level ?? "none"}; {string.Join(' ', aibom.NotFoundByGenerator)}"
        );
    }

    private static ProfileScore Score(byte[] utf8) => SbomCompleteness.Score(utf8).Single(s => s.Id == "owasp-aibom");
}
