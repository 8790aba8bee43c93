using ArtifactTrust.Attestations;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Verification;

/// <summary>What a bundle proves. Only this namespace makes one, after every check held.</summary>
public sealed class VerifiedBundle
{
    internal VerifiedBundle(EvidenceKind kind, Digest keyFingerprint, DigestSet subject, Statement? statement, Digest bundleDigest)
    {
        Kind = kind;
        KeyFingerprint = keyFingerprint;
        Subject = subject;
        Statement = statement;
        BundleDigest = bundleDigest;
    }

    /// <summary>Whether it is a signature of the subject or an attestation about it. One is never taken for the other.</summary>
    public EvidenceKind Kind { get; }

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the key that signed.</summary>
    public Digest KeyFingerprint { get; }

    /// <summary>The subject's digests that the caller computed and the signed content was found to bind.</summary>
    public DigestSet Subject { get; }

    /// <summary>The signed statement; null where the message itself was signed.</summary>
    public Statement? Statement { get; }

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
