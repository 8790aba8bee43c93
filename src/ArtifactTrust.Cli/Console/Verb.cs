using System.CommandLine;

namespace ArtifactTrust.Cli.Console;

/// <summary>A command with the examples its help ends with.</summary>
internal sealed class Verb : Command
{
    internal Verb(string name, string description, params string[] examples)
        : base(name, description) => Examples = examples;

    /// <summary>Whole command lines.</summary>
    internal IReadOnlyList<string> Examples { get; }
}
