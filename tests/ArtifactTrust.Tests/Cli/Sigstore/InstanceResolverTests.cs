using System.Globalization;
using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Sigstore;
using ArtifactTrust.Tests.Trust.Tuf;
using ArtifactTrust.Tests.Verification.Sigstore;
using ArtifactTrust.Trust.Instances;

namespace ArtifactTrust.Tests.Cli.Sigstore;

/// <summary>What a command trusts of an instance: from a repository that is there, gone, old, or hostile.</summary>
public sealed class InstanceResolverTests : IDisposable
{
    private const string Services =
        """{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","caUrls":[{"url":"https://fulcio.test","majorApiVersion":1,"validFor":{"start":"2024-01-01T00:00:00Z"},"operator":"test"}],"oidcUrls":[],"rekorTlogUrls":[],"tsaUrls":[]}""";

    private readonly TemporaryDirectory _directory = new();
    private readonly TestAuthority _authority = new();
    private readonly TufRepository _repository = new();
    private readonly LoopbackTuf _server;
    private readonly TufFixture.FixedClock _clock = new(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly StringWriter _said = new(CultureInfo.InvariantCulture);

    public InstanceResolverTests()
    {
        _repository.AddTarget("targets", TufStore.TrustedRootName, Encoding.UTF8.GetString(TestAuthority.Utf8(_authority.RootJson())));
        _repository.AddTarget("targets", TufStore.SigningConfigName, Services);
        _repository.Update("targets", "snapshot", "timestamp");
        _server = new LoopbackTuf(_repository);
        _directory.File("config/root.json", _repository.InitialRoot);
        Configure($"own: {{ tuf: {{ url: '{_server.Url}', root: root.json }} }}");
    }

    public void Dispose()
    {
        _server.Dispose();
        _authority.Dispose();
        _directory.Dispose();
        _said.Dispose();
    }

    [Fact]
    public async Task The_public_good_instance_needs_no_repository()
    {
        var instance = await Resolver().ForVerificationAsync(null, null, default);

        Assert.Same(ArtifactTrust.Trust.TrustedRoot.PublicGood, instance.Root);
        Assert.Equal(InstanceResolver.ThisRelease, instance.Source);
        Assert.Same(SigstoreProfile.PublicGoodServices, (await Resolver().ForSigningAsync(null, null, null, default)).Config);
        Assert.False(Directory.Exists(Paths.Repositories));
    }

    [Fact]
    public async Task The_first_use_of_a_profile_asks_its_repository()
    {
        var instance = await Resolver().ForVerificationAsync("own", null, default);

        Assert.Equal("fulcio.test", instance.Config!.CertificateAuthorities[0].Url.Host);
        Assert.Equal(2, instance.Root.TransparencyLogs.Count);
        Assert.Equal(_clock.Now, instance.Repository!.Refreshed);
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), instance.Repository.Expires);
    }

    [Fact]
    public async Task Within_a_day_nobody_is_asked_and_after_it_the_repository_is()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        var before = _server.Requests;

        _clock.Now += TufStore.Freshness - TimeSpan.FromSeconds(1);
        await Resolver().ForVerificationAsync("own", null, default);
        Assert.Equal(before, _server.Requests);

        _clock.Now += TimeSpan.FromSeconds(1);
        await Resolver().ForVerificationAsync("own", null, default);
        Assert.True(_server.Requests > before);
    }

    [Fact]
    public async Task A_clock_that_went_back_is_no_reason_not_to_ask()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        var before = _server.Requests;

        _clock.Now -= TimeSpan.FromHours(1);
        await Resolver().ForVerificationAsync("own", null, default);

        Assert.True(_server.Requests > before);
    }

    [Fact]
    public async Task What_is_kept_is_used_where_the_repository_is_gone_and_a_warning_says_so()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        _server.IsDown = true;
        _clock.Now += TimeSpan.FromDays(30);

        var instance = await Resolver().ForVerificationAsync("own", null, default);

        Assert.Equal(2, instance.Root.TransparencyLogs.Count);
        Assert.Contains("what was learned before is used", _said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_expired_is_never_used()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        _clock.Now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        _server.IsDown = true;

        await RefusedAsync(ExitCode.CouldNotTell, "trust-expired", r => r.ForVerificationAsync("own", null, default));
        await RefusedAsync(ExitCode.CouldNotTell, "trust-expired", r => r.ShowAsync(Profile("own"), default));
        // Frozen: the repository is there, and says the same as before.
        _server.IsDown = false;
        await RefusedAsync(ExitCode.CouldNotTell, "trust-expired", r => r.ForVerificationAsync("own", null, default));
        await RefusedAsync(ExitCode.Rejected, "tuf-refused", r => r.UpdateAsync(Profile("own"), default));
    }

    [Fact]
    public async Task A_file_is_used_instead_of_what_has_expired()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        _clock.Now = new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var before = _server.Requests;

        var file = _directory.File("trusted.json", TestAuthority.Utf8(_authority.RootJson()));
        var instance = await Resolver().ForVerificationAsync("own", file, default);

        Assert.Equal(file, instance.Source);
        Assert.Null(instance.Repository);
        Assert.Equal(before, _server.Requests);
    }

    [Fact]
    public async Task Nothing_known_and_nobody_there_is_no_answer()
    {
        _server.IsDown = true;

        await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ForVerificationAsync("own", null, default));
        await RefusedAsync(ExitCode.CouldNotTell, "tuf-unreachable", r => r.UpdateAsync(Profile("own"), default));
        await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ShowAsync(Profile("own"), default));
    }

    [Fact]
    public async Task A_repository_that_goes_back_is_refused_and_what_is_kept_stays()
    {
        var old = new Dictionary<string, byte[]>(_repository.Files);
        _repository.Update("targets", "snapshot", "timestamp");
        var first = await Resolver().UpdateAsync(Profile("own"), default);
        foreach (var (name, content) in old)
        {
            _repository.Files[name] = content;
        }

        await RefusedAsync(ExitCode.Rejected, "tuf-refused", r => r.UpdateAsync(Profile("own"), default));

        _clock.Now += TimeSpan.FromDays(2);
        var instance = await Resolver().ForVerificationAsync("own", null, default);
        Assert.Equal(first.Repository!.TimestampVersion, instance.Repository!.TimestampVersion);
        Assert.Contains("gives nothing newer", _said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_root_that_revokes_the_timestamp_key_ends_the_use_of_what_is_kept()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        _repository.Rotate("timestamp");
        _repository.Update("root");
        _clock.Now += TimeSpan.FromDays(2);

        // The new root is there; the timestamp is still the thief's.
        await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ForVerificationAsync("own", null, default));
    }

    [Theory]
    [InlineData("root.json")]
    [InlineData("timestamp.json")]
    [InlineData("snapshot.json")]
    [InlineData("targets.json")]
    [InlineData("targets/trusted_root.json")]
    [InlineData("targets/signing_config.v0.2.json")]
    public async Task A_damaged_file_is_fetched_again_and_never_used(string name)
    {
        var first = await Resolver().ForVerificationAsync("own", null, default);
        var file = Path.Join(first.Repository!.Directory, name);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        if (name != "root.json")
        {
            // The chain of roots is in its own directory.
            await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ShowAsync(Profile("own"), default));
        }

        var instance = await Resolver().ForVerificationAsync("own", null, default);

        Assert.Equal(2, instance.Root.TransparencyLogs.Count);
    }

    [Fact]
    public async Task A_damaged_stamp_means_that_the_repository_is_asked()
    {
        var first = await Resolver().ForVerificationAsync("own", null, default);
        await File.WriteAllBytesAsync(first.Repository!.Directory + ".refreshed", [0xFF, 0, 1]);
        var before = _server.Requests;

        await Resolver().ForVerificationAsync("own", null, default);

        Assert.True(_server.Requests > before);
    }

    [Fact]
    public async Task Many_updates_at_once_all_succeed()
    {
        var updates = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => Resolver().UpdateAsync(Profile("own"), default)))
        );

        Assert.All(updates, u => Assert.Equal(2, u.Repository!.TimestampVersion));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_told()
    {
        _directory.File("data", "a file");

        var error = await RefusedAsync(ExitCode.CouldNotTell, "tuf-unreachable", r => r.UpdateAsync(Profile("own"), default));

        Assert.Contains("data", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_directory_is_read_while_it_is_fresh_and_used_with_a_warning_after()
    {
        var first = await Resolver().ForVerificationAsync("own", null, default);
        if (Environment.IsPrivilegedProcess || OperatingSystem.IsWindows())
        {
            // Nothing is read-only for root; as much as can be shown then is that no file is changed while all is fresh.
            var before = Directory.GetFiles(first.Repository!.Directory, "*.json").Select(File.GetLastWriteTimeUtc).ToList();
            await Resolver().ForVerificationAsync("own", null, default);
            Assert.Equal(before, Directory.GetFiles(first.Repository.Directory, "*.json").Select(File.GetLastWriteTimeUtc));
            return;
        }
        File.SetUnixFileMode(first.Repository!.Directory, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            await Resolver().ForVerificationAsync("own", null, default);
            _clock.Now += TimeSpan.FromDays(2);
            await Resolver().ForVerificationAsync("own", null, default);
            Assert.Contains("what was learned before is used", _said.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(first.Repository.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public async Task Another_root_is_another_trust()
    {
        await Resolver().ForVerificationAsync("own", null, default);
        using var other = new LoopbackTuf(new TufRepository());
        _directory.File("config/root.json", other.Repository.InitialRoot);
        _clock.Now += TimeSpan.FromDays(2);

        // The name and the URL are the same; what was learned by the old root does not count.
        await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ForVerificationAsync("own", null, default));
    }

    [Fact]
    public async Task A_repository_without_a_signing_config_can_be_verified_with_and_not_signed_with()
    {
        _repository.Targets["targets"]!.AsObject().Remove(TufStore.SigningConfigName);
        _repository.Update("targets", "snapshot", "timestamp");

        Assert.Null((await Resolver().ForVerificationAsync("own", null, default)).Config);
        await RefusedAsync(ExitCode.Usage, "usage", r => r.ForSigningAsync("own", null, null, default));

        var file = _directory.File("services.json", Services);
        var signing = await Resolver().ForSigningAsync("own", null, file, default);
        Assert.Equal(file, signing.ConfigSource);
    }

    [Fact]
    public async Task Signing_by_files_alone_asks_nobody()
    {
        var root = _directory.File("trusted.json", TestAuthority.Utf8(_authority.RootJson()));
        var config = _directory.File("services.json", Services);

        var instance = await Resolver().ForSigningAsync("own", root, config, default);

        Assert.Equal((root, config), (instance.Source, instance.ConfigSource));
        Assert.Equal(0, _server.Requests);
        await RefusedAsync(ExitCode.Usage, "usage", r => r.ForSigningAsync(null, root, null, default));
    }

    [Fact]
    public async Task A_profile_may_be_in_files()
    {
        var root = _directory.File("config/trusted.json", TestAuthority.Utf8(_authority.RootJson()));
        _directory.File("config/services.json", Services);
        Configure("files: { trustedRoot: trusted.json, signingConfig: services.json, oidcIssuer: 'https://login.test' }", "files");

        var instance = await Resolver().ForSigningAsync(null, null, null, default);

        Assert.Equal((root, "https://login.test/"), (instance.Source, instance.Issuer?.AbsoluteUri));
        await RefusedAsync(ExitCode.Usage, "usage", r => r.UpdateAsync(Profile("files"), default));
        Assert.Equal(root, (await Resolver().ShowAsync(Profile("files"), default)).Source);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"mediaType\":\"x\"}")]
    public async Task A_signed_file_of_another_form_is_no_answer(string content)
    {
        _repository.AddTarget("targets", TufStore.TrustedRootName, content);
        _repository.Update("targets", "snapshot", "timestamp");

        await RefusedAsync(ExitCode.CouldNotTell, "trust-unknown", r => r.ForVerificationAsync("own", null, default));
    }

    [Fact]
    public void An_unknown_profile_is_told_with_those_that_there_are()
    {
        var error = Assert.Throws<CliException>(() => Profile("owm"));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("public-good, staging, github, own", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_configuration_is_told_with_its_line()
    {
        Configure("own: { tuff: {} }");

        Assert.Contains("line 3", Assert.Throws<CliException>(() => Profile(null)).Message, StringComparison.Ordinal);
    }

    private TrustPaths Paths => new(Path.Join(_directory.Path, "config", "config.yaml"), Path.Join(_directory.Path, "data", "tuf"));

    private void Configure(string profile, string? defaultName = null) =>
        _directory.File(
            "config/config.yaml",
            $"version: 1\n{(defaultName is null ? "" : $"default: {defaultName}\n")}profiles:\n  {profile}\n"
        );

    private SigstoreProfile Profile(string? name) => ProfileStore.Load(Paths).Get(name);

    private InstanceResolver Resolver() =>
        new(
            new Session(new Terminal(_said, TextWriter.Synchronized(_said), interactive: false), _clock, null),
            Paths,
            ProfileStore.Load(Paths)
        );

    private async Task<CliException> RefusedAsync(int exitCode, string code, Func<InstanceResolver, Task> run)
    {
        var error = await Assert.ThrowsAsync<CliException>(() => run(Resolver()));
        Assert.Equal((exitCode, code), (error.ExitCode, error.Code));
        return error;
    }
}
