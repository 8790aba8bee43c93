using System.Buffers;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Policies;
using ArtifactTrust.Tests.Attestations.Predicates;

namespace ArtifactTrust.Tests.Policies;

public sealed class DecisionTests
{
    private const string Rules = """
        signatures: { from: [alice, bob], atLeast: 2 }
        attestations:
          - { type: vulns, from: alice, maxSeverity: LOW, maxAge: 7d }
          - { type: test-result, from: carol }
        """;

    private static Decision Denied()
    {
        var bundles = new[] { Given.Signature("alice"), Given.Signature("mallory"), Given.Attestation("alice", "vulns", Samples.Vulns) };
        return Given.Decide(Given.ModelPolicy(Rules), bundles);
    }

    [Fact]
    public void The_zero_values_are_no_success()
    {
        Assert.Equal(Verdict.Deny, default);
        Assert.NotEqual(RuleOutcome.Passed, default);
        Assert.Equal(SubjectKind.Unknown, default);
    }

    [Fact]
    public void A_decision_about_nothing_denies()
    {
        using var policy = Given.ModelPolicy(Rules);
        var passed = new RuleResult("x", RuleOutcome.Passed, DenialCode.None, "");
        Assert.False(new Decision(policy, Given.Now, [], []).IsAllowed);
        Assert.False(new Decision(policy, Given.Now, [passed], []).IsAllowed);
        Assert.False(new Decision(policy, Given.Now, [passed], [new SubjectDecision("m", null, [], [passed], null)]).IsAllowed);
        Assert.False(new Decision(policy, Given.Now, [passed], [new SubjectDecision("m", Given.Evidence(), [], [], null)]).IsAllowed);
        Assert.True(new Decision(policy, Given.Now, [passed], [new SubjectDecision("m", Given.Evidence(), [], [passed], null)]).IsAllowed);
    }

    [Theory]
    [InlineData(RuleOutcome.Failed)]
    [InlineData(RuleOutcome.NotReached)]
    [InlineData((RuleOutcome)99)]
    public void One_rule_that_did_not_pass_denies(RuleOutcome outcome)
    {
        using var policy = Given.ModelPolicy(Rules);
        var passed = new RuleResult("x", RuleOutcome.Passed, DenialCode.None, "");
        var other = passed with { Outcome = outcome };
        Assert.False(new Decision(policy, Given.Now, [other], [new SubjectDecision("m", Given.Evidence(), [], [passed], null)]).IsAllowed);
        Assert.False(
            new Decision(policy, Given.Now, [passed], [new SubjectDecision("m", Given.Evidence(), [], [passed, other], null)]).IsAllowed
        );
    }

    [Fact]
    public void The_headline_is_the_most_specific_failure() =>
        Assert.Equal("model.attestations[0].vulns.maxSeverity", Denied().Headline!.Id);

    [Fact]
    public void The_rules_are_in_the_order_of_the_policy() =>
        Assert.Equal(
            [
                "policy.subjects",
                "model.kind",
                "model.signatures",
                "model.attestations[0].vulns",
                "model.attestations[0].vulns.maxSeverity",
                "model.attestations[0].vulns.maxAge",
                "model.attestations[1].test-result",
                "model.attestations[1].test-result.result",
            ],
            Denied().AllRules.Select(r => r.Id)
        );

    [Fact]
    public void The_text_says_what_was_expected_found_and_can_be_done()
    {
        var decision = Denied();
        var lines = DecisionText.Format(decision).Split('\n');
        Assert.Equal($"denied by policy 'test' ({decision.PolicyDigest}) at 2026-06-01T12:01:00Z", lines[0]);
        Assert.Equal("  passed       policy.subjects  1 given", lines[1]);
        Assert.Equal($"model: models/bert ({Given.Model})", lines[2]);
        Assert.Contains(
            "  failed       model.signatures  1 of 2 needed signatures counts; one was rejected: no identity of the policy has the key that signed it",
            lines
        );
        Assert.Contains("               expected  signatures by 2 of alice, bob", lines);
        Assert.Contains($"               found     {Given.Fingerprint("mallory")}", lines);
        Assert.Contains("               found     CVE-2099-0001 MEDIUM", lines);
        Assert.Contains("               hint      fix what was found and scan again", lines);
        Assert.Contains("  not reached  model.attestations[1].test-result.result  no attestation that counts", lines);
        Assert.Equal("", lines[^1]);
    }

