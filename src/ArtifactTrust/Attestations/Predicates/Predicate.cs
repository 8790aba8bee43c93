using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>What a statement says of its subjects, read according to its type.</summary>
public abstract record Predicate
{
    private protected Predicate() { }

    /// <summary>When the thing it states happened, UTC: the build ended, the scan ended, the BOM was made. Null where it does not say.</summary>
    public virtual DateTimeOffset? Time => null;

    /// <summary>Reads a predicate.</summary>
    /// <param name="predicateType">The statement's predicate type, a URI.</param>
    /// <param name="json">The statement's predicate.</param>
    /// <returns>A typed predicate; an <see cref="UntypedPredicate"/> where the type is not one of those read here.</returns>
    /// <exception cref="MalformedDataException">The type is known and the predicate breaks its specification.</exception>
    public static Predicate Parse(string predicateType, JsonElement json) =>
        PredicateType.NameOf(predicateType) switch
        {
            PredicateType.SlsaProvenanceName => SlsaProvenance.Parse(json),
            PredicateType.CycloneDxName => CycloneDxBom.Parse(json),
            PredicateType.CosignVulnName => CosignVuln.Parse(json),
            PredicateType.VulnsName => Vulns.Parse(json),
            PredicateType.TestResultName => TestResult.Parse(json),
            PredicateType.VerificationSummaryName => VerificationSummary.Parse(json),
            _ => new UntypedPredicate(predicateType, json),
        };
}

/// <summary>A predicate of a type that is carried and signed, but not read here.</summary>
/// <param name="Type">The predicate's type, a URI.</param>
/// <param name="Json">The predicate; undefined where the statement has none.</param>
public sealed record UntypedPredicate(string Type, JsonElement Json) : Predicate;
