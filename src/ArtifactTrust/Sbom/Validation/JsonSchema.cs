using System.Text.Json;
using System.Text.RegularExpressions;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>One schema of JSON Schema, read once. Only the keywords that CycloneDX and SPDX use are known; any other is refused at reading.</summary>
/// <remarks>
/// Spec: JSON Schema draft-07 (core and validation), with the later drafts' reading of <c>$ref</c>: keywords beside it count too; and of
/// draft 2020-12 <c>unevaluatedProperties</c>.
/// </remarks>
internal sealed class JsonSchema
{
    /// <summary>What the schema is named by in errors: the last part of its place in its document.</summary>
    internal required string Name { get; init; }

    /// <summary>The answer of <c>true</c> and <c>false</c>; null for all others.</summary>
    internal bool? Always { get; init; }

    /// <summary>Where <c>$ref</c> leads.</summary>
    internal JsonSchema? Reference { get; set; }

    /// <summary>Whether a string here names an element of the document: CycloneDX's <c>refType</c> or what is defined by it.</summary>
    internal bool IsElementName { get; set; }

    internal IReadOnlyList<string>? Types { get; set; }
    internal IReadOnlyDictionary<string, JsonSchema>? Properties { get; set; }
    internal JsonSchema? AdditionalProperties { get; set; }

    /// <summary>Whether members that no part of the schema speaks of are allowed; null where nothing is said.</summary>
    internal bool? UnevaluatedProperties { get; set; }

    internal IReadOnlyList<string> Required { get; set; } = [];
    internal IReadOnlyList<JsonElement>? Enum { get; set; }

    /// <summary>The values of <see cref="Enum"/> where all are strings, which lists of hundreds are.</summary>
    internal IReadOnlySet<string>? EnumTexts { get; set; }

    internal JsonElement? Const { get; set; }
    internal Regex? Pattern { get; set; }

    /// <summary>What the text must not match: a negative look-ahead at the start of the pattern.</summary>
    internal Regex? PatternExcluded { get; set; }

    internal string? PatternText { get; set; }
    internal JsonFormat Format { get; set; }

    /// <summary>The schema of every element of an array; of those after <see cref="TupleItems"/>, where there are such.</summary>
    internal JsonSchema? Items { get; set; }

    internal IReadOnlyList<JsonSchema> TupleItems { get; set; } = [];
    internal JsonAlternatives? OneOf { get; set; }
    internal JsonAlternatives? AnyOf { get; set; }
    internal IReadOnlyList<JsonSchema>? AllOf { get; set; }
    internal JsonSchema? Not { get; set; }
    internal JsonSchema? If { get; set; }
    internal JsonSchema? Then { get; set; }
    internal JsonSchema? Else { get; set; }
    internal bool UniqueItems { get; set; }
    internal int? MinItems { get; set; }
    internal int? MaxItems { get; set; }
    internal int? MinLength { get; set; }
    internal int? MaxLength { get; set; }
    internal decimal? Minimum { get; set; }
    internal decimal? Maximum { get; set; }
}

/// <summary>What <c>format</c> asks of a string.</summary>
internal enum JsonFormat
{
    None = 0,
    Date,
    DateTime,
    Uri,
    IriReference,
    IdnEmail,
}