    [Fact]
    public void Every_rejected_bundle_is_in_the_text_up_to_ten()
    {
        var policy = Given.ModelPolicy("signatures: { from: alice }");
        var bundles = Enumerable.Range(0, 12).Select(_ => Given.Signature("mallory")).ToArray();
        string[] Rejected(int count) =>
            [
                .. DecisionText
                    .Format(Given.Decide(policy, bundles[..count]))
                    .Split('\n')
                    .Where(l => l.Contains("  rejected  ", StringComparison.Ordinal)),
            ];
        Assert.Empty(Rejected(1));
        Assert.Equal(2, Rejected(2).Length);
        Assert.Equal(10, Rejected(10).Length);
        Assert.EndsWith("and 2 more", Rejected(12)[^1], StringComparison.Ordinal);
        Assert.Equal(12, Given.Decide(policy, bundles).Rule("model.signatures").Rejected.Count);
    }

    [Fact]
    public void Control_characters_of_evidence_are_shown_not_obeyed()
    {
        var evidence = Given.Evidence() with { Name = "a\u001b[2J\r\nallowed\u202E" };
        var text = DecisionText.Format(PolicyEvaluator.Evaluate(Given.ModelPolicy(Rules), [evidence], Given.Now));
        Assert.Contains("model: a\\u001b[2J\\u000d\\u000aallowed\\u202e (", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, c => char.IsControl(c) && c != '\n');
    }

    [Fact]
    public void The_json_says_everything_and_is_the_same_each_time()
    {
        var decision = Denied();
        var bytes = Write(decision);
        Assert.Equal(bytes, Write(decision));
        var json = Json.Parse(Encoding.UTF8.GetString(bytes));
        Assert.Equal(1, json.GetProperty("schemaVersion").GetInt32());
        Assert.Equal("deny", json.GetProperty("verdict").GetString());
        Assert.Equal("2026-06-01T12:01:00Z", json.GetProperty("time").GetString());
        Assert.Equal(decision.PolicyDigest.ToString(), json.GetProperty("policy").GetProperty("digest").GetString());
        Assert.Equal(decision.PolicyFileDigest.ToString(), json.GetProperty("policy").GetProperty("fileDigest").GetString());
        Assert.Equal("model.attestations[0].vulns.maxSeverity", json.GetProperty("headline").GetString());
        var subject = Assert.Single(json.GetProperty("subjects").EnumerateArray());
        Assert.Equal("directory", subject.GetProperty("kind").GetString());
        Assert.Equal(Given.Model["sha256"], subject.GetProperty("digest").GetProperty("sha256").GetString());
        var rules = subject.GetProperty("rules").EnumerateArray().ToDictionary(r => r.GetProperty("id").GetString()!);
        var signatures = rules["model.signatures"];
        Assert.Equal("failed", signatures.GetProperty("outcome").GetString());
        Assert.Equal("unknownSigner", signatures.GetProperty("code").GetString());
        Assert.Equal("unknownSigner", signatures.GetProperty("rejected")[0].GetProperty("code").GetString());
        Assert.Equal("notReached", rules["model.attestations[1].test-result.result"].GetProperty("outcome").GetString());
        var age = rules["model.attestations[0].vulns.maxAge"];
        Assert.Equal("passed", age.GetProperty("outcome").GetString());
        Assert.False(age.TryGetProperty("code", out _));
        Assert.Equal("alice", age.GetProperty("signers")[0].GetString());
        Assert.StartsWith("sha256:", age.GetProperty("evidence")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_role_has_no_name_kind_or_digest_in_the_json()
    {
        var decision = PolicyEvaluator.Evaluate(Given.ModelPolicy(Rules), [], Given.Now);
        var subject = Json.Parse(Encoding.UTF8.GetString(Write(decision))).GetProperty("subjects")[0];
        Assert.Equal("model", subject.GetProperty("role").GetString());
        Assert.False(subject.TryGetProperty("name", out _));
        Assert.False(subject.TryGetProperty("kind", out _));
        Assert.False(subject.TryGetProperty("digest", out _));
        Assert.Contains("model: not given\n", DecisionText.Format(decision), StringComparison.Ordinal);
    }

    private static byte[] Write(Decision decision)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            decision.WriteTo(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }
}
