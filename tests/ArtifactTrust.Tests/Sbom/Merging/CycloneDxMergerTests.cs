using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Merging;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom.Merging;

public sealed class CycloneDxMergerTests
{
    private const string Hash = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private const string Image = """
        {"bomFormat":"CycloneDX","specVersion":"1.5","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,
        "metadata":{"tools":[{"vendor":"V","name":"scanner","version":"1"}],"supplier":{"name":"Acme"},"component":{"type":"container","name":"image","bom-ref":"a"}},
        "components":[{"type":"library","name":"requests","version":"2","purl":"pkg:pypi/requests@2","bom-ref":"b","hashes":[{"alg":"SHA-256","content":"HASH"}],"properties":[{"name":"x","value":"1"}]}],
        "dependencies":[{"ref":"a","dependsOn":["b"]},{"ref":"b"}],"compositions":[{"aggregate":"incomplete","assemblies":["a"]}],
        "vulnerabilities":[{"id":"CVE-1","affects":[{"ref":"b"}]}]}
        """;

    private const string Model = """
        {"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"metadata":{"component":{"type":"machine-learning-model","name":"model","bom-ref":"a"}},
        "components":[{"type":"library","name":"requests","version":"2","purl":"pkg:pypi/requests@2","bom-ref":"r","hashes":[{"alg":"SHA-256","content":"HASH"}],"properties":[{"name":"y","value":"2"}]},
        {"type":"data","name":"rows","bom-ref":"b"}],
        "dependencies":[{"ref":"a","dependsOn":["b","r"]},{"ref":"b"}],"compositions":[{"aggregate":"complete","assemblies":["a"],"dependencies":["b"]}]}
        """;

    [Fact]
    public void A_release_depends_on_each_of_its_parts()
    {
        var json = Merge(Image, Model).Json;
        Assert.Equal("1.6", json.GetProperty("specVersion").GetString());
        var root = json.GetProperty("metadata").GetProperty("component").GetProperty("bom-ref").GetString()!;
        var names = json.GetProperty("components")
            .EnumerateArray()
            .ToDictionary(c => c.GetProperty("bom-ref").GetString()!, c => c.GetProperty("name").GetString()!);
        Assert.Equal(["image", "model"], DependsOn(json, root).Select(r => names[r]));
        Assert.Equal(["image", "model", "requests", "rows"], names.Values.Order());
    }

