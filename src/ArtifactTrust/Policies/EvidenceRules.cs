using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Formats;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Policies;

/// <summary>Holds the evidence of one subject against rules.</summary>
internal sealed class EvidenceRules(IReadOnlyList<Candidate> candidates, DateTimeOffset now)
{
    /// <summary>So many different identities signed.</summary>
    internal RuleResult Signatures(string id, SignatureRule rule)
    {
        var signatures = candidates.Where(c => c.Evidence.Kind == EvidenceKind.Signature).ToList();
        var rejected = new List<RejectedEvidence>();
        var accepted = Accept(signatures, rule.From, rejected);
        foreach (var candidate in accepted.ToList())
        {
            var missing = rule.Annotations.Where(a => candidate.Evidence.Annotations.GetValueOrDefault(a.Key) != a.Value).ToList();
            if (missing.Count > 0)
            {
                accepted.Remove(candidate);
                rejected.Add(
                    candidate.Reject(
                        DenialCode.AnnotationMismatch,
                        $"it does not say {string.Join(", ", missing.Select(m => $"{m.Key}={m.Value}"))} of the subject",
                        string.Join(
                            ", ",
                            missing.Select(m => $"{m.Key}={candidate.Evidence.Annotations.GetValueOrDefault(m.Key) ?? "nothing"}")
                        )
                    )
                );
            }
        }
        var signers = rule.From.Where(i => accepted.Any(c => c.Signer == i)).ToList();
        return Count(
            id,
            "signature",
            rule.AtLeast,
            rule.From,
            signers,
            [.. accepted],
            rejected,
            candidates.Count == 0
                ? "sign the subject; nothing was found with it that verifies"
                : "sign the subject; attestations do not count as signatures"
        );
    }

    /// <summary>So many different identities attest it, then one result for each constraint.</summary>
    internal IEnumerable<RuleResult> Attestations(string id, AttestationRule rule)
    {
        var attestations = candidates
            .Where(c => c.Evidence.Kind == EvidenceKind.Attestation && c.PredicateType is { } t && rule.Type.Accepts(t))
            .ToList();
        var rejected = new List<RejectedEvidence>();
        var accepted = Accept(attestations, rule.From, rejected);
        var voices = new List<Voice>();
        foreach (var identity in rule.From)
        {
            var current = Current([.. accepted.Where(c => c.Signer == identity)], rejected);
            var faults = current.Select(c => c.Fault(now)).OfType<RejectedEvidence>().ToList();
            rejected.AddRange(faults);
            if (current.Count > 0 && faults.Count == 0)
            {
                voices.Add(new Voice(identity, current, rule.Constraints, now));
            }
        }
        // Whoever meets the most constraints speaks first, so the rule holds where any choice of so many identities makes it hold.
        var chosen = voices.OrderBy(v => v.Failures).Take(rule.AtLeast).ToList();
        yield return Count(
            id,
            "attestation",
            rule.AtLeast,
            rule.From,
            [.. voices.Select(v => v.Identity)],
            [.. chosen.SelectMany(v => v.Evidence)],
            rejected,
            Present(rule)
        );
        for (var i = 0; i < rule.Constraints.Count; i++)
        {
            yield return Constraint(id, rule.Constraints[i], i, chosen, voices);
        }
    }

    // Of what one identity says about one thing, the newest counts, so that an old clean scan does not hide a newer bad one. What has no time
    // (or cannot be read) cannot be shown to be older, so it counts beside it, and has to hold as well.
    private static List<Candidate> Current(List<Candidate> ofOne, List<RejectedEvidence> rejected)
    {
        var newest = ofOne.Max(c => c.Time);
        var current = ofOne.Where(c => c.Time is null || c.Time == newest).ToList();
        rejected.AddRange(
            ofOne
                .Except(current)
                .Select(c =>
                    c.Reject(DenialCode.Superseded, $"a later one by '{c.Signer!.Name}' counts instead", Rfc3339.Format(c.Time!.Value))
                )
        );
        return current;
    }

    private static List<Candidate> Accept(
        IEnumerable<Candidate> ofKind,
        IReadOnlyList<PolicyIdentity> from,
        List<RejectedEvidence> rejected
    )
    {
        var accepted = new List<Candidate>();
        foreach (var candidate in ofKind)
        {
            if (candidate.Rejection is { } rejection)
            {
                rejected.Add(rejection);
            }
            else if (!from.Contains(candidate.Signer!))
            {
                rejected.Add(
                    candidate.Reject(DenialCode.SignerNotAccepted, $"'{candidate.Signer!.Name}' signed it, which the rule does not name")
                );
            }
            else
            {
                accepted.Add(candidate);
            }
        }
        return accepted;
    }

