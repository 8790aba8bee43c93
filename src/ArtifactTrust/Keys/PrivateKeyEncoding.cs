using System.Formats.Asn1;
using System.Security.Cryptography;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Keys;

/// <summary>Private keys in DER, not encrypted: PKCS#8, and the older SEC 1 and PKCS#1.</summary>
/// <remarks>Spec: RFC 5208 and RFC 5958 (PKCS#8), RFC 5915 (EC), RFC 8017 §A.1.2 (RSA), RFC 8410 §7 (Ed25519).</remarks>
internal static class PrivateKeyEncoding
{
    internal const string Format = "private key";

    private static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Tag1 = new(TagClass.ContextSpecific, 1, isConstructed: true);
    private static readonly Asn1Tag PublicKeyTag = new(TagClass.ContextSpecific, 1);

    /// <summary>Whether the bytes are a PrivateKeyInfo as far as its outer shape: what the right password yields.</summary>
    internal static bool IsPkcs8(ReadOnlyMemory<byte> der)
    {
        try
        {
            ReadPkcs8Fields(der);
            return true;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    /// <exception cref="MalformedDataException">The bytes are not a key, or one that does not sign here.</exception>
    internal static SigningKey ReadPkcs8(ReadOnlyMemory<byte> der, SignatureAlgorithm? rsaPadding) =>
        Guard(() =>
        {
            var (version, algorithm, content, publicKey) = ReadPkcs8Fields(der);
            if (version > 1 || (publicKey is not null && version == 0))
            {
                throw new MalformedDataException(Format, "version", $"PKCS#8 of version {version} has no such form (RFC 5958)");
            }
            var oid = algorithm.ReadObjectIdentifier();
            SigningKey key = oid switch
            {
                PublicKeyEncoding.EcOid => ReadEcContent(content, ReadOnlyCurve(algorithm)),
                PublicKeyEncoding.RsaOid => ReadRsaContent(content, rsaPadding, algorithm),
                PublicKeyEncoding.Ed25519Oid => ReadEd25519Content(content, algorithm),
                _ when PublicKeyEncoding.FindMLDsa(oid) is { } mlDsa => MLDsaSigningKey.Import(mlDsa, der.Span),
                _ => throw PublicKeyEncoding.Unsupported(oid, Format),
            };
            return publicKey is null || PublicKeyEncoding.Content(key.PublicKey.SubjectPublicKeyInfo).AsSpan().SequenceEqual(publicKey)
                ? key
                : throw Mismatch(key);
        });

    /// <summary>Reads an ECPrivateKey, which names its curve.</summary>
    /// <exception cref="MalformedDataException">The bytes are not a key, or one that does not sign here.</exception>
    internal static SigningKey ReadSec1(ReadOnlyMemory<byte> der) => Guard(() => ReadEcContent(der, null));

    /// <summary>Reads an RSAPrivateKey.</summary>
    /// <exception cref="MalformedDataException">The bytes are not a key, or one that does not sign here.</exception>
    internal static SigningKey ReadPkcs1(ReadOnlyMemory<byte> der, SignatureAlgorithm? rsaPadding) =>
        Guard(() => ReadRsaContent(der, rsaPadding, null));

    private static (int Version, AsnReader Algorithm, ReadOnlyMemory<byte> Content, byte[]? PublicKey) ReadPkcs8Fields(
        ReadOnlyMemory<byte> der
    )
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var info = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!info.TryReadInt32(out var version) || version < 0)
        {
            throw new AsnContentException("the version is out of range");
        }
        var algorithm = info.ReadSequence();
        var content = ReadOctets(info);
        byte[]? publicKey = null;
        if (info.HasData && info.PeekTag().HasSameClassAndValue(Tag0))
        {
            // Attributes, such as the key usage that some systems write, say nothing that is used here.
            info.ReadSetOf(skipSortOrderValidation: true, Tag0);
        }
        if (info.HasData)
        {
            publicKey = info.ReadBitString(out _, PublicKeyTag);
        }
        info.ThrowIfNotEmpty();
        return (version, algorithm, content, publicKey);
    }

    private static EllipticCurve ReadOnlyCurve(AsnReader parameters)
    {
        var curve = PublicKeyEncoding.ReadCurve(parameters, Format);
        parameters.ThrowIfNotEmpty();
        return curve;
    }

