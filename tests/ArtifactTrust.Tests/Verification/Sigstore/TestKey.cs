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
            var rsa = RSA.Create(int.Parse(details.Split('_')[3], System.Globalization.CultureInfo.InvariantCulture));
            var padding = details.Contains("PSS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
            return new(new PublicKey(rsa), m => rsa.SignData(m, HashAlgorithmName.SHA256, padding), DigestAlgorithm.Sha256, details);
        }
        if (details == "PKIX_ED25519")
        {
            var key = SigningKey.Generate(SignatureAlgorithm.Ed25519);
            var spki = PublicKey.CreateFromSubjectPublicKeyInfo(key.PublicKey.SubjectPublicKeyInfo.Span, out _);
            return new(spki, m => key.Sign(m), DigestAlgorithm.Sha512, details);
        }
        var curve = details.Split('_')[2] switch
        {
            "P256" => ECCurve.NamedCurves.nistP256,
            "P384" => ECCurve.NamedCurves.nistP384,
            _ => ECCurve.NamedCurves.nistP521,
        };
        var hash = DigestAlgorithm.Find("sha" + details[^3..])!;
        var ecdsa = ECDsa.Create(curve);
        return new(new PublicKey(ecdsa), m => ecdsa.SignData(m, hash.BclName, DSASignatureFormat.Rfc3279DerSequence), hash, details);
    }

    /// <summary>A P-256 key that the test has already.</summary>
    public static TestKey Of(ECDsa key) =>
        new(
            new PublicKey(key),
            m => key.SignData(m, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
            DigestAlgorithm.Sha256,
            "PKIX_ECDSA_P256_SHA_256"
        );
}
