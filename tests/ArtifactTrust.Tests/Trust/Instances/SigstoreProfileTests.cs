using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;
using ArtifactTrust.Trust.Instances;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Instances;

public sealed class SigstoreProfileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, int, int> BuiltIn =>
        new() { { SigstoreProfile.PublicGoodName, 15, 3 }, { SigstoreProfile.GitHubName, 3, 3 } };

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public async Task A_built_in_root_is_signed_by_its_own_keys(string name, int atLeastVersion, int threshold)
    {
        var profile = Profile(name);

        // Refuses a root that its own keys did not sign.
        var root = await new TufCache(_directory.Path).InitializeAsync(profile.TufRoot!.Value);

        Assert.True(root.Header.Version >= atLeastVersion);
        Assert.Equal(threshold, root.Root.Threshold);
        Assert.True(root.ConsistentSnapshot);
        Assert.Equal("https", profile.TufUrl!.Scheme);
        Assert.True(profile.IsBuiltIn);
    }

    [Theory]
    [MemberData(nameof(BuiltIn))]
    public async Task A_built_in_root_with_any_version_but_its_own_is_refused(string name, int atLeastVersion, int threshold)
    {
        _ = (atLeastVersion, threshold);
        var text = Encoding.UTF8.GetString(Profile(name).TufRoot!.Value.Span);
        var changed = System.Text.RegularExpressions.Regex.Replace(text, "\"version\": ?[0-9]+", "\"version\":999");
        Assert.NotEqual(text, changed);

        var error = await Assert.ThrowsAsync<MalformedDataException>(() =>
            new TufCache(_directory.Path).InitializeAsync(Encoding.UTF8.GetBytes(changed))
        );
        Assert.Contains("too few keys of the role signed", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_services_of_the_public_good_instance_are_read()
    {
        var config = SigstoreProfile.PublicGoodServices;

        Assert.Equal("fulcio.sigstore.dev", Assert.Single(config.CertificateAuthorities).Url.Host);
        Assert.NotEmpty(config.TransparencyLogs);
        Assert.Equal(ServiceSelector.Any, config.TransparencyLogSelection.Selector);
    }

    [Fact]
    public void Every_key_of_a_configuration_is_read()
    {
        var configuration = Parse(
            """
            version: 1
            default: trial
            profiles:
              trial:
                tuf: { url: https://tuf.example.com/v1, root: roots/staging.json }
                oidcIssuer: https://login.example.com
                oidcClientId: signer
                caFile: ca.pem
              files: { trustedRoot: /etc/root.json, signingConfig: sc.json }
            """
        );

        Assert.Equal("trial", configuration.Default);
        var (staging, files) = (configuration.Profiles[0], configuration.Profiles[1]);
        Assert.Equal(new Uri("https://tuf.example.com/v1"), staging.TufUrl);
        Assert.Equal("/config/roots/staging.json", staging.TufRootFile);
        Assert.Equal(new Uri("https://login.example.com"), staging.Issuer);
        Assert.Equal("signer", staging.ClientId);
        Assert.Equal("/config/ca.pem", staging.CaFile);
        Assert.Null(staging.TrustedRootFile);
        Assert.False(staging.IsBuiltIn);
        Assert.Equal(("/etc/root.json", "/config/sc.json"), (files.TrustedRootFile, files.SigningConfigFile));
        Assert.Null(files.TufUrl);
    }

    [Fact]
    public void A_configuration_may_have_no_profile() => Assert.Empty(Parse("version: 1\n").Profiles);

    [Theory]
    [InlineData("profiles: {}", "needs 'version'")]
    [InlineData("version: 2", "version")]
    [InlineData("version: 1\nprofile: {}", "did you mean 'profiles'?")]
    [InlineData("version: 1\nprofiles: { a: {} }", "one of 'tuf' and 'trustedRoot'")]
    [InlineData("version: 1\nprofiles: { a: { trustedRoot: x, tuf: { url: 'https://x.y', root: r } } }", "one of 'tuf' and 'trustedRoot'")]
    [InlineData("version: 1\nprofiles: { a: { trustedRoot: x, oidcIsuer: 'https://x.y' } }", "did you mean 'oidcIssuer'?")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: 'https://x.y' } } }", "needs 'root'")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: 'https://x.y', root: r, roots: r } } }", "unknown key 'roots'")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: 'ftp://x.y', root: r } } }", "http(s) URL")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: 'https://u:p@x.y', root: r } } }", "http(s) URL")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: 'https://x.y?q', root: r } } }", "http(s) URL")]
    [InlineData("version: 1\nprofiles: { a: { tuf: { url: tuf, root: r } } }", "http(s) URL")]
    [InlineData("version: 1\nprofiles: { a: { trustedRoot: '' } }", "empty")]
    [InlineData("version: 1\nprofiles: { public-good: { trustedRoot: x } }", "built in")]
    [InlineData("version: 1\nprofiles: { github: { trustedRoot: x } }", "built in")]
    [InlineData("version: 1\nprofiles: { ../x: { trustedRoot: x } }", "is named by")]
    [InlineData("version: 1\nprofiles: { a: &b { trustedRoot: x } }", "anchor")]
    [InlineData("version: 1\nprofiles: { a: { trustedRoot: x }, a: { trustedRoot: x } }", "twice")]
    [InlineData("", "the configuration is empty")]
    public void A_wrong_configuration_is_refused_with_its_place(string yaml, string reason)
    {
        var error = Assert.Throws<MalformedDataException>(() => Parse(yaml));

        Assert.Equal("configuration", error.Format);
        Assert.StartsWith("line ", error.Location, StringComparison.Ordinal);
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_one_profile_is_read()
    {
        var profile = SigstoreProfiles.ParseOne("a.b", "version: 1\ntrustedRoot: r.json\n"u8, "/config");

        Assert.Equal(("a.b", "/config/r.json"), (profile.Name, profile.TrustedRootFile));
        Assert.Throws<MalformedDataException>(() => SigstoreProfiles.ParseOne("github", "version: 1\ntrustedRoot: r.json\n"u8, "/config"));
    }

    private static SigstoreProfile Profile(string name) =>
        name == SigstoreProfile.GitHubName ? SigstoreProfile.GitHub : SigstoreProfile.PublicGood;

    private static SigstoreProfiles Parse(string yaml) => SigstoreProfiles.Parse(Encoding.UTF8.GetBytes(yaml), "/config");

    [Fact]
    public void The_instance_for_trials_is_built_in_whole()
    {
        var staging = SigstoreProfile.Staging;
        Assert.True(staging.IsBuiltIn);
        Assert.Equal("tuf-repo-cdn.sigstage.dev", staging.TufUrl!.Host);
        Assert.NotEmpty(SigstoreProfile.StagingRoot.TransparencyLogs);
        Assert.NotEmpty(SigstoreProfile.StagingRoot.CertificateAuthorities);
        Assert.NotEmpty(SigstoreProfile.StagingRoot.TimestampAuthorities);
        Assert.All(
            SigstoreProfile.StagingServices.TransparencyLogs,
            l => Assert.EndsWith("sigstage.dev", l.Url.Host, StringComparison.Ordinal)
        );
        Assert.All(
            (string[])[SigstoreProfile.PublicGoodName, SigstoreProfile.StagingName, SigstoreProfile.GitHubName],
            n => Assert.True(SigstoreProfile.IsBuiltInName(n))
        );
        Assert.False(SigstoreProfile.IsBuiltInName("ours"));
    }
}
