using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Cli.Commands;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Cli.Deploy;

/// <summary>What signatures say before they are verified: good for sparing work, and for nothing else.</summary>
internal static class Claims
{
    /// <summary>Tells a copy what to expect, and leaves out of it what every signature leaves out.</summary>
    /// <returns>The rules for the copy; those given where nothing is copied.</returns>
    internal static IgnoreRules Prepare(TreeReader? reader, IReadOnlyList<FoundEvidence> found, IgnoreRules rules)
    {
        if (reader is not TreeCopy copy)
        {
            return rules;
        }
        var models = found.Select(f => Model(ExaminedEvidence.Claim(f.Bundle))).OfType<ModelSignature>().ToList();
        var expected = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var resource in models.SelectMany(m => m.Resources))
        {
            expected.TryAdd(resource.Name, resource.Digest);
        }
        copy.Expected = expected;
        try
        {
            // Only what all leave out: what one of them signed has to be there to be verified.
            return models.Count == 0
                ? rules
                : rules.With(
                    models
                        .Select(m => m.Serialization.IgnorePaths.AsEnumerable())
                        .Aggregate((a, b) => a.Intersect(b, StringComparer.Ordinal))
                );
        }
        catch (MalformedDataException)
        {
            return rules;
        }
    }

    private static ModelSignature? Model(Attestations.Statement? statement)
    {
        try
        {
            return statement is not null && ModelSignature.IsType(statement.PredicateType)
                ? ModelSignature.Parse(statement.Predicate)
                : null;
        }
        catch (Exception e) when (e is MalformedDataException or NotSupportedException)
        {
            // The verification says what is wrong with it.
            return null;
        }
    }
}
