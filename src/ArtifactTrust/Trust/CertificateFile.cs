using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>Certificates in a PEM file, as certificate authorities hand them out.</summary>
/// <remarks>Spec: RFC 7468 §5; explanatory text between the blocks is read over, other blocks than certificates are not.</remarks>
internal static class CertificateFile
{
    private const string Format = "certificate file";

    /// <exception cref="MalformedDataException">There is no certificate, one cannot be read, or there is something else.</exception>
    internal static IReadOnlyList<X509Certificate2> Read(ReadOnlySpan<byte> utf8)
    {
        StrictJson.CheckLength(utf8.Length, Format, Limits.CertificateFileBytes);
        var certificates = new List<X509Certificate2>();
        var rest = utf8;
        while (PemEncoding.TryFindUtf8(rest, out var fields))
        {
            var location = $"certificate {certificates.Count}";
            if (certificates.Count == Limits.CertificateFileCertificates)
            {
                throw new MalformedDataException(Format, "$", $"more than {Limits.CertificateFileCertificates} certificates");
            }
            CheckNoBrokenBlock(rest[..fields.Location.Start.GetOffset(rest.Length)]);
            if (!rest[fields.Label].SequenceEqual("CERTIFICATE"u8))
            {
                throw new MalformedDataException(
                    Format,
                    location,
                    "only blocks of the kind CERTIFICATE are expected; keep private keys elsewhere"
                );
            }
            var der = new byte[fields.DecodedDataLength];
            if (
                Base64.DecodeFromUtf8(rest[fields.Base64Data], der, out _, out var written) != OperationStatus.Done
                || written != der.Length
            )
            {
                throw new MalformedDataException(Format, location, "not base64");
            }
            certificates.Add(Certificates.Read(der, location));
            rest = rest[fields.Location.End.GetOffset(rest.Length)..];
        }
        CheckNoBrokenBlock(rest);
        return certificates.Count > 0
            ? certificates
            : throw new MalformedDataException(Format, "$", "no PEM block (-----BEGIN CERTIFICATE-----) was found");
    }

    // A block that is passed over could be the very certificate that the caller thinks is trusted, or not.
    private static void CheckNoBrokenBlock(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("-----BEGIN"u8) >= 0)
        {
            throw new MalformedDataException(Format, "$", "a PEM block has no end, or is not base64");
        }
    }
}
