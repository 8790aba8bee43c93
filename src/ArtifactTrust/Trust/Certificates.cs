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
            if (!certificate.RawDataMemory.Span.SequenceEqual(der))
            {
                throw new MalformedDataException(Format, location, "one DER certificate and nothing else is expected");
            }
            Decode(certificate, location);
            return certificate;
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, location, "not an X.509 certificate in DER", e);
        }
    }

    // The BCL decodes these when they are first asked for, and throws then.
    private static void Decode(X509Certificate2 certificate, string location)
    {
        _ = (certificate.NotBefore, certificate.NotAfter, certificate.SerialNumber, certificate.Subject, certificate.Issuer);
        _ = certificate.PublicKey.ExportSubjectPublicKeyInfo();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var extension in certificate.Extensions)
        {
            if (!seen.Add(extension.Oid!.Value!))
            {
                throw new MalformedDataException(Format, location, $"the extension {extension.Oid.Value} is there twice (RFC 5280 §4.2)");
            }
            _ = extension switch
            {
                X509KeyUsageExtension e => (object)e.KeyUsages,
                X509BasicConstraintsExtension e => e.CertificateAuthority,
                X509EnhancedKeyUsageExtension e => e.EnhancedKeyUsages,
                X509SubjectKeyIdentifierExtension e => e.SubjectKeyIdentifier!,
                _ => extension,
            };
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
