using System.Text;
using ArtifactTrust.Signing.Oidc;
using Microsoft.AspNetCore.Http;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class AmbientTokenTests : IDisposable
{
    private const string Product = "/sys/class/dmi/id/product_name";
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly RushingTime _time = new(TestTokens.Now);

    public void Dispose() => _http.Dispose();

    [Fact]
    public void Nothing_is_found_where_there_is_nothing() => Assert.Null(Detect());

    [Fact]
    public void An_empty_variable_is_no_token() => Assert.Null(Detect(("SIGSTORE_ID_TOKEN", " ")));

    [Fact]
    public async Task A_variable_can_hold_the_token()
    {
        var found = Detect(("SIGSTORE_ID_TOKEN", $"{TestTokens.Make()}\n"));
        Assert.IsType<EnvironmentToken>(found);
        Assert.Equal("subject-1", (await FetchAsync(found)).Subject);
    }

    [Theory]
    [InlineData("not a token", IdentityTokenFailure.BadAnswer)]
    [InlineData("EXPIRED", IdentityTokenFailure.Expired)]
    [InlineData("OTHER", IdentityTokenFailure.WrongAudience)]
    public async Task An_unusable_variable_is_an_error_that_names_it(string value, IdentityTokenFailure expected)
    {
        var text = value switch
        {
            "EXPIRED" => TestTokens.Make(expires: TestTokens.Now.AddSeconds(-1)),
            "OTHER" => TestTokens.Make(audience: "other"),
            _ => value,
        };
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync(Detect(("SIGSTORE_ID_TOKEN", text))));
        Assert.Equal(expected, e.Failure);
        Assert.Contains("SIGSTORE_ID_TOKEN", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_is_the_documented_one()
    {
        (string, string)[][] all =
        [
            [("SIGSTORE_ID_TOKEN", TestTokens.Make())],
            [("ACTIONS_ID_TOKEN_REQUEST_URL", "https://github.example/"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")],
            [("BUILDKITE_AGENT_ACCESS_TOKEN", "t"), ("BUILDKITE_JOB_ID", "j")],
            [("GOOGLE_SERVICE_ACCOUNT_NAME", "a@example.com")],
            [("SPIFFE_ENDPOINT_SOCKET", "unix:///run/spire.sock")],
            [("GCE_METADATA_HOST", "127.0.0.1:1")],
        ];
        Assert.Equal(
            [
                "the environment variable SIGSTORE_ID_TOKEN",
                "GitHub Actions",
                "Buildkite",
                "Google Cloud (impersonating 'a@example.com')",
                "SPIFFE",
                "Google Cloud",
            ],
            Enumerable.Range(0, all.Length).Select(skip => Detect([.. all.Skip(skip).SelectMany(v => v)])!.Name)
        );
    }

    [Fact]
    public async Task A_mounted_file_comes_before_the_machine()
    {
        var files = new Dictionary<string, string> { [MountedToken.FilePath] = TestTokens.Make(), [Product] = "Google\n" };
        var found = AmbientToken.Detect(new AmbientEnvironment(_ => null, (p, _) => files.GetValueOrDefault(p)));
        Assert.IsType<MountedToken>(found);
        await FetchAsync(found);
        files.Remove(MountedToken.FilePath);
        Assert.IsType<GoogleToken>(AmbientToken.Detect(new AmbientEnvironment(_ => null, (p, _) => files.GetValueOrDefault(p))));
        files[Product] = "Other machine";
        Assert.Null(AmbientToken.Detect(new AmbientEnvironment(_ => null, (p, _) => files.GetValueOrDefault(p))));
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error()
    {
        var e = Assert.Throws<IdentityTokenException>(() =>
            AmbientToken.Detect(new AmbientEnvironment(_ => null, (_, _) => throw new UnauthorizedAccessException("no")))
        );
        Assert.Equal(IdentityTokenFailure.Configuration, e.Failure);
    }

    [Fact]
    public async Task GitLab_gives_the_token_in_a_variable()
    {
        var found = Detect(("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", TestTokens.Make()));
        Assert.IsType<GitLabToken>(found);
        await FetchAsync(found);
    }

    [Fact]
    public void A_job_of_GitLab_without_the_token_is_told_what_to_write()
    {
        var e = Assert.Throws<IdentityTokenException>(() => Detect(("GITLAB_CI", "true")));
        Assert.Equal(IdentityTokenFailure.MissingPermission, e.Failure);
        Assert.Contains("id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }", e.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?api-version=2.0", "?api-version=2.0&audience=my%20sigstore%26x")]
    [InlineData("", "?audience=my%20sigstore%26x")]
    public async Task GitHub_is_asked_with_the_audience_added(string query, string expected)
    {
        string? asked = null;
        await using var service = await TestService.StartAsync(context =>
        {
            asked = context.Request.QueryString.Value;
            return context.Request.Headers.Authorization == "Bearer secret"
                ? context.JsonAsync($$"""{"count":1,"value":"{{TestTokens.Make(audience: "my sigstore&x")}}"}""")
                : context.JsonAsync("{}", 401);
        });
        var token = await FetchAsync(GitHub($"{service.Url}/x{query}", "secret"), "my sigstore&x");
        Assert.Equal(expected, asked);
        Assert.Equal("subject-1", token.Subject);
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync(GitHub($"{service.Url}/x{query}", "wrong")));
        Assert.Equal(IdentityTokenFailure.MissingPermission, e.Failure);
        Assert.Contains("id-token: write", e.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GITHUB_ACTIONS", "true")]
    [InlineData("ACTIONS_ID_TOKEN_REQUEST_URL", "https://github.example/")]
    [InlineData("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")]
    public void A_job_of_GitHub_without_permission_is_told_which(string name, string value)
    {
        var e = Assert.Throws<IdentityTokenException>(() => Detect((name, value)));
        Assert.Equal(IdentityTokenFailure.MissingPermission, e.Failure);
        Assert.Contains("id-token: write", e.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://github.example/", "t")]
    [InlineData("github.example", "t")]
    [InlineData("https://github.example/", "a secret")]
    [InlineData("https://github.example/", "sec\nret")]
    public void A_job_of_GitHub_with_wrong_variables_is_refused(string url, string token)
    {
        var e = Assert.Throws<IdentityTokenException>(() => GitHub(url, token));
        Assert.Equal(IdentityTokenFailure.Configuration, e.Failure);
        Assert.DoesNotContain("ret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("html", IdentityTokenFailure.BadAnswer)]
    [InlineData("huge", IdentityTokenFailure.BadAnswer)]
    [InlineData("no value", IdentityTokenFailure.BadAnswer)]
    [InlineData("number", IdentityTokenFailure.BadAnswer)]
    [InlineData("no token", IdentityTokenFailure.BadAnswer)]
    [InlineData("500", IdentityTokenFailure.Unavailable)]
    [InlineData("404", IdentityTokenFailure.Refused)]
    [InlineData("302", IdentityTokenFailure.Refused)]
    [InlineData("audience", IdentityTokenFailure.WrongAudience)]
    public async Task A_bad_answer_is_an_error_that_names_GitHub(string what, IdentityTokenFailure expected)
    {
        await using var service = await TestService.StartAsync(context =>
        {
            switch (what)
            {
                case "html":
                    return context.HtmlAsync();
                case "huge":
                    return context.HugeAsync();
                case "no value":
                    return context.JsonAsync("{}");
                case "number":
                    return context.JsonAsync("""{"value":1}""");
                case "no token":
                    return context.JsonAsync("""{"value":"x"}""");
                case "audience":
                    return context.JsonAsync($$"""{"value":"{{TestTokens.Make(audience: "x")}}"}""");
                case "302":
                    context.Response.Redirect("https://elsewhere.example/");
                    return Task.CompletedTask;
                default:
                    return context.JsonAsync("{}", what == "500" ? 500 : 404);
            }
        });
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync(GitHub($"{service.Url}/", "secret")));
        Assert.Equal(expected, e.Failure);
        Assert.Contains("GitHub Actions", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Buildkite_is_asked_as_its_agent_does()
    {
        await using var service = await TestService.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var isRight =
                context.Request is { Method: "POST", Path.Value: "/v3/jobs/job-1/oidc/tokens" }
                && context.Request.Headers.Authorization == "Token secret"
                && await reader.ReadToEndAsync() == """{"audience":"sigstore"}""";
            await context.JsonAsync(isRight ? $$"""{"token":"{{TestTokens.Make()}}"}""" : "{}", isRight ? 200 : 403);
        });
        await FetchAsync(Buildkite(service.Url, "secret"));
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync(Buildkite(service.Url, "wrong")));
        Assert.Equal(IdentityTokenFailure.MissingPermission, e.Failure);
        Assert.Contains("Buildkite", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BUILDKITE", "true")]
    [InlineData("BUILDKITE_AGENT_ACCESS_TOKEN", "t")]
    public void A_job_of_Buildkite_that_lacks_a_variable_is_told_which(string name, string value) =>
        Assert.Equal(IdentityTokenFailure.Configuration, Assert.Throws<IdentityTokenException>(() => Detect((name, value))).Failure);

    [Fact]
    public async Task A_machine_of_Google_gets_its_own_identity()
    {
        string? query = null;
        await using var service = await TestService.StartAsync(context =>
        {
            query = context.Request.QueryString.Value;
            var isRight =
                context.Request.Path == "/computeMetadata/v1/instance/service-accounts/default/identity"
                && context.Request.Headers["Metadata-Flavor"] == "Google";
            context.Response.Headers["Metadata-Flavor"] = "Google";
            context.Response.StatusCode = isRight ? 200 : 403;
            return context.Response.WriteAsync(TestTokens.Make());
        });
        await FetchAsync(Detect(("GCE_METADATA_HOST", new Uri(service.Url).Authority)));
        Assert.Equal("?audience=sigstore&format=full", query);
    }

    [Fact]
    public async Task Another_server_in_the_place_of_Googles_is_refused()
    {
        await using var service = await TestService.StartAsync(context => context.Response.WriteAsync(TestTokens.Make()));
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() =>
            FetchAsync(Detect(("GCE_METADATA_HOST", new Uri(service.Url).Authority)))
        );
        Assert.Equal(IdentityTokenFailure.BadAnswer, e.Failure);
    }

    [Theory]
    [InlineData("host/path")]
    [InlineData("user@host")]
    [InlineData("a b")]
    public void A_wrong_name_of_Googles_server_is_refused(string host) =>
        Assert.Throws<IdentityTokenException>(() => Detect(("GCE_METADATA_HOST", host)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_machine_of_Google_can_impersonate_an_account(bool allowed)
    {
        await using var service = await TestService.StartAsync(async context =>
        {
            if (context.Request.Path == "/computeMetadata/v1/instance/service-accounts/default/token")
            {
                context.Response.Headers["Metadata-Flavor"] = "Google";
                await context.JsonAsync("""{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}""");
                return;
            }
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            Assert.Equal("/v1/projects/-/serviceAccounts/signer@example.com:generateIdToken", context.Request.Path.Value);
            Assert.Equal("Bearer ya29.x", context.Request.Headers.Authorization.ToString());
            Assert.Equal("""{"audience":"sigstore","includeEmail":true}""", await reader.ReadToEndAsync());
            await context.JsonAsync(allowed ? $$"""{"token":"{{TestTokens.Make()}}"}""" : "{}", allowed ? 200 : 403);
        });
        var found = (GoogleToken)
            Detect(("GCE_METADATA_HOST", new Uri(service.Url).Authority), ("GOOGLE_SERVICE_ACCOUNT_NAME", "signer@example.com"))!;
        found = found.WithCredentialsApi(new Uri($"{service.Url}/"));
        if (allowed)
        {
            await FetchAsync(found);
            return;
        }
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => FetchAsync(found));
        Assert.Equal(IdentityTokenFailure.MissingPermission, e.Failure);
        Assert.Contains("signer@example.com", e.Message, StringComparison.Ordinal);
    }

    private static AmbientToken? GitHub(string url, string token) =>
        Detect(("ACTIONS_ID_TOKEN_REQUEST_URL", url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token));

    private static AmbientToken? Buildkite(string url, string token) =>
        Detect(("BUILDKITE_AGENT_ENDPOINT", $"{url}/v3/"), ("BUILDKITE_AGENT_ACCESS_TOKEN", token), ("BUILDKITE_JOB_ID", "job-1"));

    private static AmbientToken? Detect(params (string Name, string Value)[] variables) =>
        AmbientToken.Detect(
            new AmbientEnvironment(n => variables.Where(v => v.Name == n).Select(v => v.Value).FirstOrDefault(), (_, _) => null)
        );

    private Task<IdentityToken> FetchAsync(AmbientToken? found, string audience = "sigstore") => found!.FetchAsync(_http, audience, _time);
}
