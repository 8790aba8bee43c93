using System.Security.Cryptography.X509Certificates;

namespace ArtifactTrust.Trust;

/// <summary>Who issues certificates to signers, or time-stamp tokens.</summary>
public sealed class CertificateAuthority
{
    internal CertificateAuthority(string name, Uri? uri, IReadOnlyList<X509Certificate2> chain, ValidityPeriod validFor)
    {
        (Name, Uri, Chain, ValidFor) = (name, uri, chain, validFor);
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
}
