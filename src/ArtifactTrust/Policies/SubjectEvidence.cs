using ArtifactTrust.Hashing;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>A subject given to the gate, with what was verified about it.</summary>
/// <param name="Role">The role it is to have, such as <c>model</c>.</param>
/// <param name="Kind">What kind of thing it is.</param>
/// <param name="Name">A name for people: a path, a reference.</param>
/// <param name="Digests">The digests that the caller computed of it; never taken from evidence.</param>
/// <param name="Bundles">What was verified with the policy's keys. Order and repetition do not matter.</param>
public sealed record SubjectEvidence(string Role, SubjectKind Kind, string Name, DigestSet Digests, IReadOnlyList<VerifiedBundle> Bundles);
