using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Trust;

/// <summary>A log's promise, embedded in a certificate, that it has published the certificate.</summary>
/// <remarks>Spec: RFC 6962 §3.2 and §3.3, version 1; static logs put the entry's index into the extensions, which are signed too.</remarks>
internal sealed record SignedCertificateTimestamp(
    ReadOnlyMemory<byte> LogId,
    DateTimeOffset Time,
    ReadOnlyMemory<byte> Extensions,
    byte HashAlgorithm,
    byte SignatureAlgorithm,
    ReadOnlyMemory<byte> Signature
)
{
    internal const string ExtensionOid = "1.3.6.1.4.1.11129.2.4.2";
    private const string Format = "signed certificate timestamps";
    private const int LogIdBytes = 32;
    private const byte Sha256 = 4;
    private const byte Rsa = 1;
    private const byte Ecdsa = 3;

    /// <summary>The timestamps in a certificate; none where it has no such extension.</summary>
    /// <exception cref="MalformedDataException">The extension cannot be read.</exception>
    internal static IReadOnlyList<SignedCertificateTimestamp> Read(Certificate certificate)
    {
        if (certificate.Extension(ExtensionOid) is not { } extension)
        {
            return [];
        }
        byte[] list;
        try
        {
            list = AsnDecoder.ReadOctetString(extension.Span, AsnEncodingRules.DER, out var consumed);
            if (consumed != extension.Length)
            {
                throw new MalformedDataException(Format, "$", "something follows the list");
            }
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "$", "an OCTET STRING is expected", e);
        }
        var rest = new TlsReader(list);
        var entries = rest.Vector16();
        rest.ThrowIfNotEmpty();
        var timestamps = new List<SignedCertificateTimestamp>();
        while (!entries.IsEmpty)
        {
            if (timestamps.Count == Limits.CertificateTimestamps)
            {
                throw new MalformedDataException(Format, "$", $"more than {Limits.CertificateTimestamps} timestamps");
            }
            // A version that is not known is skipped whole (RFC 6962 §3.3 makes each one opaque).
            var one = entries.Vector16();
            if (one.Byte() == 0)
            {
                timestamps.Add(ReadOne(one));
            }
        }
        return timestamps;
    }

    /// <summary>Whether the signature is the log's over the certificate as it was before the timestamps were put in.</summary>
    /// <param name="key">The log's key.</param>
    /// <param name="leaf">The certificate.</param>
    /// <param name="issuer">Its issuer, from a verified path.</param>
    internal bool Verify(VerificationKey key, Certificate leaf, Certificate issuer)
    {
        var expected =
            key.Algorithm.Padding is not null ? Rsa
            : key.Algorithm == Keys.SignatureAlgorithm.EcdsaP256 ? Ecdsa
            : (byte)0;
        if (expected == 0 || SignatureAlgorithm != expected || HashAlgorithm != Sha256)
        {
            return false;
        }
        var tbs = PrecertificateOf(leaf.Tbs);
        using var signed = new MemoryStream(tbs.Length + 64);
        Span<byte> number = stackalloc byte[8];
        signed.Write([0, 0]); // version 1, certificate_timestamp
        BinaryPrimitives.WriteInt64BigEndian(number, Time.ToUnixTimeMilliseconds());
        signed.Write(number);
        signed.Write([0, 1]); // precert_entry
        signed.Write(SHA256.HashData(issuer.SubjectPublicKeyInfo.Span));
        BinaryPrimitives.WriteInt32BigEndian(number, tbs.Length);
        signed.Write(number[1..4]);
        signed.Write(tbs);
        BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)Extensions.Length);
        signed.Write(number[..2]);
        signed.Write(Extensions.Span);
        return key.Verify(signed.ToArray(), Signature.Span);
    }

    private static SignedCertificateTimestamp ReadOne(TlsReader reader)
    {
        var logId = reader.Bytes(LogIdBytes);
        var milliseconds = BinaryPrimitives.ReadUInt64BigEndian(reader.Bytes(sizeof(ulong)).Span);
        if (milliseconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            throw new MalformedDataException(Format, "timestamp", "there is no such time");
        }
        var extensions = reader.Bytes(reader.Number16());
        var (hash, algorithm) = (reader.Byte(), reader.Byte());
        var signature = reader.Bytes(reader.Number16());
        reader.ThrowIfNotEmpty();
        return new(logId, DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds), extensions, hash, algorithm, signature);
    }

    /// <summary>The part of the certificate that is signed, without the extension that holds the timestamps.</summary>
    /// <exception cref="MalformedDataException">The certificate is not in DER.</exception>
    private static byte[] PrecertificateOf(ReadOnlyMemory<byte> tbsCertificate)
    {
        try
        {
            var tbs = new AsnReader(tbsCertificate, AsnEncodingRules.DER).ReadSequence();
            var writer = new AsnWriter(AsnEncodingRules.DER);
            var extensionsTag = new Asn1Tag(TagClass.ContextSpecific, 3, isConstructed: true);
            using (writer.PushSequence())
            {
                while (tbs.HasData)
                {
                    if (tbs.PeekTag() != extensionsTag)
                    {
                        writer.WriteEncodedValue(tbs.ReadEncodedValue().Span);
                        continue;
                    }
                    var extensions = tbs.ReadSequence(extensionsTag).ReadSequence();
                    using (writer.PushSequence(extensionsTag))
                    using (writer.PushSequence())
                    {
                        while (extensions.HasData)
                        {
                            var extension = extensions.ReadEncodedValue();
                            var oid = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier();
                            if (oid != ExtensionOid)
                            {
                                writer.WriteEncodedValue(extension.Span);
                            }
                        }
                    }
                }
            }
            return writer.Encode();
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException("certificate", "tbsCertificate", "not in DER", e);
        }
    }

    /// <summary>Reads the presentation language of TLS (RFC 8446 §3).</summary>
    private sealed class TlsReader(ReadOnlyMemory<byte> data)
    {
        private ReadOnlyMemory<byte> _rest = data;

        internal bool IsEmpty => _rest.IsEmpty;

        internal ReadOnlyMemory<byte> Bytes(int count)
        {
            if (count > _rest.Length)
            {
                throw new MalformedDataException(Format, "$", "the list ends in the middle of a value");
            }
            var bytes = _rest[..count];
            _rest = _rest[count..];
            return bytes;
        }

        internal byte Byte() => Bytes(1).Span[0];

        internal int Number16() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(sizeof(ushort)).Span);

        internal TlsReader Vector16() => new(Bytes(Number16()));

        internal void ThrowIfNotEmpty()
        {
            if (!IsEmpty)
            {
                throw new MalformedDataException(Format, "$", "something follows the value");
            }
        }
    }
}
