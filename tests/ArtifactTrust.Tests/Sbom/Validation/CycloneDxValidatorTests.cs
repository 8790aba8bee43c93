using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom.Validation;

/// <summary>The validator against the vectors of the specification, and against what a schema cannot say.</summary>
public sealed class CycloneDxValidatorTests
{
    [VectorFact]
    public void All_valid_vectors_are_accepted_and_all_invalid_refused()
    {
        var folder = Vectors.Require("bom-schemas/cyclonedx-tests");
        var files = Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(142, files.Count(IsValidByName));
        Assert.Equal(76, files.Count(f => !IsValidByName(f)));
        foreach (var file in files)
        {
            var result = CycloneDxValidator.Validate(File.ReadAllBytes(file));
            Assert.True(
                result.IsValid == IsValidByName(file),
                $"{Path.GetFileName(file)}: {string.Join("; ", result.Errors.Select(e => $"{e.Location} {e.Reason}"))}"
            );
        }
    }

    [VectorFact]
    public void The_examples_are_judged_as_their_names_say()
    {
        var folder = Vectors.Require("bom-examples");
        foreach (
            var file in Directory.GetFiles(folder, "*.json").Where(f => !Path.GetFileName(f).StartsWith("spdx", StringComparison.Ordinal))
        )
        {
            var result = CycloneDxValidator.Validate(File.ReadAllBytes(file));
            Assert.True(
                result.IsValid == Path.GetFileName(file).StartsWith("ml-bom", StringComparison.Ordinal),
                $"{Path.GetFileName(file)}: {string.Join("; ", result.Errors.Select(e => $"{e.Location} {e.Reason}"))}"
            );
        }
    }

    [Fact]
    public void Every_schema_can_be_read()
    {
        foreach (var version in CycloneDxSchemas.Versions)
        {
            Assert.NotNull(CycloneDxSchemas.Of(version).Properties);
        }
    }

