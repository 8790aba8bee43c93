using ArtifactTrust.Attestations;
using ArtifactTrust.Bundles;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Verification;

/// <summary>Collects the checks of one verification, in the order planned, and stops at the first that fails.</summary>
internal sealed class CheckList(params string[] plan)
{
    private readonly List<Check> _checks = [];

    internal void Pass(string name, string? message = null) => _checks.Add(new Check(name, CheckOutcome.Passed) { Message = message });

    internal void NotRequired(string name, string message) => _checks.Add(new Check(name, CheckOutcome.NotRequired) { Message = message });

    /// <summary>Ends the verification: what was planned after this check is listed as not reached.</summary>
    internal VerificationReport Fail(Check check, ManifestDiff? difference = null) => new(EndedBy(check), null) { Difference = difference };

    /// <summary>All checks where this one, which failed, is the last made.</summary>
    internal IReadOnlyList<Check> EndedBy(Check failure) =>
        [.. _checks, failure, .. plan.Skip(Array.IndexOf(plan, failure.Name) + 1).Select(name => new Check(name, CheckOutcome.NotReached))];

    /// <summary>The checks made so far.</summary>
    internal IReadOnlyList<Check> Made => _checks;

    /// <summary>Ends the verification of a part of the files, which proves nothing of the whole.</summary>
    internal VerificationReport Partly(IReadOnlyList<string> files) => new(_checks, null) { PartialFiles = files };

    /// <summary>Ends the verification: everything held.</summary>
    internal VerificationReport Verified(
        EvidenceKind kind,
        Signer signer,
        DigestSet subject,
        Statement? statement,
        Bundle bundle,
        IReadOnlyDictionary<string, string>? annotations = null
    ) =>
        new(
            _checks,
            new VerifiedBundle(
                kind,
                signer.Key.Fingerprint,
                subject,
                statement,
                bundle.Digest,
                signer.Identity,
                signer.Times,
                signer.Names,
                annotations
            )
        );
}
