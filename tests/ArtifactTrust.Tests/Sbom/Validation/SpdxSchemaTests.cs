using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom.Validation;

/// <summary>SPDX against its published schemas.</summary>
public sealed class SpdxSchemaTests
{
    [Theory]
    [InlineData(SbomFormat.SpdxJson)]
    [InlineData(SbomFormat.Spdx3Json)]
    public void What_we_write_is_valid(SbomFormat format) =>
        Assert.Empty(SbomValidator.Validate(SbomWriter.ToBytes(SbomWriterTests.Everything(), format)).Errors);

    [VectorFact]
    public void What_others_wrote_is_valid_and_told_where_the_schema_spells_it_otherwise()
    {
        var result = SbomValidator.Validate(File.ReadAllBytes(Vectors.Require("trivy/examples/image.spdx.json")));
        Assert.Empty(result.Errors);
        Assert.StartsWith("'OPERATING-SYSTEM' is not one of", Assert.Single(result.Warnings).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SbomFormat.SpdxJson, "type")]
    [InlineData(SbomFormat.SpdxJson, "more")]
    [InlineData(SbomFormat.Spdx3Json, "type")]
    [InlineData(SbomFormat.Spdx3Json, "more")]
    public void Every_value_of_another_type_and_every_unknown_member_is_told_at_its_place(SbomFormat format, string kind)
    {
        var mutations = JsonMutations
            .Of(SbomWriter.ToBytes(SbomWriterTests.Everything(), format))
            .Where(m => m.Kind == kind && m.Place is not "/spdxVersion" and not "/@graph")
            // The schema lets extensions have every member.
            .Where(m =>
                !m.Place.Contains("/extension/", StringComparison.Ordinal) || m.Place.EndsWith("/extension/0", StringComparison.Ordinal)
            )
            .ToList();
        Assert.True(mutations.Count >= 8, $"{mutations.Count}");
        Assert.All(
            mutations,
            m =>
            {
                var errors = SbomValidator.Validate(m.Document).Errors;
                Assert.True(
                    errors.Any(e =>
                        e.Location == m.Place || m.Place.StartsWith(e.Location, StringComparison.Ordinal) && e.Location.Length > 0
                    ),
                    $"{m.Place}: {string.Join("; ", errors)}"
                );
            }
        );
    }

    [Theory]
    [InlineData("/packages/0", "primaryPackagePurpose", "\"ZZZ\"", "'ZZZ' is not one of")]
    [InlineData("/packages/0", "filesAnalyzed", "\"yes\"", "boolean is expected, not string")]
    [InlineData("/packages/0", "bogus", "1", "there is no member of this name here")]
    [InlineData("/packages/0", "versionInfos", "\"1\"", "did you mean 'versionInfo'?")]
    [InlineData("/packages/0", "hasFiles", "\"a\"", "array is expected, not string")]
    [InlineData("/packages/0", "checksums", "[{\"algorithm\":\"SHA999\",\"checksumValue\":\"00\"}]", "'SHA999' is not one of")]
    [InlineData("/packages/0", "checksums", "[{\"algorithm\":\"SHA1\"}]", "'checksumValue' is required")]
    [InlineData(
        "/packages/0",
        "externalRefs",
        "[{\"referenceCategory\":\"X\",\"referenceType\":\"t\",\"referenceLocator\":\"l\"}]",
        "'X' is not one of"
    )]
    [InlineData("/packages/0", "externalRefs", "[{\"referenceType\":\"t\",\"referenceLocator\":\"l\"}]", "'referenceCategory' is required")]
    [InlineData("/packages/0", "annotations", "[{\"annotationType\":\"REVIEW\"}]", "'annotator' is required")]
    [InlineData("", "creationInfo", "[]", "object is expected, not array")]
    [InlineData("/creationInfo", "creators", "[]", "at least 1 are expected")]
    [InlineData("/relationships/0", "relationshipType", "\"LIKES\"", "'LIKES' is not one of")]
    [InlineData("", "files", "[{\"SPDXID\":\"SPDXRef-f\",\"fileName\":\"f\"}]", "'checksums' is required")]
    [InlineData(
        "",
        "files",
        "[{\"SPDXID\":\"SPDXRef-f\",\"fileName\":\"f\",\"fileTypes\":[\"ZIP\"],\"checksums\":[{\"algorithm\":\"MD5\",\"checksumValue\":\"00\"}]}]",
        "'ZIP' is not one of"
    )]
    [InlineData("", "snippets", "[{\"SPDXID\":\"SPDXRef-s\",\"name\":\"s\"}]", "'ranges' is required")]
    [InlineData("", "externalDocumentRefs", "[{}]", "'spdxDocument' is required")]
    public void What_the_schema_of_spdx_2_refuses_is_told(string place, string member, string value, string reason) =>
        Refused(SbomFormat.SpdxJson, place, member, value, reason);

