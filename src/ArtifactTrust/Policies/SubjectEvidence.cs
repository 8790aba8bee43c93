using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>A subject given to the gate, with what was verified about it.</summary>
/// <param name="Role">The role it is to have, such as <c>model</c>.</param>
/// <param name="Kind">What kind of thing it is.</param>
/// <param name="Name">A name for people: a path, a reference.</param>
/// <param name="Digests">The digests that the caller computed of it; never taken from evidence.</param>
/// <param name="Bundles">What was verified with the policy's keys. Order and repetition do not matter.</param>
public sealed record SubjectEvidence(string Role, SubjectKind Kind, string Name, DigestSet Digests, IReadOnlyList<VerifiedBundle> Bundles)
{
    /// <summary>What of the Notary Project was verified by <see cref="TrustPolicy.NotationVerifiers"/>; of one signature as often as it held.</summary>
    public IReadOnlyList<VerifiedNotationSignature> NotationSignatures { get; init; } = [];

    /// <summary>All evidence, each piece once.</summary>
    internal IReadOnlyList<SignedEvidence> Evidence(PolicySigners signers) =>
        [
            .. Bundles.DistinctBy(b => b.BundleDigest).Select(b => SignedEvidence.Of(b, signers)),
            .. NotationSignatures.GroupBy(s => s.Envelope).Select(g => SignedEvidence.Of([.. g], signers)),
        ];
}
