using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace ArtifactTrust.Tests.Signing.Oidc;

/// <summary>Tokens of an issuer that nobody trusts. Their signature is a few bytes: nothing here verifies it.</summary>
internal static class TestTokens
{
    public static readonly DateTimeOffset Now = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);

    public const string Issuer = "https://issuer.example";

    public static string Make(
        string issuer = Issuer,
        string audience = "sigstore",
        DateTimeOffset? expires = null,
        string? nonce = null,
        string subject = "subject-1"
    )
    {
        var claims = new Dictionary<string, object>
        {
            ["iss"] = issuer,
            ["sub"] = subject,
            ["aud"] = audience,
            ["exp"] = (expires ?? Now.AddMinutes(10)).ToUnixTimeSeconds(),
        };
        if (nonce is not null)
        {
            claims["nonce"] = nonce;
        }
        return FromClaims(JsonSerializer.Serialize(claims));
    }

    public static string FromClaims(string claims, string header = """{"alg":"ES256","typ":"JWT"}""", string signature = "sig") =>
        $"{Encode(header)}.{Encode(claims)}.{Encode(signature)}";

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
