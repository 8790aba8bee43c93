using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The <c>--type</c> option.</summary>
internal static class Types
{
    /// <summary>A predicate type given by its short name or as a URI.</summary>
    internal static PredicateType Parse(string text)
    {
        try
        {
            return PredicateType.Parse(text);
        }
        catch (MalformedDataException e)
        {
            throw CliException.Usage($"--type '{text}': {e.Reason}", null, e);
        }
    }
}
