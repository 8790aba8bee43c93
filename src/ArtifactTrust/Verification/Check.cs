namespace ArtifactTrust.Verification;

/// <summary>How one check ended. The zero value is no success.</summary>
public enum CheckOutcome
{
    /// <summary>An earlier check failed, so this one was not made.</summary>
    NotReached,

    /// <summary>The check failed.</summary>
    Failed,

    /// <summary>Neither the evidence nor the caller asks for this check.</summary>
    NotRequired,

    /// <summary>The check was made and holds.</summary>
    Passed,
}

/// <summary>One step of a verification, with what was expected and found.</summary>
/// <param name="Name">The step, such as <c>signature.key</c>; part of the JSON output, so it stays.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Code">Why it failed; <see cref="FailureCode.None"/> where it did not.</param>
public sealed record Check(string Name, CheckOutcome Outcome, FailureCode Code = FailureCode.None)
{
    /// <summary>What happened, in a few words.</summary>
    public string? Message { get; init; }

    /// <summary>What would have passed.</summary>
    public string? Expected { get; init; }

    /// <summary>What was found.</summary>
    public string? Actual { get; init; }

    /// <summary>The clause of the specification that asks for the check.</summary>
    public string? Clause { get; init; }

    /// <summary>What the reader can do next.</summary>
    public string? Hint { get; init; }
}
