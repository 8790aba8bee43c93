using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class OciReferenceTests
{
    private const string Hex = "af957d3b5990b51c59b0f73d547222a3af2284e7159ec28990c69ef4ce825a2d";

    [Theory]
    [InlineData("ghcr.io/acme/model:v1", "ghcr.io", "acme/model", "v1")]
    [InlineData("registry:ghcr.io/acme/model:v1", "ghcr.io", "acme/model", "v1")]
    [InlineData("localhost/app", "localhost", "app", null)]
    [InlineData("localhost:5000/a/b-c/d__e.f_g:V_1.0-x", "localhost:5000", "a/b-c/d__e.f_g", "V_1.0-x")]
    [InlineData("127.0.0.1:5000/app:v1", "127.0.0.1:5000", "app", "v1")]
    [InlineData("[::1]:5000/app", "[::1]:5000", "app", null)]
    [InlineData("GHCR.IO/acme/model", "ghcr.io", "acme/model", null)]
    [InlineData("registry:5000/app:v1", "registry:5000", "app", "v1")]
    [InlineData("registry:harbor/app", "harbor", "app", null)]
    [InlineData("registry:harbor:8443/app", "harbor:8443", "app", null)]
    [InlineData("docker.io/ubuntu:24.04", "docker.io", "library/ubuntu", "24.04")]
    [InlineData("docker.io/acme/app", "docker.io", "acme/app", null)]
    [InlineData("index.docker.io/acme/app", "docker.io", "acme/app", null)]
    public void A_registry_reference_is_read(string text, string host, string repository, string? tag)
    {
        var reference = Assert.IsType<RegistryReference>(OciReference.Parse(text));
        Assert.Equal((host, repository, tag), (reference.Host, reference.Repository, reference.Tag));
        Assert.Null(reference.Digest);
        Assert.Equal(reference, OciReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("oci-layout:dir", "dir", null)]
    [InlineData("oci-layout:/a/b:v1", "/a/b", "v1")]
    [InlineData("oci-layout:./a:b/c", "./a:b/c", null)]
    [InlineData("oci-layout:../x y/z:latest", "../x y/z", "latest")]
    public void A_layout_reference_is_read(string text, string directory, string? tag)
    {
        var reference = Assert.IsType<LayoutReference>(OciReference.Parse(text));
        Assert.Equal((directory, tag), (reference.Directory, reference.Tag));
        Assert.Equal(reference, OciReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData($"ghcr.io/acme/model@sha256:{Hex}", null)]
    [InlineData($"ghcr.io/acme/model:v1@sha256:{Hex}", "v1")]
    [InlineData($"oci-layout:dir:v1@sha256:{Hex}", "v1")]
    [InlineData($"oci-layout:dir@sha256:{Hex}", null)]
    public void A_digest_is_read_and_the_tag_is_kept(string text, string? tag)
    {
        var reference = OciReference.Parse(text);
        Assert.Equal($"sha256:{Hex}", reference.Digest!.ToString());
        Assert.Equal(tag, reference.Tag);
        Assert.Equal(text, reference.ToString());
    }

    [Theory]
    [InlineData("ubuntu", "docker.io/library/ubuntu")]
    [InlineData("ubuntu:24.04", "docker.io/library/ubuntu:24.04")]
    [InlineData("acme/app:v1", "docker.io/acme/app:v1")]
    [InlineData("registry:ubuntu", "docker.io/library/ubuntu")]
    public void A_short_name_is_refused_with_the_long_one_as_a_hint(string text, string hint) =>
        Assert.Contains(hint, Assert.Throws<MalformedDataException>(() => OciReference.Parse(text)).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("registry:")]
    [InlineData("oci-layout:")]
    [InlineData("oci-layout::v1")]
    [InlineData("oci-layout:a\0b")]
    [InlineData("oci-layout:dir:-v1")]
    [InlineData("ghcr.io/")]
    [InlineData("ghcr.io//app")]
    [InlineData("ghcr.io/app/")]
    [InlineData("ghcr.io/App")]
    [InlineData("ghcr.io/app:")]
    [InlineData("ghcr.io/app:.v1")]
    [InlineData("ghcr.io/app:v1:v2")]
    [InlineData("ghcr.io/app:v 1")]
    [InlineData("ghcr.io/app:v1\n")]
    [InlineData("ghcr.io/app\n")]
    [InlineData("ghcr.io/a___b")]
    [InlineData("ghcr.io/a..b")]
    [InlineData("ghcr.io/../b")]
    [InlineData("ghcr.io/a?b")]
    [InlineData("ghcr.io/a%2fb")]
    [InlineData("ghcr.io/app@sha256:abc")]
    [InlineData($"ghcr.io/app@md5:{Hex}")]
    [InlineData($"ghcr.io/app@sha256:{Hex}0")]
    [InlineData("ghcr.io/app@")]
    [InlineData("user@ghcr.io/app")]
    [InlineData("-a.io/app")]
    [InlineData("a-.io/app")]
    [InlineData("a_b.io/app")]
    [InlineData("ghcr.io:0/app")]
    [InlineData("ghcr.io:65536/app")]
    [InlineData("ghcr.io:/app")]
    [InlineData("[::1/app")]
    [InlineData("[1.2.3.4]/app")]
    [InlineData("[zz]/app")]
    [InlineData("https://ghcr.io/app")]
    public void What_is_not_a_reference_is_refused(string text) => Assert.Throws<MalformedDataException>(() => OciReference.Parse(text));

    [Fact]
    public void A_long_tag_or_name_is_refused()
    {
        Assert.Equal(128, OciReference.Parse($"ghcr.io/app:{new string('a', 128)}").Tag!.Length);
        Assert.Throws<MalformedDataException>(() => OciReference.Parse($"ghcr.io/app:{new string('a', 129)}"));
        Assert.NotNull(OciReference.Parse($"ghcr.io/{new string('a', 247)}"));
        Assert.Throws<MalformedDataException>(() => OciReference.Parse($"ghcr.io/{new string('a', 248)}"));
        Assert.Throws<MalformedDataException>(() => OciReference.Parse($"ghcr.io/{new string('a', 1 << 20)}"));
    }

    [Theory]
    [InlineData("localhost:1/a", true)]
    [InlineData("127.9.8.7/a", true)]
    [InlineData("[::1]:5000/a", true)]
    [InlineData("128.0.0.1/a", false)]
    [InlineData("localhost.example.com/a", false)]
    [InlineData("127.0.0.1.example.com/a", false)]
    [InlineData("[::2]/a", false)]
    public void Only_this_machine_is_loopback(string text, bool loopback) =>
        Assert.Equal(loopback, ((RegistryReference)OciReference.Parse(text)).IsLoopback);
}
