using System.Security.Cryptography;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>An RSA public key.</summary>
internal sealed class RsaVerificationKey : VerificationKey
{
    private readonly RSA _key;
    private readonly RSAParameters _parameters;

    private RsaVerificationKey(SignatureAlgorithm algorithm, RSA key, RSAParameters parameters)
        : base(algorithm, PublicKeyEncoding.WriteRsa(parameters)) => (_key, _parameters) = (key, parameters);

    /// <param name="modulus">Big-endian two's complement, as in DER.</param>
    /// <param name="exponent">Big-endian two's complement, as in DER.</param>
    /// <param name="algorithm">One of the RSA algorithms.</param>
    internal static RsaVerificationKey Import(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent, SignatureAlgorithm algorithm)
    {
        CheckModulus(modulus, Limits.RsaVerificationBits, PublicKeyEncoding.Format);
        var e = Unsigned(exponent);
        // Below 2^31, which is what Go's crypto/rsa accepts.
        if (exponent[0] >= 0x80 || e.Length > 4 || (e.Length == 4 && e[0] >= 0x80) || (e[^1] & 1) == 0 || (e.Length == 1 && e[0] < 3))
        {
            throw new MalformedDataException(PublicKeyEncoding.Format, "publicExponent", "an odd number from 3 to 2^31 - 1 is expected");
        }
        return Import(new RSAParameters { Modulus = Unsigned(modulus).ToArray(), Exponent = e.ToArray() }, algorithm);
    }

    /// <summary>Throws where the modulus, big-endian two's complement, is of a size that is not accepted.</summary>
    internal static void CheckModulus(ReadOnlySpan<byte> modulus, int minimumBits, string format)
    {
        var n = Unsigned(modulus);
        var bits = modulus[0] >= 0x80 || n.IsEmpty ? 0 : (8 * n.Length) - System.Numerics.BitOperations.LeadingZeroCount((uint)n[0]) + 24;
        if (bits < minimumBits || bits > Limits.RsaBits)
        {
            throw new MalformedDataException(format, "modulus", $"{bits} bits; {minimumBits} to {Limits.RsaBits} are accepted");
        }
        if ((n[^1] & 1) == 0)
        {
            throw new MalformedDataException(format, "modulus", "an odd number is expected");
        }
    }

    private static RsaVerificationKey Import(RSAParameters parameters, SignatureAlgorithm algorithm)
    {
        try
        {
            return new(algorithm, RSA.Create(parameters), parameters);
        }
        catch (CryptographicException e)
        {
            throw new MalformedDataException(PublicKeyEncoding.Format, "subjectPublicKey", "OpenSSL refuses the RSA key", e);
        }
    }

    /// <summary>The size of the modulus, in bits.</summary>
    internal int ModulusBits =>
        (8 * _parameters.Modulus!.Length) - System.Numerics.BitOperations.LeadingZeroCount(_parameters.Modulus[0]) + 24;

    private static ReadOnlySpan<byte> Unsigned(ReadOnlySpan<byte> number) => number.TrimStart((byte)0);

    private protected override VerificationKey? WithCore(SignatureAlgorithm algorithm) =>
        algorithm.Padding is null ? null : Import(_parameters, algorithm);

    private protected override bool VerifyCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        VerifyDigestCore(Algorithm.PreHash!.Hash(message).Bytes, signature);

    private protected override bool VerifyHashCore(
        DigestAlgorithm hash,
        ReadOnlySpan<byte> digest,
        ReadOnlySpan<byte> signature,
        bool isPss
    ) => VerifyNumber(digest, signature, hash, isPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);

    private protected override bool VerifyDigestCore(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature) =>
        VerifyNumber(digest, signature, Algorithm.PreHash!, Algorithm.Padding!);

    private bool VerifyNumber(ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature, DigestAlgorithm hash, RSASignaturePadding padding)
    {
        if (signature.Length != _parameters.Modulus!.Length)
        {
            return false;
        }
        try
        {
            return _key.VerifyHash(digest, signature, hash.BclName, padding);
        }
        catch (CryptographicException)
        {
            // A number that is not below the modulus, or no padding at all: not this key's signature.
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _key.Dispose();
}
