using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>X.509 certificates, DER only.</summary>
internal static class Certificates
{
    internal const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    internal const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string Format = "certificate";

    /// <exception cref="MalformedDataException">The bytes are not one certificate in DER.</exception>
    internal static X509Certificate2 Read(ReadOnlySpan<byte> der, string location)
    {
        if (der.Length > Limits.CertificateBytes)
        {
            throw new MalformedDataException(Format, location, $"{der.Length} bytes; at most {Limits.CertificateBytes} are accepted");
        }
        try
        {
            var certificate = X509CertificateLoader.LoadCertificate(der);
            // The loader also takes PEM, and reads over what follows the certificate.
            return certificate.RawDataMemory.Span.SequenceEqual(der)
                ? certificate
                : throw new MalformedDataException(Format, location, "one DER certificate and nothing else is expected");
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, location, "not an X.509 certificate in DER", e);
        }
    }

    /// <summary>Whether the certificate names itself as its issuer.</summary>
    internal static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    /// <summary>Whether the certificate says, in so many words, that it is for the use; saying nothing is not enough.</summary>
    internal static bool IsFor(X509Certificate2 certificate, string usage) =>
        certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().SingleOrDefault() is { } extension
        && extension.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == usage);
}
