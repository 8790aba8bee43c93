using System.Formats.Asn1;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Notation;

/// <summary>What a chain of certificates must be, whoever trusts it.</summary>
/// <remarks>
/// Spec: Notary Project signature specification, "Certificate Requirements". Beyond it, a critical extension that is not known is refused, as RFC 5280
/// §4.2 asks for, and so are constraints of names, critical or not.
/// </remarks>
internal static class ChainRules
{
    private const int DigitalSignature = 0;
    private const int NonRepudiation = 1;
    private const int CertificateSignature = 5;
    private const string AuthorityInformation = "1.3.6.1.5.5.7.1.1";
    private const string Ocsp = "1.3.6.1.5.5.7.48.1";
    private const string RevocationLists = "2.5.29.31";

    private static readonly Dictionary<string, string> ForbiddenUsages = new(StringComparer.Ordinal)
    {
        ["2.5.29.37.0"] = "anyExtendedKeyUsage",
        ["1.3.6.1.5.5.7.3.1"] = "serverAuth",
        ["1.3.6.1.5.5.7.3.2"] = "clientAuth",
        ["1.3.6.1.5.5.7.3.4"] = "emailProtection",
        [CertificatePath.TimeStamping] = "timeStamping",
    };

    /// <summary>Why the chain is not one from a signer to a root, or null.</summary>
    internal static string? Problem(IReadOnlyList<Certificate> chain)
    {
        for (var i = 0; i < chain.Count; i++)
        {
            var certificate = chain[i];
            var isLast = i == chain.Count - 1;
            var problem =
                certificate.UnknownCriticalExtension is { } oid ? $"its critical extension {oid} is not known (RFC 5280 §4.2)"
                : certificate.HasNameConstraints ? "it constrains names, which is not supported (RFC 5280 §4.2.1.10)"
                : isLast ? RootProblem(certificate)
                : LinkProblem(certificate, chain[i + 1]);
            problem ??= i == 0 ? SignerProblem(certificate) : AuthorityProblem(certificate, i - 1);
            if (problem is not null)
            {
                return $"certificate {i}, {certificate.Name}: {problem}";
            }
        }
        return null;
    }

    /// <summary>Why the certificate may not sign, or null.</summary>
    internal static string? SignerProblem(Certificate certificate) =>
        certificate.IsAuthority == true ? "it is that of an authority (RFC 5280 §4.2.1.9)"
        : certificate.KeyUsage is null || !certificate.IsKeyUsageCritical ? "a critical key usage is required (RFC 5280 §4.2.1.3)"
        : KeyUsageProblem(certificate)
            ?? (
                certificate.ExtendedKeyUsage?.FirstOrDefault(ForbiddenUsages.ContainsKey) is { } usage
                    ? $"its extended key usage has {ForbiddenUsages[usage]}, which a signer's may not have"
                    : null
            );

    /// <summary>Why a chain that leads to a root may not vouch for a time, or null.</summary>
    internal static string? StamperProblem(IReadOnlyList<Certificate> chain) =>
        chain
            .Select((c, i) => (c.Name, Problem: i == 0 ? StamperProblem(c) : AuthorityProblem(c, i - 1)))
            .Where(c => c.Problem is not null)
            .Select(c => $"{c.Name}: {c.Problem}")
            .FirstOrDefault();

    private static string? StamperProblem(Certificate certificate) =>
        certificate.KeyUsage is null
            ? "a key usage is required (RFC 5280 §4.2.1.3)"
            : KeyUsageProblem(certificate)
                ?? (
                    certificate is { IsExtendedKeyUsageCritical: true, ExtendedKeyUsage: [CertificatePath.TimeStamping] }
                        ? null
                        : "a critical extended key usage of timeStamping alone is required (RFC 3161 §2.3)"
                );

    /// <summary>The certificates whose revocation a service could tell: they name one.</summary>
    internal static IEnumerable<Certificate> WithRevocation(IEnumerable<Certificate> certificates) =>
        certificates.Where(c => !IsSelfSigned(c) && (c.Extension(RevocationLists) is not null || NamesOcsp(c)));

    private static string? KeyUsageProblem(Certificate certificate) =>
        !certificate.MaySign ? "its key usage lacks digitalSignature"
        : certificate.KeyUsage!.Index().Any(b => b.Item && b.Index is not (DigitalSignature or NonRepudiation))
            ? "its key usage allows more than signatures"
        : null;

    private static string? AuthorityProblem(Certificate certificate, int authoritiesBelow) =>
        certificate.IsAuthority != true || !certificate.AreBasicConstraintsCritical
            ? "it is not that of an authority, by critical basic constraints (RFC 5280 §4.2.1.9)"
        : certificate.KeyUsage is null || !certificate.IsKeyUsageCritical || !HasBit(certificate, CertificateSignature)
            ? "a critical key usage with keyCertSign is required (RFC 5280 §4.2.1.3)"
        : certificate.PathLength < authoritiesBelow
            ? $"it allows {certificate.PathLength} authorities below it, and there are {authoritiesBelow} (RFC 5280 §4.2.1.9)"
        : null;

    private static string? RootProblem(Certificate certificate) =>
        !certificate.IsSelfIssued ? "the chain does not end with a root, whose own issuer it is"
        : certificate.SignatureProblem(certificate) is { } problem ? $"it is no root: {problem}"
        : null;

    private static string? LinkProblem(Certificate certificate, Certificate issuer) =>
        IsSelfSigned(certificate) ? "it is self-signed, and more follow"
        : !certificate.Issuer.Span.SequenceEqual(issuer.Subject.Span)
            ? $"it was issued by '{certificate.IssuerName}', and '{issuer.Name}' follows"
        : certificate.SignatureProblem(issuer);

    private static bool IsSelfSigned(Certificate certificate) =>
        certificate.IsSelfIssued && certificate.SignatureProblem(certificate) is null;

    private static bool HasBit(Certificate certificate, int bit) => certificate.KeyUsage!.Count > bit && certificate.KeyUsage[bit];

    // What cannot be read may name one.
    private static bool NamesOcsp(Certificate certificate)
    {
        if (certificate.Extension(AuthorityInformation) is not { } value)
        {
            return false;
        }
        try
        {
            var descriptions = new AsnReader(value, AsnEncodingRules.DER).ReadSequence();
            while (descriptions.HasData)
            {
                if (descriptions.ReadSequence().ReadObjectIdentifier() == Ocsp)
                {
                    return true;
                }
            }
            return false;
        }
        catch (AsnContentException)
        {
            return true;
        }
    }
}
