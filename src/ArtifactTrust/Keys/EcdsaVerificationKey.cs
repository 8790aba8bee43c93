using System.Formats.Asn1;
using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>An ECDSA public key.</summary>
internal sealed class EcdsaVerificationKey : VerificationKey
{
    private readonly ECDsa _key;
    private readonly ECPoint _point;

    private EcdsaVerificationKey(SignatureAlgorithm algorithm, ECDsa key, ECPoint point)
        : base(algorithm, PublicKeyEncoding.WriteEc(algorithm.Curve!, point)) => (_key, _point) = (key, point);

    /// <exception cref="MalformedDataException">The point is not on the curve.</exception>
    internal static EcdsaVerificationKey Import(EllipticCurve curve, ECPoint point, SignatureAlgorithm algorithm)
    {
        try
        {
            return new(algorithm, ECDsa.Create(new ECParameters { Curve = curve.Parameters, Q = point }), point);
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(PublicKeyEncoding.Format, "subjectPublicKey", $"the point is not on {curve}", e);
        }
    }

    private protected override VerificationKey? WithCore(SignatureAlgorithm algorithm) =>
        algorithm.Curve == Algorithm.Curve ? Import(Algorithm.Curve!, _point, algorithm) : null;

    private protected override bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        VerifyDigestCore(Algorithm.PreHash!.Hash(message).Bytes, signature);

    private protected override bool VerifyHashCore(
        DigestAlgorithm hash,
        ReadOnlySpan<byte> digest,
        ReadOnlySpan<byte> signature,
        bool isPss
    ) => !isPss && VerifyDigestCore(digest, signature);

    private protected override bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (!IsDer(signature))
        {
            return false;
        }
        try
        {
            return _key.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            // Numbers that are out of range: not this key's signature.
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();

    // The BCL reads any BER, which would let others vary a signature's bytes.
    private static bool IsDer(ReadOnlySpan<byte> signature)
    {
        try
        {
            AsnDecoder.ReadSequence(signature, AsnEncodingRules.DER, out var offset, out var length, out var consumed);
            var content = signature.Slice(offset, length);
            AsnDecoder.ReadIntegerBytes(content, AsnEncodingRules.DER, out var first);
            AsnDecoder.ReadIntegerBytes(content[first..], AsnEncodingRules.DER, out var second);
            return consumed == signature.Length && first + second == length;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }
}
