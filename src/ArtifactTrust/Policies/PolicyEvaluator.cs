using System.Diagnostics.Contracts;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Policies;

/// <summary>Decides by a policy whether subjects may be used, from verified evidence alone.</summary>
/// <remarks>
/// Everything is denied that no evidence allows: what is absent, cannot be read, cannot be put in order, or is not understood counts against.
/// Whether a key counts is asked for the time of the decision, since most signatures by keys have no trusted time. A certificate was verified for
/// the times that logs and time-stamp authorities told.
/// </remarks>
public static class PolicyEvaluator
{
    /// <summary>How far ahead of this machine's clock the signer's may be.</summary>
    public static TimeSpan ClockSkew { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Decides.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="subjects">The subjects given to the gate, with their evidence. Several may have one role; each has to satisfy it.</param>
    /// <param name="now">The time to decide for.</param>
    [Pure]
    public static Decision Evaluate(TrustPolicy policy, IReadOnlyList<SubjectEvidence> subjects, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(subjects);
        var signers = new PolicySigners(policy);
        var decisions = new List<SubjectDecision>();
        foreach (var role in policy.Subjects)
        {
            var given = subjects.Where(s => s.Role == role.Role).ToList();
            decisions.AddRange(given.Select(s => DecideSubject(role, s, signers, now)));
            if (given.Count == 0 && !role.IsOptional)
            {
                decisions.Add(new SubjectDecision(role.Role, null, [], [Missing(role)], role));
            }
        }
        var roles = policy.Subjects.Select(s => s.Role).ToList();
        decisions.AddRange(
            subjects
                .Where(s => !roles.Contains(s.Role))
                .Select(s => new SubjectDecision(s.Role, s, s.Evidence(signers), [UnknownRole(s, roles)], null))
        );
        return new Decision(policy, now, [.. PolicyRules(policy, subjects, now)], decisions);
    }

    private static IEnumerable<RuleResult> PolicyRules(TrustPolicy policy, IReadOnlyList<SubjectEvidence> subjects, DateTimeOffset now)
    {
        if (policy.Expires is { } expires)
        {
            var text = Rfc3339.Format(expires);
            yield return now < expires
                ? new RuleResult("policy.expires", RuleOutcome.Passed, DenialCode.None, $"the policy holds until {text}")
                : new RuleResult("policy.expires", RuleOutcome.Failed, DenialCode.PolicyExpired, $"the policy held until {text}")
                {
                    Hint = "have the policy reviewed and its 'expires' set anew",
                };
        }
        yield return subjects.Count > 0
            ? new RuleResult("policy.subjects", RuleOutcome.Passed, DenialCode.None, $"{subjects.Count} given")
            : new RuleResult("policy.subjects", RuleOutcome.Failed, DenialCode.SubjectMissing, "no subject was given");
    }

    private static RuleResult Missing(SubjectRules role) =>
        new($"{role.Role}.given", RuleOutcome.Failed, DenialCode.SubjectMissing, $"no subject was given as '{role.Role}'")
        {
            Expected = $"{string.Join(" or ", role.Kinds.Select(SubjectKinds.NameOf))}",
            Hint = "give one, or set 'optional: true' in the policy",
        };

    private static RuleResult UnknownRole(SubjectEvidence subject, List<string> roles) =>
        new($"{subject.Role}.role", RuleOutcome.Failed, DenialCode.UnknownRole, $"the policy has no role '{subject.Role}'")
        {
            Expected = string.Join(" or ", roles),
            Actual = subject.Role,
        };

    private static SubjectDecision DecideSubject(SubjectRules role, SubjectEvidence subject, PolicySigners signers, DateTimeOffset now)
    {
        var expected = string.Join(" or ", role.Kinds.Select(SubjectKinds.NameOf));
        var actual = SubjectKinds.NameOf(subject.Kind);
        var rules = new List<RuleResult>
        {
            subject.Kind != SubjectKind.Unknown && role.Kinds.Contains(subject.Kind)
                ? new($"{role.Role}.kind", RuleOutcome.Passed, DenialCode.None, $"it is {(actual == "image" ? "an" : "a")} {actual}")
                {
                    Expected = expected,
                    Actual = actual,
                }
                : new($"{role.Role}.kind", RuleOutcome.Failed, DenialCode.WrongKind, $"it is {(actual == "image" ? "an" : "a")} {actual}")
                {
                    Expected = expected,
                    Actual = actual,
                },
        };
        var given = subject.Evidence(signers);
        var evidence = new EvidenceRules([.. given.Select(e => Candidate.Create(e, subject.Digests, now))], now);
        if (role.Signatures is { } signatures)
        {
            rules.Add(evidence.Signatures($"{role.Role}.signatures", signatures));
        }
        for (var i = 0; i < role.Attestations.Count; i++)
        {
            var rule = role.Attestations[i];
            rules.AddRange(evidence.Attestations($"{role.Role}.attestations[{i}].{rule.Type}", rule));
        }
        return new SubjectDecision(role.Role, subject, given, rules, role);
    }
}
