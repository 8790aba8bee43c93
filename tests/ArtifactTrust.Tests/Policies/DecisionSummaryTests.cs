using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Hashing;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

public sealed class DecisionSummaryTests
{
    private static Statement? Summarize(Decision decision) =>
        DecisionSummary.Create(
            decision,
            "https://gate.example.com",
            new Dictionary<string, string> { ["artifact-trust"] = "0.1.0" },
            "https://cluster.example.com/production",
            "https://policy.example.com/production.yaml"
        );

    private static VerificationSummary Read(Statement statement)
    {
        // As a consumer reads it: from the signed bytes.
        var parsed = Statement.Parse(statement.ToUtf8Bytes());
        Assert.Equal(VerificationSummary.TypeUri, parsed.PredicateType);
        return VerificationSummary.Parse(parsed.Predicate);
    }

    [Fact]
    public void An_allowed_decision_gives_a_passed_summary_over_every_subject()
    {
        var policy = Given.Policy(
            Given.Identities
                + """
                subjects:
                  model: { kind: directory, signatures: { from: alice }, attestations: [ { type: vulns, from: bob, maxSeverity: MEDIUM } ] }
                  dataset: { kind: file, signatures: { from: alice } }
                """
        );
        var data = new DigestSet(DigestAlgorithm.Sha256.Hash("data"u8));
        VerifiedBundle[] bundles = [Given.Signature("alice"), Given.Attestation("bob", "vulns", Samples.Vulns), Given.Signature("mallory")];
        var dataSignature = Given.Signature("alice", data);
        var decision = PolicyEvaluator.Evaluate(
            policy,
            [Given.Evidence(bundles), new SubjectEvidence("dataset", SubjectKind.File, "data.csv", data, [dataSignature])],
            Given.Now
        );
        decision.Allowed();

        var statement = Summarize(decision)!;
        Assert.Equal(["models/bert", "data.csv"], statement.Subjects.Select(s => s.Name));
        Assert.Equal(Given.Model.ToString(), statement.Subjects[0].Digest!.ToString());
        Assert.Equal(data.ToString(), statement.Subjects[1].Digest!.ToString());

        var summary = Read(statement);
        Assert.True(summary.Passed);
        Assert.Equal("https://gate.example.com", summary.VerifierId);
        Assert.Equal("0.1.0", summary.VerifierVersion["artifact-trust"]);
        Assert.Equal(Given.Now, summary.TimeVerified);
        Assert.Equal("https://cluster.example.com/production", summary.ResourceUri);
        Assert.Equal("https://policy.example.com/production.yaml", summary.Policy.Uri);
        Assert.Equal(policy.FileDigest.Hex, summary.Policy.Digest!["sha256"]);
        Assert.Equal(policy.Digest.Hex, summary.Policy.Digest![DigestSet.DirHash]);
        // All that was looked at, whether it counted or not, as the specification asks.
        Assert.Equal(
            [.. bundles.Select(b => b.BundleDigest.Hex), dataSignature.BundleDigest.Hex],
            summary.InputAttestations.Select(a => a.Digest!["sha256"])
        );
        // The scan was asked of the model alone, so it is no level of both.
        Assert.Equal(["ARTIFACT_TRUST_POLICY", "ARTIFACT_TRUST_SIGNED"], summary.VerifiedLevels);
        Assert.Equal("1.1", summary.SlsaVersion);
    }

    [Fact]
    public void The_levels_are_what_was_asked_of_every_subject_and_none_is_of_slsa()
    {
        var decision = Given.Decide(
            Given.ModelPolicy(
                """
                attestations:
                  - { type: slsaprovenance1, from: alice, builder: https://ci.example.com/runner }
                  - { type: cyclonedx, from: alice }
                  - { type: vuln, from: alice, maxSeverity: CRITICAL }
                  - { type: test-result, from: alice }
                """
            ),
            Given.Attestation("alice", "slsaprovenance1", Samples.Provenance),
            Given.Attestation("alice", "cyclonedx", Samples.CycloneDx),
            Given.Attestation("alice", "vuln", Samples.CosignVuln),
            Given.Attestation("alice", "test-result", Samples.Tests)
        );
        decision.Allowed();
        var levels = Read(Summarize(decision)!).VerifiedLevels;
        Assert.Equal(
            [
                "ARTIFACT_TRUST_POLICY",
                "ARTIFACT_TRUST_PROVENANCE",
                "ARTIFACT_TRUST_SBOM",
                "ARTIFACT_TRUST_SCANNED",
                "ARTIFACT_TRUST_TESTED",
            ],
            levels
        );
        Assert.DoesNotContain(levels, l => l.StartsWith("SLSA_", StringComparison.Ordinal));
    }

    [Fact]
    public void A_denied_decision_gives_a_failed_summary()
    {
        var bundle = Given.Signature("mallory");
        var summary = Read(Summarize(Given.Decide(Given.ModelPolicy("signatures: { from: alice }"), bundle))!);
        Assert.False(summary.Passed);
        Assert.Equal(["FAILED"], summary.VerifiedLevels);
        Assert.Equal(bundle.BundleDigest.Hex, Assert.Single(summary.InputAttestations).Digest!["sha256"]);
    }

    [Fact]
    public void A_failed_summary_covers_a_subject_whose_role_is_not_known_and_leaves_out_one_not_given()
    {
        var decision = PolicyEvaluator.Evaluate(
            Given.ModelPolicy("signatures: { from: alice }"),
            [Given.Evidence() with { Role = "other" }],
            Given.Now
        );
        Assert.Equal(2, decision.Subjects.Count);
        Assert.Equal(["models/bert"], Summarize(decision)!.Subjects.Select(s => s.Name));
    }

    [Fact]
    public void There_is_no_summary_about_nothing() =>
        Assert.Null(Summarize(PolicyEvaluator.Evaluate(Given.ModelPolicy("signatures: { from: alice }"), [], Given.Now)));

    [Fact]
    public void A_summary_made_here_is_one_that_a_policy_here_accepts()
    {
        var decision = Given.Decide(Given.ModelPolicy("signatures: { from: alice }"), Given.Signature("alice"));
        var bundle = new VerifiedBundle(
            EvidenceKind.Attestation,
            Given.Fingerprint("bob"),
            Given.Model,
            Summarize(decision),
            Given.NextBundle()
        );
        Given
            .Decide(
                Given.ModelPolicy(
                    "attestations: [ { type: vsa, from: bob, verifier: https://gate.example.com, resourceUri: https://cluster.example.com/production, levels: ARTIFACT_TRUST_SIGNED, maxAge: 1h } ]"
                ),
                bundle
            )
            .Allowed();
    }
}
