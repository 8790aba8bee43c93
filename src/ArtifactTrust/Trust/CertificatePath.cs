using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust;

/// <summary>A verified way from a certificate to an anchor of the trusted root.</summary>
/// <param name="Authority">The authority at its end.</param>
/// <param name="Issuer">The leaf's issuer.</param>
/// <param name="Issuers">The certificates from that issuer to the anchor; none where the leaf is the anchor.</param>
/// <remarks>
/// Spec: RFC 5280 §6, at a time given by the caller, and stricter: names are compared byte by byte, and certificates with name constraints are
/// refused. Trust comes from the one anchor alone: no store of the machine or of the user is read, and nothing is fetched, be it certificates
/// or revocation lists, which short-lived certificates do not have.
/// </remarks>
internal sealed record CertificatePath(CertificateAuthority Authority, Certificate Issuer, IReadOnlyList<Certificate> Issuers)
{
    internal const string CodeSigning = "1.3.6.1.5.5.7.3.3";
    internal const string TimeStamping = "1.3.6.1.5.5.7.3.8";
    private const string AnyUsage = "2.5.29.37.0";

    /// <summary>Looks for a path that holds at the time.</summary>
    /// <param name="leaf">The certificate.</param>
    /// <param name="further">Certificates that may help to get to an anchor; they are not trusted.</param>
    /// <param name="authorities">The trusted authorities.</param>
    /// <param name="usage">The extended key usage that the leaf must name.</param>
    /// <param name="time">The time at which all must be valid.</param>
    /// <param name="allowAuthority">Whether the leaf may be that of an authority, or be itself an anchor.</param>
    /// <returns>The path, or why there is none.</returns>
    internal static (CertificatePath? Path, string? Problem) Find(
        Certificate leaf,
        IReadOnlyList<Certificate> further,
        IReadOnlyList<CertificateAuthority> authorities,
        string usage,
        DateTimeOffset time,
        bool allowAuthority = false
    )
    {
        if (LeafProblem(leaf, usage, time, allowAuthority) is { } wrong)
        {
            return (null, wrong);
        }
        var problems = new List<string>();
        foreach (var authority in authorities)
        {
            if (!authority.ValidFor.Contains(time))
            {
                problems.Add($"{authority.Name} is trusted from {authority.ValidFor}");
                continue;
            }
            if (allowAuthority && leaf.Der.Span.SequenceEqual(authority.Certificates[^1].Der.Span))
            {
                return (new CertificatePath(authority, leaf, []), null);
            }
            var search = new Search(authority, further, usage, time);
            if (search.Climb(leaf))
            {
                return (new CertificatePath(authority, search.Issuers[0], search.Issuers), null);
            }
            problems.Add($"{authority.Name}: {search.Problem}");
        }
        return (
            null,
            problems.Count == 0 ? "the trusted root has no authority that issues such certificates" : string.Join("; ", problems)
        );
    }

    private static string? LeafProblem(Certificate leaf, string usage, DateTimeOffset time, bool allowAuthority) =>
        leaf.ExtendedKeyUsage?.Contains(usage) != true
            ? $"the certificate does not name the extended key usage {usage} (RFC 5280 §4.2.1.12)"
        : leaf.IsAuthority == true && !allowAuthority ? "the certificate is that of an authority (RFC 5280 §4.2.1.9)"
        : !leaf.MaySign ? "the key usage of the certificate lacks digitalSignature (RFC 5280 §4.2.1.3)"
        : CommonProblem(leaf, time);

    /// <summary>What every certificate of a path must be.</summary>
    private static string? CommonProblem(Certificate certificate, DateTimeOffset time) =>
        time < certificate.NotBefore || time > certificate.NotAfter
            ? $"the certificate is valid from {Rfc3339.Format(certificate.NotBefore)} to {Rfc3339.Format(certificate.NotAfter)}"
        : certificate.UnknownCriticalExtension is { } oid ? $"its critical extension {oid} is not known (RFC 5280 §4.2)"
        : null;

    /// <summary>Why the certificate may not issue one below which there are as many authorities, or null.</summary>
    private static string? IssuerProblem(Certificate issuer, int authoritiesBelow, string usage, DateTimeOffset time) =>
        issuer.IsAuthority != true ? "it is not that of an authority (RFC 5280 §4.2.1.9)"
        : !issuer.MaySignCertificates ? "its key usage lacks keyCertSign (RFC 5280 §4.2.1.3)"
        : issuer.PathLength < authoritiesBelow
            ? $"it allows {issuer.PathLength} authorities below it, and there are {authoritiesBelow} (RFC 5280 §4.2.1.9)"
        : issuer.ExtendedKeyUsage is { } usages && !usages.Contains(usage) && !usages.Contains(AnyUsage)
            ? $"it may not issue certificates for {usage} (RFC 5280 §4.2.1.12)"
        : issuer.HasNameConstraints ? "it constrains names, which is not supported (RFC 5280 §4.2.1.10)"
        : CommonProblem(issuer, time);

    /// <summary>Climbs from the leaf to one anchor, with bounded work: whoever made the bundle chose some of the certificates.</summary>
    private sealed class Search(CertificateAuthority authority, IReadOnlyList<Certificate> further, string usage, DateTimeOffset time)
    {
        private readonly List<Certificate> _path = [];
        private readonly List<string> _problems = [];
        private int _signatures;

        /// <summary>The issuer of the leaf and those above, up to the anchor once it is reached.</summary>
        internal List<Certificate> Issuers => _path;

        internal string Problem => string.Join(", ", _problems.Distinct());

        internal bool Climb(Certificate certificate)
        {
            var isNamed = false;
            var anchor = authority.Certificates[^1];
            // The anchor first, then the authority's other certificates, then those of the bundle.
            foreach (var candidate in authority.Certificates.Reverse().Concat(further))
            {
                if (!candidate.Subject.Span.SequenceEqual(certificate.Issuer.Span) || IsOnPath(candidate, certificate))
                {
                    continue;
                }
                isNamed = true;
                if (ProblemOf(certificate, candidate) is { } problem)
                {
                    _problems.Add($"{candidate.Name}: {problem}");
                    continue;
                }
                _path.Add(candidate);
                if (candidate == anchor || (_path.Count < Limits.CertificatePathLength && Climb(candidate)))
                {
                    return true;
                }
                _path.RemoveAt(_path.Count - 1);
            }
            if (!isNamed)
            {
                _problems.Add($"no certificate of '{certificate.IssuerName}', who issued {certificate.Name}");
            }
            return false;
        }

        private string? ProblemOf(Certificate certificate, Certificate issuer)
        {
            // RFC 5280 §6.1.4 (l): certificates that an authority issued to itself do not count.
            var below = _path.Count(c => !c.IsSelfIssued);
            if (IssuerProblem(issuer, below, usage, time) is { } problem)
            {
                return problem;
            }
            return ++_signatures > Limits.CertificatePathSignatures
                ? $"no path was found by {Limits.CertificatePathSignatures} signatures"
                : authority.SignatureProblem(certificate, issuer);
        }

        private bool IsOnPath(Certificate candidate, Certificate certificate) =>
            candidate.Der.Span.SequenceEqual(certificate.Der.Span) || _path.Any(c => c.Der.Span.SequenceEqual(candidate.Der.Span));
    }
}
