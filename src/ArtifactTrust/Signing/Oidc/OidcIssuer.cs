using System.Net;
using System.Text.Json;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>Where an OpenID Connect issuer lets people sign in.</summary>
/// <remarks>Spec: OpenID Connect Discovery 1.0 §4; RFC 8414; RFC 8628 §4.</remarks>
public sealed class OidcIssuer
{
    private const string Service = "the OpenID Connect issuer";

    private OidcIssuer(string issuer, Uri token, Uri? authorization, Uri? device, bool namesItself)
    {
        Issuer = issuer;
        TokenEndpoint = token;
        AuthorizationEndpoint = authorization;
        DeviceAuthorizationEndpoint = device;
        NamesItselfInRedirects = namesItself;
    }

    /// <summary>The issuer's URL, as it stands in its tokens.</summary>
    public string Issuer { get; }

    /// <summary>Where codes become tokens.</summary>
    public Uri TokenEndpoint { get; }

    /// <summary>Where a browser is sent; null where there is no such place.</summary>
    public Uri? AuthorizationEndpoint { get; }

    /// <summary>Where a device begins; null where the issuer has no device flow.</summary>
    public Uri? DeviceAuthorizationEndpoint { get; }

    /// <summary>Whether redirects from the issuer must carry its name (RFC 9207 §3).</summary>
    internal bool NamesItselfInRedirects { get; }

    /// <summary>Asks an issuer for its endpoints.</summary>
    /// <param name="http">The transport; it should follow no redirects.</param>
    /// <param name="issuer">The issuer's URL, exactly as it stands in its tokens.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">
    /// The URL is neither https nor on this machine, the issuer cannot be reached, its answer is unusable, or is another issuer's.
    /// </exception>
    public static async Task<OidcIssuer> DiscoverAsync(HttpMessageInvoker http, string issuer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(issuer);
        var uri = TokenService.RequireSecure(issuer, "an OpenID Connect issuer");
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.Configuration,
                "the URL of an OpenID Connect issuer has neither a query nor a fragment"
            );
        }
        // Discovery §4.1: a slash at the end goes.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{issuer.TrimEnd('/')}/.well-known/openid-configuration");
        request.Headers.Accept.ParseAdd("application/json");
        var answer = await TokenService.SendAsync(http, request, Service, cancellation).ConfigureAwait(false);
        if (answer.Status != HttpStatusCode.OK)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"'{TokenService.Shown(issuer)}' does not describe itself as an OpenID Connect issuer: HTTP {(int)answer.Status}",
                "is the issuer's URL right?"
            );
        }
        return Read(TokenService.Json(answer, Service), issuer);
    }

    private static OidcIssuer Read(JsonElement json, string issuer)
    {
        var stated = TokenService.Text(json, "issuer", Service);
        if (stated != issuer)
        {
            // Discovery §4.3: identical, or one issuer could speak for another.
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"'{TokenService.Shown(issuer)}' says that it is the issuer '{TokenService.Shown(stated)}'",
                "give the issuer's URL exactly as it is, with or without the slash at its end"
            );
        }
        if (
            json.TryGetProperty("code_challenge_methods_supported", out var methods)
            && methods.ValueKind == JsonValueKind.Array
            && !methods.EnumerateArray().Any(m => m.ValueKind == JsonValueKind.String && m.ValueEquals("S256"))
        )
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"the issuer '{TokenService.Shown(issuer)}' does not support PKCE with S256 (RFC 7636), which is always used here"
            );
        }
        return new OidcIssuer(
            issuer,
            Endpoint(json, "token_endpoint")
                ?? throw new IdentityTokenException(IdentityTokenFailure.BadAnswer, $"the answer of {Service} has no 'token_endpoint'"),
            Endpoint(json, "authorization_endpoint"),
            Endpoint(json, "device_authorization_endpoint"),
            json.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True
        );
    }

    private static Uri? Endpoint(JsonElement json, string name)
    {
        if (TokenService.OptionalText(json, name, Service) is not { } address)
        {
            return null;
        }
        try
        {
            return TokenService.RequireSecure(address, name);
        }
        catch (IdentityTokenException e)
        {
            throw new IdentityTokenException(IdentityTokenFailure.BadAnswer, $"{Service} names an unusable endpoint: {e.Message}", null, e);
        }
    }
}
