using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Tests.Verification.Sigstore;

namespace ArtifactTrust.Tests.Notation;

/// <summary>A time-stamp authority below two intermediate authorities and a root, right until a test wants something otherwise.</summary>
internal sealed class StampChain
{
    private const string TimeStamping = "1.3.6.1.5.5.7.3.8";

    // One for all: it is slow to make.
    private static readonly RSA LowerKey = RSA.Create(2048);
    private static readonly DateTimeOffset From = NotationScene.Now.AddDays(-10);
    private static readonly DateTimeOffset To = NotationScene.Now.AddYears(5);

    internal (DateTimeOffset From, DateTimeOffset To) UpperValidity { get; init; } = (From, To);

    internal (DateTimeOffset From, DateTimeOffset To) LowerValidity { get; init; } = (From, To);

    internal (DateTimeOffset From, DateTimeOffset To) Validity { get; init; } = (From, To);

    /// <summary>The extended key usages of the authority itself.</summary>
    internal string[] Usages { get; init; } = [TimeStamping];

    internal bool AreUsagesCritical { get; init; } = true;

    internal X509KeyUsageFlags KeyUsage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    internal bool IsAuthority { get; init; }

    /// <summary>The extended key usages of the intermediate above it; none where null.</summary>
    internal string[]? LowerUsages { get; init; }

    internal X509KeyUsageFlags LowerKeyUsage { get; init; } = X509KeyUsageFlags.KeyCertSign;

    internal bool LowerIsAuthority { get; init; } = true;

    internal bool AreConstraintsCritical { get; init; } = true;

    internal int? UpperPathLength { get; init; }

    internal X509Extension? LowerExtension { get; init; }

    internal X509Extension? RootExtension { get; init; }

    /// <summary>The certificates: the authority's own, with its key, and those above it, the root last.</summary>
    internal IReadOnlyList<X509Certificate2> Create()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var upperKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var rootRequest = Authority("stamp root", rootKey, null, RootExtension);
        var root = rootRequest.CreateSelfSigned(From, To);
        var upper = Authority("stamp upper", upperKey, UpperPathLength)
            .Create(root.SubjectName, X509SignatureGenerator.CreateForECDsa(rootKey), UpperValidity.From, UpperValidity.To, [1]);

        var lowerRequest = new CertificateRequest("CN=stamp lower", LowerKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        lowerRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(LowerIsAuthority, false, 0, AreConstraintsCritical));
        lowerRequest.CertificateExtensions.Add(new X509KeyUsageExtension(LowerKeyUsage, true));
        AddUsages(lowerRequest, LowerUsages, isCritical: false);
        if (LowerExtension is not null)
        {
            lowerRequest.CertificateExtensions.Add(LowerExtension);
        }
        var upperGenerator = X509SignatureGenerator.CreateForECDsa(upperKey);
        var lower = lowerRequest.Create(upper.SubjectName, upperGenerator, LowerValidity.From, LowerValidity.To, [2]);

        var request = new CertificateRequest("CN=stamps", key, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(KeyUsage, true));
        AddUsages(request, Usages, AreUsagesCritical);
        if (IsAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        }
        var lowerGenerator = X509SignatureGenerator.CreateForRSA(LowerKey, RSASignaturePadding.Pkcs1);
        using var own = request.Create(lower.SubjectName, lowerGenerator, Validity.From, Validity.To, [3]);
        return [own.CopyWithPrivateKey(key), lower, upper, root];
    }

    /// <summary>A time stamp by the first of the certificates, with the others that it is to bring along.</summary>
    internal static byte[] Stamp(X509Certificate2 own, byte[] content, DateTimeOffset time, params X509Certificate2[] further) =>
        new TestTsa(own).Stamp(content, time, HashAlgorithmName.SHA256, hasCertificate: true, further: further);

    private static CertificateRequest Authority(string name, ECDsa key, int? pathLength, X509Extension? further = null)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, pathLength is not null, pathLength ?? 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        if (further is not null)
        {
            request.CertificateExtensions.Add(further);
        }
        return request;
    }

    private static void AddUsages(CertificateRequest request, string[]? usages, bool isCritical)
    {
        if (usages is { Length: > 0 })
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(u => new Oid(u))], isCritical));
        }
    }
}