    [Fact]
    public void Names_that_mean_different_things_are_told_apart_everywhere()
    {
        var json = Merge(Image, Model).Json;
        var model = json.GetProperty("components")
            .EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == "model")
            .GetProperty("bom-ref")
            .GetString()!;
        var rows = json.GetProperty("components")
            .EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == "rows")
            .GetProperty("bom-ref")
            .GetString()!;
        Assert.NotEqual("a", model);
        Assert.Equal([rows, "b"], DependsOn(json, model));
        var composition = json.GetProperty("compositions")[1];
        Assert.Equal(model, composition.GetProperty("assemblies")[0].GetString());
        Assert.Equal(rows, composition.GetProperty("dependencies")[0].GetString());
        Assert.Equal("b", json.GetProperty("vulnerabilities")[0].GetProperty("affects")[0].GetProperty("ref").GetString());
    }

    [Fact]
    public void One_component_of_two_documents_is_one_with_what_both_say()
    {
        var json = Merge(Image, Model).Json;
        var requests = json.GetProperty("components").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "requests");
        Assert.Equal(["x", "y"], requests.GetProperty("properties").EnumerateArray().Select(p => p.GetProperty("name").GetString()!));
    }

    [Theory]
    [InlineData("\"version\":\"2\"", "\"version\":\"3\"")]
    [InlineData(
        "\"name\":\"requests\"",
        "\"name\":\"requests\",\"licenses\":[{\"license\":{\"id\":\"MIT\"}}],\"scope\":\"optional\",\"description\":\"d\""
    )]
    public void What_contradicts_is_kept_apart(string old, string other)
    {
        var image = Image.Replace(
            "\"name\":\"requests\"",
            "\"name\":\"requests\",\"licenses\":[{\"license\":{\"id\":\"Apache-2.0\"}}]",
            StringComparison.Ordinal
        );
        var result = Merge(image, Model.Replace(old, other, StringComparison.Ordinal));
        Assert.Equal(2, result.Json.GetProperty("components").EnumerateArray().Count(c => c.GetProperty("name").GetString() == "requests"));
        Assert.Contains(result.Merged.Notes, note => note.Contains("both are kept", StringComparison.Ordinal));
    }

    [Fact]
    public void The_makers_and_tools_of_the_parts_are_kept()
    {
        var json = Merge(Image, Model).Json;
        var image = json.GetProperty("components").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "image");
        Assert.Equal("Acme", image.GetProperty("supplier").GetProperty("name").GetString());
        Assert.Contains(
            json.GetProperty("metadata").GetProperty("tools").GetProperty("components").EnumerateArray(),
            t => t.GetProperty("name").GetString() == "scanner" && t.GetProperty("publisher").GetString() == "V"
        );
        Assert.Equal(
            "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1",
            json.GetProperty("externalReferences")[0].GetProperty("url").GetString()
        );
    }

    [Fact]
    public void The_same_documents_give_the_same_bytes_and_another_name_another_number()
    {
        Assert.Equal(Merge(Image, Model).Merged.Utf8, Merge(Image, Model).Merged.Utf8);
        Assert.NotEqual(Merge(Image, Model).Merged.SerialNumber, Merge(Model, Image).Merged.SerialNumber);
    }

    [Fact]
    public void A_document_may_be_there_twice() => Assert.Equal(6, Merge(Image, Model, Model).Merged.Components);

    [Fact]
    public void A_signature_is_left_out_and_said_so()
    {
        var signed = Image.Replace(
            "\"version\":1,",
            "\"version\":1,\"signature\":{\"algorithm\":\"ES256\",\"value\":\"x\"},",
            StringComparison.Ordinal
        );
        var result = Merge(signed);
        Assert.False(result.Json.TryGetProperty("signature", out _));
        Assert.Contains(result.Merged.Notes, n => n.Contains("signature", StringComparison.Ordinal));
    }

    [Fact]
    public void An_invalid_document_is_refused_with_its_name_and_place()
    {
        var e = Assert.Throws<MalformedDataException>(() =>
            Merge(Image, Model.Replace("\"ref\":\"b\"", "\"ref\":\"nowhere\"", StringComparison.Ordinal))
        );
        Assert.StartsWith("1.json/dependencies/1/ref", e.Location, StringComparison.Ordinal);
    }

    [VectorFact]
    public void Every_valid_vector_can_be_merged_with_another()
    {
        var other = Encoding.UTF8.GetBytes(Model.Replace("HASH", Hash, StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(Vectors.Require("bom-schemas/cyclonedx-tests"), "valid*.json", SearchOption.AllDirectories))
        {
            var merged = CycloneDxMerger.Merge(
                [new("vector", File.ReadAllBytes(file)), new("other", other), new("again", File.ReadAllBytes(file))],
                new SbomMergeOptions("r", null, DateTimeOffset.UnixEpoch)
            );
            Assert.True(CycloneDxValidator.Validate(merged.Utf8).IsValid, file);
        }
    }

    private static (MergedSbom Merged, JsonElement Json) Merge(params string[] documents)
    {
        var merged = CycloneDxMerger.Merge(
            [
                .. documents.Select(
                    (d, i) =>
                        KeyValuePair.Create(
                            $"{i}.json",
                            (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(d.Replace("HASH", Hash, StringComparison.Ordinal))
                        )
                ),
            ],
            new SbomMergeOptions("release", "1.0", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000))
        );
        Assert.Empty(CycloneDxValidator.Validate(merged.Utf8).Errors);
        return (merged, StrictJson.Parse(merged.Utf8, "SBOM"));
    }

    private static IEnumerable<string> DependsOn(JsonElement json, string reference) =>
        json.GetProperty("dependencies")
            .EnumerateArray()
            .Single(d => d.GetProperty("ref").GetString() == reference)
            .GetProperty("dependsOn")
            .EnumerateArray()
            .Select(d => d.GetString()!);
}
