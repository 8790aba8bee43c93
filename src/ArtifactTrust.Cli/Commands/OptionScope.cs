using System.CommandLine;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>Refuses options that would do nothing, so that nobody relies on one that is not looked at.</summary>
internal static class OptionScope
{
    /// <summary>Throws where one of the options was given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">The options.</param>
    /// <param name="why">What follows the option's name: why it would do nothing.</param>
    /// <param name="hint">What to do.</param>
    /// <exception cref="CliException">See above.</exception>
    internal static void Refuse(this ParseResult parsed, IEnumerable<Option> options, string why, string? hint = null)
    {
        if (options.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } given)
        {
            throw CliException.Usage($"{given.Name} {why}", hint);
        }
    }

    /// <summary>Throws where paths of a directory are to be left out, and no subject is one.</summary>
    /// <exception cref="CliException">See above.</exception>
    internal static void RequireDirectory(this ParseResult parsed, IEnumerable<Option> options, params IEnumerable<Subject> subjects)
    {
        if (!subjects.Any(s => s is Subject.LocalDirectory))
        {
            parsed.Refuse(options, "is for directories");
        }
    }

    /// <summary>Whether the subject lies in a registry.</summary>
    internal static bool IsInRegistry(this Subject subject) => subject is Subject.Image { Reference: RegistryReference };
}
