using System.Diagnostics.CodeAnalysis;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Notation;

/// <summary>What was checked of one signature of the Notary Project, in order, and what was proven where all of it held.</summary>
public sealed class NotationReport
{
    internal NotationReport(IReadOnlyList<Check> checks, VerifiedNotationSignature? verified)
    {
        Checks = checks;
        Verified = verified;
    }

    /// <summary>The checks in the order made.</summary>
    public IReadOnlyList<Check> Checks { get; }

    /// <summary>What was proven; null where a check failed.</summary>
    public VerifiedNotationSignature? Verified { get; }

    /// <summary>Whether every check held.</summary>
    [MemberNotNullWhen(true, nameof(Verified))]
    public bool IsVerified => Verified is not null;

    /// <summary>The first failed check, or null.</summary>
    public Check? Failure => Checks.FirstOrDefault(c => c.Outcome == CheckOutcome.Failed);

    /// <summary>Whether everything held but that it could not be told whether a certificate was revoked.</summary>
    public bool IsUndecided => Failure?.Code == FailureCode.RevocationUnknown;

    /// <summary>The report of a signature that could not be read at all.</summary>
    /// <param name="reason">Why not.</param>
    public static NotationReport Unreadable(string reason) =>
        new([new Check("notation.envelope", CheckOutcome.Failed, FailureCode.MalformedEvidence) { Message = reason }], null);
}

/// <summary>What a signature of the Notary Project proves. Only <see cref="NotationVerifier"/> makes one, after every check held.</summary>
public sealed class VerifiedNotationSignature
{
    internal VerifiedNotationSignature(
        NotationSignature signature,
        SignedPayload payload,
        NotationTrustRule rule,
        IReadOnlyList<DateTimeOffset> times
    ) =>
        (Envelope, Subject, Annotations, Signer, TrustedBy, Times) = (
            signature.Digest,
            payload.Digest,
            payload.Annotations,
            signature.Certificates[0],
            rule,
            times
        );

    /// <summary>SHA-256 of the envelope as it was read.</summary>
    public Digest Envelope { get; }

    /// <summary>The digest of the manifest that is signed.</summary>
    public Digest Subject { get; }

    /// <summary>What else the signer says of the manifest, signed too.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>The signer's certificate.</summary>
    public NotationCertificate Signer { get; }

    /// <summary>The rule of the trust policy that trusts the signer.</summary>
    public string Rule => TrustedBy.Name;

    /// <summary>The rule itself: a name alone would make one policy's word count for another's.</summary>
    internal NotationTrustRule TrustedBy { get; }

    /// <summary>Times at which the signature is proven to have existed, as time-stamp and signing authorities say; may be none.</summary>
    public IReadOnlyList<DateTimeOffset> Times { get; }

    /// <summary>The signer, and the authority that says so.</summary>
    internal string Holder => $"{Signer.Subject} ({Signer.Issuer})";

    /// <summary>The signer and its proven times, for people.</summary>
    public override string ToString() =>
        Times.Count == 0 ? Signer.Subject : $"{Signer.Subject} ({string.Join(", ", Times.Select(Rfc3339.Format))})";
}
