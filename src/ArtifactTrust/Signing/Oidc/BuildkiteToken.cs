using System.Net;
using System.Net.Http.Headers;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>The identity of a job of Buildkite, from the API that its agent speaks to.</summary>
/// <remarks>The request is the one that <c>buildkite-agent oidc request-token</c> makes.</remarks>
public sealed class BuildkiteToken : AmbientToken
{
    private const string TokenVariable = "BUILDKITE_AGENT_ACCESS_TOKEN";
    private const string JobVariable = "BUILDKITE_JOB_ID";
    private const string EndpointVariable = "BUILDKITE_AGENT_ENDPOINT";
    private const string DefaultEndpoint = "https://agent.buildkite.com/v3";

    private readonly Uri _url;
    private readonly AuthenticationHeaderValue _authorization;

    private BuildkiteToken(Uri url, AuthenticationHeaderValue authorization) => (_url, _authorization) = (url, authorization);

    /// <inheritdoc/>
    public override string Name => "Buildkite";

    internal static new BuildkiteToken? Detect(AmbientEnvironment environment)
    {
        var (token, job) = (environment.Get(TokenVariable), environment.Get(JobVariable));
        if (token is null && environment.Get("BUILDKITE") is null)
        {
            return null;
        }
        if (token is null || job is null)
        {
            throw new IdentityTokenException(
                IdentityTokenFailure.Configuration,
                $"this is a job of Buildkite, and {(token is null ? TokenVariable : JobVariable)} is not set",
                "pass it on to where this program runs (a container, for example)"
            );
        }
        var endpoint = TokenService.RequireSecure(environment.Get(EndpointVariable) ?? DefaultEndpoint, EndpointVariable);
        return new BuildkiteToken(
            new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/jobs/{Uri.EscapeDataString(job)}/oidc/tokens"),
            Secret.Header("Token", token, TokenVariable)
        );
    }

    private protected override async Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation)
    {
        using var content = JsonBody.Create(w => w.WriteString("audience", audience));
        using var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = content };
        request.Headers.Authorization = _authorization;
        var answer = await TokenService.SendAsync(http, request, Name, cancellation).ConfigureAwait(false);
        return answer.Status is HttpStatusCode.OK or HttpStatusCode.Created
            ? TokenService.Text(TokenService.Json(answer, Name), "token", Name)
            : throw Failed(answer, "is OpenID Connect enabled for this organization, and does the job still run?");
    }
}
