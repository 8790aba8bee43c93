using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

public sealed class CycloneDxBomTests
{
    [Fact]
    public void Every_member_is_read_and_nested_components_are_counted()
    {
        var bom = CycloneDxBom.Parse(Json.Parse(Samples.CycloneDx));
        Assert.Equal("1.6", bom.SpecVersion);
        Assert.Equal("urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", bom.SerialNumber);
        Assert.Equal(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero), bom.Time);
        Assert.Equal(3, bom.ComponentCount);
        Assert.Equal(["pkg:generic/openblas@0.3", "pkg:pypi/numpy@2.1.0"], bom.PackageUrls);
        Assert.Equal(["BSD-3-Clause", "MIT OR Apache-2.0", "Our licence"], bom.Licenses);
    }

    [Theory]
    [InlineData("metadata")]
    [InlineData("components")]
    [InlineData("serialNumber")]
    public void An_optional_member_may_be_absent(string path) => CycloneDxBom.Parse(Json.Without(Samples.CycloneDx, path));

    [Theory]
    [InlineData("bomFormat", "\"SPDX\"", "$.bomFormat")]
    [InlineData("bomFormat", "null", "$.bomFormat")]
    [InlineData("specVersion", "\"2.0\"", "$.specVersion")]
    [InlineData("specVersion", "\"1.\"", "$.specVersion")]
    [InlineData("specVersion", "\"1.x\"", "$.specVersion")]
    [InlineData("specVersion", "1.6", "$.specVersion")]
    [InlineData("metadata/timestamp", "\"2026-06-01\"", "$.metadata.timestamp")]
    [InlineData("components", "{}", "$.components")]
    [InlineData("components/1", "7", "$.components[1]")]
    [InlineData("components/0/components/0", "7", "$.components[0].components[0]")]
    [InlineData("components/0/purl", "7", "$.components[0].purl")]
    public void A_member_that_breaks_its_form_is_refused(string path, string value, string location) =>
        Assert.Equal(
            location,
            Assert.Throws<MalformedDataException>(() => CycloneDxBom.Parse(Json.With(Samples.CycloneDx, path, value))).Location
        );

    [VectorTheory]
    [InlineData("image.cdx.json", 8)]
    [InlineData("image.cdx.vuln.json", null)]
    public void Trivys_own_boms_are_read(string file, int? count)
    {
        var bom = CycloneDxBom.Parse(Read($"trivy/examples/{file}"));
        Assert.NotNull(bom.Time);
        Assert.NotEmpty(bom.PackageUrls);
        Assert.Equal(count ?? bom.ComponentCount, bom.ComponentCount);
    }

    [VectorFact]
    public void The_published_valid_boms_are_read()
    {
        var files = Directory
            .EnumerateFiles(Vectors.Require("bom-schemas/cyclonedx-tests"), "valid-*.json", SearchOption.AllDirectories)
            .Order()
            .ToList();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var json = StrictJson.Parse(File.ReadAllBytes(file), "test");
            if (json.GetProperty("specVersion").GetString() is "1.4" or "1.5" or "1.6" or "1.7")
            {
                CycloneDxBom.Parse(json);
            }
        }
    }

    private static JsonElement Read(string vector) => StrictJson.Parse(File.ReadAllBytes(Vectors.Require(vector)), "test");
}
