using ArtifactTrust.Hashing;

namespace ArtifactTrust.Policies;

/// <summary>How a rule ended. The zero value is no success.</summary>
public enum RuleOutcome
{
    /// <summary>A rule before it failed, so that there was nothing to look at. It does not hold.</summary>
    NotReached,

    /// <summary>The rule does not hold.</summary>
    Failed,

    /// <summary>The rule holds.</summary>
    Passed,
}

/// <summary>How one rule of a policy ended, and what that rests on.</summary>
/// <param name="Id">The rule, such as <c>model.attestations[2].vulns.maxSeverity</c>; part of the JSON output, so it stays.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Code">Why it failed; <see cref="DenialCode.None"/> where it did not.</param>
/// <param name="Message">What was found, in a few words.</param>
public sealed record RuleResult(string Id, RuleOutcome Outcome, DenialCode Code, string Message)
{
    /// <summary>What would have passed.</summary>
    public string? Expected { get; init; }

    /// <summary>What was found.</summary>
    public string? Actual { get; init; }

    /// <summary>What the reader can do next.</summary>
    public string? Hint { get; init; }

    /// <summary>The bundles and envelopes of the Notary Project that made the rule hold, SHA-256 of each.</summary>
    public IReadOnlyList<Digest> Evidence { get; init; } = [];

    /// <summary>The identities whose evidence made the rule hold, each once.</summary>
    public IReadOnlyList<string> Signers { get; init; } = [];

    /// <summary>Whom the certificates were of that made the rule hold, name and issuer, each once; none where keys did.</summary>
    public IReadOnlyList<string> Certificates { get; init; } = [];

    /// <summary>Everything that was looked at for this rule and did not count, the most specific reason first.</summary>
    public IReadOnlyList<RejectedEvidence> Rejected { get; init; } = [];
}

/// <summary>Evidence that did not count for a rule.</summary>
/// <param name="Bundle">SHA-256 of the bundle or envelope.</param>
/// <param name="Signer">The identity that signed it; null where the policy knows none with that key.</param>
/// <param name="Code">Why it did not count.</param>
/// <param name="Message">Why, in a few words.</param>
public sealed record RejectedEvidence(Digest Bundle, string? Signer, DenialCode Code, string Message)
{
    /// <summary>What was found.</summary>
    public string? Actual { get; init; }

    /// <summary>What the reader can do next.</summary>
    public string? Hint { get; init; }
}
