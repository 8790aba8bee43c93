using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Tests.Sbom.Validation;

public sealed class SpdxValidatorTests
{
    [Theory]
    [InlineData("\"SPDXID\": \"SPDXRef-2\"", "\"SPDXID\": \"SPDXRef-1\"", "is there twice")]
    [InlineData("\"SPDXID\": \"SPDXRef-2\"", "\"SPDXID\": \"2\"", "SPDXRef- and letters")]
    [InlineData("\"relatedSpdxElement\": \"SPDXRef-2\"", "\"relatedSpdxElement\": \"SPDXRef-99\"", "nothing has the SPDXID")]
    [InlineData("\"dataLicense\": \"CC0-1.0\"", "\"dataLicense\": \"MIT\"", "CC0-1.0 is expected")]
    [InlineData("\"created\": \"2023", "\"created\": \"20231", "a time such as")]
    [InlineData("\"Tool: artifact", "\"artifact", "is expected")]
    [InlineData("\"algorithm\": \"SHA256\"", "\"algorithm\": \"SHA1\"", "SHA1 of 40")]
    [InlineData("\"relationshipType\": \"DESCRIBES\"", "\"relationshipType\": \"OTHER\"", "describes nothing")]
    [InlineData("\"licenseDeclared\": \"Apache-2.0 WITH", "\"licenseDeclared\": \"Apache WITH", "no SPDX licence expression")]
    [InlineData("\"licenseId\": \"LicenseRef-", "\"licenseId\": \"LicenseRef-x", "not among hasExtractedLicensingInfos")]
    [InlineData("\"downloadLocation\": \"NOASSERTION\",", "", "'downloadLocation' is required")]
    [InlineData("\"documentNamespace\": \"urn", "\"documentNamespace\": \"#urn", "an absolute URI")]
    public void What_is_wrong_with_spdx_2_is_told(string old, string other, string reason) =>
        Refused(SbomFormat.SpdxJson, old, other, reason);

    [Theory]
    [InlineData("\"type\": \"SpdxDocument\"", "\"type\": \"Bundle\"", "one is expected")]
    [InlineData("#SPDXRef-2\",\n      \"creationInfo\"", "#SPDXRef-1\",\n      \"creationInfo\"", "is there twice")]
    [InlineData("\"creationInfo\": \"_:creationinfo\"", "\"creationInfo\": \"_:other\"", "there is no CreationInfo")]
    [InlineData("\"specVersion\": \"3.0.1\"", "\"specVersion\": \"3.0.0\"", "3.0.1 is expected")]
    [InlineData("\"relationshipType\": ", "\"relationship\": ", "'relationshipType' is required")]
    [InlineData("\"dataset_datasetType\"", "\"dataset_type\"", "'dataset_datasetType' is required")]
    [InlineData("\"algorithm\": \"sha256\"", "\"algorithm\": \"sha1\"", "sha1 of 40")]
    [InlineData("spdx-context.jsonld", "context.jsonld", "is expected")]
    public void What_is_wrong_with_spdx_3_is_told(string old, string other, string reason) =>
        Refused(SbomFormat.Spdx3Json, old, other, reason);

    [VectorFact]
    public void A_document_that_others_wrote_is_accepted()
    {
        var result = SbomValidator.Validate(File.ReadAllBytes(Vectors.Require("bom-examples/spdx-3.0.1-ai.json")));
        Assert.Equal("3.0.1", result.SpecVersion);
        // Its one hash is shorter than it should be.
        Assert.All(result.Errors, e => Assert.Contains("sha256 of 64", e.Reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<bom/>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"spdxVersion\":\"SPDX-1.2\"}")]
    public void What_is_no_sbom_is_refused(string text) =>
        Assert.Throws<MalformedDataException>(() => SbomValidator.Validate(Encoding.UTF8.GetBytes(text)));

    private static void Refused(SbomFormat format, string old, string other, string reason)
    {
        var text = Encoding.UTF8.GetString(SbomWriter.ToBytes(SbomWriterTests.Everything(), format));
        Assert.Contains(old, text, StringComparison.Ordinal);
        var at = text.IndexOf(old, StringComparison.Ordinal);
        var result = SbomValidator.Validate(Encoding.UTF8.GetBytes(text[..at] + other + text[(at + old.Length)..]));
        Assert.Contains(result.Errors, e => e.Reason.Contains(reason, StringComparison.Ordinal));
    }
}
