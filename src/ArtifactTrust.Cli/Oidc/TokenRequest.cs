using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Oidc;

/// <summary>Which identity token is wanted.</summary>
/// <param name="File">A file with the token, <c>-</c> for standard input; null where it is to be got.</param>
/// <param name="Issuer">Whom a person signs in at; null where nothing names one.</param>
/// <param name="Client">As whom to ask; its name is the token's audience.</param>
/// <param name="Flow">How.</param>
internal sealed record TokenRequest(string? File, string? Issuer, OidcClient Client, SignInFlow Flow);
