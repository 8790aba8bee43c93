using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.Trust;

/// <summary>Who issues certificates to signers, or time-stamp tokens.</summary>
public sealed class CertificateAuthority
{
    private readonly ConcurrentDictionary<(Certificate, Certificate), string> _signatures = new();

    internal CertificateAuthority(string name, Uri? uri, IReadOnlyList<X509Certificate2> chain, ValidityPeriod validFor)
    {
        (Name, Uri, Chain, ValidFor) = (name, uri, chain, validFor);
        Certificates = [.. chain.Select((c, i) => Certificate.Read(c.RawData, $"certificate {i} of {name}"))];
    }

    /// <summary>The common name, for people.</summary>
    public string Name { get; }

    /// <summary>Where the authority is, or null.</summary>
    public Uri? Uri { get; }

    /// <summary>The certificates, the trust anchor last. A time-stamp authority's own certificate is the first.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; }

    /// <summary>When the authority is trusted.</summary>
    public ValidityPeriod ValidFor { get; }

    /// <summary>The certificate that everything the authority issues leads to.</summary>
    public X509Certificate2 Anchor => Chain[^1];

    /// <summary>The same certificates as <see cref="Chain"/>, as path building reads them.</summary>
    internal IReadOnlyList<Certificate> Certificates { get; }

    /// <summary>Why the certificate is not signed by the issuer's key, or null; what is found of the authority's own is kept.</summary>
    internal string? SignatureProblem(Certificate certificate, Certificate issuer)
    {
        if (!Certificates.Contains(certificate) || !Certificates.Contains(issuer))
        {
            return certificate.SignatureProblem(issuer);
        }
        var problem = _signatures.GetOrAdd((certificate, issuer), static pair => pair.Item1.SignatureProblem(pair.Item2) ?? "");
        return problem.Length == 0 ? null : problem;
    }
}
