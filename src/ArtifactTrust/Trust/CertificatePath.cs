using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>A verified way from a certificate to an anchor of the trusted root.</summary>
/// <param name="Authority">The authority at its end.</param>
/// <param name="IssuerPublicKey">SubjectPublicKeyInfo of the leaf's issuer.</param>
/// <remarks>
/// Spec: RFC 5280 §6, at a time given by the caller. The BCL builds the path; trust comes from the one anchor alone. Nothing is fetched:
/// no certificates, and no revocation lists, which short-lived certificates do not have.
/// </remarks>
internal sealed record CertificatePath(CertificateAuthority Authority, ReadOnlyMemory<byte> IssuerPublicKey)
{
    /// <summary>Looks for a path that holds at the time.</summary>
    /// <param name="leaf">The certificate.</param>
    /// <param name="further">Certificates that may help to get to an anchor; they are not trusted.</param>
    /// <param name="authorities">The trusted authorities.</param>
    /// <param name="usage">The extended key usage that the leaf must name.</param>
    /// <param name="time">The time at which all must be valid.</param>
    /// <returns>The path, or why there is none.</returns>
    internal static (CertificatePath? Path, string? Problem) Find(
        X509Certificate2 leaf,
        IReadOnlyList<X509Certificate2> further,
        IReadOnlyList<CertificateAuthority> authorities,
        string usage,
        DateTimeOffset time
    )
    {
        if (!Certificates.IsFor(leaf, usage))
        {
            return (null, $"the certificate does not name the extended key usage {usage}");
        }
        // The builder says the same, but not in these words.
        if (time.UtcDateTime < leaf.NotBefore.ToUniversalTime() || time.UtcDateTime > leaf.NotAfter.ToUniversalTime())
        {
            return (null, $"the certificate is valid from {Text(leaf.NotBefore)} to {Text(leaf.NotAfter)}");
        }
        var problems = new List<string>();
        foreach (var authority in authorities)
        {
            if (!authority.ValidFor.Contains(time))
            {
                problems.Add($"{authority.Name} is trusted from {authority.ValidFor}");
                continue;
            }
            var (path, problem) = Build(leaf, further, authority, usage, time);
            if (path is not null)
            {
                return (path, null);
            }
            problems.Add($"{authority.Name}: {problem}");
        }
        return (
            null,
            problems.Count == 0 ? "the trusted root has no authority that issues such certificates" : string.Join("; ", problems)
        );
    }

    private static (CertificatePath? Path, string? Problem) Build(
        X509Certificate2 leaf,
        IReadOnlyList<X509Certificate2> further,
        CertificateAuthority authority,
        string usage,
        DateTimeOffset time
    )
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(authority.Anchor);
        foreach (var certificate in authority.Chain.SkipLast(1).Concat(further))
        {
            policy.ExtraStore.Add(certificate);
        }
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTimeIgnored = false;
        policy.VerificationTime = time.UtcDateTime;
        policy.ApplicationPolicy.Add(new Oid(usage));
        // An anchor that is no root of its own is trusted all the same: RFC 5280 §6.1.1 (d) asks for a name and a key only.
        var isRoot = Certificates.IsSelfIssued(authority.Anchor);
        policy.VerificationFlags = isRoot ? X509VerificationFlags.NoFlag : X509VerificationFlags.AllowUnknownCertificateAuthority;
        bool built;
        try
        {
            built = chain.Build(leaf);
        }
        catch (CryptographicException e)
        {
            return (null, $"no path can be built: {e.Message}");
        }
        try
        {
            var elements = chain.ChainElements.Select(e => e.Certificate).ToList();
            if (!built)
            {
                var status = string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct());
                return (null, status.Length == 0 ? "no path to the authority" : status);
            }
            if (elements.Count < 2 || !elements[^1].RawDataMemory.Span.SequenceEqual(authority.Anchor.RawDataMemory.Span))
            {
                return (null, "the path does not end at the authority");
            }
            return (new CertificatePath(authority, elements[1].PublicKey.ExportSubjectPublicKeyInfo()), null);
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    private static string Text(DateTime time) => Rfc3339.Format(new DateTimeOffset(time.ToUniversalTime()));
}
