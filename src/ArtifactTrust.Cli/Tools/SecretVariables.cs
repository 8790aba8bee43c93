using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Signing.Oidc;

namespace ArtifactTrust.Cli.Tools;

/// <summary>The environment variables that hold secrets meant for this program, and for no program that it starts.</summary>
internal static class SecretVariables
{
    internal static IReadOnlyList<string> Names { get; } =
    [
        Options.PasswordVariable,
        KeyLoader.CosignPasswordVariable,
        KeyLoader.PinVariable,
        EnvironmentToken.Variable,
        TrivyServer.TokenVariable,
        RedactCommand.KeyVariable,
    ];

    /// <summary>Takes them out of the environment of a program that will be started.</summary>
    internal static void RemoveFrom(IDictionary<string, string?> environment)
    {
        foreach (var name in Names)
        {
            environment.Remove(name);
        }
    }
}
