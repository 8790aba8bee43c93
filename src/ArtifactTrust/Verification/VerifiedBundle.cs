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
