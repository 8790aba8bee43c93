namespace ArtifactTrust.Oci;

/// <summary>What proves to a registry who asks. Its text form never shows the secret.</summary>
public sealed class RegistryCredential
{
    private RegistryCredential(string? username, string? password, string? identityToken)
    {
        Username = username;
        Password = password;
        IdentityToken = identityToken;
    }

    /// <summary>The user name; null with an identity token.</summary>
    public string? Username { get; }

    /// <summary>The secret, for handing on to a tool that fetches from the same registry; never for showing.</summary>
    public string? Password { get; }

    internal string? IdentityToken { get; }

    /// <summary>A user name and password (RFC 7617).</summary>
    /// <exception cref="ArgumentException">The user name is empty or has a colon.</exception>
    public static RegistryCredential FromPassword(string username, string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(username);
        ArgumentNullException.ThrowIfNull(password);
        return username.Contains(':', StringComparison.Ordinal)
            ? throw new ArgumentException("a user name has no colon (RFC 7617 §2)", nameof(username))
            : new RegistryCredential(username, password, null);
    }

    /// <summary>A refresh token, which the registry's token service exchanges for access tokens.</summary>
    public static RegistryCredential FromIdentityToken(string identityToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(identityToken);
        return new RegistryCredential(null, null, identityToken);
    }

    /// <summary>The user name or the kind; never the secret.</summary>
    public override string ToString() => Username is null ? "identity token" : $"user '{Username}'";
}
