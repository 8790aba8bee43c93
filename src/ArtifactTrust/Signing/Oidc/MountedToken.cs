using ArtifactTrust.Formats;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>A token in a file, as Kubernetes projects one into a pod, at the place where cosign looks too.</summary>
public sealed class MountedToken : AmbientToken
{
    /// <summary>Where the file is looked for.</summary>
    public const string FilePath = "/var/run/sigstore/cosign/oidc-token";

    private readonly string _text;

    private MountedToken(string text) => _text = text;

    /// <inheritdoc/>
    public override string Name => $"the file {FilePath}";

    internal static new MountedToken? Detect(AmbientEnvironment environment) =>
        environment.ReadFile(FilePath, Limits.IdentityTokenLength) is { } text ? new MountedToken(text) : null;

    private protected override Task<string> FetchTextAsync(HttpMessageInvoker http, string audience, CancellationToken cancellation) =>
        Task.FromResult(_text);
}
