namespace ArtifactTrust.Trust.Tuf;

/// <summary>Why a TUF repository, or a file of it, is not trusted.</summary>
/// <param name="Code">The reason.</param>
/// <param name="Role">The role or file it was found in: <c>root</c>, <c>timestamp</c>, <c>snapshot</c>, <c>targets</c>, a delegated role's
/// name, or a target's path.</param>
/// <param name="Clause">The clause of TUF 1.0 that asks for the check, such as <c>§5.4.3</c>.</param>
/// <param name="Message">What happened, in a few words.</param>
public sealed record TufFailure(TufFailureCode Code, string Role, string Clause, string Message)
{
    /// <summary>What would have been trusted.</summary>
    public string? Expected { get; init; }

    /// <summary>What was found.</summary>
    public string? Actual { get; init; }

    /// <summary>The reason in one line.</summary>
    public override string ToString() =>
        (Expected, Actual) switch
        {
            (null, null) => $"{Role}: {Message} (TUF 1.0 {Clause})",
            (null, _) => $"{Role}: {Message}; found {Actual} (TUF 1.0 {Clause})",
            (_, null) => $"{Role}: {Message}; expected {Expected} (TUF 1.0 {Clause})",
            _ => $"{Role}: {Message}; expected {Expected}, found {Actual} (TUF 1.0 {Clause})",
        };
}
