using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom.Validation;

public sealed class CycloneDxXmlValidatorTests
{
    private const string Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("1.4")]
    [InlineData("1.5")]
    [InlineData("1.6")]
    [InlineData("1.7")]
    public void A_valid_document_of_each_version_is_accepted(string version)
    {
        var validation = Validate(Document(version));
        Assert.Equal(("CycloneDX", version), (validation.Format, validation.SpecVersion));
        Assert.Empty(validation.Errors);
        Assert.Empty(validation.Warnings);
    }

    [Theory]
    [InlineData(CycloneDxVersion.V16)]
    [InlineData(CycloneDxVersion.V17)]
    public void What_is_written_here_is_valid(CycloneDxVersion version) =>
        Assert.Empty(SbomValidator.Validate(SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.CycloneDxXml, version)).Errors);

    [Theory]
    [InlineData("<name>a</name>", "<title>a</title>", "title")]
    [InlineData("type=\"library\"", "type=\"book\"", "book")]
    [InlineData("type=\"library\"", "", "type")]
    [InlineData("<id>MIT</id>", "<id>My-Own</id>", "My-Own")]
    [InlineData("alg=\"SHA-256\"", "alg=\"SHA-257\"", "SHA-257")]
    [InlineData(Hash, "e3b0", "e3b0")]
    [InlineData("urn:uuid:3e671687", "urn:uuid:3E671687", "serialNumber")]
    [InlineData("bom-ref=\"r\"", "bom-ref=\"a\"", "duplicate key")]
    public void What_the_schema_does_not_allow_is_an_error_of_every_version(string good, string bad, string said)
    {
        foreach (var version in (string[])["1.4", "1.5", "1.6", "1.7"])
        {
            var text = Document(version);
            Assert.Contains(good, text, StringComparison.Ordinal);
            var errors = Validate(text.Replace(good, bad, StringComparison.Ordinal)).Errors;
            Assert.Contains(errors, e => e.Reason.Contains(said, StringComparison.Ordinal));
            Assert.All(errors, e => Assert.StartsWith("line ", e.Location, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("<dependency ref=\"a\"/>", "<dependency ref=\"b\"/>", "nothing has the bom-ref 'b'")]
    [InlineData("SHA-256", "SHA-512", "64 hex digits; SHA-512 has 128")]
    public void What_a_schema_cannot_say_is_an_error_too(string good, string bad, string reason)
    {
        var error = Assert.Single(Validate(Document("1.6").Replace(good, bad, StringComparison.Ordinal)).Errors);
        Assert.Equal(reason, error.Reason);
    }

    [Theory]
    [InlineData("", "only a component that is external has a versionRange")]
    [InlineData("isExternal=\"false\"", "only a component that is external has a versionRange")]
    [InlineData("isExternal=\"true\"", null)]
    public void Only_what_is_external_has_a_range_of_versions(string attribute, string? reason)
    {
        var text = Document("1.7")
            .Replace(
                "<version>1</version>\n      <hashes>",
                "<versionRange>vers:pypi/1</versionRange>\n      <hashes>",
                StringComparison.Ordinal
            )
            .Replace("bom-ref=\"a\"", $"bom-ref=\"a\" {attribute}", StringComparison.Ordinal);
        Assert.Equal(reason, Validate(text).Errors.Select(e => e.Reason).SingleOrDefault());
    }

    [Fact]
    public void A_hash_is_as_long_however_it_is_written()
    {
        Assert.Empty(
            Validate(Document("1.6").Replace(Hash, $"{Hash[..9]}<![CDATA[{Hash[9..20]}]]>{Hash[20..]}", StringComparison.Ordinal)).Errors
        );
        Assert.NotEmpty(Validate(Document("1.6").Replace(Hash, $"{Hash[..32]}<!-- {Hash[32..]} -->", StringComparison.Ordinal)).Errors);
    }

    [Fact]
    public void An_expression_of_unknown_licences_is_a_warning_and_another_documents_element_is_none()
    {
        var text = Document("1.6")
            .Replace("<license><id>MIT</id></license>", "<expression>My-Own OR MIT</expression>", StringComparison.Ordinal)
            .Replace(
                "<dependency ref=\"a\"/>",
                "<dependency ref=\"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#x\"/>",
                StringComparison.Ordinal
            );
        var validation = Validate(text);
        Assert.Empty(validation.Errors);
        Assert.Contains("My-Own OR MIT", Assert.Single(validation.Warnings).Reason, StringComparison.Ordinal);
    }

    [Theory]
    // An entity that would grow, one that would be fetched, and a document type that would be.
    [InlineData(
        "<!DOCTYPE bom [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">&b;</bom>"
    )]
    [InlineData("<!DOCTYPE bom [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">&a;</bom>")]
    [InlineData("<!DOCTYPE bom SYSTEM \"http://127.0.0.1:9/bom.dtd\"><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>")]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">&undeclared;</bom>")]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components></bom>")]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/><bom/>")]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.3\"/>")]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/\"/>")]
    [InlineData("<bom/>")]
    [InlineData("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"/>")]
    [InlineData("<")]
    public void What_is_no_such_document_or_has_a_document_type_is_refused(string text) =>
        Assert.Throws<MalformedDataException>(() => Validate(text));

    [Fact]
    public void A_schema_that_the_document_names_is_not_read()
    {
        var text = Document("1.6")
            .Replace(
                "<bom ",
                "<bom xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"http://cyclonedx.org/schema/bom/1.6 http://127.0.0.1:9/own.xsd\" ",
                StringComparison.Ordinal
            );
        Assert.Empty(Validate(text).Errors);
    }

    [Fact]
    public void What_an_extension_has_is_none_of_the_document()
    {
        string With(string extension) =>
            Document("1.6").Replace("</bom>", $"<x:a xmlns:x=\"urn:x\">{extension}</x:a></bom>", StringComparison.Ordinal);

        var validation = Validate(
            With("<x:hashes><x:hash alg=\"MD5\">of its own</x:hash></x:hashes><x:ref>of its own</x:ref><x:b ref=\"c\"/>")
        );
        Assert.Empty(validation.Errors.Concat(validation.Warnings));
        var text = With("<x:b bom-ref=\"b\"/>").Replace("<dependency ref=\"a\"/>", "<dependency ref=\"b\"/>", StringComparison.Ordinal);
        Assert.Equal("nothing has the bom-ref 'b'", Assert.Single(Validate(text).Errors).Reason);
    }

    [Fact]
    public void Elements_of_another_version_are_told()
    {
        var text = Document("1.6")
            .Replace("<components>", "<components xmlns=\"http://cyclonedx.org/schema/bom/1.5\">", StringComparison.Ordinal);
        Assert.Contains("'components' is of another version", Assert.Single(Validate(text).Warnings).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_nested_without_end_are_refused_and_errors_are_not_told_without_end()
    {
        var deep = string.Concat(Enumerable.Repeat("<components><component type=\"library\"><name>a</name>", 5000));
        Assert.Throws<MalformedDataException>(() => Validate($"<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">{deep}"));
        var many = string.Concat(Enumerable.Repeat("<component/>", 5000));
        Assert.Equal(
            Limits.SbomErrors,
            Validate($"<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components>{many}</components></bom>").Errors.Count
        );
    }

    [Fact]
    public void A_byte_order_mark_and_space_before_the_document_are_nothing()
    {
        Assert.Empty(SbomValidator.Validate((byte[])[.. "\uFEFF"u8, .. Encoding.UTF8.GetBytes(Document("1.6"))]).Errors);
        Assert.Empty(Validate($"\n {Document("1.6")}").Errors);
    }

    [VectorFact("bom-schemas/cyclonedx-xml-tests")]
    public void All_valid_vectors_are_accepted_and_all_invalid_refused()
    {
        var files = Directory.GetFiles(Vectors.Require("bom-schemas/cyclonedx-xml-tests"), "*.xml", SearchOption.AllDirectories);
        Assert.Equal((179, 105), (files.Count(IsValidByName), files.Count(f => !IsValidByName(f))));
        Assert.All(
            files,
            f =>
            {
                if (Path.GetFileName(f).StartsWith("invalid-namespace", StringComparison.Ordinal))
                {
                    Assert.Throws<MalformedDataException>(() => SbomValidator.Validate(File.ReadAllBytes(f)));
                    return;
                }
                var errors = SbomValidator.Validate(File.ReadAllBytes(f)).Errors;
                Assert.True(
                    errors.Count == 0 == IsValidByName(f),
                    $"{f}: {string.Join("; ", errors.Select(e => $"{e.Location} {e.Reason}"))}"
                );
            }
        );

        static bool IsValidByName(string file) => Path.GetFileName(file).StartsWith("valid", StringComparison.Ordinal);
    }

    private static SbomValidation Validate(string text) => SbomValidator.Validate(Encoding.UTF8.GetBytes(text));

    private static string Document(string version) =>
        $"""
            <bom xmlns="http://cyclonedx.org/schema/bom/{version}" serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79" version="1">
              <metadata>
                <timestamp>2026-11-20T00:00:00Z</timestamp>
                <component type="application" bom-ref="r"><name>app</name><version>1</version></component>
              </metadata>
              <components>
                <component type="library" bom-ref="a">
                  <name>a</name>
                  <version>1</version>
                  <hashes><hash alg="SHA-256">{Hash}</hash></hashes>
                  <licenses><license><id>MIT</id></license></licenses>
                  <purl>pkg:pypi/a@1</purl>
                </component>
              </components>
              <dependencies><dependency ref="r"><dependency ref="a"/></dependency></dependencies>
              <compositions>
                <composition><aggregate>incomplete</aggregate><assemblies><assembly ref="r"/></assemblies></composition>
              </compositions>
            </bom>
            """;
}
