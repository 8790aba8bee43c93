using ArtifactTrust.Oci;

namespace ArtifactTrust.Tests.Oci;

public sealed class RegistryRedirectTests : RegistryTest
{
    private readonly TestRegistry _other = new();

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_blob_may_lie_elsewhere_and_no_credentials_go_there(int status)
    {
        await using var _ = _other;
        _other.AddImage("v1", "hello");
        Registry.BasicPair = "user:secret";
        Registry.Intercept = r =>
            r.Authorization is not null && r.Path.Contains("/blobs/", StringComparison.Ordinal)
                ? new TestResponse(status).With("Location", $"http://{_other.Host}{r.Path}?signature=x")
                : null;
        var client = Client(Options(RegistryCredential.FromPassword("user", "secret")));
        Assert.Equal("hello"u8.ToArray(), await client.GetBlobAsync(Blob("hello"), 100));
        var request = Assert.Single(_other.Requests);
        Assert.Null(request.Authorization);
        Assert.Equal("signature=x", request.Query);
    }

    [Fact]
    public async Task Credentials_stay_away_even_if_the_way_leads_back()
    {
        await using var _ = _other;
        Registry.AddImage("v1", "hello");
        Registry.BasicPair = "user:secret";
        Registry.Intercept = r => r.Authorization is null ? null : new TestResponse(302).With("Location", $"http://{_other.Host}/away");
        _other.Intercept = _ => new TestResponse(302).With("Location", $"http://{Registry.Host}/v2/app/blobs/x?delete=all");
        var client = Client(Options(RegistryCredential.FromPassword("user", "secret")));
        await Assert.ThrowsAsync<RegistryException>(() => client.GetBlobAsync(Blob("hello"), 100));
        Assert.Null(Registry.Requests.Single(r => r.Query == "delete=all").Authorization);
    }

    [Fact]
    public async Task Credentials_follow_within_the_registry()
    {
        await using var _ = _other;
        Registry.AddImage("v1", "hello");
        Registry.Token = "t0ken";
        Registry.Intercept = r =>
            r.Path == "/v2/app/blobs/" + Sha256("hello") && r.Query.Length == 0
                ? new TestResponse(307).With("Location", r.Path + "?cdn=1")
                : null;
        Assert.Equal("hello"u8.ToArray(), await Client().GetBlobAsync(Blob("hello"), 100));
        Assert.Equal("Bearer t0ken", Registry.Requests.Last().Authorization);
    }

    [Fact]
    public async Task A_loop_of_redirects_ends()
    {
        await using var _ = _other;
        Registry.Intercept = r => new TestResponse(302).With("Location", r.Path);
        var e = await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Contains("more than 5 redirects", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, Registry.Requests.Count);
    }

    [Fact]
    public async Task From_https_nothing_leads_to_http()
    {
        await using var _ = _other;
        await using var tls = new TestRegistry(tls: true);
        tls.Intercept = _ => new TestResponse(302).With("Location", $"http://{_other.Host}/v2/app/manifests/v1?key=secret");
        _other.AddImage("v1");
        var client = Client("registry.example", Named(("registry.example", tls), ("127.0.0.1", _other)));
        var e = await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Empty(_other.Requests);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("http://registry.example/x")]
    public async Task Nothing_leads_to_what_is_neither_https_nor_this_machine(string location)
    {
        await using var _ = _other;
        Registry.Intercept = r => r.Path == "/x" ? null : new TestResponse(302).With("Location", location);
        await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
        Assert.Single(Registry.Requests);
    }

    [Fact]
    public async Task A_registry_elsewhere_on_http_does_not_lead_into_this_machine()
    {
        await using var _ = _other;
        Registry.Intercept = r => new TestResponse(302).With("Location", $"http://{_other.Host}/admin");
        var client = Client("registry.example", Named(("registry.example", Registry), ("127.0.0.1", _other)), Options(plainHttp: true));
        await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Empty(_other.Requests);
    }

    [Fact]
    public async Task A_redirect_to_nowhere_is_a_failure()
    {
        await using var _ = _other;
        Registry.Intercept = _ => new TestResponse(302);
        await Assert.ThrowsAsync<RegistryException>(() => Client().FindManifestAsync("v1"));
    }

    [Fact]
    public async Task An_upload_may_go_elsewhere_and_no_credentials_go_there()
    {
        await using var _ = _other;
        Registry.Token = "t0ken";
        Registry.Intercept = r =>
            r.Method == "POST" && r.Authorization is not null
                ? new TestResponse(202).With("Location", $"http://{_other.Host}/put?sig=1")
                : null;
        _other.Intercept = r => new TestResponse(
            r.Authorization is null && r.Parameter("digest") == Sha256("hello").ToString() ? 201 : 400
        );
        await Client().PushBlobAsync("a/b", "hello"u8.ToArray());
        Assert.Equal("sig", _other.Requests.Single().Query[..3]);
    }

    [Fact]
    public async Task An_upload_does_not_go_from_https_to_http()
    {
        await using var _ = _other;
        await using var tls = new TestRegistry(tls: true);
        tls.Intercept = r => r.Method == "POST" ? new TestResponse(202).With("Location", $"http://{_other.Host}/put") : null;
        var client = Client("registry.example", Named(("registry.example", tls), ("127.0.0.1", _other)));
        await Assert.ThrowsAsync<RegistryException>(() => client.PushBlobAsync("a/b", "hello"u8.ToArray()));
        Assert.Empty(_other.Requests);
    }

    [Fact]
    public async Task A_401_from_elsewhere_is_not_answered()
    {
        await using var _ = _other;
        Registry.Intercept = _ => new TestResponse(302).With("Location", $"http://{_other.Host}/x");
        _other.Intercept = _ => new TestResponse(401).With("WWW-Authenticate", "Basic realm=x");
        var client = Client(Options(RegistryCredential.FromPassword("user", "secret")));
        await Assert.ThrowsAsync<RegistryException>(() => client.FindManifestAsync("v1"));
        Assert.Null(Assert.Single(_other.Requests).Authorization);
    }

    [Fact]
    public async Task A_client_that_follows_redirects_itself_is_the_callers_mistake()
    {
        await using var _ = _other;
        Registry.AddImage("v1");
        Registry.Intercept = r => r.Query.Length == 0 ? new TestResponse(302).With("Location", r.Path + "?x=1") : null;
        var client = Client(Registry.Host, Own(new HttpClient()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.FindManifestAsync("v1"));
    }
}
