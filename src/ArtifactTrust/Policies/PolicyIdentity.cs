using ArtifactTrust.Keys;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Policies;

/// <summary>A signer that a policy knows, by its keys, certificates and signatures of the Notary Project. Two keys of one identity are one signer.</summary>
/// <param name="Name">The name the policy gives it.</param>
/// <param name="Keys">Its keys, in the order written; none where it signs by certificates alone.</param>
public sealed record PolicyIdentity(string Name, IReadOnlyList<PolicyKey> Keys)
{
    /// <summary>Whom a certificate is to be of, to be this signer's: one of these, in the order written.</summary>
    public IReadOnlyList<IdentityRule> Certificates { get; init; } = [];

    /// <summary>Names, letter by letter, one of which a certificate of the policy's own authority is to have, to be this signer's.</summary>
    public IReadOnlyList<string> Subjects { get; init; } = [];

    /// <summary>Whose signatures of the Notary Project are this signer's; null where none are.</summary>
    internal PolicyNotation? Notation { get; init; }

    /// <summary>Whether bundles can be this signer's. Signatures of the Notary Project are of images alone, and attest nothing.</summary>
    internal bool SignsBundles => Keys.Count + Certificates.Count + Subjects.Count > 0;
}

/// <summary>A key of an identity, with the time in which it counts.</summary>
/// <param name="Key">The key.</param>
/// <param name="NotBefore">The first instant at which it counts, UTC; null where there is no beginning.</param>
/// <param name="NotAfter">The first instant at which it no longer counts, UTC; null where there is no end.</param>
/// <param name="File">The file it came from, as the policy names it; null where it is in the policy itself.</param>
public sealed record PolicyKey(VerificationKey Key, DateTimeOffset? NotBefore, DateTimeOffset? NotAfter, string? File)
{
    /// <summary>Whether the key counts at that time.</summary>
    public bool IsValidAt(DateTimeOffset time) => !(time < NotBefore) && !(time >= NotAfter);
}