    [Theory]
    [InlineData("software_Package", "name", "5", "string is expected, not number")]
    [InlineData("software_Package", "software_primaryPurpose", "\"zzz\"", "'zzz' is not one of")]
    [InlineData("software_Package", "bogus", "1", "there is no member of this name here")]
    [InlineData("software_Package", "software_packageversion", "\"1\"", "did you mean 'software_packageVersion'?")]
    [InlineData("software_Package", "type", "\"software_Pakage\"", "did you mean 'software_Package'?")]
    [InlineData("software_Package", "ai_typeOfModel", "[\"x\"]", "there is no member of this name here")]
    [InlineData(
        "software_Package",
        "verifiedUsing",
        "[{\"type\":\"Hash\",\"algorithm\":\"sha999\",\"hashValue\":\"00\"}]",
        "'sha999' is not one of"
    )]
    [InlineData("software_Package", "verifiedUsing", "[{\"type\":\"Hash\",\"algorithm\":\"sha256\"}]", "'hashValue' is required")]
    [InlineData("software_Package", "verifiedUsing", "[{\"type\":\"Hush\"}]", "did you mean 'Hash'?")]
    [InlineData("software_Package", "builtTime", "\"yesterday\"", "does not match")]
    [InlineData("software_Package", "originatedBy", "\"urn:a\"", "array is expected, not string")]
    [InlineData("software_Package", "spdxId", "\"_:a\"", "does not match")]
    [InlineData("software_Package", "creationInfo", "5", "expected")]
    [InlineData("Relationship", "relationshipType", "\"likes\"", "is not one of the")]
    [InlineData("Relationship", "to", "\"urn:a\"", "array is expected, not string")]
    [InlineData("Relationship", "from", null, "'from' is required")]
    [InlineData("CreationInfo", "created", null, "'created' is required")]
    [InlineData("CreationInfo", "createdBy", "[]", "at least 1 are expected")]
    [InlineData("SpdxDocument", "profileConformance", "[\"zzz\"]", "'zzz' is not one of")]
    [InlineData("ai_AIPackage", "ai_useSensitivePersonalInformation", "\"maybe\"", "'maybe' is not one of")]
    [InlineData("ai_AIPackage", "ai_metric", "[{\"type\":\"DictionaryEntry\"}]", "'key' is required")]
    [InlineData("dataset_DatasetPackage", "dataset_datasetType", "[\"zzz\"]", "'zzz' is not one of")]
    [InlineData("dataset_DatasetPackage", "dataset_datasetSize", "\"big\"", "integer is expected, not string")]
    [InlineData("simplelicensing_LicenseExpression", "simplelicensing_licenseExpression", null, "is required")]
    public void What_the_schema_of_spdx_3_refuses_is_told(string type, string member, string? value, string reason)
    {
        var graph = JsonNode.Parse(SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.Spdx3Json))!["@graph"]!.AsArray();
        var index = graph.ToList().FindIndex(e => (string?)e!["type"] == type);
        Assert.True(index >= 0, type);
        Refused(SbomFormat.Spdx3Json, $"/@graph/{index}", member, value, reason);
    }

    [Fact]
    public void Elements_of_an_extension_may_have_members_of_their_own()
    {
        var root = JsonNode.Parse(SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.Spdx3Json))!;
        var package = root["@graph"]!.AsArray().First(e => (string?)e!["type"] == "software_Package")!;
        package["extension"] = JsonNode.Parse("""[{"type":"https://acme.example/Own","https://acme.example/x":1}]""");
        Assert.Empty(SbomValidator.Validate(Encoding.UTF8.GetBytes(root.ToJsonString())).Errors);
    }

    [Theory]
    [InlineData("""{"a":1}""", null)]
    [InlineData("""{"type":"one","x":1}""", null)]
    [InlineData("""{"type":"two","y":1}""", null)]
    [InlineData("""{"type":"one","y":1}""", "/y")]
    [InlineData("""{"type":"two","y":1,"a":1}""", "/a")]
    [InlineData("""{"type":"three"}""", "/type")]
    [InlineData("""{"b":1}""", "/b")]
    public void Members_that_no_part_of_a_schema_speaks_of_are_refused_where_it_asks_that(string json, string? place)
    {
        var reader = new JsonSchemaReader();
        reader.Add(
            "a.json",
            StrictJson.Parse(
                """
                {"unevaluatedProperties":false,"anyOf":[{"$ref":"#/$defs/one"},{"$ref":"#/$defs/two"},{"properties":{"a":true},"not":{"required":["type"]}}],
                "$defs":{"one":{"properties":{"type":{"const":"one"},"x":true}},"two":{"allOf":[{"properties":{"type":{"oneOf":[{"const":"two"}]}}},{"properties":{"y":true}}]}}}
                """u8.ToArray(),
                "schema"
            )
        );
        var errors = new JsonSchemaEvaluation().Evaluate(reader.Read("a.json"), StrictJson.Parse(Encoding.UTF8.GetBytes(json), "JSON"));
        Assert.Equal(place, errors.Select(e => e.Location).SingleOrDefault());
    }

    private static void Refused(SbomFormat format, string place, string member, string? value, string reason)
    {
        var root = JsonNode.Parse(SbomWriter.ToBytes(SbomWriterTests.Everything(), format))!;
        var at = place
            .Split('/', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(
                root,
                (n, t) => n is JsonArray array ? array[int.Parse(t, System.Globalization.CultureInfo.InvariantCulture)]! : n[t]!
            );
        at.AsObject().Remove(member);
        if (value is not null)
        {
            at[member] = JsonNode.Parse(value);
        }
        var errors = SbomValidator.Validate(Encoding.UTF8.GetBytes(root.ToJsonString())).Errors;
        Assert.True(
            errors.Any(e => e.Location.StartsWith(place, StringComparison.Ordinal) && e.Reason.Contains(reason, StringComparison.Ordinal)),
            string.Join("\n", errors)
        );
    }
}
