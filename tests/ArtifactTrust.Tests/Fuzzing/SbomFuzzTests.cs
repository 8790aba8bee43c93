using System.Text;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Comparing;
using ArtifactTrust.Sbom.CycloneDx;
using ArtifactTrust.Sbom.Merging;
using ArtifactTrust.Sbom.Validation;
using ArtifactTrust.Scanning;
using ArtifactTrust.Tests.Sbom;
using Xunit.Abstractions;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Near misses of SBOMs: validated, merged, compared, read and copied for a scanner.</summary>
public sealed class SbomFuzzTests(ITestOutputHelper output)
{
    private static readonly byte[] CycloneDx = Encoding.UTF8.GetBytes(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,"metadata":{"timestamp":"2026-11-20T00:00:00Z","component":{"type":"application","name":"app","version":"1","bom-ref":"r"}},"components":[{"type":"library","name":"a","version":"1","purl":"pkg:pypi/a@1","bom-ref":"a","hashes":[{"alg":"SHA-256","content":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],"licenses":[{"license":{"id":"MIT"}}],"properties":[{"name":"n","value":"v"}]},{"type":"machine-learning-model","name":"m","bom-ref":"m","modelCard":{"modelParameters":{"task":"t","datasets":[{"ref":"d"}]}}},{"type":"data","name":"d","bom-ref":"d","data":[{"type":"dataset"}]}],"dependencies":[{"ref":"r","dependsOn":["a","m"]},{"ref":"m","dependsOn":["d"]}],"compositions":[{"aggregate":"incomplete","assemblies":["r"]}]}"""
    );

    private static readonly byte[] Spdx = Encoding.UTF8.GetBytes(
        """{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"n","documentNamespace":"https://example.com/n","creationInfo":{"created":"2026-11-20T00:00:00Z","creators":["Tool: t"]},"packages":[{"SPDXID":"SPDXRef-a","name":"a","versionInfo":"1","downloadLocation":"NOASSERTION","licenseDeclared":"MIT OR (Apache-2.0 AND BSD-3-Clause)","checksums":[{"algorithm":"SHA256","checksumValue":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],"externalRefs":[{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:pypi/a@1"}]}],"relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-a"}]}"""
    );

    private static readonly byte[] Spdx3 = Encoding.UTF8.GetBytes(
        """{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"CreationInfo","@id":"_:c","specVersion":"3.0.1","created":"2026-11-20T00:00:00Z","createdBy":["https://example.com/a"]},{"type":"Person","spdxId":"https://example.com/a","creationInfo":"_:c","name":"x"},{"type":"software_Package","spdxId":"https://example.com/p","creationInfo":"_:c","name":"p","software_packageVersion":"1"},{"type":"SpdxDocument","spdxId":"https://example.com/d","creationInfo":"_:c","rootElement":["https://example.com/p"]}]}"""
    );

    [Fact]
    public void Validation() =>
        new FuzzTarget("validation of SBOMs", [CycloneDx, Spdx, Spdx3], input => Assert.NotNull(SbomValidator.Validate(input).Errors)).Fuzz(
            output
        );

    [Fact]
    public void Validation_of_xml() =>
        new FuzzTarget(
            "validation of XML",
            [SbomWriter.ToBytes(SbomWriterTests.Everything(), SbomFormat.CycloneDxXml, CycloneDxVersion.V17)],
            input => Assert.NotNull(SbomValidator.Validate(input).Errors)
        ).Fuzz(output);

    [Fact]
    public void Comparing() =>
        new FuzzTarget(
            "comparing of SBOMs",
            [CycloneDx, Spdx],
            input =>
            {
                Assert.NotNull(SbomDiff.Compare(CycloneDx, input));
                Assert.NotNull(SbomDiff.Compare(input, Spdx));
            }
        ).Fuzz(output);

    [Fact]
    public void What_is_merged_is_valid() =>
        new FuzzTarget(
            "merging of SBOMs",
            [CycloneDx],
            input =>
            {
                var merged = CycloneDxMerger.Merge(
                    [new("one", CycloneDx), new("two", input)],
                    new SbomMergeOptions("release", "1", DateTimeOffset.UnixEpoch)
                );
                Assert.Empty(SbomValidator.Validate(merged.Utf8).Errors);
            }
        ).Fuzz(output);

    [Fact]
    public void Reading_and_copying() =>
        new FuzzTarget(
            "reading of CycloneDX",
            [CycloneDx],
            input =>
            {
                Assert.NotNull(CycloneDxReader.Read(input));
                Assert.NotNull(BomScanCopy.Of(input));
            }
        ).Fuzz(output);
}
