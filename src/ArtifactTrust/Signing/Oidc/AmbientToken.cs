namespace ArtifactTrust.Signing.Oidc;

/// <summary>An identity that the surroundings give to whatever runs in them: a CI job, a workload, a machine of a cloud.</summary>
/// <remarks>
/// <para>
/// <see cref="Detect"/> looks, in this order, for: the variable <c>SIGSTORE_ID_TOKEN</c>; GitHub Actions; GitLab CI; Buildkite; a Google service
/// account to impersonate; the SPIFFE Workload API; a token file that is mounted where cosign looks for it; a machine of Google's cloud.
/// What is set for a job comes before what the machine has.
/// </para>
/// <para>The first one found is the one: where it fails, that is an error that names it, and no other is tried, for that would sign as somebody else.</para>
/// </remarks>
public abstract class AmbientToken
{
    private protected AmbientToken() { }

    /// <summary>What was found, for people: <c>GitHub Actions</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Finds out where the program runs.</summary>
    /// <returns>Null where the surroundings give no identity.</returns>
    /// <exception cref="IdentityTokenException">The surroundings should give an identity, and are not set up for it.</exception>
    public static AmbientToken? Detect(AmbientEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        try
        {
            return GitLabToken.Detect(environment)
                ?? EnvironmentToken.Detect(environment)
                ?? GitHubActionsToken.Detect(environment)
                ?? BuildkiteToken.Detect(environment)
                ?? GoogleToken.DetectImpersonation(environment)
                ?? SpiffeToken.Detect(environment)
                ?? MountedToken.Detect(environment)
                ?? (AmbientToken?)GoogleToken.DetectMachine(environment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IdentityTokenException(IdentityTokenFailure.Configuration, $"the surroundings cannot be read: {e.Message}", null, e);
        }
    }

    /// <summary>Gets a token.</summary>
    /// <param name="http">The transport; it should follow no redirects. <see cref="SpiffeToken"/> needs one to its endpoint.</param>
    /// <param name="audience">Whom the token will be given to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IdentityTokenException">There is no token, or it has expired or is for another audience. The message names the surroundings.</exception>
    public async Task<IdentityToken> FetchAsync(
        HttpMessageInvoker http,
        string audience,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentException.ThrowIfNullOrEmpty(audience);
        ArgumentNullException.ThrowIfNull(time);
        var text = await FetchTextAsync(http, audience, cancellation).ConfigureAwait(false);
        return TokenService.Token(text, Name, audience, time.GetUtcNow());
    }

    /// <summary>Gets a token's text, unread.</summary>
    private protected abstract Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation);

    /// <summary>An answer other than 200 as an error.</summary>
    private protected IdentityTokenException Failed(TokenService.Answer answer, string? hint = null) =>
        new(
            (int)answer.Status is 401 or 403 ? IdentityTokenFailure.MissingPermission : IdentityTokenFailure.Refused,
            $"{Name} gave no identity token: HTTP {(int)answer.Status}",
            hint
        );
}
