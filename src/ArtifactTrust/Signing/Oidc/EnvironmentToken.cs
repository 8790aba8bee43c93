namespace ArtifactTrust.Signing.Oidc;

/// <summary>A token that somebody put into <c>SIGSTORE_ID_TOKEN</c>.</summary>
public sealed class EnvironmentToken : AmbientToken
{
    /// <summary>The variable's name, which Sigstore's clients share.</summary>
    public const string Variable = "SIGSTORE_ID_TOKEN";

    private readonly string _text;

    private EnvironmentToken(string text) => _text = text;

    /// <inheritdoc/>
    public override string Name => $"the environment variable {Variable}";

    internal static new EnvironmentToken? Detect(AmbientEnvironment environment) =>
        environment.Get(Variable) is { } text ? new EnvironmentToken(text) : null;

    private protected override Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation) =>
        Task.FromResult(_text);
}
