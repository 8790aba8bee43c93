using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class AuthorizationCodeFlowTests : IDisposable
{
    private static readonly Uri Redirect = new("http://127.0.0.1:1/auth/callback");
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly RushingTime _time = new(TestTokens.Now);

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_sign_in_gives_a_token()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var token = await SignInAsync(issuer, new OidcClient());
        Assert.Equal(issuer.Url, token.Issuer);
        Assert.Equal(["sigstore"], token.Audiences);
        Assert.DoesNotContain("client_secret", issuer.Forms[0].Keys);
    }

    [Fact]
    public async Task Another_client_has_its_own_name_and_secret()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var token = await SignInAsync(issuer, new OidcClient("mine", "hush & co"));
        Assert.Equal(["mine"], token.Audiences);
        Assert.Equal("hush & co", issuer.Forms[0]["client_secret"]);
    }

    [Fact]
    public async Task The_request_has_what_the_protocol_asks_for()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var found = await OidcIssuer.DiscoverAsync(_http, issuer.Url);
        var (one, two) = (
            new AuthorizationCodeFlow(found, new OidcClient(), Redirect),
            new AuthorizationCodeFlow(found, new OidcClient(), Redirect)
        );
        var query = Urls.Parse(one.AuthorizationUrl.Query)!;
        Assert.Equal("1", query["tenant"]);
        Assert.Equal("code", query["response_type"]);
        Assert.Equal("sigstore", query["client_id"]);
        Assert.Equal("openid email", query["scope"]);
        Assert.Equal("S256", query["code_challenge_method"]);
        Assert.Equal(Redirect.OriginalString, query["redirect_uri"]);
        var other = Urls.Parse(two.AuthorizationUrl.Query)!;
        Assert.All(["state", "nonce", "code_challenge"], n => Assert.True(query[n].Length == 43 && query[n] != other[n]));
    }

    [Theory]
    [InlineData("code=c&state=wrong", "another sign-in")]
    [InlineData("code=c", "another sign-in")]
    [InlineData("code=c&state=STATE&state=STATE", "repeats")]
    [InlineData("state=STATE", "no code")]
    [InlineData("code=&state=STATE", "no code")]
    [InlineData("code=c&state=STATE&iss=https%3A%2F%2Fevil.example", "another issuer")]
    [InlineData("error=access_denied&error_description=not+you%0Aever&state=STATE", "access_denied (not you\uFFFDever)")]
    [InlineData("error=access_denied", "another sign-in")]
    [InlineData("", "another sign-in")]
    public async Task A_wrong_redirect_is_refused(string query, string expected)
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var flow = new AuthorizationCodeFlow(await OidcIssuer.DiscoverAsync(_http, issuer.Url), new OidcClient(), Redirect);
        var state = Urls.Parse(flow.AuthorizationUrl.Query)!["state"];
        var e = Assert.Throws<IdentityTokenException>(() => flow.ReadRedirect(query.Replace("STATE", state, StringComparison.Ordinal)));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(state, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issuer_that_names_itself_in_redirects_must_do_so()
    {
        await using var issuer = await new TestIssuer
        {
            Describe = d => d["authorization_response_iss_parameter_supported"] = true,
        }.StartAsync();
        var flow = new AuthorizationCodeFlow(await OidcIssuer.DiscoverAsync(_http, issuer.Url), new OidcClient(), Redirect);
        var state = Urls.Parse(flow.AuthorizationUrl.Query)!["state"];
        Assert.Throws<IdentityTokenException>(() => flow.ReadRedirect($"?code=c&state={state}"));
        Assert.Equal("c", flow.ReadRedirect($"?code=c&state={state}&iss={Uri.EscapeDataString(issuer.Url)}"));
    }

    [Theory]
    [InlineData("nonce", IdentityTokenFailure.BadAnswer)]
    [InlineData("no nonce", IdentityTokenFailure.BadAnswer)]
    [InlineData("issuer", IdentityTokenFailure.BadAnswer)]
    [InlineData("audience", IdentityTokenFailure.WrongAudience)]
    [InlineData("expired", IdentityTokenFailure.Expired)]
    [InlineData("no token", IdentityTokenFailure.BadAnswer)]
    public async Task A_token_of_something_else_is_refused(string what, IdentityTokenFailure expected)
    {
        await using var issuer = await new TestIssuer
        {
            Token = (i, asked) =>
                what switch
                {
                    "nonce" => TestTokens.Make(i.Url, nonce: "other"),
                    "no nonce" => TestTokens.Make(i.Url),
                    "issuer" => TestTokens.Make(nonce: asked["nonce"]),
                    "audience" => TestTokens.Make(i.Url, "other", nonce: asked["nonce"]),
                    "expired" => TestTokens.Make(i.Url, expires: TestTokens.Now, nonce: asked["nonce"]),
                    _ => "x.y.z",
                },
        }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => SignInAsync(issuer, new OidcClient()));
        Assert.Equal(expected, e.Failure);
    }

    [Theory]
    [InlineData("html", IdentityTokenFailure.BadAnswer)]
    [InlineData("huge", IdentityTokenFailure.BadAnswer)]
    [InlineData("down", IdentityTokenFailure.Unavailable)]
    [InlineData("refused", IdentityTokenFailure.Refused)]
    [InlineData("redirect", IdentityTokenFailure.BadAnswer)]
    [InlineData("access token only", IdentityTokenFailure.BadAnswer)]
    [InlineData("not an object", IdentityTokenFailure.BadAnswer)]
    [InlineData("twice", IdentityTokenFailure.BadAnswer)]
    public async Task A_bad_answer_of_the_token_endpoint_is_told_without_secrets(string what, IdentityTokenFailure expected)
    {
        await using var issuer = await new TestIssuer
        {
            Intercept = async context =>
            {
                if (context.Request.Path != "/token")
                {
                    return false;
                }
                var form = await context.Request.ReadFormAsync();
                switch (what)
                {
                    case "html":
                        await context.HtmlAsync();
                        break;
                    case "huge":
                        await context.HugeAsync();
                        break;
                    case "down":
                        context.Response.StatusCode = 503;
                        break;
                    case "redirect":
                        context.Response.Redirect("https://elsewhere.example/");
                        break;
                    case "access token only":
                        await context.JsonAsync("""{"access_token":"x"}""");
                        break;
                    case "not an object":
                        await context.JsonAsync("[]");
                        break;
                    case "twice":
                        await context.JsonAsync("""{"id_token":"a","id_token":"b"}""");
                        break;
                    default:
                        await context.JsonAsync(
                            $$"""{"error":"invalid_client","error_description":"{{form["client_secret"]}} and {{form["code"]}} and {{form["code_verifier"]}}"}""",
                            401
                        );
                        break;
                }
                return true;
            },
        }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => SignInAsync(issuer, new OidcClient("sigstore", "hush-hush")));
        Assert.Equal(expected, e.Failure);
        Assert.DoesNotContain("hush-hush", e.Message, StringComparison.Ordinal);
        if (what == "refused")
        {
            Assert.Contains("invalid_client (*** and *** and ***)", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("https://example.com/callback")]
    [InlineData("http://example.com/callback")]
    public async Task A_redirect_to_elsewhere_is_the_callers_mistake(string redirect)
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var found = await OidcIssuer.DiscoverAsync(_http, issuer.Url);
        Assert.Throws<ArgumentException>(() => new AuthorizationCodeFlow(found, new OidcClient(), new Uri(redirect)));
    }

    private async Task<IdentityToken> SignInAsync(TestIssuer issuer, OidcClient client)
    {
        var flow = new AuthorizationCodeFlow(await OidcIssuer.DiscoverAsync(_http, issuer.Url), client, Redirect);
        var back = await TestIssuer.BrowseAsync(flow.AuthorizationUrl);
        return await flow.RedeemAsync(_http, flow.ReadRedirect(back.Query), _time);
    }
}
