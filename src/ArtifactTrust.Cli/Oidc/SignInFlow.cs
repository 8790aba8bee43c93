namespace ArtifactTrust.Cli.Oidc;

/// <summary>How an identity token is got.</summary>
internal enum SignInFlow
{
    /// <summary>The surroundings' token, else a person's: by browser, else by device.</summary>
    Auto,

    /// <summary>The surroundings' token, and nothing else.</summary>
    Ambient,

    /// <summary>A browser on this machine.</summary>
    Browser,

    /// <summary>A code that is typed in elsewhere.</summary>
    Device,
}
