using ArtifactTrust.Formats;
using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom;

public sealed class SbomTrainingCodeTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    [Theory]
    [InlineData(
        "https://github.com/Acme/train.git@" + Commit,
        "https://github.com/Acme/train.git",
        Commit,
        "pkg:github/acme/train@" + Commit
    )]
    [InlineData("https://git.example/a/b", "https://git.example/a/b", null, null)]
    [InlineData("ssh://git@git.example/a/b", "ssh://git@git.example/a/b", null, null)]
    [InlineData("ssh://git@git.example/a/b@" + Commit, "ssh://git@git.example/a/b", Commit, null)]
    public void An_address_may_have_a_commit(string text, string url, string? commit, string? purl)
    {
        var code = SbomTrainingCode.Parse(text);
        Assert.Equal((url, commit), (code.Url, code.Commit));
        Assert.Equal(purl, code.Component().PackageUrl);
    }

    [Theory]
    [InlineData("")]
    [InlineData("train.py")]
    [InlineData("https://host/a b")]
    [InlineData("https://host/a@main")]
    [InlineData("https://host/a@0123")]
    [InlineData("file:///a")]
    public void What_is_no_address_or_no_commit_is_refused(string text) =>
        Assert.Throws<MalformedDataException>(() => SbomTrainingCode.Parse(text));
}
