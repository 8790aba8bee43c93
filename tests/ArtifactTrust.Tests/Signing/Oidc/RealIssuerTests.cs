using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Oidc;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Tests.Signing.Oidc;

/// <summary>A test that needs a running Sigstore stack; <c>ARTIFACT_TRUST_SIGSTORE</c> is the folder of its state.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SigstoreStackFactAttribute : FactAttribute
{
    public static string? Folder { get; } = Environment.GetEnvironmentVariable("ARTIFACT_TRUST_SIGSTORE");

    public SigstoreStackFactAttribute()
    {
        if (string.IsNullOrEmpty(Folder))
        {
            Skip = "no Sigstore stack runs here (ARTIFACT_TRUST_SIGSTORE)";
        }
    }
}

/// <summary>The flows against the issuer of a running Sigstore stack.</summary>
public sealed class RealIssuerTests : IDisposable
{
    private readonly StringWriter _text = new(CultureInfo.InvariantCulture);
    private readonly HttpClient _http = Transports.ToServices();

    public void Dispose()
    {
        _text.Dispose();
        _http.Dispose();
    }

    private static string Issuer
    {
        get
        {
            using var ports = JsonDocument.Parse(File.ReadAllBytes(Path.Join(SigstoreStackFactAttribute.Folder, "run", "ports.json")));
            return $"http://127.0.0.1:{ports.RootElement.GetProperty("oidc").GetInt32()}";
        }
    }

    [SigstoreStackFact]
    public async Task The_browser_flow_gives_a_token()
    {
        var token = await GetAsync(SignInFlow.Browser, []);
        Assert.Equal($"{Issuer}/email", token.Issuer);
        Assert.Equal("dev@example.com", token.ProofSubject);
    }

    [SigstoreStackFact]
    public async Task The_device_flow_gives_a_token()
    {
        var token = await GetAsync(SignInFlow.Device, []);
        Assert.Equal("dev@example.com", token.ProofSubject);
        Assert.Contains("AAAA-BBBB", _text.ToString(), StringComparison.Ordinal);
    }

    [SigstoreStackFact]
    public async Task The_ambient_token_of_GitHub_is_found()
    {
        var token = await GetAsync(
            SignInFlow.Auto,
            new() { ["ACTIONS_ID_TOKEN_REQUEST_URL"] = $"{Issuer}/github/actions?x=1", ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "any" }
        );
        Assert.Equal($"{Issuer}/github", token.Issuer);
        Assert.Equal("repo:acme/widget:ref:refs/heads/main", token.ProofSubject);
    }

    [SigstoreStackFact]
    public async Task The_tokens_of_all_kinds_are_read()
    {
        foreach (var kind in (string[])["email", "github", "gitlab", "ci", "uri", "username", "spiffe"])
        {
            foreach (var algorithm in (string[])["ES256", "RS256"])
            {
                var token = IdentityToken.Parse(await _http.GetStringAsync($"{Issuer}/{kind}/mint?alg={algorithm}"));
                token.RequireUsable("sigstore", TimeProvider.System.GetUtcNow());
                Assert.Equal($"{Issuer}/{kind}", token.Issuer);
                Assert.Equal(kind == "email" ? "dev@example.com" : token.Subject, token.ProofSubject);
            }
        }
    }

    private Task<IdentityToken> GetAsync(SignInFlow flow, Dictionary<string, string> variables) =>
        new IdentityTokenSource(
            new Terminal(_text, _text, interactive: false),
            TimeProvider.System,
            new Surroundings(
                new AmbientEnvironment(n => variables.GetValueOrDefault(n), (_, _) => null),
                () => Stream.Null,
                url =>
                {
                    _ = Task.Run(async () =>
                    {
                        using var client = new HttpClient();
                        await client.GetStringAsync(await TestIssuer.BrowseAsync(url));
                    });
                    return true;
                }
            ),
            _http
        ).GetAsync(new TokenRequest(null, $"{Issuer}/email", new OidcClient(), flow), CancellationToken.None);
}
