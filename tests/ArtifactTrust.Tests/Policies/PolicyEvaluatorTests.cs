using ArtifactTrust.Hashing;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Tests.Policies;

public sealed class PolicyEvaluatorTests
{
    private const string OneOfAlice = "signatures: { from: [alice] }";
    private const string TwoOfThree = "signatures: { from: [alice, bob, carol], atLeast: 2 }";
    private const string Signatures = "model.signatures";

    [Fact]
    public void A_signature_by_the_identity_allows()
    {
        var bundle = Given.Signature("alice");
        var decision = Given.Decide(Given.ModelPolicy(OneOfAlice), bundle);
        decision.Allowed();
        var rule = decision.Rule(Signatures);
        Assert.Equal(["alice"], rule.Signers);
        Assert.Equal([bundle.BundleDigest], rule.Evidence);
        Assert.Empty(rule.Rejected);
        Assert.Equal(["policy.subjects", "model.kind", Signatures], decision.AllRules.Select(r => r.Id));
    }

    [Fact]
    public void Nothing_denies()
    {
        var rule = Given.Decide(Given.ModelPolicy(OneOfAlice)).DeniedBy(Signatures, DenialCode.NoEvidence);
        Assert.Equal("no signature counts", rule.Message);
        Assert.Equal("a signature by alice", rule.Expected);
        Assert.Equal("none", rule.Actual);
    }

    [Fact]
    public void No_subject_denies_even_where_every_role_is_optional()
    {
        var policy = Given.Policy(Given.Identities + "subjects: { model: { kind: file, optional: true, signatures: { from: alice } } }\n");
        var decision = PolicyEvaluator.Evaluate(policy, [], Given.Now);
        decision.DeniedBy("policy.subjects", DenialCode.SubjectMissing);
        Assert.Empty(decision.Subjects);
    }

    [Fact]
    public void A_role_that_is_not_given_denies_unless_it_is_optional()
    {
        string Roles(string optional) =>
            $$"""
                {{Given.Identities}}subjects:
                  model: { kind: directory, signatures: { from: alice } }
                  dataset: { kind: directory, signatures: { from: alice }{{optional}} }
                """;
        var evidence = Given.Evidence(Given.Signature("alice"));
        var denied = PolicyEvaluator.Evaluate(Given.Policy(Roles("")), [evidence], Given.Now);
        denied.DeniedBy("dataset.given", DenialCode.SubjectMissing);
        Assert.Null(denied.Subjects[1].Digests);
        PolicyEvaluator.Evaluate(Given.Policy(Roles(", optional: true")), [evidence], Given.Now).Allowed();
    }

    [Fact]
    public void An_optional_role_that_is_given_has_to_satisfy_its_rules()
    {
        var policy = Given.Policy(
            Given.Identities + "subjects: { model: { kind: directory, optional: true, signatures: { from: alice } } }\n"
        );
        Given.Decide(policy).DeniedBy(Signatures, DenialCode.NoEvidence);
        Given.Decide(policy, Given.Signature("alice")).Allowed();
    }

    [Fact]
    public void A_subject_with_a_role_that_the_policy_does_not_know_denies()
    {
        var known = Given.Evidence(Given.Signature("alice"));
        var decision = PolicyEvaluator.Evaluate(
            Given.ModelPolicy(OneOfAlice),
            [known with { Role = "tokenizer", Name = "t" }, known],
            Given.Now
        );
        var rule = decision.DeniedBy("tokenizer.role", DenialCode.UnknownRole);
        Assert.Equal(("model", "tokenizer"), (rule.Expected, rule.Actual));
        Assert.Equal(["model", "tokenizer"], decision.Subjects.Select(s => s.Role));
        Assert.Equal(RuleOutcome.Passed, decision.Rule(Signatures).Outcome);
    }

