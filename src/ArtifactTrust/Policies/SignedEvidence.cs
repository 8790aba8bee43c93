using ArtifactTrust.Attestations;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>One verified piece of evidence, whatever form it had.</summary>
/// <param name="Digest">SHA-256 of the bundle, or of the envelope of the Notary Project.</param>
/// <param name="Kind">Whether it is a signature or an attestation.</param>
/// <param name="Subject">The digests that it binds.</param>
internal sealed record SignedEvidence(Digest Digest, EvidenceKind Kind, DigestSet Subject)
{
    internal Statement? Statement { get; init; }

    /// <summary>What else the signer says of the subject.</summary>
    internal required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary>Whom the signer's certificate is of, and who says so; null where a managed key signed.</summary>
    internal string? Holder { get; init; }

    /// <summary>The fingerprint of the managed key that signed; null where the holder of a certificate did.</summary>
    internal Digest? Key { get; init; }

    /// <summary>The policy's identities that it is of, each with the managed key: none, one, or several where a certificate is of several.</summary>
    internal required IReadOnlyList<(PolicyIdentity Identity, PolicyKey? Key)> Signers { get; init; }

    internal static SignedEvidence Of(VerifiedBundle bundle, PolicySigners signers) =>
        new(bundle.BundleDigest, bundle.Kind, bundle.Subject)
        {
            Statement = bundle.Statement,
            Annotations = bundle.Annotations,
            Holder = bundle.Holder,
            Key = bundle.Identity is null ? bundle.KeyFingerprint : null,
            Signers = signers.Find(bundle),
        };

    /// <summary>A signature of the Notary Project, with all that it was verified by: each rule is another identity's.</summary>
    internal static SignedEvidence Of(IReadOnlyCollection<VerifiedNotationSignature> verified, PolicySigners signers)
    {
        var signature = verified.First();
        return new(signature.Envelope, EvidenceKind.Signature, new DigestSet(signature.Subject))
        {
            Annotations = signature.Annotations,
            Holder = signature.Holder,
            Signers = signers.Find(verified),
        };
    }
}
