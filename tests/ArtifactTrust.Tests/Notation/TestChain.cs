using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.Tests.Notation;

/// <summary>A root, an intermediate authority and a signer, with what a test wants otherwise.</summary>
/// <param name="LeafKey">The signer's key.</param>
/// <param name="Certificates">The signer's certificate, the intermediate's and the root's.</param>
internal sealed record TestChain(AsymmetricAlgorithm LeafKey, IReadOnlyList<X509Certificate2> Certificates)
{
    internal const string LeafName = "C=DE, ST=Berlin, O=Example, CN=test signer";

    /// <summary>The time about which chains are valid, unless a test says another.</summary>
    internal static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    internal string RootPem => Certificates[^1].ExportCertificatePem();

    internal static TestChain Create(
        X509KeyUsageFlags leafUsage = X509KeyUsageFlags.DigitalSignature,
        bool isUsageCritical = true,
        string[]? extendedUsages = null,
        X509Extension? leafExtension = null,
        bool leafIsAuthority = false,
        X509KeyUsageFlags intermediateUsage = X509KeyUsageFlags.KeyCertSign,
        bool intermediateIsAuthority = true,
        bool areConstraintsCritical = true,
        X509Extension? intermediateExtension = null,
        int? rootPathLength = null,
        string leafName = LeafName,
        AsymmetricAlgorithm? leafKey = null,
        DateTimeOffset? now = null,
        DateTimeOffset? leafFrom = null
    )
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        leafKey ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (from, to) = ((now ?? Now).AddDays(-10), (now ?? Now).AddYears(5));
        var name = HashAlgorithmName.SHA256;

        var root = new CertificateRequest("C=DE, ST=Berlin, O=Example, CN=test root", rootKey, name);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, rootPathLength is not null, rootPathLength ?? 0, true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var rootCertificate = root.CreateSelfSigned(from, to);
        var rootGenerator = X509SignatureGenerator.CreateForECDsa(rootKey);

        var intermediate = new CertificateRequest("C=DE, ST=Berlin, O=Example, CN=test intermediate", intermediateKey, name);
        intermediate.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(intermediateIsAuthority, false, 0, areConstraintsCritical)
        );
        if (intermediateUsage != X509KeyUsageFlags.None)
        {
            intermediate.CertificateExtensions.Add(new X509KeyUsageExtension(intermediateUsage, true));
        }
        if (intermediateExtension is not null)
        {
            intermediate.CertificateExtensions.Add(intermediateExtension);
        }
        var intermediateCertificate = intermediate.Create(rootCertificate.SubjectName, rootGenerator, from, to, [1]);

        var subject = new X500DistinguishedName(leafName);
        var leaf = leafKey switch
        {
            ECDsa ec => new CertificateRequest(subject, ec, name),
            RSA rsa => new CertificateRequest(subject, rsa, name, RSASignaturePadding.Pkcs1),
            _ => throw new ArgumentException("a key of another kind", nameof(leafKey)),
        };
        if (leafIsAuthority)
        {
            leaf.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        }
        if (leafUsage != X509KeyUsageFlags.None)
        {
            leaf.CertificateExtensions.Add(new X509KeyUsageExtension(leafUsage, isUsageCritical));
        }
        if (extendedUsages is not null)
        {
            leaf.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. extendedUsages.Select(u => new Oid(u))], false));
        }
        if (leafExtension is not null)
        {
            leaf.CertificateExtensions.Add(leafExtension);
        }
        var leafCertificate = leaf.Create(
            intermediateCertificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(intermediateKey),
            leafFrom ?? from,
            to,
            [2]
        );
        return new(leafKey, [leafCertificate, intermediateCertificate, rootCertificate]);
    }
}
