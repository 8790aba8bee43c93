using System.Net;

namespace ArtifactTrust.Signing;

/// <summary>The kinds of services that signing uses.</summary>
public enum SigningServiceKind
{
    /// <summary>None; never valid.</summary>
    Undefined,

    /// <summary>Issues certificates (Fulcio).</summary>
    CertificateAuthority,

    /// <summary>Records signatures (Rekor).</summary>
    TransparencyLog,

    /// <summary>Signs times (RFC 3161).</summary>
    TimestampAuthority,
}

/// <summary>A service did not do its part of signing, so nothing was signed.</summary>
/// <remarks>The message names the service and what it said; it holds no token and no query of a URL.</remarks>
public sealed class SigningServiceException : IOException
{
    internal SigningServiceException(
        SigningServiceKind kind,
        Uri? url,
        string message,
        string? hint = null,
        Exception? innerException = null
    )
        : base(url is null ? $"{Name(kind)}: {message}" : $"{Name(kind)} {Shown(url)}: {message}", innerException)
    {
        Kind = kind;
        Url = url is null ? null : new Uri(Shown(url));
        Hint = hint;
    }

    /// <summary>What a service had answered when there was no time left to ask it again.</summary>
    internal SigningServiceException(SigningServiceException before, string how)
        : base($"{before.Message} ({how})", before)
    {
        (Kind, Url, Hint, Status) = (before.Kind, before.Url, before.Hint, before.Status);
    }

    /// <summary>What the service does.</summary>
    public SigningServiceKind Kind { get; }

    /// <summary>Where it is, without query and user; null where none could be chosen.</summary>
    public Uri? Url { get; }

    /// <summary>The HTTP status; null where there was no answer, or none was asked.</summary>
    public HttpStatusCode? Status { get; internal init; }

    /// <summary>Whether the certificate authority works, and said that the identity token is not good enough: another try needs another token.</summary>
    public bool IsTokenRejected { get; internal init; }

    /// <summary>What the reader could do; null where nothing is known.</summary>
    public string? Hint { get; }

    private static string Shown(Uri url) => $"{url.Scheme}://{url.Authority}{url.AbsolutePath}".TrimEnd('/');

    private static string Name(SigningServiceKind kind) =>
        kind switch
        {
            SigningServiceKind.CertificateAuthority => "certificate authority",
            SigningServiceKind.TransparencyLog => "transparency log",
            SigningServiceKind.TimestampAuthority => "time-stamp authority",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
}
