using System.Text;
using ArtifactTrust.Scanning;

namespace ArtifactTrust.Tests.Scanning;

public sealed class StatedPackagesTests
{
    [Fact]
    public void Packages_are_counted_by_type_wherever_they_stand()
    {
        var stated = Of(
            """
            {"bomFormat":"CycloneDX","metadata":{"component":{"type":"application","name":"root","components":[{"type":"library","purl":"pkg:npm/a@1"}]}},
             "components":[
               {"type":"library","purl":"pkg:pypi/a@1","components":[{"type":"library","purl":"pkg:PyPI/b@2"}]},
               {"type":"library","purl":"pkg:pypi/a@1"},
               {"type":"library","purl":"pkg:pypi/open"},
               {"type":"library","purl":"pkg:huggingface/org/model@1"},
               {"type":"library","name":"unnamed"},
               {"type":"machine-learning-model","name":"m"}]}
            """
        );
        Assert.Equal([("npm", 1), ("pypi", 2)], stated.ByType.OrderBy(t => t.Key).Select(t => (t.Key, t.Value)));
        Assert.Equal(1, stated.Unnamed);
    }

    [Fact]
    public void Packages_of_SPDX_are_counted()
    {
        var stated = Of(
            """
            {"spdxVersion":"SPDX-2.3","packages":[
              {"name":"a","externalRefs":[{"referenceType":"cpe23Type","referenceLocator":"x"},{"referenceType":"purl","referenceLocator":"pkg:deb/debian/a@1"}]},
              {"name":"b"}]}
            """
        );
        Assert.Equal(("deb", 1), stated.ByType.Select(t => (t.Key, t.Value)).Single());
    }

    [Theory]
    [InlineData("SPDXVersion: SPDX-2.3")]
    [InlineData("{}")]
    [InlineData("""{"components":7,"metadata":[]}""")]
    [InlineData("""{"components":[7,{"purl":7},{"purl":"pkg:"},{"purl":"@"}]}""")]
    public void Nothing_is_stated_by_anything_else(string text)
    {
        var stated = Of(text);
        Assert.Empty(stated.ByType);
        Assert.Equal(0, stated.Unnamed);
    }

    [Fact]
    public void What_a_report_does_not_know_is_a_gap()
    {
        var stated = Of("""{"components":[{"purl":"pkg:deb/debian/a@1"},{"purl":"pkg:deb/debian/b@1"},{"purl":"pkg:pypi/a@1"}]}""");
        Assert.Equal(
            ["Trivy recognized none of the 2 packages of type deb in the SBOM, which needs the operating system's name and version"],
            stated.Unrecognized(Report("pkg:pypi/a@1"))
        );
        Assert.Empty(stated.Unrecognized(Report("pkg:pypi/a@1", "pkg:deb/debian/a@1?arch=amd64")));
        var unnamed = Of("""{"components":[{"type":"library","name":"a"}]}""");
        Assert.Single(unnamed.Unrecognized(Report()));
        Assert.Empty(unnamed.Unrecognized(Report("pkg:pypi/a@1")));
    }

    private static StatedPackages Of(string text) => StatedPackages.Of(Encoding.UTF8.GetBytes(text));

    private static TrivyReport Report(params string[] purls)
    {
        var packages = string.Join(',', purls.Select(p => "{\"Identifier\":{\"PURL\":\"" + p + "\"} }"));
        return TrivyReport.Parse(Encoding.UTF8.GetBytes("{\"SchemaVersion\":2,\"Results\":[{\"Packages\":[" + packages + "]}]}"));
    }
}
