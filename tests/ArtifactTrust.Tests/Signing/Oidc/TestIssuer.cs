using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ArtifactTrust.Tests.Signing.Oidc;

/// <summary>An OpenID Connect issuer on loopback that follows the rules, unless it is told to break one.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    private readonly Dictionary<string, Dictionary<string, string>> _codes = [];
    private TestService? _service;

    /// <summary>Changes the description of the issuer before it is sent.</summary>
    public Action<Dictionary<string, object?>> Describe { get; init; } = _ => { };

    /// <summary>Answers in the place of the issuer; false where it does not.</summary>
    public Func<HttpContext, Task<bool>> Intercept { get; init; } = _ => Task.FromResult(false);

    /// <summary>Makes the token for what was asked with.</summary>
    public Func<TestIssuer, IReadOnlyDictionary<string, string>, string>? Token { get; init; }

    /// <summary>The errors that come before the token of a device.</summary>
    public Queue<string> DeviceErrors { get; init; } = [];

    /// <summary>The members of the device endpoint's answer that say how long things take, as an object.</summary>
    public string DeviceAnswer { get; init; } = """{"expires_in":300,"interval":1}""";

    public string Url => _service!.Url;

    /// <summary>The forms that were posted, the latest last.</summary>
    public List<Dictionary<string, string>> Forms { get; } = [];

    public async Task<TestIssuer> StartAsync()
    {
        _service = await TestService.StartAsync(AnswerAsync);
        return this;
    }

    /// <summary>What a browser does: follows the URL, and the redirect is where it ends up.</summary>
    public static async Task<Uri> BrowseAsync(Uri url)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler);
        using var answer = await client.GetAsync(url);
        return answer.Headers.Location ?? throw new InvalidOperationException($"no redirect: {answer.StatusCode}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (await Intercept(context))
        {
            return;
        }
        switch (context.Request.Path.Value)
        {
            case "/.well-known/openid-configuration":
                var description = new Dictionary<string, object?>
                {
                    ["issuer"] = Url,
                    ["token_endpoint"] = $"{Url}/token",
                    ["authorization_endpoint"] = $"{Url}/auth?tenant=1",
                    ["device_authorization_endpoint"] = $"{Url}/device",
                    ["code_challenge_methods_supported"] = new[] { "plain", "S256" },
                };
                Describe(description);
                await context.JsonAsync(JsonSerializer.Serialize(description));
                break;
            case "/auth":
                var asked = context.Request.Query.ToDictionary(q => q.Key, q => q.Value.ToString());
                var code = Guid.NewGuid().ToString("N");
                _codes[code] = asked;
                context.Response.StatusCode = 302;
                context.Response.Headers.Location = $"{asked["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(asked["state"])}";
                break;
            case "/device":
                var device = await FormAsync(context);
                _codes["device-1"] = device;
                await context.JsonAsync(
                    $$"""{"device_code":"device-1","user_code":"ABCD-EFGH","verification_uri":"{{Url}}/activate",{{DeviceAnswer[1..]}}"""
                );
                break;
            case "/token":
                await RedeemAsync(context);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task RedeemAsync(HttpContext context)
    {
        var form = await FormAsync(context);
        if (form.ContainsKey("device_code") && DeviceErrors.TryDequeue(out var error))
        {
            await context.JsonAsync($$"""{"error":"{{error}}"}""", 400);
            return;
        }
        var code = form.GetValueOrDefault("code") ?? form.GetValueOrDefault("device_code") ?? "";
        if (
            !_codes.Remove(code, out var asked)
            || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]))) != asked["code_challenge"]
            || form.GetValueOrDefault("redirect_uri") != asked.GetValueOrDefault("redirect_uri")
        )
        {
            await context.JsonAsync("""{"error":"invalid_grant"}""", 400);
            return;
        }
        var token = Token?.Invoke(this, asked) ?? TestTokens.Make(Url, asked["client_id"], nonce: asked.GetValueOrDefault("nonce"));
        await context.JsonAsync(
            JsonSerializer.Serialize(
                new
                {
                    access_token = "unused",
                    token_type = "Bearer",
                    id_token = token,
                }
            )
        );
    }

    private async Task<Dictionary<string, string>> FormAsync(HttpContext context)
    {
        var form = (await context.Request.ReadFormAsync()).ToDictionary(f => f.Key, f => f.Value.ToString());
        Forms.Add(form);
        return form;
    }
}
