namespace ArtifactTrust.Signing.Oidc;

/// <summary>The token that a job of GitLab CI asks for with <c>id_tokens</c>.</summary>
public sealed class GitLabToken : AmbientToken
{
    private readonly string _text;

    private GitLabToken(string text) => _text = text;

    /// <inheritdoc/>
    public override string Name => $"GitLab CI ({EnvironmentToken.Variable})";

    internal static new GitLabToken? Detect(AmbientEnvironment environment)
    {
        if (environment.Get("GITLAB_CI") is null)
        {
            return null;
        }
        return environment.Get(EnvironmentToken.Variable) is { } text
            ? new GitLabToken(text)
            : throw new IdentityTokenException(
                IdentityTokenFailure.MissingPermission,
                $"this is a job of GitLab CI, and it has no identity token ({EnvironmentToken.Variable} is not set)",
                $"add to the job: id_tokens: {{ {EnvironmentToken.Variable}: {{ aud: {IdentityToken.SigstoreAudience} }} }}"
            );
    }

    private protected override Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation) =>
        Task.FromResult(_text);
}
