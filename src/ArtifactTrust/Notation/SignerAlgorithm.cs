using System.Formats.Asn1;
using System.Globalization;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Notation;

/// <summary>The one algorithm that a signer's key has: its size decides, and what the envelope says must agree.</summary>
/// <remarks>Spec: Notary Project signature specification, "Algorithm Selection"; RFC 7518 §3.4, §3.5; RFC 9053 §2.1, RFC 8230 §2.</remarks>
internal sealed record SignerAlgorithm(string Name, long CoseNumber, DigestAlgorithm Hash, int CoordinateBytes = 0)
{
    private static readonly SignerAlgorithm[] All =
    [
        new("PS256", -37, DigestAlgorithm.Sha256),
        new("PS384", -38, DigestAlgorithm.Sha384),
        new("PS512", -39, DigestAlgorithm.Sha512),
        new("ES256", -7, DigestAlgorithm.Sha256, 32),
        new("ES384", -35, DigestAlgorithm.Sha384, 48),
        new("ES512", -36, DigestAlgorithm.Sha512, 66),
    ];

    /// <summary>The JOSE name of a COSE algorithm; of others the number, which no key has.</summary>
    internal static string NameOf(long coseNumber) =>
        Array.Find(All, a => a.CoseNumber == coseNumber)?.Name ?? coseNumber.ToString(CultureInfo.InvariantCulture);

    /// <summary>The algorithm of a key, or null where the specification has none for it.</summary>
    internal static SignerAlgorithm? Of(VerificationKey key)
    {
        var name = key switch
        {
            RsaVerificationKey { ModulusBits: 2048 } => "PS256",
            RsaVerificationKey { ModulusBits: 3072 } => "PS384",
            RsaVerificationKey { ModulusBits: 4096 } => "PS512",
            EcdsaVerificationKey when key.Algorithm.Curve == EllipticCurve.P256 => "ES256",
            EcdsaVerificationKey when key.Algorithm.Curve == EllipticCurve.P384 => "ES384",
            EcdsaVerificationKey when key.Algorithm.Curve == EllipticCurve.P521 => "ES512",
            _ => null,
        };
        return Array.Find(All, a => a.Name == name);
    }

    /// <summary>Whether the signature is the key's over the bytes.</summary>
    internal bool Verify(VerificationKey key, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        if (CoordinateBytes == 0)
        {
            return key.VerifyWith(Hash, signed, signature, isPss: true);
        }
        if (signature.Length != 2 * CoordinateBytes)
        {
            return false;
        }
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Number(signature[..CoordinateBytes]));
            writer.WriteIntegerUnsigned(Number(signature[CoordinateBytes..]));
        }
        return key.VerifyWith(Hash, signed, writer.Encode());
    }

    // DER has no leading zeros.
    private static ReadOnlySpan<byte> Number(ReadOnlySpan<byte> coordinate) =>
        coordinate.TrimStart((byte)0) is { IsEmpty: false } number ? number : coordinate[^1..];
}
