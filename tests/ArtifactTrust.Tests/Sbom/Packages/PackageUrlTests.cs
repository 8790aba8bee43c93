using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Packages;

namespace ArtifactTrust.Tests.Sbom.Packages;

public sealed class PackageUrlTests
{
    [Theory]
    [InlineData("pkg:npm/%40angular/animation@12.3.1", "npm", "@angular", "animation", "12.3.1")]
    [InlineData("pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64", "deb", "debian", "attr", "1:2.4.47-2+b1")]
    [InlineData("pkg:golang/google.golang.org/genproto@v0.0.0#googleapis/api", "golang", "google.golang.org", "genproto", "v0.0.0")]
    [InlineData("pkg:pypi/django-allauth@12.23", "pypi", null, "django-allauth", "12.23")]
    [InlineData("pkg:oci/debian@sha256:244fd47e?arch=amd64&repository_url=ghcr.io%2Fdebian", "oci", null, "debian", "sha256:244fd47e")]
    [InlineData("pkg:nuget/EnterpriseLibrary.Common", "nuget", null, "EnterpriseLibrary.Common", null)]
    public void A_canonical_package_url_is_read_and_written_again(string text, string type, string? space, string name, string? version)
    {
        var url = PackageUrl.Parse(text);
        Assert.Equal((type, space, name, version), (url.Type, url.Namespace, url.Name, url.Version));
        Assert.Equal(text, url.ToString());
        Assert.Equal(url, PackageUrl.Parse(url.ToString()));
    }

    [Theory]
    [InlineData("PKG:NPM/%40a/b@1", "pkg:npm/%40a/b@1")]
    [InlineData("pkg://npm/@a/b@1", "pkg:npm/%40a/b@1")]
    [InlineData("pkg:deb/debian/x@1?b=2&a=1&c=", "pkg:deb/debian/x@1?a=1&b=2")]
    [InlineData("pkg:oci/debian@sha256%3A244fd", "pkg:oci/debian@sha256:244fd")]
    public void Another_spelling_becomes_the_canonical_one(string text, string canonical) =>
        Assert.Equal(canonical, PackageUrl.Parse(text).ToString());

    [Theory]
    [InlineData(".", "pkg:deb/a@1")]
    [InlineData("..", "pkg:deb/a@1")]
    [InlineData("/", "pkg:deb/a@1")]
    [InlineData("./b/../c/", "pkg:deb/b/c/a@1")]
    public void A_segment_of_a_namespace_that_says_nothing_is_left_out(string space, string canonical)
    {
        Assert.Equal(canonical, new PackageUrl("deb", space, "a", "1").ToString());
        Assert.Equal(canonical, (PackageUrl.Parse("pkg:deb/x/a@1") with { Namespace = space }).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("npm/a@1")]
    [InlineData("pkg:npm")]
    [InlineData("pkg:npm/")]
    [InlineData("pkg:/a")]
    [InlineData("pkg:npm/@1")]
    [InlineData("pkg:npm/a?b")]
    [InlineData("pkg:npm/a?b=1&B=2")]
    public void What_is_no_package_url_is_refused(string text) => Assert.Throws<MalformedDataException>(() => PackageUrl.Parse(text));

    [Fact]
    public void An_epoch_is_part_of_the_identity_wherever_it_is_written()
    {
        Assert.Equal(
            PackageUrl.Parse("pkg:deb/debian/x@1:2-3").Identity,
            PackageUrl.Parse("pkg:deb/debian/x@2-3?epoch=1&arch=all").Identity
        );
        Assert.Equal(PackageUrl.Parse("pkg:deb/debian/x@2-3").Identity, PackageUrl.Parse("pkg:deb/debian/x@2-3?epoch=0").Identity);
        Assert.NotEqual(PackageUrl.Parse("pkg:deb/debian/x@2-3").Identity, PackageUrl.Parse("pkg:deb/debian/x@2-4").Identity);
    }
}
