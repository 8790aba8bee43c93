namespace ArtifactTrust.Signing.Oidc;

/// <summary>Why there is no usable identity token.</summary>
public enum IdentityTokenFailure
{
    /// <summary>Not said; never used.</summary>
    Undefined,

    /// <summary>A setting, variable or file is missing or wrong.</summary>
    Configuration,

    /// <summary>The surroundings (a CI job, a workload) are not allowed to have a token.</summary>
    MissingPermission,

    /// <summary>The token is no longer valid.</summary>
    Expired,

    /// <summary>The token is not valid yet.</summary>
    NotYetValid,

    /// <summary>The token was made for somebody else.</summary>
    WrongAudience,

    /// <summary>The service could not be reached, or said that it is out of order.</summary>
    Unavailable,

    /// <summary>The service's answer breaks the protocol, or does not belong to what was asked.</summary>
    BadAnswer,

    /// <summary>The service, or the person asked, said no.</summary>
    Refused,

    /// <summary>Nobody signed in before the time was over.</summary>
    TimedOut,
}
