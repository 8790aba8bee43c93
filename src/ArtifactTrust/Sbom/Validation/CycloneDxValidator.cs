using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Validates CycloneDX JSON 1.4 to 1.7: against the published schema, and by what a schema cannot say.</summary>
/// <remarks>
/// Spec: CycloneDX 1.4 to 1.7. Beside the schema: every <c>bom-ref</c> is there once, what refers to one finds it, hashes are as long as
/// their algorithm's. Within a formula, and between cryptographic assets, the official examples themselves refer to what is elsewhere, so
/// there it is a warning.
/// </remarks>
public static class CycloneDxValidator
{
    private const string Named = "CycloneDX document";

    /// <summary>Validates a document.</summary>
    /// <param name="utf8">The whole document.</param>
    /// <exception cref="MalformedDataException">It is no JSON, no CycloneDX, of no version that can be checked, or too large.</exception>
    public static SbomValidation Validate(ReadOnlyMemory<byte> utf8) => Validate(StrictJson.Parse(utf8, Named, Limits.PredicateBytes));

    /// <summary>Validates a document that is part of another, such as a statement's predicate.</summary>
    /// <param name="json">The document.</param>
    /// <exception cref="MalformedDataException">It is no CycloneDX, of no version that can be checked, or too large.</exception>
    public static SbomValidation Validate(JsonElement json)
    {
        var version = VersionOf(json);
        var names = new CycloneDxNames();
        var errors = new JsonSchemaEvaluation(names.Add).Evaluate(CycloneDxSchemas.Of(version), json);
        names.AddPlain(json);
        var warnings = new List<SbomError>();
        names.Check(errors, warnings);
        CycloneDxRules.Check(json, errors, warnings);
        return new SbomValidation("CycloneDX", version, [.. errors.Take(Limits.SbomErrors)], [.. warnings.Take(Limits.SbomErrors)]);
    }

    /// <summary>The version a document says it is of.</summary>
    /// <exception cref="MalformedDataException">It is no CycloneDX, or of no version that can be checked.</exception>
    internal static string VersionOf(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Named, "$", "an object is expected");
        }
        // A wrong bomFormat is an error that the schema tells; the version decides which schema that is.
        var version = StrictJson.RequiredString(json, "specVersion", Named, "$");
        return CycloneDxSchemas.Versions.Contains(version)
            ? version
            : throw new MalformedDataException(
                Named,
                "$.specVersion",
                $"one of {string.Join(", ", CycloneDxSchemas.Versions)} is expected"
            );
    }
}
