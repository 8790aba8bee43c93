namespace ArtifactTrust.Signing.Oidc;

/// <summary>What the surroundings of the program say; asked for, so that nothing here reaches for the process's own.</summary>
/// <param name="Variable">The value of an environment variable; null where it is not set.</param>
/// <param name="ReadFile">
/// The text of a small file; null where it does not exist. The second argument is the most that is read, in bytes; more is an IOException.
/// </param>
public sealed record AmbientEnvironment(Func<string, string?> Variable, Func<string, int, string?> ReadFile)
{
    /// <summary>A variable that says something.</summary>
    internal string? Get(string name) => Variable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
}
