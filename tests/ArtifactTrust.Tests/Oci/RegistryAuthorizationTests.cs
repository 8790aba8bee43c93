using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryAuthorizationTests : RegistryTest
{
    private static readonly RegistryCredential User = RegistryCredential.FromPassword("user", "s3cret");

    [Fact]
    public async Task An_anonymous_token_is_fetched_and_kept()
    {
        Registry.Token = "t0ken";
        Registry.AddImage("v1");
        var client = Client();
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Assert.NotNull(await client.FindManifestAsync("v1"));
        var token = Registry.Requests.Single(r => r.Path == "/token");
        Assert.Null(token.Authorization);
        Assert.Equal(("test", "repository:app:pull"), (token.Parameter("service"), token.Parameter("scope")));
        Assert.Equal(4, Registry.Requests.Count);
    }

    [Fact]
    public async Task A_password_goes_to_the_token_service_and_not_to_the_registry()
    {
        Registry.Token = "t0ken";
        Registry.BasicPair = "user:s3cret";
        Registry.AddImage("v1");
        Assert.NotNull(await Client(Options(User)).FindManifestAsync("v1"));
        Assert.StartsWith("Basic ", Registry.Requests.Single(r => r.Path == "/token").Authorization, StringComparison.Ordinal);
        Assert.All(
            Registry.Requests.Where(r => r.Path != "/token"),
            r => Assert.DoesNotContain("Basic", r.Authorization ?? "", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_token_to_write_is_another_than_one_to_read()
    {
        Registry.Token = "t0ken";
        var client = Client();
        Registry.Intercept = r =>
            r.Path == "/token"
                ? TestResponse.Json(
                    200,
                    $$"""{"token":"{{(r.Parameter("scope")!.EndsWith("push", StringComparison.Ordinal) ? "t0ken" : "read")}}"}"""
                )
            : r.Method == "HEAD" && r.Authorization == "Bearer read" ? new TestResponse(404)
            : null;
        await client.PushBlobAsync("a/b", "hello"u8.ToArray());
        Assert.Equal(
            ["repository:app:pull", "repository:app:pull,push"],
            Registry.Requests.Where(r => r.Path == "/token").Select(r => r.Parameter("scope"))
        );
        // The one that may write may read too.
        Registry.Requests.Clear();
        Assert.True(await client.BlobExistsAsync(Blob("hello")));
        Assert.Equal("Bearer t0ken", Assert.Single(Registry.Requests).Authorization);
    }

    [Fact]
    public async Task Requests_at_once_ask_for_one_token()
    {
        Registry.Token = "t0ken";
        Registry.AddImage("v1");
        var client = Client();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.FindManifestAsync("v1")));
        Assert.Equal(1, Registry.Count("GET", "/token"));
    }

    [Fact]
    public async Task A_token_that_is_refused_is_fetched_anew_once()
    {
        Registry.Token = "one";
        Registry.AddImage("v1");
        var client = Client();
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Registry.Token = "two";
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Registry.Intercept = r => r.Path == "/token" ? TestResponse.Json(200, """{"access_token":"wrong"}""") : null;
        Registry.Token = "three";
        Registry.Requests.Clear();
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Equal((HttpStatusCode.Unauthorized, "UNAUTHORIZED"), (e.Status, e.Code));
        Assert.Equal(["/v2/app/manifests/v1", "/token", "/v2/app/manifests/v1"], Registry.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task A_token_to_write_that_is_refused_does_not_stand_in_the_way_of_reading()
    {
        Registry.Token = "one";
        Registry.AddImage("v1", "hello");
        var client = Client();
        await client.PushBlobAsync("a/b", "more"u8.ToArray());
        Registry.Token = "two";
        Assert.NotNull(await client.FindManifestAsync("v1"));
        await client.PushBlobAsync("a/b", "and more"u8.ToArray());
    }

    [Fact]
    public async Task A_token_that_expired_is_not_used()
    {
        var clock = new Clock();
        Registry.Token = "t0ken";
        Registry.AddImage("v1");
        var client = Client(new RegistryOptions { Time = clock });
        Assert.NotNull(await client.FindManifestAsync("v1"));
        clock.Now += TimeSpan.FromSeconds(296);
        Registry.Requests.Clear();
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Assert.Null(Registry.Requests.First().Authorization);
    }

    [Fact]
    public async Task An_identity_token_is_exchanged()
    {
        Registry.Token = "t0ken";
        Registry.AddImage("v1");
        Registry.Intercept = r =>
            r.Path == "/token"
            && r.Method == "POST"
            && Encoding.UTF8.GetString(r.Body).Contains("refresh_token=idt", StringComparison.Ordinal)
                ? TestResponse.Json(200, """{"access_token":"t0ken"}""")
                : null;
        Assert.NotNull(await Client(Options(RegistryCredential.FromIdentityToken("idt"))).FindManifestAsync("v1"));
        var exchange = Registry.Requests.Single(r => r.Path == "/token");
        Assert.Contains("grant_type=refresh_token", Encoding.UTF8.GetString(exchange.Body), StringComparison.Ordinal);
        Assert.DoesNotContain("idt", exchange.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Basic_is_answered_only_when_asked_and_then_kept()
    {
        Registry.BasicPair = "user:s3cret";
        Registry.AddImage("v1");
        var client = Client(Options(User));
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Assert.NotNull(await client.FindManifestAsync("v1"));
        Assert.Equal([false, true, true], Registry.Requests.Select(r => r.Authorization is not null));
    }

    [Fact]
    public async Task Without_credentials_the_hint_says_how_to_log_in()
    {
        Registry.BasicPair = "user:s3cret";
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Equal(HttpStatusCode.Unauthorized, e.Status);
        Assert.Contains("docker login", e.Hint, StringComparison.Ordinal);
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task Wrong_credentials_are_tried_once_and_not_shown()
    {
        Registry.BasicPair = "user:other";
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"));
        Assert.Contains("user 'user'", e.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString() + e.Hint, StringComparison.Ordinal);
        Assert.Equal(2, Registry.Requests.Count);
    }

    [Fact]
    public async Task A_registry_that_repeats_the_secret_does_not_get_it_into_the_message()
    {
        Registry.Intercept = r =>
            r.Authorization is null
                ? new TestResponse(401).With("WWW-Authenticate", "Basic realm=x")
                : TestResponse.Error(400, "BAD", $"you sent {r.Authorization} which is user and s3cret");
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"));
        Assert.Contains("Basic *** which is user and ***", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_service_that_refuses_is_named()
    {
        Registry.Token = "t0ken";
        Registry.BasicPair = "user:other";
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"));
        Assert.Equal(HttpStatusCode.Unauthorized, e.Status);
        Assert.Contains("token service", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_service_that_is_overloaded_is_asked_again()
    {
        Registry.Token = "t0ken";
        Registry.AddImage("v1");
        var failures = 0;
        Registry.Intercept = r => r.Path == "/token" && ++failures < 3 ? new TestResponse(503) : null;
        Assert.NotNull(await Client().FindManifestAsync("v1"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"token":""}""")]
    [InlineData("""{"token":1}""")]
    [InlineData("""{"token":"a\r\nX-Injected: 1"}""")]
    [InlineData("""{"token":"a","token":"b"}""")]
    public async Task A_token_that_cannot_be_read_is_refused(string body)
    {
        Registry.Token = "t0ken";
        Registry.Intercept = r => r.Path == "/token" ? TestResponse.Json(200, body) : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_token_without_end_is_refused()
    {
        Registry.Token = "t0ken";
        Registry.Intercept = r =>
            r.Path == "/token" ? TestResponse.Json(200, $$"""{"token":"{{new string('x', OciLimits.TokenBytes)}}"}""") : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task A_token_service_that_redirects_is_refused()
    {
        await using var other = new TestRegistry();
        Registry.Token = "t0ken";
        Registry.Intercept = r => r.Path == "/token" ? new TestResponse(307).With("Location", $"http://{other.Host}/token") : null;
        await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"));
        Assert.Empty(other.Requests);
    }

    [Theory]
    [InlineData("http://token.example/token")]
    [InlineData("/token")]
    [InlineData("file:///token")]
    [InlineData("ftp://127.0.0.1/token")]
    [InlineData("http://user:pw@127.0.0.1/token")]
    public async Task A_realm_that_is_not_safe_gets_no_credentials(string realm)
    {
        Registry.Intercept = _ => new TestResponse(401).With("WWW-Authenticate", $"Bearer realm=\"{realm}\"");
        await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"));
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task A_registry_on_https_cannot_ask_for_credentials_over_http()
    {
        await using var tls = new TestRegistry(tls: true);
        tls.Intercept = _ => new TestResponse(401).With("WWW-Authenticate", $"Bearer realm=\"http://{Registry.Host}/token\"");
        var client = Client("registry.example", Named(("registry.example", tls), ("127.0.0.1", Registry)), Options(User));
        await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Empty(Registry.Requests);
    }

    [Fact]
    public async Task A_challenge_without_scope_gets_one_for_the_repository()
    {
        Registry.Intercept = r =>
            r.Path == "/token" ? TestResponse.Json(200, """{"token":"t"}""")
            : r.Authorization is null
                ? new TestResponse(401).With("WWW-Authenticate", $"Bearer realm=\"http://{Registry.Host}/token?account=1\"")
            : null;
        await Client().FindManifestAsync("v1");
        var token = Registry.Requests.Single(r => r.Path == "/token");
        Assert.Equal(
            ("1", "repository:app:pull", (string?)null),
            (token.Parameter("account"), token.Parameter("scope"), token.Parameter("service"))
        );
    }

    [Fact]
    public async Task An_unknown_scheme_is_a_refusal()
    {
        Registry.Intercept = _ => new TestResponse(401).With("WWW-Authenticate", "Negotiate");
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await Assert.ThrowsAsync<RegistryException>(() => Client(Options(User)).FindManifestAsync("v1"))).Status
        );
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task Credentials_are_looked_for_only_when_needed_and_once()
    {
        var asked = 0;
        Registry.AddImage("v1");
        var client = Client(
            new RegistryOptions
            {
                Credentials = (repository, _) =>
                {
                    Assert.Equal("app", repository.Repository);
                    asked++;
                    return Task.FromResult<RegistryCredential?>(User);
                },
            }
        );
        await client.FindManifestAsync("v1");
        Assert.Equal(0, asked);
        Registry.Token = "one";
        Registry.BasicPair = "user:s3cret";
        await client.FindManifestAsync("v1");
        Registry.Token = "two";
        await client.FindManifestAsync("v1");
        Assert.Equal(1, asked);
    }

    [Fact]
    public void A_credential_does_not_print_its_secret()
    {
        Assert.Equal("user 'user'", User.ToString());
        Assert.Equal("identity token", RegistryCredential.FromIdentityToken("idt").ToString());
        Assert.Throws<ArgumentException>(() => RegistryCredential.FromPassword("a:b", "c"));
        Assert.Throws<ArgumentException>(() => RegistryCredential.FromPassword("", "c"));
    }

    [Theory]
    [InlineData("Bearer realm=\"https://a/b\",service=\"s\",scope=\"repository:x:pull,push\"", "repository:x:pull,push")]
    [InlineData("Bearer realm=https://a/b , scope = x ", "x")]
    [InlineData("bearer scope=\"a\\\"b\"", "a\"b")]
    [InlineData("Bearer SCOPE=\"\"", "")]
    [InlineData("Bearer", null)]
    public void A_challenge_is_read(string header, string? scope)
    {
        var challenge = RegistryChallenge.TryParse(AuthenticationHeaderValue.Parse(header))!;
        Assert.True(challenge.Is("BEARER"));
        Assert.Equal(scope, challenge["scope"]);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("=x")]
    [InlineData("a=\"x")]
    [InlineData("a=\"x\"b=\"y\"")]
    [InlineData("a=1,A=2")]
    public void A_challenge_that_cannot_be_read_is_none(string parameter) =>
        Assert.Null(RegistryChallenge.TryParse(new AuthenticationHeaderValue("Bearer", parameter)));

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
