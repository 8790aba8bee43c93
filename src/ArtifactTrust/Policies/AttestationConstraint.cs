using ArtifactTrust.Attestations.Predicates;

namespace ArtifactTrust.Policies;

/// <summary>One thing that a policy asks of what an attestation says.</summary>
public abstract class AttestationConstraint
{
    private protected AttestationConstraint(string name, string expected)
    {
        Name = name;
        Expected = expected;
    }

    /// <summary>The policy's key for it, such as <c>maxAge</c>; the end of the rule's id.</summary>
    public string Name { get; }

    /// <summary>What would meet it, for people.</summary>
    public string Expected { get; }

    internal abstract Assessment Check(Predicate predicate, DateTimeOffset now);

    private protected static Assessment Holds(string actual) => new(DenialCode.None, "", actual, null);

    private protected static Assessment Fails(DenialCode code, string message, string? actual = null, string? hint = null) =>
        new(code, message, actual, hint);

    /// <summary>How a predicate meets a constraint; it does where the code is <see cref="DenialCode.None"/>.</summary>
    internal readonly record struct Assessment(DenialCode Code, string Message, string? Actual, string? Hint)
    {
        internal bool Holds => Code == DenialCode.None;
    }
}

/// <summary>The predicate states a time, and that time is not longer ago than this.</summary>
internal sealed class MaxAge(PolicyDuration limit) : AttestationConstraint("maxAge", $"not older than {limit}")
{
    internal override Assessment Check(Predicate predicate, DateTimeOffset now)
    {
        if (predicate.Time is not { } time)
        {
            return Fails(DenialCode.TimeMissing, "the attestation does not say when it was made", hint: "attest again with the time in it");
        }
        var age = now - time;
        var actual = $"{PolicyDuration.Describe(age < TimeSpan.Zero ? TimeSpan.Zero : age)} old";
        return age <= limit.Value
            ? Holds(actual)
            : Fails(DenialCode.TooOld, $"it is {actual}; {limit} is the most", actual, "attest again");
    }
}
