using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Policies;

/// <summary>The tests ended so, and none is listed as failed.</summary>
internal sealed class AllowedTestOutcomes(IReadOnlyList<TestOutcome> outcomes)
    : AttestationConstraint("result", $"test result {string.Join(" or ", outcomes.Select(Word))}, no failed test")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not TestResult tests)
        {
            return Fails(DenialCode.MalformedPredicate, "it is no test result");
        }
        if (!outcomes.Contains(tests.Outcome))
        {
            return Fails(DenialCode.VerdictNotAccepted, $"the tests ended {Word(tests.Outcome)}", Word(tests.Outcome));
        }
        return tests.FailedTests.Count == 0
            ? Holds(Word(tests.Outcome))
            : Fails(
                DenialCode.VerdictNotAccepted,
                $"the tests ended {Word(tests.Outcome)}, yet {tests.FailedTests.Count} are listed as failed",
                Excerpt.List(tests.FailedTests, t => t)
            );
    }

    private static string Word(TestOutcome outcome) => outcome.ToString().ToUpperInvariant();
}

/// <summary>The verification passed.</summary>
internal sealed class SummaryPassed() : AttestationConstraint("result", "verification result PASSED")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now) =>
        predicate is not VerificationSummary summary ? Fails(DenialCode.MalformedPredicate, "it is no verification summary")
        : summary.Passed ? Holds("PASSED")
        : Fails(DenialCode.VerdictNotAccepted, "the verification FAILED", "FAILED");
}

/// <summary>The verifier is one of these, compared exactly.</summary>
/// <remarks>Spec: SLSA verification summary v1, <c>verifier</c>: only specific pairs of signer and verifier are to be accepted.</remarks>
internal sealed class AllowedVerifiers(IReadOnlyList<string> ids)
    : AttestationConstraint("verifier", $"verifier {string.Join(" or ", ids)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now) =>
        predicate is not VerificationSummary summary ? Fails(DenialCode.MalformedPredicate, "it is no verification summary")
        : ids.Contains(summary.VerifierId) ? Holds(summary.VerifierId)
        : Fails(DenialCode.VerifierMismatch, $"it was verified by '{summary.VerifierId}'", summary.VerifierId);
}

/// <summary>The verdict is for one of these resources.</summary>
internal sealed class AllowedResources(IReadOnlyList<UriPattern> resources)
    : AttestationConstraint("resourceUri", $"a verdict for {string.Join(" or ", resources)}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now) =>
        predicate is not VerificationSummary summary ? Fails(DenialCode.MalformedPredicate, "it is no verification summary")
        : resources.Any(r => r.Matches(summary.ResourceUri)) ? Holds(summary.ResourceUri)
        : Fails(DenialCode.ResourceMismatch, $"the verdict is for '{summary.ResourceUri}'", summary.ResourceUri);
}

/// <summary>Each of these levels was verified; a SLSA level includes the lower ones of its track.</summary>
internal sealed class RequiredLevels(IReadOnlyList<string> levels)
    : AttestationConstraint("levels", $"verified levels {string.Join(" and ", levels)}")
{
    private const string Infix = "_LEVEL_";

    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate is not VerificationSummary summary)
        {
            return Fails(DenialCode.MalformedPredicate, "it is no verification summary");
        }
        var actual = summary.VerifiedLevels.Count == 0 ? "no levels" : Excerpt.List(summary.VerifiedLevels, l => l);
        var missing = levels.Where(l => !summary.VerifiedLevels.Any(v => Includes(v, l))).ToList();
        return missing.Count == 0
            ? Holds(actual)
            : Fails(DenialCode.LevelMissing, $"{string.Join(" and ", missing)} was not verified", actual);
    }

    // SLSA_BUILD_LEVEL_3 includes SLSA_BUILD_LEVEL_2; of other levels nothing is known but their names.
    private static bool Includes(string verified, string required)
    {
        if (verified == required)
        {
            return true;
        }
        var at = required.LastIndexOf(Infix, StringComparison.Ordinal) + Infix.Length;
        return required.StartsWith("SLSA_", StringComparison.Ordinal)
            && at > Infix.Length
            && verified.StartsWith(required[..at], StringComparison.Ordinal)
            && Digit(required[at..]) is { } low
            && Digit(verified[at..]) is { } high
            && high >= low;
    }

    private static int? Digit(string text) => text.Length == 1 && char.IsAsciiDigit(text[0]) ? text[0] - '0' : null;
}
