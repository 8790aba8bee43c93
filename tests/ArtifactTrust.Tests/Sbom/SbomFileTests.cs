using System.Text;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom;

public sealed class SbomFileTests
{
    [Theory]
    [InlineData("""{"bomFormat":"CycloneDX"}""", SbomFileFormat.CycloneDxJson)]
    [InlineData("\uFEFF \n{\"bomFormat\":\"CycloneDX\"}", SbomFileFormat.CycloneDxJson)]
    [InlineData("""{"spdxVersion":"SPDX-2.3"}""", SbomFileFormat.SpdxJson)]
    [InlineData("""{"@graph":[],"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}""", SbomFileFormat.Spdx3Json)]
    [InlineData("""{"@context":["https://spdx.org/rdf/3.1/spdx-context.jsonld",{}]}""", SbomFileFormat.Spdx3Json)]
    [InlineData("SPDXVersion: SPDX-2.3\n", SbomFileFormat.SpdxTagValue)]
    [InlineData("""<?xml version="1.0"?><!-- c --><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>""", SbomFileFormat.CycloneDxXml)]
    [InlineData("""<!DOCTYPE bom [<!ENTITY a "b">]><c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.7"/>""", SbomFileFormat.CycloneDxXml)]
    [InlineData("""{"bomFormat":"CycloneDX","broken":""", SbomFileFormat.CycloneDxJson)]
    [InlineData("""{"s\ud800pdxVersion":"x","bomFormat":"CycloneDX"}""", SbomFileFormat.CycloneDxJson)]
    [InlineData("""{"a":{"bomFormat":"CycloneDX"},"b":["spdxVersion"]}""", SbomFileFormat.None)]
    [InlineData("""{"@context":"https://schema.org","url":"https://spdx.org/rdf/3"}""", SbomFileFormat.None)]
    [InlineData("""["bomFormat"]""", SbomFileFormat.None)]
    [InlineData("<bom/>", SbomFileFormat.None)]
    [InlineData("<", SbomFileFormat.None)]
    [InlineData("", SbomFileFormat.None)]
    public void A_file_is_what_it_says_of_itself(string text, SbomFileFormat format)
    {
        Assert.Equal(format, SbomFile.FormatOf(new MemoryStream(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void What_says_it_stands_anywhere()
    {
        var text = $$"""{"components":[{{string.Join(',', Enumerable.Repeat("{\"name\":\"x\"}", 100_000))}}],"bomFormat":"CycloneDX"}""";
        Assert.Equal(SbomFileFormat.CycloneDxJson, SbomFile.FormatOf(new MemoryStream(Encoding.UTF8.GetBytes(text))));
    }
}