    [Fact]
    public void A_keyword_that_is_not_known_is_refused_when_the_schema_is_read()
    {
        var reader = new JsonSchemaReader();
        reader.Add("a.json", StrictJson.Parse("""{"type":"object","properties":{"a":{"contains":{}}}}"""u8.ToArray(), "schema"));
        var e = Assert.Throws<MalformedDataException>(() => reader.Read("a.json"));
        Assert.Contains("'contains'", e.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", "", "'c' is required")]
    [InlineData("""{"c":"x","d":1}""", "/d", "there is no member of this name here")]
    [InlineData("""{"c":"xyz"}""", "/c", "3 characters; at most 2 are expected")]
    [InlineData("""{"c":1}""", "/c", "string is expected, not number")]
    [InlineData("""{"c":"x","l":[1,1.0]}""", "/l/1", "the same element is there already")]
    [InlineData("""{"c":"x","l":[1,2,3]}""", "/l", "3 elements; at most 2 are expected")]
    [InlineData("""{"c":"x","n":11}""", "/n", "at most 10 is expected")]
    [InlineData("""{"c":"x","n":1.5}""", "/n", "integer is expected, not number")]
    [InlineData("""{"c":"x","p":"ab\n"}""", "/p", "'ab\n' does not match ^ab$")]
    [InlineData("""{"c":"x","when":"2026-13-01T00:00:00Z"}""", "/when", "a date and time such as 2026-01-31T12:00:00Z is expected")]
    [InlineData("""{"c":"x","e":"z"}""", "/e", "'z' is not one of x, y")]
    public void Each_error_has_its_place_and_reason(string json, string place, string reason)
    {
        var reader = new JsonSchemaReader();
        reader.Add(
            "a.json",
            StrictJson.Parse(
                """
                {"type":"object","required":["c"],"additionalProperties":false,"properties":{"a":true,"b":true,"c":{"type":"string","maxLength":2},
                "l":{"type":"array","uniqueItems":true,"maxItems":2},"n":{"type":"integer","maximum":10},"p":{"pattern":"^ab$"},
                "when":{"format":"date-time"},"e":{"enum":["x","y"]}}}
                """u8.ToArray(),
                "schema"
            )
        );
        var errors = new JsonSchemaEvaluation().Evaluate(reader.Read("a.json"), StrictJson.Parse(Encoding.UTF8.GetBytes(json), "JSON"));
        Assert.Contains(errors, e => e.Location == place && e.Reason.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(
        """ "components":[{"type":"file","name":"a","bom-ref":"x"},{"type":"file","name":"b","bom-ref":"x"}] """,
        "/components/1/bom-ref",
        "given twice"
    )]
    [InlineData(""" "dependencies":[{"ref":"nowhere"}] """, "/dependencies/0/ref", "nothing has the bom-ref 'nowhere'")]
    [InlineData(
        """ "compositions":[{"aggregate":"complete","dependencies":["nowhere"]}] """,
        "/compositions/0/dependencies/0",
        "nothing has"
    )]
    [InlineData(
        """ "components":[{"type":"machine-learning-model","name":"m","modelCard":{"modelParameters":{"datasets":[{"ref":"nowhere"}]}}}] """,
        "/components/0/modelCard/modelParameters/datasets/0/ref",
        "nothing has"
    )]
    [InlineData(
        """ "components":[{"type":"file","name":"a","hashes":[{"alg":"SHA-256","content":"d41d8cd98f00b204e9800998ecf8427e"}]}] """,
        "/components/0/hashes/0/content",
        "32 hex digits; SHA-256 has 64"
    )]
    [InlineData(""" "serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b7" """, "/serialNumber", "does not match")]
    [InlineData(""" "components":[{"type":"file","name":"a","licenses":[{"license":{"id":"apache"}}]}] """, "/components/0/licenses", "")]
    [InlineData(""" "components":[{"type":"modell","name":"a"}] """, "/components/0/type", "is not one of")]
    public void What_is_wrong_is_told_with_its_place(string members, string place, string reason)
    {
        var result = Of(members);
        Assert.False(result.IsValid);
        Assert.Contains(
            result.Errors,
            e => e.Location.StartsWith(place, StringComparison.Ordinal) && e.Reason.Contains(reason, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void A_link_to_another_document_is_no_dangling_name()
    {
        Assert.True(
            Of(
                """ "components":[{"type":"file","name":"a","bom-ref":"x"}],"compositions":[{"aggregate":"complete","assemblies":["urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#y"]}] """
            ).IsValid
        );
    }

    [Fact]
    public void An_expression_of_unknown_licences_is_a_warning()
    {
        var result = Of(""" "components":[{"type":"file","name":"a","licenses":[{"expression":"MIT OR Whatever"}]}] """);
        Assert.True(result.IsValid);
        Assert.Equal("/components/0/licenses/0/expression", Assert.Single(result.Warnings).Location);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.2"}""")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","specVersion":"1.6"}""")]
    [InlineData("{")]
    public void What_is_no_document_of_a_known_version_is_refused(string json) =>
        Assert.Throws<MalformedDataException>(() => CycloneDxValidator.Validate(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void At_most_a_hundred_errors_are_told()
    {
        var many = string.Join(',', Enumerable.Range(0, 5000).Select(i => $$"""{"type":"none","name":{{i}}}"""));
        Assert.Equal(Limits.SbomErrors, Of($""" "components":[{many}] """).Errors.Count);
    }

    [Fact]
    public void No_change_of_a_byte_makes_it_fail_in_another_way()
    {
        var document = Encoding.UTF8.GetBytes(
            """{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","components":[{"type":"file","name":"a","bom-ref":"x","hashes":[{"alg":"MD5","content":"d41d8cd98f00b204e9800998ecf8427e"}]}],"dependencies":[{"ref":"x","dependsOn":[]}]}"""
        );
        for (var i = 0; i < document.Length; i++)
        {
            foreach (var flip in (ReadOnlySpan<byte>)[1, 0x20, 0x80])
            {
                var changed = document.ToArray();
                changed[i] ^= flip;
                try
                {
                    CycloneDxValidator.Validate(changed);
                }
                catch (MalformedDataException)
                {
                    // The only exception there may be.
                }
            }
        }
    }

    private static SbomValidation Of(string members) =>
        CycloneDxValidator.Validate(Encoding.UTF8.GetBytes($$"""{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,{{members}}}"""));

    private static bool IsValidByName(string file) => Path.GetFileName(file).StartsWith("valid", StringComparison.Ordinal);
}