    [Fact]
    public void Each_of_several_subjects_in_one_role_has_to_satisfy_it()
    {
        var other = Given.Subject("other");
        var first = Given.Evidence(Given.Signature("alice"));
        var second = new SubjectEvidence("model", SubjectKind.Directory, "other", other, [Given.Signature("alice", other)]);
        var policy = Given.ModelPolicy(OneOfAlice);
        PolicyEvaluator.Evaluate(policy, [first, second], Given.Now).Allowed();
        var decision = PolicyEvaluator.Evaluate(policy, [first, second with { Bundles = [] }], Given.Now);
        Assert.False(decision.IsAllowed);
        Assert.Equal([RuleOutcome.Passed, RuleOutcome.Failed], decision.AllRules.Where(r => r.Id == Signatures).Select(r => r.Outcome));
    }

    [Theory]
    [InlineData(SubjectKind.Image)]
    [InlineData(SubjectKind.File)]
    [InlineData(SubjectKind.Unknown)]
    public void A_subject_of_another_kind_denies(SubjectKind kind)
    {
        var evidence = Given.Evidence(Given.Signature("alice")) with { Kind = kind };
        PolicyEvaluator.Evaluate(Given.ModelPolicy(OneOfAlice), [evidence], Given.Now).DeniedBy("model.kind", DenialCode.WrongKind);
    }

    [Fact]
    public void A_key_that_no_identity_has_does_not_count()
    {
        var rule = Given.Decide(Given.ModelPolicy(OneOfAlice), Given.Signature("mallory")).DeniedBy(Signatures, DenialCode.UnknownSigner);
        Assert.Equal(Given.Fingerprint("mallory").ToString(), rule.Actual);
        Assert.Null(Assert.Single(rule.Rejected).Signer);
    }

    [Fact]
    public void An_identity_that_the_rule_does_not_name_does_not_count()
    {
        var rule = Given.Decide(Given.ModelPolicy(OneOfAlice), Given.Signature("bob")).DeniedBy(Signatures, DenialCode.SignerNotAccepted);
        Assert.Equal("bob", Assert.Single(rule.Rejected).Signer);
    }

    [Fact]
    public void An_attestation_is_no_signature_and_a_signature_no_attestation()
    {
        var attestation = Given.Attestation("alice", "cyclonedx", Samples.CycloneDx);
        Given.Decide(Given.ModelPolicy(OneOfAlice), attestation).DeniedBy(Signatures, DenialCode.NoEvidence);

        var signature = new VerifiedBundle(
            EvidenceKind.Signature,
            Given.Fingerprint("alice"),
            Given.Model,
            Given.Statement("cyclonedx", Samples.CycloneDx),
            Given.NextBundle()
        );
        Given
            .Decide(Given.ModelPolicy("attestations: [ { type: cyclonedx, from: alice } ]"), signature)
            .DeniedBy("model.attestations[0].cyclonedx", DenialCode.NoEvidence);
    }

    [Fact]
    public void Evidence_of_unknown_kind_counts_for_nothing()
    {
        var unknown = new VerifiedBundle(
            default,
            Given.Fingerprint("alice"),
            Given.Model,
            Given.Statement("cyclonedx", Samples.CycloneDx),
            Given.NextBundle()
        );
        Given
            .Decide(Given.ModelPolicy(OneOfAlice + "\nattestations: [ { type: cyclonedx, from: alice } ]"), unknown)
            .DeniedBy(Signatures, DenialCode.NoEvidence);
    }

    [Fact]
    public void Evidence_for_other_digests_does_not_count()
    {
        var policy = Given.ModelPolicy(OneOfAlice);
        Given.Decide(policy, Given.Signature("alice", Given.Subject("other"))).DeniedBy(Signatures, DenialCode.SubjectMismatch);
        // Fewer digests: the contents of a directory but not its names. More: something else than was computed.
        var root = new DigestSet([new("sha256", Given.Model["sha256"]!)]);
        Given.Decide(policy, Given.Signature("alice", root)).DeniedBy(Signatures, DenialCode.SubjectMismatch);
        var more = new DigestSet(Given.Model.Values.Append(new("sha512", new string('0', 128))));
        Given.Decide(policy, Given.Signature("alice", more)).DeniedBy(Signatures, DenialCode.SubjectMismatch);
        Given
            .Decide(
                Given.ModelPolicy("attestations: [ { type: cyclonedx, from: alice } ]"),
                Given.Attestation("alice", "cyclonedx", Samples.CycloneDx, Given.Subject("other"))
            )
            .DeniedBy("model.attestations[0].cyclonedx", DenialCode.SubjectMismatch);
    }

