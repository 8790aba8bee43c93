using System.CommandLine;
using System.Globalization;
using System.Text;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Oidc;
using ArtifactTrust.Formats;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

/// <summary>How the command line comes to a token.</summary>
public sealed class IdentityTokenSourceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _text = new(CultureInfo.InvariantCulture);
    private TimeProvider _time = new StillTime(TestTokens.Now);
    private readonly HttpClient _http = Transports.ToServices();
    private readonly Dictionary<string, string> _variables = [];
    private byte[] _input = [];
    private Func<Uri, bool>? _browser;
    private bool _interactive;

    public void Dispose()
    {
        _directory.Dispose();
        _text.Dispose();
        _http.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public async Task A_file_comes_first(string end)
    {
        _variables["SIGSTORE_ID_TOKEN"] = TestTokens.Make(subject: "variable");
        var file = _directory.File("token", TestTokens.Make(subject: "file") + end);
        Assert.Equal("file", (await GetAsync(["--identity-token", file])).Subject);
    }

    [Fact]
    public async Task Standard_input_can_hold_the_token()
    {
        _input = Encoding.UTF8.GetBytes(TestTokens.Make(subject: "input"));
        Assert.Equal("input", (await GetAsync(["--identity-token", "-"])).Subject);
    }

    [Fact]
    public async Task The_environment_comes_next()
    {
        _variables["SIGSTORE_ID_TOKEN"] = TestTokens.Make(subject: "variable");
        Assert.Equal("variable", (await GetAsync([])).Subject);
        Assert.Contains("SIGSTORE_ID_TOKEN", _text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_in_the_arguments_is_refused_and_not_repeated()
    {
        var token = TestTokens.Make();
        var e = await FailAsync(["--identity-token", token]);
        Assert.Equal(ExitCode.Usage, e.ExitCode);
        Assert.Contains("takes the name of a file", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, e.Message + e.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("long")]
    [InlineData("expired")]
    [InlineData("audience")]
    public async Task An_unusable_file_is_a_wrong_command_line(string what)
    {
        var file = _directory.File(
            "token",
            what switch
            {
                "long" => new string('a', Limits.IdentityTokenLength + 1),
                "expired" => TestTokens.Make(expires: TestTokens.Now),
                "audience" => TestTokens.Make(audience: "other"),
                _ => "",
            }
        );
        if (what == "missing")
        {
            File.Delete(file);
        }
        Assert.Equal(ExitCode.Usage, (await FailAsync(["--identity-token", file])).ExitCode);
    }

    [Fact]
    public async Task The_audience_can_be_another()
    {
        _variables["SIGSTORE_ID_TOKEN"] = TestTokens.Make(audience: "mine");
        Assert.Equal(["mine"], (await GetAsync(["--oidc-client-id", "mine"])).Audiences);
        Assert.Equal(ExitCode.Usage, (await FailAsync([])).ExitCode);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("CI", true)]
    [InlineData("ambient", true)]
    public async Task Without_a_token_and_a_person_it_is_told_what_to_do(string what, bool interactive)
    {
        _interactive = interactive;
        _browser = _ => throw new InvalidOperationException("nobody is to be asked");
        _variables["CI"] = what == "CI" ? "true" : "";
        var e = await FailAsync(what == "ambient" ? ["--oidc-flow", "ambient"] : []);
        Assert.Equal(ExitCode.Usage, e.ExitCode);
        Assert.Contains("SIGSTORE_ID_TOKEN", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ci_job_that_fails_to_give_a_token_is_an_error_and_nobody_else_is_asked()
    {
        _variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://127.0.0.1:1/";
        _variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "t";
        _interactive = true;
        _browser = _ => throw new InvalidOperationException("nobody is to be asked");
        var e = await FailAsync([]);
        Assert.Equal(ExitCode.CouldNotTell, e.ExitCode);
        Assert.Contains("GitHub Actions", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_signs_in_with_the_browser(bool isAuto)
    {
        await using var issuer = await new TestIssuer().StartAsync();
        _interactive = isAuto;
        _browser = Follow(_ => "");
        var token = await GetAsync(isAuto ? [] : ["--oidc-flow", "browser"], issuer.Url);
        Assert.Equal(issuer.Url, token.Issuer);
        Assert.Contains("sign in with the browser", _text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_file_is_sent_without_its_line_end()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        _browser = Follow(_ => "");
        await GetAsync(
            ["--oidc-flow", "browser", "--oidc-client-secret-file", _directory.File("secret", "hush\n"), "--oidc-issuer", issuer.Url],
            "https://never.example"
        );
        Assert.Equal("hush", issuer.Forms[^1]["client_secret"]);
    }

    [Theory]
    [InlineData("?state=wrong&code=c", "another sign-in")]
    [InlineData("?error=access_denied&state=STATE", "access_denied")]
    public async Task A_failed_sign_in_is_told_in_the_browser_and_here(string query, string expected)
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var page = new TaskCompletionSource<string>();
        _browser = Follow(state => query.Replace("STATE", state, StringComparison.Ordinal), page);
        var e = await FailAsync(["--oidc-flow", "browser"], issuer.Url);
        Assert.Equal(ExitCode.CouldNotTell, e.ExitCode);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, await page.Task, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_browser_is_a_device_will_do()
    {
        await using var issuer = await new TestIssuer { DeviceErrors = new(["authorization_pending"]) }.StartAsync();
        _interactive = true;
        _time = new RushingTime(TestTokens.Now);
        var token = await GetAsync([], issuer.Url);
        Assert.Equal(issuer.Url, token.Issuer);
        Assert.Contains("ABCD-EFGH", _text.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{issuer.Url}/activate", _text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_who_signs_in_ends_the_wait()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        _browser = _ => true;
        _time = new RushingTime(TestTokens.Now);
        var e = await FailAsync(["--oidc-flow", "browser"], issuer.Url);
        Assert.Equal(ExitCode.CouldNotTell, e.ExitCode);
        Assert.Contains("nobody signed in", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issuer_that_is_down_could_not_be_asked()
    {
        var e = await FailAsync(["--oidc-flow", "device"], "http://127.0.0.1:1");
        Assert.Equal(ExitCode.CouldNotTell, e.ExitCode);
    }

    [Fact]
    public async Task Without_an_issuer_a_person_cannot_sign_in() =>
        Assert.Contains("--oidc-issuer", (await FailAsync(["--oidc-flow", "device"])).Hint, StringComparison.Ordinal);

    [Fact]
    public async Task A_file_and_a_flow_contradict_each_other() =>
        Assert.Equal(ExitCode.Usage, (await FailAsync(["--identity-token", "x", "--oidc-flow", "device"])).ExitCode);

    // What a browser does, in the background; with a query in the place of the issuer's where the test gives one.
    private Func<Uri, bool> Follow(Func<string, string> query, TaskCompletionSource<string>? page = null) =>
        url =>
        {
            _ = Task.Run(async () =>
            {
                var asked = Urls.Parse(url.Query)!;
                var replaced = query(asked["state"]);
                var back = replaced.Length > 0 ? new Uri(asked["redirect_uri"] + replaced) : await TestIssuer.BrowseAsync(url);
                using var client = new HttpClient();
                using var answer = await client.GetAsync(back);
                page?.TrySetResult(await answer.Content.ReadAsStringAsync());
            });
            return true;
        };

    private async Task<IdentityToken> GetAsync(string[] arguments, string? issuer = null)
    {
        var options = new IdentityTokenOptions();
        var command = new RootCommand();
        options.AddTo(command);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        Func<string, string?> variable = n => _variables.GetValueOrDefault(n);
        var surroundings = new Surroundings(new AmbientEnvironment(variable, (_, _) => null), () => new MemoryStream(_input), _browser);
        return await new IdentityTokenSource(new Terminal(_text, _text, _interactive), _time, surroundings, _http).GetAsync(
            options.Read(parsed, issuer),
            CancellationToken.None
        );
    }

    private async Task<CliException> FailAsync(string[] arguments, string? issuer = null) =>
        await Assert.ThrowsAsync<CliException>(() => GetAsync(arguments, issuer));
}
