using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>A time-stamp authority.</summary>
internal sealed record TestTsa(X509Certificate2 Certificate)
{
    public static TestTsa Create(TestAuthority authority, string name, DateTimeOffset from, DateTimeOffset to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.8")], true));
        var signer = X509SignatureGenerator.CreateForECDsa(authority.TsaRootKey);
        using var certificate = request.Create(authority.TsaRoot.SubjectName, signer, from, to, RandomNumberGenerator.GetBytes(12));
        return new TestTsa(authority.Own(certificate.CopyWithPrivateKey(key)));
    }

    /// <summary>A time-stamp response (RFC 3161 §2.4.2).</summary>
    public byte[] Stamp(
        byte[] content,
        DateTimeOffset time,
        HashAlgorithmName hash,
        bool hasCertificate,
        byte[]? imprint = null,
        BigInteger? nonce = null,
        IReadOnlyList<X509Certificate2>? further = null
    )
    {
        var info = new AsnWriter(AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            info.WriteInteger(1);
            info.WriteObjectIdentifier("1.3.6.1.4.1.57264.2");
            using (info.PushSequence())
            {
                using (info.PushSequence())
                {
                    info.WriteObjectIdentifier(
                        hash == HashAlgorithmName.SHA1 ? "1.3.14.3.2.26"
                        : hash == HashAlgorithmName.SHA384 ? "2.16.840.1.101.3.4.2.2"
                        : "2.16.840.1.101.3.4.2.1"
                    );
                }
                info.WriteOctetString(imprint ?? CryptographicOperations.HashData(hash, content));
            }
            info.WriteInteger(4711);
            info.WriteGeneralizedTime(time, omitFractionalSeconds: true);
            if (nonce is { } number)
            {
                info.WriteInteger(number);
            }
        }
        var cms = new SignedCms(new ContentInfo(new Oid("1.2.840.113549.1.9.16.1.4"), info.Encode()), detached: false);
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, Certificate)
        {
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"),
            IncludeOption = hasCertificate ? X509IncludeOption.EndCertOnly : X509IncludeOption.None,
        };
        foreach (var certificate in further ?? [])
        {
            signer.Certificates.Add(certificate);
        }
        var attribute = new AsnWriter(AsnEncodingRules.DER);
        using (attribute.PushSequence())
        using (attribute.PushSequence())
        using (attribute.PushSequence())
        {
            attribute.WriteOctetString(SHA256.HashData(Certificate.RawData));
        }
        signer.SignedAttributes.Add(new AsnEncodedData(new Oid("1.2.840.113549.1.9.16.2.47"), attribute.Encode()));
        cms.ComputeSignature(signer);
        var response = new AsnWriter(AsnEncodingRules.DER);
        using (response.PushSequence())
        {
            using (response.PushSequence())
            {
                response.WriteInteger(0);
            }
            response.WriteEncodedValue(cms.Encode());
        }
        return response.Encode();
    }
}
