using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

public sealed class DeviceFlowTests : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly RushingTime _time = new(TestTokens.Now);

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_sign_in_elsewhere_gives_a_token()
    {
        await using var issuer = await new TestIssuer
        {
            DeviceErrors = new(["authorization_pending", "slow_down", "authorization_pending"]),
        }.StartAsync();
        var flow = await StartAsync(issuer);
        Assert.Equal("ABCD-EFGH", flow.UserCode);
        Assert.Equal($"{issuer.Url}/activate", flow.VerificationUrl.AbsoluteUri);
        Assert.Equal(TestTokens.Now.AddSeconds(300), flow.Expires);
        var token = await flow.WaitAsync(_http);
        Assert.Equal(issuer.Url, token.Issuer);
        Assert.Equal([1, 1, 6, 6], _time.Waits.Select(w => w.TotalSeconds));
        Assert.Equal("urn:ietf:params:oauth:grant-type:device_code", issuer.Forms[^1]["grant_type"]);
    }

    [Theory]
    [InlineData("access_denied", IdentityTokenFailure.Refused)]
    [InlineData("expired_token", IdentityTokenFailure.TimedOut)]
    [InlineData("invalid_grant", IdentityTokenFailure.Refused)]
    public async Task An_error_ends_the_wait(string error, IdentityTokenFailure expected)
    {
        await using var issuer = await new TestIssuer { DeviceErrors = new(["authorization_pending", error]) }.StartAsync();
        var flow = await StartAsync(issuer);
        Assert.Equal(expected, (await Assert.ThrowsAsync<IdentityTokenException>(() => flow.WaitAsync(_http))).Failure);
    }

    [Fact]
    public async Task The_wait_ends_when_the_code_does()
    {
        await using var issuer = await new TestIssuer { DeviceErrors = new(Enumerable.Repeat("slow_down", 1000)) }.StartAsync();
        var flow = await StartAsync(issuer);
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => flow.WaitAsync(_http));
        Assert.Equal(IdentityTokenFailure.TimedOut, e.Failure);
        Assert.True(_time.GetUtcNow() < flow.Expires);
    }

    [Fact]
    public async Task No_interval_means_five_seconds_and_nobody_waits_for_ever()
    {
        await using var issuer = await new TestIssuer { DeviceAnswer = """{"expires_in":86400}""" }.StartAsync();
        var flow = await StartAsync(issuer);
        Assert.Equal(TestTokens.Now.AddMinutes(30), flow.Expires);
        await flow.WaitAsync(_http);
        Assert.Equal([5], _time.Waits.Select(w => w.TotalSeconds));
    }

    [Theory]
    [InlineData("""{"interval":1}""")]
    [InlineData("""{"expires_in":"300"}""")]
    [InlineData("""{"expires_in":-1}""")]
    [InlineData("""{"expires_in":300,"interval":1.5}""")]
    [InlineData("""{"expires_in":300,"verification_uri_complete":"javascript:alert(1)"}""")]
    [InlineData("""{"expires_in":300,"verification_uri_complete":"http://example.com/"}""")]
    public async Task A_wrong_answer_is_refused(string answer)
    {
        await using var issuer = await new TestIssuer { DeviceAnswer = answer }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => StartAsync(issuer));
        Assert.Equal(IdentityTokenFailure.BadAnswer, e.Failure);
    }

    [Fact]
    public async Task An_issuer_without_the_flow_says_so()
    {
        await using var issuer = await new TestIssuer { Describe = d => d.Remove("device_authorization_endpoint") }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => StartAsync(issuer));
        Assert.Equal(IdentityTokenFailure.Configuration, e.Failure);
    }

    [Fact]
    public async Task An_unknown_client_is_told()
    {
        await using var issuer = await new TestIssuer
        {
            Intercept = async context =>
            {
                if (context.Request.Path != "/device")
                {
                    return false;
                }
                await context.JsonAsync("""{"error":"invalid_client"}""", 401);
                return true;
            },
        }.StartAsync();
        var e = await Assert.ThrowsAsync<IdentityTokenException>(() => StartAsync(issuer));
        Assert.Equal(IdentityTokenFailure.Refused, e.Failure);
        Assert.Contains("invalid_client", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_another_issuer_is_refused()
    {
        await using var issuer = await new TestIssuer { Token = (_, _) => TestTokens.Make() }.StartAsync();
        var flow = await StartAsync(issuer);
        Assert.Equal(
            IdentityTokenFailure.BadAnswer,
            (await Assert.ThrowsAsync<IdentityTokenException>(() => flow.WaitAsync(_http))).Failure
        );
    }

    private async Task<DeviceFlow> StartAsync(TestIssuer issuer) =>
        await DeviceFlow.StartAsync(_http, await OidcIssuer.DiscoverAsync(_http, issuer.Url), new OidcClient(), _time);
}
