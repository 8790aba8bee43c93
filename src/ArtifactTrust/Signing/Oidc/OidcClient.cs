using System.Net;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>As whom this program speaks to an issuer.</summary>
/// <remarks>Spec: RFC 6749 §2.3.1 (the secret goes into the body) and §5.</remarks>
public sealed class OidcClient
{
    private const string Service = "the issuer's token endpoint";

    private readonly string? _secret;

    /// <summary>Names a client.</summary>
    /// <param name="id">The client's name at the issuer, which is also the audience of the tokens.</param>
    /// <param name="secret">Its secret; null for a public client, which needs none.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public OidcClient(string id = IdentityToken.SigstoreAudience, string? secret = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        Id = id;
        _secret = string.IsNullOrEmpty(secret) ? null : secret;
    }

    /// <summary>The client's name at the issuer.</summary>
    public string Id { get; }

    /// <summary>What is asked for: to know who it is, and the e-mail address.</summary>
    internal const string Scope = "openid email";

    /// <summary>The answer to a form: the token's text, or the issuer's error.</summary>
    internal sealed record Grant(string? Token, string? Error, string? Description);

    /// <summary>Posts a form as this client.</summary>
    internal async Task<TokenService.Answer> PostAsync(
        HttpMessageInvoker http,
        Uri endpoint,
        string service,
        IReadOnlyList<KeyValuePair<string, string>> fields,
        CancellationToken cancellation
    )
    {
        List<KeyValuePair<string, string>> form = [.. fields, new("client_id", Id)];
        if (_secret is not null)
        {
            form.Add(new("client_secret", _secret));
        }
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = content };
        request.Headers.Accept.ParseAdd("application/json");
        return await TokenService.SendAsync(http, request, service, cancellation).ConfigureAwait(false);
    }

    /// <summary>Exchanges a code for a token.</summary>
    /// <param name="http">The transport.</param>
    /// <param name="issuer">Whose code it is.</param>
    /// <param name="fields">The grant; all values but the first are secrets.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<Grant> ExchangeAsync(
        HttpMessageInvoker http,
        OidcIssuer issuer,
        IReadOnlyList<KeyValuePair<string, string>> fields,
        CancellationToken cancellation
    )
    {
        var answer = await PostAsync(http, issuer.TokenEndpoint, Service, fields, cancellation).ConfigureAwait(false);
        var json = TokenService.Json(answer, Service);
        if (answer.Status == HttpStatusCode.OK)
        {
            return TokenService.OptionalText(json, "id_token", Service) is { } token
                ? new Grant(token, null, null)
                : throw new IdentityTokenException(
                    IdentityTokenFailure.BadAnswer,
                    $"{Service} gave no identity token (id_token)",
                    "does the issuer know the scope 'openid' for this client?"
                );
        }
        string?[] secrets = [_secret, .. fields.Skip(1).Select(f => f.Value)];
        return new Grant(
            null,
            TokenService.Shown(TokenService.Text(json, "error", Service), secrets),
            TokenService.OptionalText(json, "error_description", Service) is { } description
                ? TokenService.Shown(description, secrets)
                : null
        );
    }

    /// <summary>An issuer's error as an exception.</summary>
    internal IdentityTokenException Refusal(string issuer, string error, string? description) =>
        new(
            IdentityTokenFailure.Refused,
            $"the issuer '{TokenService.Shown(issuer)}' refused: {error}{(description is null ? "" : $" ({description})")}",
            error switch
            {
                "access_denied" => "the sign-in was declined; try again if that was not meant",
                "invalid_client" or "unauthorized_client" => $"does the issuer know the client '{Id}', and is its secret right?",
                "invalid_scope" => $"the client '{Id}' must be allowed the scopes '{Scope}'",
                _ => null,
            }
        );
}
