using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>A decision as a verification summary (VSA), to be signed and shown to those who trust the verifier.</summary>
public static class DecisionSummary
{
    /// <summary>The level that every passed decision has: the policy named in the summary holds. It is no level of SLSA.</summary>
    public const string PolicyLevel = "ARTIFACT_TRUST_POLICY";

    private const string SlsaVersion = "1.1";

    private static readonly (string Level, Func<SubjectRules, bool> Asked)[] Levels =
    [
        ("ARTIFACT_TRUST_SIGNED", r => r.Signatures is not null),
        ("ARTIFACT_TRUST_PROVENANCE", r => Asks(r, PredicateType.SlsaProvenanceName)),
        ("ARTIFACT_TRUST_SBOM", r => Asks(r, PredicateType.CycloneDxName) || Asks(r, "spdx")),
        ("ARTIFACT_TRUST_SCANNED", r => Asks(r, PredicateType.CosignVulnName) || Asks(r, PredicateType.VulnsName)),
        ("ARTIFACT_TRUST_TESTED", r => Asks(r, PredicateType.TestResultName)),
    ];

    /// <summary>The summary of a decision, one statement over every subject that was given.</summary>
    /// <param name="decision">The decision.</param>
    /// <param name="verifierId">The URI of who decided.</param>
    /// <param name="verifierVersion">The versions of the verifier's parts, by their names.</param>
    /// <param name="resourceUri">The URI of what the subjects are to be used for, so that the summary counts for that alone.</param>
    /// <param name="policyUri">Where the policy is.</param>
    /// <returns>
    /// The statement; null where no subject was given, since there is nothing for it to be about. Its levels are what the rules asked of
    /// every subject and found, in names of our own: no level of SLSA is claimed, as none was verified. The policy's digests are
    /// <c>sha256</c> of its file and <c>dirHash</c>, which is <see cref="TrustPolicy.Digest"/>. An input that was signed with a certificate is
    /// named by whom the certificate is of.
    /// </returns>
    /// <remarks>Spec: SLSA verification summary v1.</remarks>
    public static Statement? Create(
        Decision decision,
        string verifierId,
        IReadOnlyDictionary<string, string> verifierVersion,
        string resourceUri,
        string policyUri
    )
    {
        ArgumentNullException.ThrowIfNull(decision);
        ArgumentException.ThrowIfNullOrEmpty(verifierId);
        ArgumentNullException.ThrowIfNull(verifierVersion);
        ArgumentException.ThrowIfNullOrEmpty(resourceUri);
        ArgumentException.ThrowIfNullOrEmpty(policyUri);
        var given = decision.Subjects.Where(s => s.Digests is not null).ToList();
        if (given.Count == 0)
        {
            return null;
        }
        var summary = new VerificationSummary
        {
            VerifierId = verifierId,
            VerifierVersion = verifierVersion,
            TimeVerified = decision.Time,
            ResourceUri = resourceUri,
            Policy = new ResourceDescriptor(
                decision.PolicyName,
                policyUri,
                new DigestSet([
                    new(DigestAlgorithm.Sha256.Name, decision.PolicyFileDigest.Hex),
                    new(DigestSet.DirHash, decision.PolicyDigest.Hex),
                ])
            ),
            InputAttestations =
            [
                .. given
                    .SelectMany(s => s.Bundles.Select(b => (Bundle: b, Holder: s.Certificates.GetValueOrDefault(b))))
                    .DistinctBy(b => b.Bundle)
                    .Select(b => new ResourceDescriptor(b.Holder, null, new DigestSet(b.Bundle))),
            ],
            Passed = decision.IsAllowed,
            VerifiedLevels = decision.IsAllowed
                ? [PolicyLevel, .. Levels.Where(l => given.All(s => s.Asked is { } asked && l.Asked(asked))).Select(l => l.Level)]
                : [VerificationSummary.FailedLevel],
            SlsaVersion = SlsaVersion,
        };
        return new Statement(
            [.. given.Select(s => new ResourceDescriptor(s.Name, null, s.Digests))],
            VerificationSummary.TypeUri,
            summary.ToJson()
        );
    }

    private static bool Asks(SubjectRules rules, string name) => rules.Attestations.Any(a => a.Type.Name == name);
}
