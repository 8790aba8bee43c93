using System.Security.Cryptography;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Keys;

/// <summary>A signature algorithm with all its parameters: key type, curve or padding, and hash.</summary>
/// <remarks>Spec: Sigstore algorithm registry. Names here are its enum names (<c>PublicKeyDetails</c>).</remarks>
public sealed class SignatureAlgorithm
{
    private SignatureAlgorithm(
        string name,
        DigestAlgorithm? preHash,
        EllipticCurve? curve = null,
        RSASignaturePadding? padding = null,
        bool isVerifyOnly = false,
        MLDsaAlgorithm? mlDsa = null
    )
    {
        Name = name;
        PreHash = preHash;
        Curve = curve;
        Padding = padding;
        IsVerifyOnly = isVerifyOnly;
        MLDsa = mlDsa;
    }

    /// <summary>ECDSA on P-256 with SHA-256; signatures are ASN.1 DER.</summary>
    public static SignatureAlgorithm EcdsaP256 { get; } = new("PKIX_ECDSA_P256_SHA_256", DigestAlgorithm.Sha256, EllipticCurve.P256);

    /// <summary>ECDSA on P-384 with SHA-384; signatures are ASN.1 DER.</summary>
    public static SignatureAlgorithm EcdsaP384 { get; } = new("PKIX_ECDSA_P384_SHA_384", DigestAlgorithm.Sha384, EllipticCurve.P384);

    /// <summary>ECDSA on P-521 with SHA-512; signatures are ASN.1 DER.</summary>
    public static SignatureAlgorithm EcdsaP521 { get; } = new("PKIX_ECDSA_P521_SHA_512", DigestAlgorithm.Sha512, EllipticCurve.P521);

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256.</summary>
    public static SignatureAlgorithm RsaPkcs1 { get; } =
        new("PKIX_RSA_PKCS1V15_SHA256", DigestAlgorithm.Sha256, padding: RSASignaturePadding.Pkcs1);

    /// <summary>RSASSA-PSS with SHA-256 and MGF1 with SHA-256. Signatures are made with a salt of 32 bytes.</summary>
    public static SignatureAlgorithm RsaPss { get; } = new("PKIX_RSA_PSS_SHA256", DigestAlgorithm.Sha256, padding: RSASignaturePadding.Pss);

    /// <summary>Ed25519 (RFC 8032, pure): the whole message is signed, not a digest of it.</summary>
    public static SignatureAlgorithm Ed25519 { get; } = new("PKIX_ED25519", null);

    /// <summary>ECDSA on P-384 with SHA-256, as some clients signed until 2024: never made here, verified only where asked for.</summary>
    public static SignatureAlgorithm EcdsaP384Sha256 { get; } =
        new("PKIX_ECDSA_P384_SHA_256", DigestAlgorithm.Sha256, EllipticCurve.P384, isVerifyOnly: true);

    /// <summary>ECDSA on P-521 with SHA-256, as some clients signed until 2024: never made here, verified only where asked for.</summary>
    public static SignatureAlgorithm EcdsaP521Sha256 { get; } =
        new("PKIX_ECDSA_P521_SHA_256", DigestAlgorithm.Sha256, EllipticCurve.P521, isVerifyOnly: true);

    /// <summary>Ed25519ph (RFC 8032): Ed25519 over the message's SHA-512, as clients sign what goes into a log of digests. Verified only.</summary>
    public static SignatureAlgorithm Ed25519ph { get; } = new("PKIX_ED25519_PH", DigestAlgorithm.Sha512, isVerifyOnly: true);

    /// <summary>ML-DSA-44 (FIPS 204), pure: the whole message is signed. It needs OpenSSL 3.5, see <see cref="PostQuantum"/>.</summary>
    public static SignatureAlgorithm MLDsa44 { get; } = new("ML_DSA_44", null, mlDsa: MLDsaAlgorithm.MLDsa44);

    /// <summary>ML-DSA-65 (FIPS 204), as <see cref="MLDsa44"/>.</summary>
    public static SignatureAlgorithm MLDsa65 { get; } = new("ML_DSA_65", null, mlDsa: MLDsaAlgorithm.MLDsa65);

    /// <summary>ML-DSA-87 (FIPS 204), as <see cref="MLDsa44"/>.</summary>
    public static SignatureAlgorithm MLDsa87 { get; } = new("ML_DSA_87", null, mlDsa: MLDsaAlgorithm.MLDsa87);

    /// <summary>Algorithms for the time of quantum computers: there where OpenSSL is of version 3.5 or newer, and taken by no public log yet.</summary>
    public static IReadOnlyList<SignatureAlgorithm> PostQuantum { get; } = [MLDsa44, MLDsa65, MLDsa87];

    /// <summary>Every algorithm that signatures are made and verified with on every platform.</summary>
    public static IReadOnlyList<SignatureAlgorithm> All { get; } = [EcdsaP256, EcdsaP384, EcdsaP521, RsaPkcs1, RsaPss, Ed25519];

    /// <summary>Algorithms of other clients that nothing is signed with here. A key is bound to one only by <see cref="VerificationKey.With"/>.</summary>
    public static IReadOnlyList<SignatureAlgorithm> VerifyOnly { get; } = [EcdsaP384Sha256, EcdsaP521Sha256, Ed25519ph];

    /// <summary>The registry's name, without the RSA key size.</summary>
    public string Name { get; }

    /// <summary>The hash applied to the message first, or null where the whole message is signed.</summary>
    public DigestAlgorithm? PreHash { get; }

    /// <summary>Whether signatures are verified but never made.</summary>
    public bool IsVerifyOnly { get; }

    /// <summary>The parameter set, for ML-DSA only.</summary>
    internal MLDsaAlgorithm? MLDsa { get; }

    /// <summary>The curve, for ECDSA only.</summary>
    internal EllipticCurve? Curve { get; }

    /// <summary>The padding, for RSA only.</summary>
    internal RSASignaturePadding? Padding { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The algorithm a key of this curve has unless another is asked for.</summary>
    internal static SignatureAlgorithm Of(EllipticCurve curve) => All.First(a => a.Curve == curve);
}
