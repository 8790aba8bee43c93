using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Comparing;

namespace ArtifactTrust.Tests.Sbom.Comparing;

public sealed class SbomDiffTests
{
    [Fact]
    public void Equal_documents_differ_in_nothing() => Assert.True(Diff(Lib("a", "1"), Lib("a", "1")).IsEmpty);

    [Fact]
    public void A_new_version_is_a_change_and_no_removal()
    {
        var change = Assert.Single(Diff(Lib("a", "1"), Lib("a", "2")).Changed);
        Assert.Equal([new SbomChange("version", "1", "2")], change.Changes);
    }

    [Fact]
    public void What_is_new_and_what_is_gone_is_listed()
    {
        var diff = Diff(Lib("a", "1"), Lib("b", "1"));
        Assert.Equal("b", Assert.Single(diff.Added).Name);
        Assert.Equal("a", Assert.Single(diff.Removed).Name);
    }

    [Fact]
    public void Licences_and_hashes_are_compared()
    {
        const string Old =
            """{"type":"file","name":"w","hashes":[{"alg":"MD5","content":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}],"licenses":[{"license":{"id":"MIT"}}]}""";
        const string New =
            """{"type":"file","name":"w","hashes":[{"alg":"MD5","content":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}],"licenses":[{"expression":"MIT"}]}""";
        var change = Assert.Single(Diff(Old, New).Changed);
        Assert.Equal(["hashes"], change.Changes.Select(c => c.Field));
    }

    [Fact]
    public void Of_several_versions_the_equal_ones_are_paired_first()
    {
        var diff = Diff($"{Lib("a", "1")},{Lib("a", "2")}", $"{Lib("a", "2")},{Lib("a", "3")}");
        Assert.Equal([new SbomChange("version", "1", "3")], Assert.Single(diff.Changed).Changes);
        Assert.Empty(diff.Added);
    }

    [Fact]
    public void A_qualifier_or_an_escaped_at_sign_does_not_change_what_a_package_is()
    {
        const string Old = """{"type":"library","name":"x","version":"1","purl":"pkg:npm/%40a/x@1?os=linux"}""";
        const string New = """{"type":"library","name":"x","version":"2","purl":"pkg:npm/%40a/x@2"}""";
        Assert.Single(Diff(Old, New).Changed);
        Assert.Single(
            Diff("""{"type":"library","name":"x","purl":"pkg:npm/@a/x"}""", """{"type":"library","name":"x","purl":"pkg:npm/@b/x"}""").Added
        );
    }

    [Fact]
    public void Our_two_formats_say_the_same_of_one_document()
    {
        var document = SbomWriterTests.Everything();
        var diff = SbomDiff.Compare(SbomWriter.ToBytes(document, SbomFormat.SpdxJson), SbomWriter.ToBytes(document, SbomFormat.SpdxJson));
        Assert.True(diff.IsEmpty);
        var across = SbomDiff.Compare(
            SbomWriter.ToBytes(document, SbomFormat.CycloneDxJson),
            SbomWriter.ToBytes(document, SbomFormat.SpdxJson)
        );
        Assert.DoesNotContain(across.Removed, r => r.Purl is not null || r.Type == "file");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"spdxVersion":"SPDX-1.0"}""")]
    [InlineData("""{"spdxVersion":"SPDX-2.3","packages":[1]}""")]
    [InlineData("""{"spdxVersion":"SPDX-2.3","packages":[{}]}""")]
    public void What_cannot_be_read_is_refused(string json) =>
        Assert.Throws<MalformedDataException>(() => SbomDiff.Compare(Encoding.UTF8.GetBytes(json), Encoding.UTF8.GetBytes(json)));

    private static string Lib(string name, string version) =>
        $$"""{"type":"library","name":"{{name}}","version":"{{version}}","purl":"pkg:pypi/{{name}}@{{version}}"}""";

    private static SbomDiff Diff(string old, string now) => SbomDiff.Compare(Document(old), Document(now));

    private static byte[] Document(string components) =>
        Encoding.UTF8.GetBytes($$"""{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{{components}}]}""");
}
