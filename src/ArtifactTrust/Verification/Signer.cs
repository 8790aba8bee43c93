using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

/// <summary>A key that may have made the signature, and the form in which a log names it.</summary>
/// <param name="Key">The key.</param>
/// <param name="Certificate">Its certificate, DER; null for a managed key.</param>
internal sealed record SignerKey(VerificationKey Key, ReadOnlyMemory<byte>? Certificate)
{
    /// <summary>What a log entry holds: the certificate or the SubjectPublicKeyInfo.</summary>
    internal ReadOnlyMemory<byte> LoggedBytes => Certificate ?? Key.SubjectPublicKeyInfo;

    /// <summary>A managed key, and for Ed25519 the same with the message hashed first, as clients sign what goes into a log of digests.</summary>
    internal static IEnumerable<SignerKey> Of(VerificationKey key)
    {
        yield return new(key, null);
        if (key.Algorithm == SignatureAlgorithm.Ed25519)
        {
            yield return new(key.With(SignatureAlgorithm.Ed25519ph), null);
        }
    }

    /// <summary>The keys a certificate may be for: one with the registry's algorithm, others with those of old clients.</summary>
    /// <exception cref="MalformedDataException">The key is of a kind that is not accepted.</exception>
    internal static IReadOnlyList<SignerKey> Of(Certificate certificate)
    {
        var key = VerificationKey.FromSubjectPublicKeyInfo(certificate.SubjectPublicKeyInfo.Span);
        SignatureAlgorithm? other =
            key.Algorithm == SignatureAlgorithm.EcdsaP384 ? SignatureAlgorithm.EcdsaP384Sha256
            : key.Algorithm == SignatureAlgorithm.EcdsaP521 ? SignatureAlgorithm.EcdsaP521Sha256
            : key.Algorithm == SignatureAlgorithm.RsaPkcs1 ? SignatureAlgorithm.RsaPss
            : key.Algorithm == SignatureAlgorithm.Ed25519 ? SignatureAlgorithm.Ed25519ph
            : null;
        var der = certificate.Der;
        return other is null ? [new(key, der)] : [new(key, der), new(key.With(other), der)];
    }
}

/// <summary>Who made a signature, as far as it is proven.</summary>
/// <param name="Key">The key.</param>
/// <param name="Identity">Whom the certificate is of; null for a managed key.</param>
/// <param name="Times">When the signature existed, as logs and time-stamp authorities say; none for most managed keys.</param>
/// <param name="Names">As <see cref="Provenance.Names"/>.</param>
internal sealed record Signer(
    VerificationKey Key,
    CertificateIdentity? Identity,
    IReadOnlyList<DateTimeOffset> Times,
    IReadOnlyList<string> Names
);

/// <summary>What is found to be true of a bundle's certificate, log entries and times, before its signature is verified.</summary>
/// <param name="Keys">The keys that may have made the signature.</param>
/// <param name="Identity">Whom the certificate is of; null for managed keys.</param>
/// <param name="Times">The verified times.</param>
/// <param name="Names">The names that the certificate gives its holder, whoever issued it; none for managed keys.</param>
internal sealed record Provenance(
    IReadOnlyList<SignerKey> Keys,
    CertificateIdentity? Identity,
    IReadOnlyList<DateTimeOffset> Times,
    IReadOnlyList<string> Names
);

/// <summary>The digests of the artifact that a message signature is over; null for functions that the caller did not compute.</summary>
internal delegate Digest? ArtifactDigest(DigestAlgorithm algorithm);
