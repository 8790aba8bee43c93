using System.Buffers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Bundles;

public sealed partial class LegacySignature
{
    private const string FirstBundle = "application/vnd.dev.sigstore.bundle+json;version=0.1";

    /// <summary>The same signature as a bundle of version 0.1, whose log entries have a promise and no proof, as here.</summary>
    /// <remarks>
    /// Self-issued certificates are left out: roots come from the trusted root alone. A signature of an image is one of a message, the
    /// <see cref="Payload"/>; what that says is for <c>BundleVerifier.VerifyLegacy</c> to check. Law: equal signatures give equal bytes.
    /// </remarks>
    /// <exception cref="MalformedDataException">The envelope cannot be read, has several signatures, or a certificate cannot be read.</exception>
    public Bundle ToBundle()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("mediaType", FirstBundle);
            writer.WriteStartObject("verificationMaterial");
            WriteSigner(writer);
            if (LogEntry is not null)
            {
                writer.WriteStartArray("tlogEntries");
                LogEntry.WriteTo(writer);
                writer.WriteEndArray();
            }
            if (Timestamp is { } stamp)
            {
                writer.WriteStartObject("timestampVerificationData");
                writer.WriteStartArray("rfc3161Timestamps");
                writer.WriteStartObject();
                writer.WriteBase64String("signedTimestamp", stamp.Span);
                writer.WriteEndObject();
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            if (Kind == LegacySignatureKind.Attestation)
            {
                writer.WritePropertyName("dsseEnvelope");
                DsseEnvelope.Parse(StrictJson.Parse(Payload, FormatName, Limits.BundleBytes)).WriteTo(writer);
            }
            else
            {
                writer.WriteStartObject("messageSignature");
                writer.WriteBase64String("signature", Value.Span);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        return Bundle.Parse(buffer.WrittenMemory.ToArray());
    }

    private void WriteSigner(Utf8JsonWriter writer)
    {
        if (Certificates.Count == 0)
        {
            writer.WriteStartObject("publicKey");
            writer.WriteEndObject();
            return;
        }
        writer.WriteStartObject("x509CertificateChain");
        writer.WriteStartArray("certificates");
        for (var i = 0; i < Certificates.Count; i++)
        {
            if (i == 0 || !IsSelfIssued(Certificates[i]))
            {
                writer.WriteStartObject();
                writer.WriteBase64String("rawBytes", Certificates[i].Span);
                writer.WriteEndObject();
            }
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static bool IsSelfIssued(ReadOnlyMemory<byte> der)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der.Span);
            return certificate.IssuerName.RawData.AsSpan().SequenceEqual(certificate.SubjectName.RawData);
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(FormatName, ChainAnnotation, "a certificate cannot be read", e);
        }
    }
}