    [Theory]
    [InlineData(2, "alice", "bob")]
    [InlineData(2, "bob", "carol")]
    [InlineData(2, "alice2", "carol")]
    [InlineData(2, "alice", "alice2", "bob")]
    [InlineData(3, "alice", "bob", "carol")]
    public void Enough_different_identities_allow(int count, params string[] keys)
    {
        var decision = Given.Decide(Given.ModelPolicy(TwoOfThree), [.. keys.Select(k => Given.Signature(k))]);
        decision.Allowed();
        Assert.Equal(count, decision.Rule(Signatures).Signers.Count);
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("alice", "alice2")]
    [InlineData("alice", "alice", "alice")]
    public void Several_keys_or_signatures_of_one_identity_count_once(params string[] keys)
    {
        var rule = Given
            .Decide(Given.ModelPolicy(TwoOfThree), [.. keys.Select(k => Given.Signature(k))])
            .DeniedBy(Signatures, DenialCode.TooFewSigners);
        Assert.Equal("1 of 2 needed signatures counts", rule.Message);
    }

    [Fact]
    public void One_bundle_given_many_times_counts_once()
    {
        var bundle = Given.Signature("alice");
        Given.Decide(Given.ModelPolicy(TwoOfThree), bundle, bundle, bundle).DeniedBy(Signatures, DenialCode.TooFewSigners);
    }

