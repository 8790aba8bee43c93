using ArtifactTrust.Hashing;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Notation;

/// <summary>A certificate of a signature's chain, for people.</summary>
/// <param name="Subject">The holder's name, such as <c>CN=signer, O=Example, ST=Berlin, C=DE</c>.</param>
/// <param name="Issuer">The issuer's name.</param>
/// <param name="Fingerprint">SHA-256 of the whole certificate.</param>
/// <param name="NotBefore">The first instant of validity.</param>
/// <param name="NotAfter">The last instant of validity.</param>
public sealed record NotationCertificate(
    string Subject,
    string Issuer,
    Digest Fingerprint,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter
)
{
    internal static NotationCertificate Of(Certificate certificate) =>
        new(
            certificate.Name,
            certificate.IssuerName,
            DigestAlgorithm.Sha256.Hash(certificate.Der.Span),
            certificate.NotBefore,
            certificate.NotAfter
        );
}