    private static EcdsaSigningKey ReadEcContent(ReadOnlyMemory<byte> der, EllipticCurve? outerCurve)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var fields = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!fields.TryReadInt32(out var version) || version != 1)
        {
            throw new MalformedDataException(Format, "version", "an ECPrivateKey of version 1 is expected (RFC 5915)");
        }
        var number = ReadOctets(fields).Span.TrimStart((byte)0);
        var innerCurve = fields.HasData && fields.PeekTag().HasSameClassAndValue(Tag0) ? ReadOnlyCurve(fields.ReadSequence(Tag0)) : null;
        var curve = outerCurve ?? innerCurve ?? throw new MalformedDataException(Format, "parameters", "the curve is not named");
        if (innerCurve is not null && innerCurve != curve)
        {
            throw new MalformedDataException(Format, "parameters", $"{innerCurve} and {curve} are both named");
        }
        var point = default(ECPoint);
        if (fields.HasData)
        {
            var explicitPoint = fields.ReadSequence(Tag1);
            point = PublicKeyEncoding.ReadPoint(curve, explicitPoint.ReadBitString(out _), Format);
            explicitPoint.ThrowIfNotEmpty();
        }
        fields.ThrowIfNotEmpty();
        if (number.Length > curve.CoordinateBytes)
        {
            throw new MalformedDataException(Format, "privateKey", $"{number.Length} bytes; {curve.CoordinateBytes} are expected");
        }
        var padded = GC.AllocateArray<byte>(curve.CoordinateBytes, pinned: true);
        number.CopyTo(padded.AsSpan(curve.CoordinateBytes - number.Length));
        try
        {
            // The BCL computes a missing point, and refuses one that is not the number's.
            var parameters = new ECParameters
            {
                Curve = curve.Parameters,
                D = padded,
                Q = point,
            };
            return new(ECDsa.Create(parameters), SignatureAlgorithm.Of(curve));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(padded);
        }
    }

    private static RsaSigningKey ReadRsaContent(ReadOnlyMemory<byte> der, SignatureAlgorithm? padding, AsnReader? parameters)
    {
        parameters?.ReadNull();
        parameters?.ThrowIfNotEmpty();
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var fields = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        if (!fields.TryReadInt32(out var version) || version != 0)
        {
            throw new MalformedDataException(Format, "version", "an RSAPrivateKey of two primes is expected (RFC 8017)");
        }
        RsaVerificationKey.CheckModulus(fields.ReadIntegerBytes().Span, Limits.RsaSigningBits, Format);
        var rsa = RSA.Create();
        try
        {
            rsa.ImportRSAPrivateKey(der.Span, out _);
            var key = new RsaSigningKey(rsa, padding ?? SignatureAlgorithm.RsaPkcs1);
            // OpenSSL takes the numbers as they are; whether they belong together shows in use.
            var signature = key.Sign([]);
            return key.PublicKey.Verify([], signature) ? key : throw Mismatch(key);
        }
        catch
        {
            rsa.Dispose();
            throw;
        }
    }

    private static Ed25519SigningKey ReadEd25519Content(ReadOnlyMemory<byte> der, AsnReader parameters)
    {
        parameters.ThrowIfNotEmpty();
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        var seed = ReadOctets(outer);
        outer.ThrowIfNotEmpty();
        return seed.Length == OpenSsl.Ed25519KeyBytes
            ? Ed25519SigningKey.Import(seed.Span)
            : throw new MalformedDataException(Format, "privateKey", $"{seed.Length} bytes; {OpenSsl.Ed25519KeyBytes} are expected");
    }

    /// <summary>The content of an OCTET STRING where it stands, so that no copy of a secret is left behind.</summary>
    private static ReadOnlyMemory<byte> ReadOctets(AsnReader reader) =>
        reader.TryReadPrimitiveOctetString(out var content)
            ? content
            : throw new AsnContentException("an octet string in one piece is expected");

    private static MalformedDataException Mismatch(SigningKey key)
    {
        key.Dispose();
        return new MalformedDataException(Format, "$", "the private and the public half do not belong together");
    }

    // The messages of the exceptions caught say what DER or OpenSSL wanted, and nothing of the key.
    private static SigningKey Guard(Func<SigningKey> read)
    {
        try
        {
            return read();
        }
        catch (AsnContentException e)
        {
            throw new MalformedDataException(Format, "$", $"not the DER of a private key: {e.Message}", e);
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(Format, "$", "the numbers of the key do not belong together", e);
        }
    }
}
