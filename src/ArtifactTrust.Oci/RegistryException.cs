using System.Net;

namespace ArtifactTrust.Oci;

/// <summary>A registry did not do what was asked of it, or could not be reached.</summary>
/// <remarks>The message names host, repository and operation, and what the registry said; it holds no credentials.</remarks>
public sealed class RegistryException : IOException
{
    /// <summary>A failure.</summary>
    /// <param name="status">The HTTP status; null where there was no answer.</param>
    /// <param name="code">The registry's own error code, such as <c>MANIFEST_UNKNOWN</c>; null where it gave none.</param>
    /// <param name="message">What failed, in one line.</param>
    /// <param name="hint">What the reader could do; null where nothing is known.</param>
    /// <param name="innerException">The lower-level failure, where there is one.</param>
    public RegistryException(HttpStatusCode? status, string? code, string message, string? hint = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Status = status;
        Code = code;
        Hint = hint;
    }

    /// <summary>The HTTP status; null where there was no answer.</summary>
    public HttpStatusCode? Status { get; }

    /// <summary>The registry's own error code; null where it gave none.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Error Codes".</remarks>
    public string? Code { get; }

    /// <summary>What the reader could do; null where nothing is known.</summary>
    public string? Hint { get; }

    /// <summary>Whether the same request may succeed later.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>How long the registry asks to be left alone.</summary>
    internal TimeSpan? RetryAfter { get; init; }

    /// <summary>The same failure, of which its status does not tell that it may pass.</summary>
    internal RegistryException AsTransient() => new(Status, Code, Message, Hint, this) { IsTransient = true, RetryAfter = RetryAfter };
}
