using System.Formats.Asn1;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys;

/// <summary>SubjectPublicKeyInfo in DER: reads the one encoding of a key that is accepted, and writes it.</summary>
/// <remarks>Spec: RFC 5280 §4.1.2.7; RFC 5480 (EC, named curves and uncompressed points only), RFC 3279 §2.3.1 (RSA), RFC 8410 (Ed25519).</remarks>
internal static class PublicKeyEncoding
{
    internal const string Format = "public key";
    internal const string EcOid = "1.2.840.10045.2.1";
    internal const string RsaOid = "1.2.840.113549.1.1.1";
    internal const string Ed25519Oid = "1.3.101.112";
    internal const string RsaPssOid = "1.2.840.113549.1.1.10";
    private const byte Uncompressed = 4;

    internal static VerificationKey Read(ReadOnlySpan<byte> der, SignatureAlgorithm? rsaPadding)
    {
        if (der.Length > Limits.KeyFileBytes)
        {
            throw new MalformedDataException(Format, "$", $"{der.Length} bytes; at most {Limits.KeyFileBytes} are accepted");
        }
        var bytes = der.ToArray();
        VerificationKey key;
        try
        {
            var outer = new AsnReader(bytes, AsnEncodingRules.DER);
            var info = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var algorithm = info.ReadSequence();
            var content = info.ReadBitString(out var unusedBits);
            info.ThrowIfNotEmpty();
            if (unusedBits != 0)
            {
                throw new MalformedDataException(Format, "subjectPublicKey", "a whole number of bytes is expected");
            }
            key = ReadContent(algorithm, content, rsaPadding);
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "$", $"not a DER SubjectPublicKeyInfo (RFC 5280): {e.Message}", e);
        }
        if (!key.SubjectPublicKeyInfo.Span.SequenceEqual(der))
        {
            key.Dispose();
            throw new MalformedDataException(Format, "$", "not the canonical encoding of the key");
        }
        return key;
    }

    /// <summary>Reads a PKCS#1 RSAPublicKey (RFC 8017 §A.1.1).</summary>
    internal static VerificationKey ReadPkcs1(ReadOnlySpan<byte> der, SignatureAlgorithm? rsaPadding) =>
        Read(Write(RsaOid, static w => w.WriteNull(), der), rsaPadding);

    /// <summary>The content of the BIT STRING of an encoding made here.</summary>
    internal static byte[] Content(ReadOnlyMemory<byte> der)
    {
        var info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        info.ReadSequence();
        return info.ReadBitString(out _);
    }

    internal static byte[] WriteEc(EllipticCurve curve, ECPoint point)
    {
        var encoded = new byte[1 + (2 * curve.CoordinateBytes)];
        encoded[0] = Uncompressed;
        point.X!.CopyTo(encoded, 1 + curve.CoordinateBytes - point.X.Length);
        point.Y!.CopyTo(encoded, encoded.Length - point.Y.Length);
        return Write(EcOid, w => w.WriteObjectIdentifier(curve.Oid), encoded);
    }

    internal static byte[] WriteRsa(RSAParameters key)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(key.Modulus);
            writer.WriteIntegerUnsigned(key.Exponent);
        }
        return Write(RsaOid, static w => w.WriteNull(), writer.Encode());
    }

    /// <summary>The algorithm that a key's object identifier names (RFC 9881 §2), or null.</summary>
    internal static SignatureAlgorithm? FindMLDsa(string oid) =>
        oid switch
        {
            "2.16.840.1.101.3.4.3.17" => SignatureAlgorithm.MLDsa44,
            "2.16.840.1.101.3.4.3.18" => SignatureAlgorithm.MLDsa65,
            "2.16.840.1.101.3.4.3.19" => SignatureAlgorithm.MLDsa87,
            _ => null,
        };

    internal static byte[] WriteMLDsa(SignatureAlgorithm algorithm, ReadOnlySpan<byte> key) =>
        Write(
            algorithm == SignatureAlgorithm.MLDsa44 ? "2.16.840.1.101.3.4.3.17"
                : algorithm == SignatureAlgorithm.MLDsa65 ? "2.16.840.1.101.3.4.3.18"
                : "2.16.840.1.101.3.4.3.19",
            static _ => { },
            key
        );

    internal static byte[] WriteEd25519(ReadOnlySpan<byte> key) => Write(Ed25519Oid, static _ => { }, key);

    /// <summary>The curve that algorithm parameters name.</summary>
    internal static EllipticCurve ReadCurve(AsnReader parameters, string format)
    {
        if (!parameters.HasData || !parameters.PeekTag().HasSameClassAndValue(Asn1Tag.ObjectIdentifier))
        {
            throw new MalformedDataException(format, "algorithm", "the curve is not named; explicit curve parameters are not accepted");
        }
        var oid = parameters.ReadObjectIdentifier();
        return EllipticCurve.Find(oid)
            ?? throw new MalformedDataException(format, "algorithm", $"curve {oid} is not one of P-256, P-384 and P-521");
    }

    /// <summary>The point, which is not yet known to be on the curve.</summary>
    internal static ECPoint ReadPoint(EllipticCurve curve, ReadOnlySpan<byte> encoded, string format)
    {
        var size = curve.CoordinateBytes;
        return encoded.Length == 1 + (2 * size) && encoded[0] == Uncompressed
            ? new ECPoint { X = encoded.Slice(1, size).ToArray(), Y = encoded[(1 + size)..].ToArray() }
            : throw new MalformedDataException(format, "subjectPublicKey", $"an uncompressed point of {1 + (2 * size)} bytes is expected");
    }

    /// <summary>What to say of an algorithm that keys here do not have.</summary>
    internal static MalformedDataException Unsupported(string oid, string format) =>
        new(
            format,
            "algorithm",
            oid == RsaPssOid
                ? "the key is of type id-RSASSA-PSS, which Sigstore clients cannot read; an ordinary RSA key can sign with PSS too"
                : $"key type {oid} is not one of ECDSA, RSA, Ed25519 and ML-DSA"
        );

    private static VerificationKey ReadContent(AsnReader algorithm, byte[] content, SignatureAlgorithm? rsaPadding)
    {
        var oid = algorithm.ReadObjectIdentifier();
        switch (oid)
        {
            case EcOid:
                var curve = ReadCurve(algorithm, Format);
                algorithm.ThrowIfNotEmpty();
                return EcdsaVerificationKey.Import(curve, ReadPoint(curve, content, Format), SignatureAlgorithm.Of(curve));
            case RsaOid:
                algorithm.ReadNull();
                algorithm.ThrowIfNotEmpty();
                var outer = new AsnReader(content, AsnEncodingRules.DER);
                var numbers = outer.ReadSequence();
                outer.ThrowIfNotEmpty();
                var (modulus, exponent) = (numbers.ReadIntegerBytes(), numbers.ReadIntegerBytes());
                numbers.ThrowIfNotEmpty();
                return RsaVerificationKey.Import(modulus.Span, exponent.Span, rsaPadding ?? SignatureAlgorithm.RsaPkcs1);
            case Ed25519Oid:
                algorithm.ThrowIfNotEmpty();
                return Ed25519VerificationKey.Import(content);
            case var _ when FindMLDsa(oid) is { } mlDsa:
                algorithm.ThrowIfNotEmpty();
                return MLDsaVerificationKey.Import(mlDsa, content);
            default:
                throw Unsupported(oid, Format);
        }
    }

    private static byte[] Write(string oid, Action<AsnWriter> writeParameters, ReadOnlySpan<byte> content)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(oid);
                writeParameters(writer);
            }
            writer.WriteBitString(content);
        }
        return writer.Encode();
    }
}
