namespace ArtifactTrust.Signing.Oidc;

/// <summary>There is no usable identity token. Messages never contain tokens, codes or secrets.</summary>
/// <param name="failure">Why.</param>
/// <param name="message">What happened, and where.</param>
/// <param name="hint">What to do next.</param>
/// <param name="innerException">The lower-level failure, where there is one.</param>
public sealed class IdentityTokenException(
    IdentityTokenFailure failure,
    string message,
    string? hint = null,
    Exception? innerException = null
) : Exception(message, innerException)
{
    /// <summary>Why there is no token.</summary>
    public IdentityTokenFailure Failure { get; } = failure;

    /// <summary>What to do next; null where there is nothing to say.</summary>
    public string? Hint { get; } = hint;
}
