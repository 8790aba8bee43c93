using System.Net.Http.Headers;

namespace ArtifactTrust.Signing.Oidc;

/// <summary>Secrets on their way into a request.</summary>
internal static class Secret
{
    /// <summary>An Authorization header; the parser's own error would repeat the secret.</summary>
    /// <exception cref="IdentityTokenException">The secret cannot stand in a header.</exception>
    internal static AuthenticationHeaderValue Header(string scheme, string secret, string source) =>
        secret.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? throw new IdentityTokenException(IdentityTokenFailure.Configuration, $"{source} has characters that no token has")
            : new AuthenticationHeaderValue(scheme, secret);
}
