using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class OidcIssuerTests : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task An_issuer_tells_its_endpoints()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var found = await OidcIssuer.DiscoverAsync(_http, issuer.Url);
        Assert.Equal($"{issuer.Url}/token", found.TokenEndpoint.AbsoluteUri);
        Assert.Equal($"{issuer.Url}/device", found.DeviceAuthorizationEndpoint!.AbsoluteUri);
    }

    public static TheoryData<string, object?, IdentityTokenFailure> Descriptions =>
        new()
        {
            { "issuer", "https://other.example", IdentityTokenFailure.BadAnswer },
            { "issuer", null, IdentityTokenFailure.BadAnswer },
            { "issuer", 5, IdentityTokenFailure.BadAnswer },
            { "token_endpoint", null, IdentityTokenFailure.BadAnswer },
            { "token_endpoint", "", IdentityTokenFailure.BadAnswer },
            { "token_endpoint", "http://example.com/token", IdentityTokenFailure.BadAnswer },
            { "token_endpoint", "https://user:pass@example.com/token", IdentityTokenFailure.BadAnswer },
            { "authorization_endpoint", "file:///etc/passwd", IdentityTokenFailure.BadAnswer },
            { "code_challenge_methods_supported", new[] { "plain" }, IdentityTokenFailure.BadAnswer },
        };

    [Theory]
    [MemberData(nameof(Descriptions))]
    public async Task A_wrong_description_is_refused(string member, object? value, IdentityTokenFailure expected)
    {
        await using var issuer = await new TestIssuer { Describe = d => d[member] = value }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, issuer.Url));
        Assert.Equal(expected, e.Failure);
    }

    [Fact]
    public async Task A_slash_at_the_end_makes_another_issuer()
    {
        await using var issuer = await new TestIssuer().StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, $"{issuer.Url}/"));
        Assert.Contains("says that it is the issuer", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("html")]
    [InlineData("huge")]
    [InlineData("404")]
    [InlineData("empty")]
    public async Task A_bad_answer_is_refused(string what)
    {
        await using var issuer = await new TestIssuer
        {
            Intercept = async context =>
            {
                await (
                    what switch
                    {
                        "html" => context.HtmlAsync(),
                        "huge" => context.HugeAsync(),
                        "404" => context.JsonAsync("{}", 404),
                        _ => Task.CompletedTask,
                    }
                );
                return true;
            },
        }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, issuer.Url));
        Assert.Equal(IdentityTokenFailure.BadAnswer, e.Failure);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    public async Task An_issuer_out_of_order_is_unavailable(int status)
    {
        await using var issuer = await new TestIssuer
        {
            Intercept = context =>
            {
                context.Response.StatusCode = status;
                return Task.FromResult(true);
            },
        }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, issuer.Url));
        Assert.Equal(IdentityTokenFailure.Unavailable, e.Failure);
    }

    [Fact]
    public async Task An_issuer_that_is_not_there_is_unavailable()
    {
        var issuer = await new TestIssuer().StartAsync();
        var url = issuer.Url;
        await issuer.DisposeAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, url));
        Assert.Equal(IdentityTokenFailure.Unavailable, e.Failure);
    }

    [Theory]
    [InlineData("http://example.com")]
    [InlineData("example.com")]
    [InlineData("")]
    [InlineData("https://example.com/?x=1")]
    [InlineData("https://user@example.com/")]
    public async Task An_issuer_needs_a_plain_https_url(string url)
    {
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => OidcIssuer.DiscoverAsync(_http, url));
        Assert.Equal(IdentityTokenFailure.Configuration, e.Failure);
    }
}
