using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class DockerCredentialsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();
    private readonly string? _path = Environment.GetEnvironmentVariable("PATH");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("PATH", _path);
        _directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData("""{"auths":{"ghcr.io":{"auth":"dXNlcjpwOnc="}}}""", "ghcr.io/a/b", "user", "p:w")]
    [InlineData("""{"auths":{"ghcr.io":{"username":"user","password":"pw"}}}""", "ghcr.io/a/b", "user", "pw")]
    [InlineData("""{"auths":{"https://ghcr.io":{"auth":"dXNlcjpwdw=="}}}""", "ghcr.io/a", "user", "pw")]
    [InlineData("""{"auths":{"https://ghcr.io/v2/":{"auth":"dXNlcjpwdw=="}}}""", "ghcr.io/a", "user", "pw")]
    [InlineData("""{"auths":{"GHCR.io/v1":{"auth":"dXNlcjpwdw=="}}}""", "ghcr.io/a", "user", "pw")]
    [InlineData("""{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwdw=="}}}""", "docker.io/a/b", "user", "pw")]
    [InlineData("""{"auths":{"docker.io":{"auth":"dXNlcjpwdw=="}}}""", "docker.io/ubuntu", "user", "pw")]
    [InlineData("""{"auths":{"localhost:5000":{"auth":"dXNlcjpwdwAA"}}}""", "localhost:5000/a", "user", "pw")]
    [InlineData(
        """{"auths":{"ghcr.io":{"auth":"eDp5"},"ghcr.io/a/b":{"auth":"dXNlcjpwdw=="},"ghcr.io/a":{"auth":"eDp5"}}}""",
        "ghcr.io/a/b/c",
        "user",
        "pw"
    )]
    [InlineData("""{"auths":{"ghcr.io":{"auth":"dXNlcjpwdw=="},"ghcr.io/a/bc":{"auth":"eDp5"}}}""", "ghcr.io/a/b", "user", "pw")]
    [InlineData("""{"auths":{"ghcr.io":{},"https://ghcr.io":{"auth":"dXNlcjpwdw=="}},"HttpHeaders":{}}""", "ghcr.io/a", "user", "pw")]
    public async Task An_entry_is_found(string json, string reference, string user, string password)
    {
        var credential = await FindAsync(json, reference);
        Assert.Equal((user, password), (credential!.Username, credential.Password));
    }

    [Fact]
    public async Task An_identity_token_is_found()
    {
        var credential = await FindAsync("""{"auths":{"a.io":{"auth":"MDAwMDA6","identitytoken":"idt"}}}""", "a.io/b");
        Assert.Equal("idt", credential!.IdentityToken);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"auths":{}}""")]
    [InlineData("""{"auths":null}""")]
    [InlineData("""{"auths":{"ghcr.io":{}}}""")]
    [InlineData("""{"auths":{"ghcr.io":{"auth":""}}}""")]
    [InlineData("""{"auths":{"ghcr.io.evil.example":{"auth":"dXNlcjpwdw=="}}}""")]
    [InlineData("""{"auths":{"cr.io":{"auth":"dXNlcjpwdw=="}}}""")]
    [InlineData("""{"auths":{"ghcr.io:5000":{"auth":"dXNlcjpwdw=="}}}""")]
    [InlineData("""{"auths":{"ghcr.io/other":{"auth":"dXNlcjpwdw=="}}}""")]
    public async Task Without_an_entry_there_are_none(string json) => Assert.Null(await FindAsync(json, "ghcr.io/a/b"));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData("""{"auths":{"ghcr.io":1}}""")]
    [InlineData("""{"auths":{"ghcr.io":{"auth":"!!"}}}""")]
    [InlineData("""{"auths":{"ghcr.io":{"auth":"bm9jb2xvbg=="}}}""")]
    [InlineData("""{"auths":{"ghcr.io":{"auth":1}}}""")]
    [InlineData("""{"auths":{"ghcr.io":{"username":"a:b","password":"c"}}}""")]
    [InlineData("""{"credsStore":1}""")]
    [InlineData("""{"credsStore":"../../bin/sh"}""")]
    [InlineData("""{"credsStore":"a b"}""")]
    [InlineData("""{"credHelpers":{"ghcr.io":"/bin/sh"}}""")]
    public async Task A_file_that_cannot_be_read_is_refused(string json) =>
        await Assert.ThrowsAsync<MalformedDataException>(() => FindAsync(json, "ghcr.io/a"));

    [Fact]
    public async Task A_file_over_the_limit_is_refused() =>
        await Assert.ThrowsAsync<MalformedDataException>(() => FindAsync(new string(' ', OciLimits.CredentialFileBytes + 1), "ghcr.io/a"));

    [Fact]
    public async Task No_file_means_no_credentials() =>
        Assert.Null(await new DockerCredentials(Path.Combine(_directory.FullName, "no", "config.json")).FindAsync(Repository("ghcr.io/a")));

    [Fact]
    public async Task A_file_that_may_not_be_read_is_an_error() =>
        await Assert.ThrowsAsync<IOException>(() => new DockerCredentials(_directory.FullName).FindAsync(Repository("ghcr.io/a")));

    [Fact]
    public void A_helper_is_looked_for_on_PATH_and_not_in_the_working_directory()
    {
        var name = $"docker-credential-{Helper("exit 0")}";
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, _directory.FullName);
        Assert.Equal(Path.Combine(_directory.FullName, name), CredentialHelper.Find(name, $"/nowhere::{relative}:{_directory.FullName}"));
        Assert.Null(CredentialHelper.Find(name, $".:{relative}::"));
        Assert.Null(CredentialHelper.Find(name, null));
    }

    [Fact]
    public void The_environment_says_where_the_file_is()
    {
        var variables = new Dictionary<string, string> { ["HOME"] = "/home/me" };
        Assert.Equal("/home/me/.docker/config.json", Find());
        variables["DOCKER_CONFIG"] = "/etc/docker";
        Assert.Equal("/etc/docker/config.json", Find());
        variables["REGISTRY_AUTH_FILE"] = "/run/auth.json";
        Assert.Equal("/run/auth.json", Find());

        string Find() => DockerCredentials.FromEnvironment(name => variables.GetValueOrDefault(name)).Path;
    }

    [Fact]
    public async Task A_helper_is_asked_with_the_host()
    {
        var name = Helper("""read s; echo "{\"ServerURL\":\"$s\",\"Username\":\"$1-$s\",\"Secret\":\"pw\"}" """);
        var credential = await FindAsync($$"""{"credHelpers":{"ghcr.io":"{{name}}"},"credsStore":"none"}""", "ghcr.io/a");
        Assert.Equal(("get-ghcr.io", "pw"), (credential!.Username, credential.Password));
    }

    [Fact]
    public async Task A_store_of_all_is_asked_with_docker_hubs_old_name()
    {
        // The colon is not allowed in a user name, so the secret carries it.
        var name = Helper("""read s; echo "{\"Username\":\"u\",\"Secret\":\"$s\"}" """);
        Assert.Equal("https://index.docker.io/v1/", (await FindAsync($$"""{"credsStore":"{{name}}"}""", "docker.io/a/b"))!.Password);
    }

    [Fact]
    public async Task A_helper_can_give_an_identity_token()
    {
        var name = Helper("""echo '{"ServerURL":"x","Username":"<token>","Secret":"idt"}'""");
        Assert.Equal("idt", (await FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a"))!.IdentityToken);
    }

    [Fact]
    public async Task A_helper_that_has_none_leaves_it_to_the_file()
    {
        var name = Helper("echo 'credentials not found in native keychain'; exit 1");
        Assert.Null(await FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a"));
        Assert.Equal(
            "user",
            (await FindAsync($$"""{"credsStore":"{{name}}","auths":{"ghcr.io":{"auth":"dXNlcjpwdw=="} } }""", "ghcr.io/a"))!.Username
        );
    }

    [Fact]
    public async Task A_missing_helper_is_named()
    {
        var e = await Assert.ThrowsAsync<IOException>(() => FindAsync("""{"credsStore":"no-such-helper-here"}""", "ghcr.io/a"));
        Assert.Contains("docker-credential-no-such-helper-here", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_that_fails_is_named_and_its_words_are_not_shown()
    {
        var name = Helper("echo s3cret; echo s3cret >&2; exit 7");
        var e = await Assert.ThrowsAsync<IOException>(() => FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a"));
        Assert.Contains("exit code 7", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo s3cret")]
    [InlineData("echo '[\"s3cret\"]'")]
    [InlineData("echo '{\"Username\":\"s3cret\"}'")]
    [InlineData("echo '{\"Username\":\"\",\"Secret\":\"s3cret\"}'")]
    [InlineData("echo '{\"Username\":\"a:b\",\"Secret\":\"s3cret\"}'")]
    [InlineData("yes s3cret")]
    public async Task An_answer_that_cannot_be_read_is_refused_and_not_shown(string script)
    {
        var name = Helper(script);
        var e = await Assert.ThrowsAsync<MalformedDataException>(() => FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a"));
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_helper_that_hangs_is_ended()
    {
        var name = Helper($"echo $$ > {_directory.FullName}/pid; sleep 600");
        var helper = new CredentialHelper { Timeout = TimeSpan.FromSeconds(5) };
        await Assert.ThrowsAsync<IOException>(() => FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a", helper));
        var pid = int.Parse(
            await File.ReadAllTextAsync(Path.Combine(_directory.FullName, "pid")),
            System.Globalization.CultureInfo.InvariantCulture
        );
        for (var i = 0; i < 100 && Directory.Exists($"/proc/{pid}"); i++)
        {
            await Task.Delay(20);
        }
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public async Task A_helper_that_fills_its_error_stream_is_not_stuck()
    {
        var name = Helper("""head -c 1000000 /dev/zero >&2; echo '{"Username":"u","Secret":"p"}'""");
        Assert.Equal("u", (await FindAsync($$"""{"credsStore":"{{name}}"}""", "ghcr.io/a"))!.Username);
    }

    private static RegistryReference Repository(string text) => (RegistryReference)OciReference.Parse(text);

    private async Task<RegistryCredential?> FindAsync(string json, string reference, CredentialHelper? helper = null)
    {
        var path = Path.Combine(_directory.FullName, "config.json");
        await File.WriteAllTextAsync(path, json);
        return await new DockerCredentials(path, helper ?? new CredentialHelper()).FindAsync(Repository(reference));
    }

    /// <summary>Puts a shell script on PATH as a helper.</summary>
    private string Helper(string script)
    {
        var name = $"test-{Guid.NewGuid():N}";
        var path = Path.Combine(_directory.FullName, $"docker-credential-{name}");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n", new UTF8Encoding(false));
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("these helpers are shell scripts");
        }
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", $"{_directory.FullName}:{_path}");
        return name;
    }
}
