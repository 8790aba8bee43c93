using System.Net;
using System.Net.Http.Headers;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>The identity of a job of GitHub Actions.</summary>
/// <remarks>Spec: GitHub Docs, "OpenID Connect reference", the variables <c>ACTIONS_ID_TOKEN_REQUEST_URL</c> and <c>_TOKEN</c>.</remarks>
public sealed class GitHubActionsToken : AmbientToken
{
    private const string UrlVariable = "ACTIONS_ID_TOKEN_REQUEST_URL";
    private const string TokenVariable = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
    private const string Hint = "the job needs 'permissions: id-token: write' (jobs of pull requests from forks never get it)";

    private readonly Uri _url;
    private readonly AuthenticationHeaderValue _authorization;

    private GitHubActionsToken(Uri url, AuthenticationHeaderValue authorization) => (_url, _authorization) = (url, authorization);

    /// <inheritdoc/>
    public override string Name => "GitHub Actions";

    internal static new GitHubActionsToken? Detect(AmbientEnvironment environment)
    {
        var (url, token) = (environment.Get(UrlVariable), environment.Get(TokenVariable));
        if (url is null && token is null && environment.Get("GITHUB_ACTIONS") is null)
        {
            return null;
        }
        if (url is null || token is null)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.MissingPermission,
                $"this is a job of GitHub Actions, and it may not have an identity token ({(url is null ? UrlVariable : TokenVariable)} is not set)",
                Hint
            );
        }
        return new GitHubActionsToken(TokenService.RequireSecure(url, UrlVariable), Secret.Header("Bearer", token, TokenVariable));
    }

    private protected override async Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Urls.With(_url, ("audience", audience)));
        request.Headers.Authorization = _authorization;
        request.Headers.Accept.ParseAdd("application/json");
        var answer = await TokenService.SendAsync(http, request, Name, cancellation).ConfigureAwait(false);
        return answer.Status == HttpStatusCode.OK
            ? TokenService.Text(TokenService.Json(answer, Name), "value", Name)
            : throw Failed(answer, (int)answer.Status is 401 or 403 ? Hint : null);
    }
}
