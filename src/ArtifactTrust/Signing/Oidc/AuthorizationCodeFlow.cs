using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>One sign-in through a browser on this machine: the URL to open, what came back, and the token for it.</summary>
/// <remarks>Spec: OpenID Connect Core 1.0 §3.1; PKCE, RFC 7636 (S256); RFC 8252 §7.3 (loopback redirect); RFC 9207 (issuer in the redirect).</remarks>
public sealed class AuthorizationCodeFlow
{
    private readonly OidcIssuer _issuer;
    private readonly OidcClient _client;
    private readonly Uri _redirect;
    private readonly string _state = RandomText();
    private readonly string _nonce = RandomText();
    private readonly string _verifier = RandomText();

    /// <summary>Begins a sign-in, with secrets of its own.</summary>
    /// <param name="issuer">Who vouches.</param>
    /// <param name="client">As whom to ask.</param>
    /// <param name="redirect">Where the browser comes back to: http on a loopback address, with the port.</param>
    /// <exception cref="IdentityTokenException">The issuer has no place to send a browser to.</exception>
    /// <exception cref="ArgumentException">The redirect does not lead to this machine.</exception>
    public AuthorizationCodeFlow(OidcIssuer issuer, OidcClient client, Uri redirect)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(redirect);
        if (redirect.Scheme != Uri.UriSchemeHttp || !redirect.IsLoopback)
        {
            throw new ArgumentException("the redirect must lead to this machine", nameof(redirect));
        }
        var endpoint =
            issuer.AuthorizationEndpoint
            ?? throw new IdentityTokenException(
                IdentityTokenFailure.Configuration,
                $"the issuer '{TokenService.Shown(issuer.Issuer)}' has no sign-in for browsers",
                "use the device flow, or a token"
            );
        (_issuer, _client, _redirect) = (issuer, client, redirect);
        AuthorizationUrl = Urls.With(
            endpoint,
            ("response_type", "code"),
            ("client_id", client.Id),
            ("redirect_uri", redirect.OriginalString),
            ("scope", OidcClient.Scope),
            ("state", _state),
            ("nonce", _nonce),
            ("code_challenge", Challenge(_verifier)),
            ("code_challenge_method", "S256")
        );
    }

    /// <summary>The URL to open in the browser. It is good for this sign-in only.</summary>
    public Uri AuthorizationUrl { get; }

    /// <summary>The code that the browser brought back.</summary>
    /// <param name="query">The query of the redirect, with or without its question mark.</param>
    /// <exception cref="IdentityTokenException">The redirect is of another sign-in or issuer, has an error, or has no code.</exception>
    public string ReadRedirect(string query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var parameters = Urls.Parse(query) ?? throw Bad("repeats a parameter, or is not encoded as a query is");
        // Before anything else: without the state it is not known whose words these are (RFC 6749 §10.12).
        if (
            !parameters.TryGetValue("state", out var state)
            || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(_state))
        )
        {
            throw Bad("belongs to another sign-in (state)");
        }
        if (parameters.TryGetValue("iss", out var issuer) ? issuer != _issuer.Issuer : _issuer.NamesItselfInRedirects)
        {
            throw Bad("is another issuer's (iss, RFC 9207)");
        }
        if (parameters.TryGetValue("error", out var error))
        {
            var description = parameters.GetValueOrDefault("error_description");
            throw _client.Refusal(
                _issuer.Issuer,
                TokenService.Shown(error, _state, _nonce),
                description is null ? null : TokenService.Shown(description, _state, _nonce)
            );
        }
        return parameters.TryGetValue("code", out var code) && code.Length > 0 ? code : throw Bad("has no code");
    }

    /// <summary>The token for a code.</summary>
    /// <param name="http">The transport; it should follow no redirects.</param>
    /// <param name="code">What <see cref="ReadRedirect"/> gave.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">The issuer refuses or cannot be reached, or its token is not of this sign-in, issuer or audience.</exception>
    public async Task<IdentityToken> RedeemAsync(
        HttpMessageInvoker http,
        string code,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentException.ThrowIfNullOrEmpty(code);
        ArgumentNullException.ThrowIfNull(time);
        var grant = await _client
            .ExchangeAsync(
                http,
                _issuer,
                [
                    new("grant_type", "authorization_code"),
                    new("code", code),
                    new("code_verifier", _verifier),
                    new("redirect_uri", _redirect.OriginalString),
                ],
                cancellation
            )
            .ConfigureAwait(false);
        if (grant.Token is null)
        {
            throw _client.Refusal(_issuer.Issuer, grant.Error!, grant.Description);
        }
        var token = Accept(grant.Token, _issuer, _client, time);
        return token.HasNonce(_nonce)
            ? token
            : throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                "the issuer's identity token belongs to another sign-in (nonce)"
            );
    }

    /// <summary>Reads a token that must be the issuer's, for the client.</summary>
    internal static IdentityToken Accept(string text, OidcIssuer issuer, OidcClient client, TimeProvider time)
    {
        var token = TokenService.Token(text, $"the issuer '{TokenService.Shown(issuer.Issuer)}'", client.Id, time.GetUtcNow());
        return token.Issuer == issuer.Issuer
            ? token
            : throw new IdentityTokenException(
                IdentityTokenFailure.BadAnswer,
                $"the identity token is of the issuer '{TokenService.Shown(token.Issuer)}', not of '{TokenService.Shown(issuer.Issuer)}'"
            );
    }

    // RFC 7636 §4.1 asks for 32 random bytes in base64url.
    internal static string RandomText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    internal static string Challenge(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    private static IdentityTokenException Bad(string reason) =>
        new(IdentityTokenFailure.BadAnswer, $"the answer that the browser brought back {reason}", "start again");
}
