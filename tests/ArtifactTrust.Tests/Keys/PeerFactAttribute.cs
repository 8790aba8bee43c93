namespace ArtifactTrust.Tests.Keys;

/// <summary>A test that needs another program, and says so where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute(string program) => Skip = Peer.ReasonToSkip(program);
}

/// <inheritdoc cref="PeerFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute(string program) => Skip = Peer.ReasonToSkip(program);
}

internal static class Peer
{
    /// <summary>Null where the program is on PATH.</summary>
    public static string? ReasonToSkip(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(d => File.Exists(Path.Combine(d, program)))
            ? null
            : $"{program} is not on PATH";
}
