using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>X.509 certificates as the BCL reads them, DER only.</summary>
internal static class Certificates
{
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
}
