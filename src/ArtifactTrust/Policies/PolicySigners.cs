using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>Which identities of a policy verified evidence is of.</summary>
internal sealed class PolicySigners(TrustPolicy policy)
{
    private readonly Dictionary<Digest, (PolicyIdentity Identity, PolicyKey Key)> _keys = policy
        .Identities.SelectMany(i => i.Keys.Select(k => (Identity: i, Key: k)))
        .ToDictionary(s => s.Key.Key.Fingerprint);

    /// <summary>The identities: none, one, or several where a certificate meets the conditions of several.</summary>
    /// <remarks>A certificate is never looked up by its key, nor a managed key by a name: how it was verified decides.</remarks>
    internal IReadOnlyList<(PolicyIdentity Identity, PolicyKey? Key)> Find(VerifiedBundle bundle) =>
        bundle.Identity is { } holder ? [.. policy.Identities.Where(i => IsOf(i, holder, bundle)).Select(i => (i, (PolicyKey?)null))]
        : _keys.TryGetValue(bundle.KeyFingerprint, out var found) ? [(found.Identity, found.Key)]
        : [];

    /// <summary>The identities by whose own rules the signature was verified; a rule of another policy is none's, whatever its name.</summary>
    internal IReadOnlyList<(PolicyIdentity Identity, PolicyKey? Key)> Find(IReadOnlyCollection<VerifiedNotationSignature> verified) =>
        [
            .. policy
                .Identities.Where(i => i.Notation is { } notation && verified.Any(v => ReferenceEquals(v.TrustedBy, notation.Rule)))
                .Select(i => (i, (PolicyKey?)null)),
        ];

    // A name that an OpenID Connect issuer vouched for is none of one's own authority's.
    private static bool IsOf(PolicyIdentity identity, CertificateIdentity holder, VerifiedBundle bundle) =>
        identity.Certificates.Any(r => r.Accepts(holder)) || (holder.Issuer is null && identity.Subjects.Any(bundle.Names.Contains));
}
