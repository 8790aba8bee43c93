using ArtifactTrust.Sbom.Licenses;

namespace ArtifactTrust.Tests.Sbom.Licenses;

public sealed class LicenseParserTests
{
    [Theory]
    [InlineData("apache-2.0", "Apache-2.0")]
    [InlineData("MIT", "MIT")]
    [InlineData(" cc-by-sa-4.0 ", "CC-BY-SA-4.0")]
    [InlineData("gpl-3.0", "GPL-3.0")]
    [InlineData("https://creativecommons.org/licenses/by-nc/4.0/", "CC-BY-NC-4.0")]
    [InlineData("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0")]
    [InlineData("https://spdx.org/licenses/BSD-3-Clause.html", "BSD-3-Clause")]
    [InlineData("https://opensource.org/license/mit", "MIT")]
    [InlineData("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0")]
    public void A_licence_of_the_list_has_its_identifier(string stated, string id) => Assert.Equal(id, LicenseParser.Parse(stated)!.Id);

    [Theory]
    [InlineData("llama3.1")]
    [InlineData("gemma")]
    [InlineData("openrail")]
    [InlineData("other")]
    [InlineData("Classpath-exception-2.0")]
    [InlineData("MIT OR gemma")]
    [InlineData("(MIT OR Apache-2.0")]
    [InlineData("MIT OR")]
    [InlineData("MIT Apache-2.0 OR")]
    [InlineData("MIT WITH Apache-2.0")]
    [InlineData("https://example.org/license")]
    [InlineData("https://creativecommons.org/licenses/by/9.9/")]
    public void Another_licence_keeps_its_name(string stated) => Assert.Equal(stated, LicenseParser.Parse(stated)!.Name);

    [Theory]
    [InlineData("mit or apache-2.0", "MIT OR Apache-2.0")]
    [InlineData(
        "(MIT AND (BSD-2-Clause or gpl-2.0+ with classpath-exception-2.0))",
        "(MIT AND (BSD-2-Clause OR GPL-2.0+ WITH Classpath-exception-2.0))"
    )]
    [InlineData("LicenseRef-mine AND MIT", "LicenseRef-mine AND MIT")]
    public void An_expression_is_put_into_its_normal_form(string stated, string expression) =>
        Assert.Equal(expression, LicenseParser.Parse(stated)!.Expression);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("unknown")]
    [InlineData("None")]
    public void No_licence_is_absent(string? stated) => Assert.Null(LicenseParser.Parse(stated));

    [Fact]
    public void An_address_that_is_none_is_left_out()
    {
        Assert.Null(LicenseParser.Parse("gemma", "not an address")!.Url);
        Assert.Equal("LICENSE", LicenseParser.Parse("gemma", "LICENSE")!.Url);
    }

    [VectorFact]
    public void The_list_is_that_of_the_published_schema()
    {
        using var schema = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Vectors.Require("bom-schemas/spdx.schema.json")));
        var ids = schema.RootElement.GetProperty("enum").EnumerateArray().Select(e => e.GetString()!).ToList();
        Assert.All(ids, id => Assert.Equal(id, SpdxLicenses.Find(id) ?? SpdxLicenses.FindException(id)));
        Assert.Equal(
            ids.Count,
            ids.Count(id => SpdxLicenses.Find(id) is not null) + ids.Count(id => SpdxLicenses.FindException(id) is not null)
        );
    }
}