    private static RuleResult Count(
        string id,
        string what,
        int atLeast,
        IReadOnlyList<PolicyIdentity> from,
        List<PolicyIdentity> signers,
        IReadOnlyList<Candidate> evidence,
        List<RejectedEvidence> rejected,
        string hint
    )
    {
        var passed = signers.Count >= atLeast;
        var names = signers.Select(i => i.Name).ToList();
        var ordered = rejected.OrderByDescending(r => r.Code).ToList();
        var reason = ordered.FirstOrDefault(r => r.Code > DenialCode.NoEvidence);
        var message =
            passed ? $"{what} by {string.Join(", ", signers.Select(i => Named(i, evidence)))}"
            : signers.Count == 0 ? $"no {what} counts"
            : $"{signers.Count} of {atLeast} needed {what}s {(signers.Count == 1 ? "counts" : "count")}";
        return new RuleResult(
            id,
            passed ? RuleOutcome.Passed : RuleOutcome.Failed,
            passed ? DenialCode.None : reason?.Code ?? (signers.Count == 0 ? DenialCode.NoEvidence : DenialCode.TooFewSigners),
            passed || reason is null ? message : $"{message}; one was rejected: {reason.Message}"
        )
        {
            Expected =
                from.Count == 1
                    ? $"{(what == "attestation" ? "an" : "a")} {what} by {from[0].Name}"
                    : $"{what}s by {atLeast} of {string.Join(", ", from.Select(i => i.Name))}",
            Actual = passed || reason is null ? Join(names) : reason.Actual ?? Join(names),
            Hint =
                passed ? null
                : reason is null ? hint
                : reason.Hint,
            Evidence = passed ? [.. evidence.Select(c => c.Evidence.Digest)] : [],
            Signers = passed ? names : [],
            Certificates = passed ? Certificates(evidence) : [],
            Rejected = ordered,
        };
    }

    private static IReadOnlyList<string> Certificates(IEnumerable<Candidate> evidence) =>
        [.. evidence.Select(c => c.Evidence.Holder).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>The identity, and where it signed with certificates, whom they are of.</summary>
    private static string Named(PolicyIdentity identity, IReadOnlyList<Candidate> evidence) =>
        Certificates(evidence.Where(c => c.Signer == identity)) is { Count: > 0 } certificates
            ? $"{identity.Name} as {string.Join(" and ", certificates)}"
            : identity.Name;

    private static string Join(List<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private string Present(AttestationRule rule)
    {
        var types = candidates
            .Where(c => c.Evidence.Kind == EvidenceKind.Attestation && c.PredicateType is not null)
            .Select(c => PredicateType.NameOf(c.PredicateType!) ?? c.PredicateType!)
            .Distinct()
            .ToList();
        return $"attest the subject with --type {rule.Type}"
            + (types.Count == 0 ? "; it has none that verifies" : $"; it has {Excerpt.List(types, t => t)}");
    }

    private static RuleResult Constraint(string id, AttestationConstraint constraint, int index, List<Voice> chosen, List<Voice> voices)
    {
        if (chosen.Count == 0)
        {
            return new RuleResult($"{id}.{constraint.Name}", RuleOutcome.NotReached, DenialCode.NoEvidence, "no attestation that counts")
            {
                Expected = constraint.Expected,
            };
        }
        var failed = chosen.SelectMany(v => v.Failed(index)).OrderByDescending(f => f.Rejection.Code).ToList();
        var worst = failed.FirstOrDefault().Rejection;
        return new RuleResult(
            $"{id}.{constraint.Name}",
            worst is null ? RuleOutcome.Passed : RuleOutcome.Failed,
            worst?.Code ?? DenialCode.None,
            worst?.Message ?? chosen[0].Actual(index)
        )
        {
            Expected = constraint.Expected,
            Actual = worst is null ? chosen[0].Actual(index) : worst.Actual,
            Hint = worst?.Hint,
            Evidence = worst is null ? [.. chosen.SelectMany(v => v.Evidence).Select(c => c.Evidence.Digest)] : [],
            Signers = worst is null ? [.. chosen.Select(v => v.Identity.Name)] : [],
            Certificates = worst is null ? Certificates(chosen.SelectMany(v => v.Evidence)) : [],
            Rejected = [.. voices.SelectMany(v => v.Failed(index)).Select(f => f.Rejection).OrderByDescending(r => r.Code)],
        };
    }

    /// <summary>What one identity says of the subject in attestations of one type.</summary>
    private sealed class Voice
    {
        private readonly AttestationConstraint.Assessment[][] _assessments;

        internal Voice(
            PolicyIdentity identity,
            List<Candidate> evidence,
            IReadOnlyList<AttestationConstraint> constraints,
            DateTimeOffset now
        )
        {
            Identity = identity;
            Evidence = evidence;
            _assessments = [.. constraints.Select(c => evidence.Select(e => c.Check(e.Predicate!, now)).ToArray())];
            Failures = _assessments.Count(a => a.Any(f => !f.Holds));
        }

        internal PolicyIdentity Identity { get; }

        internal IReadOnlyList<Candidate> Evidence { get; }

        /// <summary>How many constraints are not met.</summary>
        internal int Failures { get; }

        internal string Actual(int constraint) => _assessments[constraint][0].Actual ?? "";

        internal IEnumerable<(Candidate Candidate, RejectedEvidence Rejection)> Failed(int constraint) =>
            _assessments[constraint]
                .Zip(Evidence)
                .Where(p => !p.First.Holds)
                .Select(p => (p.Second, p.Second.Reject(p.First.Code, p.First.Message, p.First.Actual, p.First.Hint)));
    }
}
