using System.Security.Cryptography.X509Certificates;
using ArtifactTrust.Notation;

namespace ArtifactTrust.Policies;

/// <summary>The signatures of the Notary Project that are an identity's: by certificates of these stores, with one of these names.</summary>
/// <param name="Rule">The rule, named as the identity. Nothing outside gets hold of it, so that only <see cref="Verifier"/> verifies by it.</param>
/// <param name="Stores">The certificates of each store that the rule names.</param>
/// <param name="SkipRevocation">Whether a certificate counts whose revocation could be asked for, which it is not.</param>
internal sealed record PolicyNotation(
    NotationTrustRule Rule,
    IReadOnlyDictionary<(string Type, string Name), IReadOnlyList<X509Certificate2>> Stores,
    bool SkipRevocation
)
{
    internal NotationVerifier Verifier(TimeProvider time) =>
        new(Rule, (type, name) => Stores[(type, name)], time) { SkipRevocation = SkipRevocation };
}
