using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Tests.Sbom.CycloneDx;

public sealed class CycloneDxReaderTests
{
    private const string Small = """
        {"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":2,
        "metadata":{"timestamp":"2026-01-02T03:04:05Z","component":{"type":"application","name":"app","bom-ref":"root"}},
        "components":[{"type":"library","name":"lib","version":"1.0","purl":"pkg:npm/lib@1.0","bom-ref":"a",
        "licenses":[{"license":{"id":"MIT"}},{"license":{"name":"Other"}}],"hashes":[{"alg":"SHA-1","content":"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"}],
        "components":[{"type":"file","name":"inner","licenses":[{"expression":"MIT OR Apache-2.0"}]}]}]}
        """;

    [Fact]
    public void A_document_is_summarized()
    {
        var summary = Read(Small);
        Assert.Equal(2, summary.Version);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), summary.Timestamp);
        Assert.Equal("app", summary.Root!.Name);
        Assert.Equal(["lib", "inner"], summary.Components.Select(c => c.Name));
        Assert.Equal("pkg:npm/lib@1.0", summary.Components[0].Purl);
        Assert.Equal(["MIT", "Other"], summary.Components[0].Licenses.Select(l => l.ToString()));
        Assert.Equal("MIT OR Apache-2.0", summary.Components[1].Licenses[0].Expression);
        Assert.Equal("da39a3ee5e6b4b0d3255bfef95601890afd80709", summary.Components[0].Hashes[0].Value);
    }

    [Theory]
    [InlineData("{}", "bomFormat")]
    [InlineData("[]", "object")]
    [InlineData("""{"bomFormat":"SPDX","specVersion":"1.6"}""", "bomFormat")]
    [InlineData("""{"bomFormat":"CycloneDX"}""", "specVersion")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"2.0"}""", "specVersion")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":1.6}""", "specVersion")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","version":0}""", "version")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","version":"1"}""", "version")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"3e671687-395b-41f5-a30f-a58921a69b79"}""", "serialNumber")]
    [InlineData(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3E671687-395b-41f5-a30f-a58921a69b79"}""",
        "serialNumber"
    )]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":[]}""", "metadata")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"yesterday"}}""", "timestamp")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-13-02T03:04:05Z"}}""", "timestamp")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-02"}}""", "timestamp")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":1}}""", "component")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":{}}""", "components")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":null}""", "components")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[1]}""", "components[0]")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library"}]}""", "name")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":"x"}]}""", "type")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"thing","name":"x"}]}""", "type")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","bom-ref":""}]}""", "bom-ref")]
    [InlineData(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","bom-ref":"a"},{"type":"file","name":"y","bom-ref":"a"}]}""",
        "bom-ref"
    )]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","licenses":{}}]}""", "licenses")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","licenses":[1]}]}""", "licenses")]
    [InlineData(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","licenses":[{"license":{}}]}]}""",
        "license"
    )]
    [InlineData(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","licenses":[{"license":{"id":"MIT","name":"MIT"}}]}]}""",
        "license"
    )]
    [InlineData(
        """{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","hashes":[{"alg":"MD5","content":"xy"}]}]}""",
        "hashes"
    )]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"x","hashes":[1]}]}""", "hashes")]
    [InlineData("""{"bomFormat":"CycloneDX","bomFormat":"CycloneDX","specVersion":"1.6"}""", "Duplicate")]
    [InlineData("""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"file","name":"\ud800"}]}""", "surrogate")]
    public void A_malformed_document_is_refused(string json, string said)
    {
        var e = Assert.Throws<MalformedDataException>(() => Read(json));
        Assert.Contains(said, e.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_document_larger_than_accepted_is_refused() =>
        Assert.Throws<MalformedDataException>(() => CycloneDxReader.Read(new byte[Limits.PredicateBytes + 1]));

    [Fact]
    public void Every_prefix_is_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Small);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<MalformedDataException>(() => CycloneDxReader.Read(bytes.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Every_changed_byte_is_read_or_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(Small);
        for (var i = 0; i < bytes.Length; i++)
        {
            var original = bytes[i];
            foreach (var changed in new[] { original ^ 1, original ^ 0x80, 0xff, '"', '\\', '0', '[' })
            {
                bytes[i] = (byte)changed;
                try
                {
                    CycloneDxReader.Read(bytes);
                }
                catch (MalformedDataException) { }
            }
            bytes[i] = original;
        }
    }

    public static TheoryData<string> Published =>
        Vectors.Root is { } root && Directory.Exists(Path.Join(root, "bom-schemas/cyclonedx-tests"))
            ?
            [
                .. Directory
                    .EnumerateFiles(Path.Join(root, "bom-schemas/cyclonedx-tests"), "valid-*.json", SearchOption.AllDirectories)
                    .Select(f => Path.GetRelativePath(root, f))
                    .Order(StringComparer.Ordinal),
            ]
            : ["absent"];

    [VectorTheory]
    [MemberData(nameof(Published))]
    public void A_published_valid_document_is_read(string file) => CycloneDxReader.Read(File.ReadAllBytes(Vectors.Require(file)));

    [VectorTheory]
    [InlineData("invalid-bomformat-1.6.json")]
    [InlineData("invalid-component-ref-1.6.json")]
    [InlineData("invalid-component-type-1.6.json")]
    [InlineData("invalid-hash-md5-1.6.json")]
    [InlineData("invalid-hash-sha256-1.6.json")]
    [InlineData("invalid-hash-sha512-1.6.json")]
    [InlineData("invalid-license-missing-id-and-name-1.6.json")]
    [InlineData("invalid-metadata-timestamp-1.6.json")]
    [InlineData("invalid-missing-component-type-1.6.json")]
    [InlineData("invalid-serialnumber-1.6.json")]
    public void A_published_invalid_document_is_refused(string file) =>
        Assert.Throws<MalformedDataException>(() =>
            CycloneDxReader.Read(File.ReadAllBytes(Vectors.Require($"bom-schemas/cyclonedx-tests/1.6/{file}")))
        );

    [VectorTheory]
    [InlineData("trivy/src/sbom.cdx.json")]
    [InlineData("bom-examples/ml-bom-1.6.json")]
    [InlineData("bom-examples/ml-bom-1.7.json")]
    public void What_others_make_is_read(string file) =>
        Assert.NotEmpty(CycloneDxReader.Read(File.ReadAllBytes(Vectors.Require(file))).Components);

    private static CycloneDxSummary Read(string json) => CycloneDxReader.Read(Encoding.UTF8.GetBytes(json));
}
