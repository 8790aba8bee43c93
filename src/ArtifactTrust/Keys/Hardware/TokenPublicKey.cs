using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;
using static ArtifactTrust.Keys.Hardware.Cryptoki;

namespace ArtifactTrust.Keys.Hardware;

/// <summary>Public keys as tokens store them.</summary>
/// <remarks>Spec: PKCS#11 v2.40 mechanisms §2.1.2 (RSA), §2.3.3 (EC); v3.0 mechanisms §2.3.5 (Edwards). Everything read is checked like a key file.</remarks>
internal static class TokenPublicKey
{
    private const string Format = "public key of a token";

    /// <summary>The name of Ed25519 that PKCS#11 v3.0 gives in place of an object identifier.</summary>
    internal const string Edwards25519 = "edwards25519";

    /// <summary>Reads the public key that an object holds, or null where it does not tell.</summary>
    /// <param name="session">The token.</param>
    /// <param name="target">A public key, a private key or a certificate.</param>
    /// <param name="rsaPadding">For RSA keys.</param>
    /// <exception cref="MalformedDataException">The key is damaged, or of a kind, curve or size that is not accepted.</exception>
    internal static VerificationKey? Read(TokenSession session, nuint target, SignatureAlgorithm? rsaPadding)
    {
        if (session.ReadNumber(target, AttributeType.Class) == (nuint)ObjectClass.Certificate)
        {
            return session.Read(target, AttributeType.Value) is { Length: > 0 } certificate
                ? FromCertificate(certificate, rsaPadding)
                : null;
        }
        var type = session.ReadNumber(target, AttributeType.KeyType);
        switch (type)
        {
            case (nuint)KeyType.Rsa:
                return
                    session.Read(target, AttributeType.Modulus) is { Length: > 0 } modulus
                    && session.Read(target, AttributeType.PublicExponent) is { Length: > 0 } exponent
                    ? FromRsa(modulus, exponent, rsaPadding)
                    : FromInfo(session, target, rsaPadding);
            case (nuint)KeyType.Ec or (nuint)KeyType.EcEdwards:
                return
                    session.Read(target, AttributeType.EcParams) is { Length: > 0 } parameters
                    && session.Read(target, AttributeType.EcPoint) is { Length: > 0 } point
                    ? FromPoint(parameters, point)
                    : FromInfo(session, target, rsaPadding);
            default:
                throw new MalformedDataException(Format, "CKA_KEY_TYPE", $"key type {type} is not one of RSA, EC and Edwards");
        }
    }

    /// <summary>The attributes that tell a key from others, as a URI has them.</summary>
    internal static string Describe(TokenSession session, nuint target)
    {
        var label = session.Read(target, AttributeType.Label) is { Length: > 0 } l ? $"object={Pkcs11Uri.Encode(l)}" : "";
        var id = session.Read(target, AttributeType.Id) is { Length: > 0 } i ? $"id={Pkcs11Uri.Percent(i)}" : "";
        return string.Join(';', new[] { label, id }.Where(p => p.Length > 0)) is { Length: > 0 } text ? text : "(no label, no id)";
    }

    /// <summary>Reads EC parameters and point.</summary>
    internal static VerificationKey FromPoint(byte[] parameters, byte[] point)
    {
        try
        {
            var reader = new AsnReader(parameters, AsnEncodingRules.DER);
            if (reader.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
            {
                var oid = reader.ReadObjectIdentifier();
                reader.ThrowIfNotEmpty();
                if (oid == PublicKeyEncoding.Ed25519Oid)
                {
                    return Ed25519VerificationKey.Import(Unwrap(point, OpenSsl.Ed25519KeyBytes));
                }
                var curve =
                    EllipticCurve.Find(oid)
                    ?? throw new MalformedDataException(
                        Format,
                        "CKA_EC_PARAMS",
                        $"curve {oid} is not one of P-256, P-384, P-521 and Ed25519"
                    );
                var encoded = Unwrap(point, 1 + (2 * curve.CoordinateBytes));
                return EcdsaVerificationKey.Import(
                    curve,
                    PublicKeyEncoding.ReadPoint(curve, encoded, Format),
                    SignatureAlgorithm.Of(curve)
                );
            }
            var name = reader.ReadCharacterString(UniversalTagNumber.PrintableString);
            reader.ThrowIfNotEmpty();
            return name == Edwards25519
                ? Ed25519VerificationKey.Import(Unwrap(point, OpenSsl.Ed25519KeyBytes))
                : throw new MalformedDataException(Format, "CKA_EC_PARAMS", "the curve is not one of P-256, P-384, P-521 and Ed25519");
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "CKA_EC_PARAMS", "no named curve in DER", e);
        }
    }

    private static VerificationKey? FromInfo(TokenSession session, nuint target, SignatureAlgorithm? rsaPadding) =>
        session.Read(target, AttributeType.PublicKeyInfo) is { Length: > 0 } info ? PublicKeyEncoding.Read(info, rsaPadding) : null;

    private static VerificationKey FromRsa(byte[] modulus, byte[] exponent, SignatureAlgorithm? rsaPadding)
    {
        if (
            modulus.Length > Limits.RsaBits / 8
            || exponent.Length > Limits.RsaBits / 8
            || modulus.All(b => b == 0)
            || exponent.All(b => b == 0)
        )
        {
            throw new MalformedDataException(
                Format,
                "CKA_MODULUS",
                $"a number of at most {Limits.RsaBits} bits and an exponent are expected"
            );
        }
        var number = new RSAParameters { Modulus = Unsigned(modulus), Exponent = Unsigned(exponent) };
        return PublicKeyEncoding.Read(PublicKeyEncoding.WriteRsa(number), rsaPadding);
    }

    private static VerificationKey FromCertificate(byte[] der, SignatureAlgorithm? rsaPadding)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            return PublicKeyEncoding.Read(certificate.PublicKey.ExportSubjectPublicKeyInfo(), rsaPadding);
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, "CKA_VALUE", "no X.509 certificate", e);
        }
    }

    /// <summary>The point, which the specification wraps into an OCTET STRING and some tokens do not.</summary>
    private static byte[] Unwrap(byte[] point, int length)
    {
        // By the length, because the first byte of a bare point is that of an OCTET STRING too.
        if (point.Length == length)
        {
            return point;
        }
        try
        {
            var reader = new AsnReader(point, AsnEncodingRules.DER);
            // Some tokens say BIT STRING for Edwards curves.
            var content = reader.PeekTag().HasSameClassAndValue(Asn1Tag.PrimitiveBitString)
                ? reader.ReadBitString(out _)
                : reader.ReadOctetString();
            reader.ThrowIfNotEmpty();
            return content.Length == length
                ? content
                : throw new MalformedDataException(Format, "CKA_EC_POINT", $"{content.Length} bytes; {length} are expected");
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "CKA_EC_POINT", $"a point of {length} bytes in an OCTET STRING is expected", e);
        }
    }

    private static byte[] Unsigned(byte[] number) => number.AsSpan().TrimStart((byte)0).ToArray();
}
