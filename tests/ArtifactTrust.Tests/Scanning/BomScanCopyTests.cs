using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Tests.Scanning;

public sealed class BomScanCopyTests
{
    [VectorFact]
    public void Only_the_type_of_a_root_that_Trivy_refuses_is_changed()
    {
        var original = File.ReadAllBytes(Vectors.Require("trivy/src/mlbom-root-model.cdx.json"));
        var copy = BomScanCopy.Of(original);
        Assert.Equal("machine-learning-model", copy.ReplacedRootType);
        var (before, after) = (JsonNode.Parse(original)!, JsonNode.Parse(copy.Utf8.Span)!);
        Assert.Equal("application", (string?)after["metadata"]!["component"]!["type"]);
        after["metadata"]!["component"]!["type"] = "machine-learning-model";
        Assert.True(JsonNode.DeepEquals(before, after));
    }

    [Theory]
    [InlineData("""{"metadata":{"component":{"type":"application"}},"components":[{"type":"machine-learning-model"}]}""")]
    [InlineData("""{"metadata":{}}""")]
    [InlineData("""{"metadata":{"component":7}}""")]
    [InlineData("{}")]
    [InlineData("SPDXVersion: SPDX-2.3\n")]
    [InlineData("")]
    public void Everything_else_is_scanned_as_it_is(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var copy = BomScanCopy.Of(bytes);
        Assert.Null(copy.ReplacedRootType);
        Assert.Equal(bytes, copy.Utf8.ToArray());
    }

    [Fact]
    public void A_document_that_repeats_a_member_is_refused() =>
        Assert.Throws<MalformedDataException>(() =>
            BomScanCopy.Of("""{"metadata":{"component":{"type":"application","type":"data"}}}"""u8.ToArray())
        );
}
