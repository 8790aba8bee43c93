using System.Formats.Asn1;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Trust;

/// <summary>What a certificate or a time-stamp token is signed with: the family of keys, and the hash where the algorithm has one.</summary>
/// <remarks>
/// Spec: RFC 5758 §3.2 (ECDSA), RFC 8017 §A.2 (RSA), RFC 4055 §3.1 (RSASSA-PSS), RFC 8410 §3 (Ed25519), RFC 9881 §2 (ML-DSA). SHA-1 and MD5 are not
/// here, whatever the key. Of PSS the one form is read that clients write: one hash for message and mask, and a salt as long as it.
/// </remarks>
internal sealed record CertificateSignature(string Family, DigestAlgorithm? Hash, bool IsPss = false)
{
    private const string MaskGeneration = "1.2.840.113549.1.1.8";

    /// <summary>The algorithm of an AlgorithmIdentifier in DER, or null where it is not accepted.</summary>
    internal static CertificateSignature? Read(ReadOnlyMemory<byte> der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var algorithm = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var oid = algorithm.ReadObjectIdentifier();
            if (oid == PublicKeyEncoding.RsaPssOid)
            {
                return algorithm.HasData && ReadPss(algorithm.ReadSequence()) is { } hash && !algorithm.HasData
                    ? new(PublicKeyEncoding.RsaOid, hash, IsPss: true)
                    : null;
            }
            CertificateSignature? found = oid switch
            {
                "1.2.840.10045.4.3.2" => new(PublicKeyEncoding.EcOid, DigestAlgorithm.Sha256),
                "1.2.840.10045.4.3.3" => new(PublicKeyEncoding.EcOid, DigestAlgorithm.Sha384),
                "1.2.840.10045.4.3.4" => new(PublicKeyEncoding.EcOid, DigestAlgorithm.Sha512),
                "1.2.840.113549.1.1.11" => new(PublicKeyEncoding.RsaOid, DigestAlgorithm.Sha256),
                "1.2.840.113549.1.1.12" => new(PublicKeyEncoding.RsaOid, DigestAlgorithm.Sha384),
                "1.2.840.113549.1.1.13" => new(PublicKeyEncoding.RsaOid, DigestAlgorithm.Sha512),
                PublicKeyEncoding.Ed25519Oid => new(PublicKeyEncoding.Ed25519Oid, null),
                _ when PublicKeyEncoding.FindMLDsa(oid) is not null => new(oid, null),
                _ => null,
            };
            // RSA has NULL for parameters, the others have none (RFC 4055 §5, RFC 5758 §3.2).
            if (found?.Family == PublicKeyEncoding.RsaOid)
            {
                algorithm.ReadNull();
            }
            return algorithm.HasData ? null : found;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>The algorithm's object identifier, for people.</summary>
    internal static string Describe(ReadOnlyMemory<byte> der)
    {
        try
        {
            return $"the algorithm {new AsnReader(der, AsnEncodingRules.DER).ReadSequence().ReadObjectIdentifier()}, as it is written there";
        }
        catch (AsnContentException)
        {
            return "an algorithm that cannot be read";
        }
    }

    /// <summary>Whether the signature is the key's over the bytes, and the key is of the family.</summary>
    internal bool Verify(VerificationKey key, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        var isOfFamily = Family switch
        {
            PublicKeyEncoding.EcOid => key.Algorithm.Curve is not null,
            PublicKeyEncoding.RsaOid => key.Algorithm.Padding is not null,
            PublicKeyEncoding.Ed25519Oid => key.Algorithm == SignatureAlgorithm.Ed25519,
            _ => PublicKeyEncoding.FindMLDsa(Family) == key.Algorithm,
        };
        return isOfFamily && (Hash is null ? key.Verify(signed, signature) : key.VerifyWith(Hash, signed, signature, IsPss));
    }

    /// <summary>The hash of a SHA-2 object identifier, or null.</summary>
    internal static DigestAlgorithm? HashOf(string? oid) =>
        oid switch
        {
            "2.16.840.1.101.3.4.2.1" => DigestAlgorithm.Sha256,
            "2.16.840.1.101.3.4.2.2" => DigestAlgorithm.Sha384,
            "2.16.840.1.101.3.4.2.3" => DigestAlgorithm.Sha512,
            _ => null,
        };

    // The defaults are SHA-1's, so that a parameter left out is refused; but for the trailer, whose default is the only value.
    private static DigestAlgorithm? ReadPss(AsnReader parameters)
    {
        var hash = ReadHash(parameters.ReadSequence(Tag(0)));
        var outer = parameters.ReadSequence(Tag(1));
        var mask = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var isMask = mask.ReadObjectIdentifier() == MaskGeneration;
        var maskHash = isMask ? ReadHash(mask) : null;
        var salt = parameters.ReadSequence(Tag(2));
        var isSaltRead = salt.TryReadInt32(out var length);
        salt.ThrowIfNotEmpty();
        parameters.ThrowIfNotEmpty();
        return hash is not null && hash == maskHash && isSaltRead && length == hash.SizeInBytes ? hash : null;
    }

    private static DigestAlgorithm? ReadHash(AsnReader outer)
    {
        var algorithm = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        var hash = HashOf(algorithm.ReadObjectIdentifier());
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }
        algorithm.ThrowIfNotEmpty();
        return hash;
    }

    private static Asn1Tag Tag(int value) => new(TagClass.ContextSpecific, value, isConstructed: true);
}
