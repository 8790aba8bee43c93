using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Tests.Verification.Sigstore;

/// <summary>A key of a signer, of any kind, with the name that a log of the second version has for it.</summary>
internal sealed record TestKey(PublicKey Public, Func<byte[], byte[]> Sign, DigestAlgorithm PreHash, string Details)
{
    public byte[] Spki => Public.ExportSubjectPublicKeyInfo();

    public VerificationKey Verification => VerificationKey.FromSubjectPublicKeyInfo(Spki);

    /// <summary>By kind: the registry's name, where old clients' P-384 and P-521 with SHA-256 are <c>…_SHA_256</c>.</summary>
    public static TestKey Create(string details)
    {
        if (details.StartsWith("PKIX_RSA", StringComparison.Ordinal))
        {
            var rsa = RSA.Create(int.Parse(details.Split('_')[3], CultureInfo.InvariantCulture));
            var padding = details.Contains("PSS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
            return new(new PublicKey(rsa), m => rsa.SignData(m, HashAlgorithmName.SHA256, padding), DigestAlgorithm.Sha256, details);
        }
        if (details == "PKIX_ED25519")
        {
            var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
            var spki = PublicKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _);
            return new(spki, m => key.Sign(m), DigestAlgorithm.Sha512, details);
        }
        if (SignatureAlgorithm.PostQuantum.FirstOrDefault(a => a.Name == details) is { } postQuantum)
        {
            var key = SigningKey.Generate(postQuantum);
            var spki = PublicKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _);
            return new(spki, m => key.Sign(m), DigestAlgorithm.Sha512, details);
        }
        if (details == "PKIX_ED25519_PH")
        {
            return PreHashed();
        }
        var curve = details.Split('_')[2] switch
        {
            "P256" => ECCurve.NamedCurves.nistP256,
            "P384" => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        };
        return Of(ECDsa.Create(curve), DigestAlgorithm.Find("sha" + details[^3..])!, details);
    }

    /// <summary>A key on P-256 that the caller has.</summary>
    public static TestKey Of(ECDsa key) => Of(key, DigestAlgorithm.Sha256, "PKIX_ECDSA_P256_SHA_256");

    /// <summary>An Ed25519 key that signs the SHA-512 of messages, as RFC 8032 §5.1.6 says; the platform's OpenSSL may be too old to.</summary>
    private static TestKey PreHashed()
    {
        var (secret, key) = Pair();
        var spki = PublicKey.CreateFromSubjectPublicKeyInfo(key, out _);
        return new(spki, Sign, DigestAlgorithm.Sha512, "PKIX_ED25519_PH");

        byte[] Sign(byte[] message)
        {
            // A public key is a number times the base point, and so is the first half of a signature.
            var (number, point) = Pair();
            byte[] hashed =
            [
                .. "SigEd25519 no Ed25519 collisions"u8,
                1,
                0,
                .. point.AsSpan(^32..),
                .. key.AsSpan(^32..),
                .. SHA512.HashData(message),
            ];
            var order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", CultureInfo.InvariantCulture);
            var sum = (number + (new BigInteger(SHA512.HashData(hashed), isUnsigned: true) * secret)) % order;
            byte[] signature = [.. point.AsSpan(^32..), .. new byte[32]];
            sum.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true);
            return signature;
        }

        static (BigInteger Secret, byte[] Spki) Pair()
        {
            var seed = RandomNumberGenerator.GetBytes(32);
            using var pair = Ed25519SigningKey.Import(seed);
            var number = SHA512.HashData(seed)[..32];
            (number[0], number[31]) = ((byte)(number[0] & 0xf8), (byte)((number[31] & 0x7f) | 0x40));
            return (new BigInteger(number, isUnsigned: true), pair.PublicKey.SubjectPublicKeyInfo.ToArray());
        }
    }

    private static TestKey Of(ECDsa key, DigestAlgorithm hash, string details) =>
        new(new PublicKey(key), m => key.SignData(m, hash.BclName, DSASignatureFormat.Rfc3279DerSequence), hash, details);
}
