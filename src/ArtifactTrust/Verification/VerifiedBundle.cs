using System.Collections.Frozen;
using ArtifactTrust.Attestations;
using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

/// <summary>What a bundle proves. Only this namespace makes one, after every check held.</summary>
public sealed class VerifiedBundle
{
    internal VerifiedBundle(
        EvidenceKind kind,
        Digest keyFingerprint,
        DigestSet subject,
        Statement? statement,
        Digest bundleDigest,
        CertificateIdentity? identity = null,
        IReadOnlyList<DateTimeOffset>? times = null,
        IReadOnlyList<string>? names = null,
        IReadOnlyDictionary<string, string>? annotations = null
    )
    {
        Kind = kind;
        KeyFingerprint = keyFingerprint;
        Subject = subject;
        Statement = statement;
        BundleDigest = bundleDigest;
        Identity = identity;
        Times = times ?? [];
        Names = names ?? identity?.Names ?? [];
        Annotations =
            annotations
            ?? statement?.Subjects.FirstOrDefault(s => s.Digest!.Contains(subject))?.Annotations
            ?? FrozenDictionary<string, string>.Empty;
    }

    /// <summary>Whether it is a signature of the subject or an attestation about it. One is never taken for the other.</summary>
    public EvidenceKind Kind { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the key that signed.</summary>
    public Digest KeyFingerprint { get; }

    /// <summary>Whom the signer's certificate is of, one of those accepted; null where a managed key signed.</summary>
    public CertificateIdentity? Identity { get; }

    /// <summary>Every name of the signer's certificate, host names among them; none where a managed key signed.</summary>
    /// <remarks>Spec: RFC 5280 §4.2.1.6. Without an issuer in <see cref="Identity"/> they are names by one's own authority.</remarks>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Whom the signer's certificate is of, as text; null where a managed key signed.</summary>
    internal string? Holder =>
        Identity is null || Identity.Names.Count > 0
            ? Identity?.ToString()
            : $"{string.Join(", ", Names)}{(Identity.Issuer is { } i ? $" ({i})" : "")}";

    /// <summary>Times at which the signature is proven to have existed, as logs and time-stamp authorities say; none for most managed keys.</summary>
    public IReadOnlyList<DateTimeOffset> Times { get; }

    /// <summary>The subject's digests that the caller computed and the signed content was found to bind.</summary>
    public DigestSet Subject { get; }

    /// <summary>The signed statement; null where the message itself was signed.</summary>
    public Statement? Statement { get; }

    /// <summary>What else the signer says of this subject, signed too: the subject's annotations, or a legacy signature's <c>optional</c>.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>SHA-256 of the bundle as it was read.</summary>
    public Digest BundleDigest { get; }
}

/// <summary>What a piece of evidence says.</summary>
public enum EvidenceKind
{
    /// <summary>Not known; never accepted.</summary>
    Unknown,

    /// <summary>The signer vouches for the subject's bytes.</summary>
    Signature,

    /// <summary>The signer states something about the subject.</summary>
    Attestation,
}