    [Fact]
    public void What_is_missing_to_enough_is_explained_by_the_most_specific_rejection()
    {
        var rule = Given
            .Decide(
                Given.ModelPolicy(TwoOfThree),
                Given.Signature("alice"),
                Given.Signature("mallory"),
                Given.Signature("bob", Given.Subject("x"))
            )
            .DeniedBy(Signatures, DenialCode.SubjectMismatch);
        Assert.Equal([DenialCode.SubjectMismatch, DenialCode.UnknownSigner], rule.Rejected.Select(r => r.Code));
        Assert.StartsWith("1 of 2 needed signatures counts; one was rejected: ", rule.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_the_evidence_changes_nothing()
    {
        VerifiedBundle[] bundles =
        [
            Given.Signature("alice"),
            Given.Signature("bob"),
            Given.Attestation("alice", "vulns", Samples.Vulns),
            Given.Attestation(
                "alice",
                "vulns",
                Json.With(Samples.Vulns, "metadata/scanFinishedOn", "\"2026-06-01T12:00:30Z\"").GetRawText()
            ),
        ];
        var policy = Given.ModelPolicy(TwoOfThree + "\nattestations: [ { type: vulns, from: alice, maxSeverity: MEDIUM } ]");
        var forwards = Given.Decide(policy, bundles);
        var backwards = Given.Decide(policy, [.. bundles.Reverse()]);
        forwards.Allowed();
        backwards.Allowed();
        Assert.Equal(forwards.Rule("model.attestations[0].vulns").Evidence, backwards.Rule("model.attestations[0].vulns").Evidence);
    }

    private const string Window = """
        version: 1
        name: rotation
        identities:
          alice:
            keys:
              - { file: keys/alice.pub, notBefore: 2026-01-01T00:00:00Z, notAfter: 2027-01-01T00:00:00Z }
              - { file: keys/alice2.pub, notBefore: 2026-12-01T00:00:00Z }
        subjects:
          model: { kind: directory, signatures: { from: alice } }
        """;

    [Theory]
    [InlineData("2025-12-31T23:59:59.9999999Z", "alice", DenialCode.KeyNotYetValid)]
    [InlineData("2026-01-01T00:00:00Z", "alice", DenialCode.None)]
    [InlineData("2026-11-30T23:59:59.9999999Z", "alice2", DenialCode.KeyNotYetValid)]
    [InlineData("2026-12-01T00:00:00Z", "alice", DenialCode.None)]
    [InlineData("2026-12-01T00:00:00Z", "alice2", DenialCode.None)]
    [InlineData("2026-12-31T23:59:59.9999999Z", "alice", DenialCode.None)]
    [InlineData("2026-12-31T23:59:59.9999999Z", "alice2", DenialCode.None)]
    [InlineData("2027-01-01T00:00:00Z", "alice", DenialCode.KeyExpired)]
    [InlineData("2027-01-01T00:00:00Z", "alice2", DenialCode.None)]
    [InlineData("2099-01-01T00:00:00Z", "alice2", DenialCode.None)]
    public void A_key_counts_from_the_first_instant_of_its_window_until_before_its_last(string now, string key, DenialCode expected)
    {
        var decision = PolicyEvaluator.Evaluate(
            Given.Policy(Window),
            [Given.Evidence(Given.Signature(key))],
            ArtifactTrust.Formats.Rfc3339.Parse(now, "test", "$")
        );
        if (expected == DenialCode.None)
        {
            decision.Allowed();
        }
        else
        {
            Assert.Equal("alice", Assert.Single(decision.DeniedBy(Signatures, expected).Rejected).Signer);
        }
    }

    [Fact]
    public void While_windows_overlap_evidence_by_either_key_counts_and_a_subject_signed_by_both_never_falls_out()
    {
        var policy = Given.Policy(Window);
        var evidence = Given.Evidence(Given.Signature("alice"), Given.Signature("alice2"));
        for (var day = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero); day.Year < 2028; day = day.AddDays(1))
        {
            PolicyEvaluator.Evaluate(policy, [evidence], day).Allowed();
        }
    }

    [Theory]
    [InlineData("2026-05-31T23:59:59Z", true)]
    [InlineData("2026-06-01T00:00:00Z", false)]
    [InlineData("2026-06-02T00:00:00Z", false)]
    public void An_expired_policy_denies_everything(string now, bool allowed)
    {
        var policy = Given.Policy(
            "version: 1\nname: t\nexpires: 2026-06-01T00:00:00Z\nidentities: { alice: { keys: [ { file: keys/alice.pub } ] } }\n"
                + "subjects: { model: { kind: directory, signatures: { from: alice } } }\n"
        );
        var decision = PolicyEvaluator.Evaluate(
            policy,
            [Given.Evidence(Given.Signature("alice"))],
            ArtifactTrust.Formats.Rfc3339.Parse(now, "test", "$")
        );
        Assert.Equal(allowed, decision.IsAllowed);
        if (!allowed)
        {
            decision.DeniedBy("policy.expires", DenialCode.PolicyExpired);
        }
    }

    [Fact]
    public void Removing_any_evidence_that_was_needed_denies()
    {
        var policy = Given.ModelPolicy(
            TwoOfThree
                + "\nattestations:\n  - { type: cyclonedx, from: alice }\n  - { type: test-result, from: bob }\n  - { type: https://example.com/review/v1, from: carol }"
        );
        VerifiedBundle[] all =
        [
            Given.Signature("alice"),
            Given.Signature("bob"),
            Given.Attestation("alice2", "cyclonedx", Samples.CycloneDx),
            Given.Attestation("bob", "test-result", Samples.Tests),
            Given.Attestation("carol", "https://example.com/review/v1", "{}"),
        ];
        Given.Decide(policy, all).Allowed();
        foreach (var removed in all)
        {
            Assert.False(Given.Decide(policy, [.. all.Where(b => b != removed)]).IsAllowed);
        }
    }
}
