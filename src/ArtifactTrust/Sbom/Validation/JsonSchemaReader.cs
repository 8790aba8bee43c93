using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Reads schemas that refer to each other.</summary>
internal sealed class JsonSchemaReader
{
    private const string Named = "JSON schema";
    private const string ElementName = "#/definitions/refType";

    // What a pattern is matched against is bounded by the document's size; the engine takes time linear in it.
    private const RegexOptions PatternOptions = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private readonly Dictionary<string, JsonElement> _documents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonSchema> _schemas = new(StringComparer.Ordinal);

    /// <summary>Adds a document, so that others may refer to it by its file name.</summary>
    internal void Add(string name, JsonElement document) => _documents.Add(name, document);

    /// <summary>The schema of a whole document.</summary>
    /// <exception cref="MalformedDataException">It has a keyword that is not known, or refers to what is not there.</exception>
    internal JsonSchema Read(string name) => At($"{name}#");

    private JsonSchema At(string address)
    {
        if (_schemas.TryGetValue(address, out var known))
        {
            return known;
        }
        var hash = address.IndexOf('#', StringComparison.Ordinal);
        if (!_documents.TryGetValue(address[..hash], out var json))
        {
            throw new MalformedDataException(Named, address, "there is no such document");
        }
        foreach (var token in address[(hash + 1)..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            json =
                json.ValueKind == JsonValueKind.Object && json.TryGetProperty(token, out var next)
                    ? next
                    : throw new MalformedDataException(Named, address, "there is no such definition");
        }
        return Read(json, address);
    }

    private JsonSchema Read(JsonElement json, string address)
    {
        var name = address[(address.LastIndexOfAny(['/', '#']) + 1)..];
        if (json.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return new JsonSchema { Name = name, Always = json.GetBoolean() };
        }
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Named, address, "an object, true or false is expected");
        }
        var schema = new JsonSchema { Name = name };
        // Before its parts are read, since they may refer to it.
        _schemas[address] = schema;
        foreach (var keyword in json.EnumerateObject())
        {
            Keyword(schema, keyword.Name, keyword.Value, address);
        }
        schema.IsElementName =
            address.EndsWith(ElementName, StringComparison.Ordinal)
            || schema.Reference is { IsElementName: true }
            || schema.AllOf?.Any(a => a.IsElementName) == true;
        return schema;
    }

    private void Keyword(JsonSchema schema, string keyword, JsonElement value, string address)
    {
        switch (keyword)
        {
            case "$schema" or "$id" or "$comment" or "title" or "description" or "examples" or "default" or "deprecated" or "meta:enum":
                break;
            case "definitions" or "$defs":
                // Read where they are referred to.
                break;
            case "$ref":
                schema.Reference = At(Resolve(value.GetString()!, address));
                break;
            case "type":
                schema.Types = value.ValueKind == JsonValueKind.Array ? Texts(value) : [value.GetString()!];
                break;
            case "properties":
                schema.Properties = value
                    .EnumerateObject()
                    .ToDictionary(p => p.Name, p => Part(p.Value, $"{address}/properties/{p.Name}"), StringComparer.Ordinal);
                break;
            case "additionalProperties":
                schema.AdditionalProperties = Part(value, $"{address}/{keyword}");
                break;
            case "unevaluatedProperties":
                schema.UnevaluatedProperties = value.GetBoolean();
                break;
            case "required":
                schema.Required = Texts(value);
                break;
            case "enum":
                schema.Enum = [.. value.EnumerateArray()];
                schema.EnumTexts = schema.Enum.All(e => e.ValueKind == JsonValueKind.String)
                    ? schema.Enum.Select(e => e.GetString()!).ToHashSet(StringComparer.Ordinal)
                    : null;
                break;
            case "const":
                schema.Const = value;
                break;
            case "pattern":
                schema.PatternText = value.GetString()!;
                (schema.Pattern, schema.PatternExcluded) = Patterns(schema.PatternText);
                break;
            case "format":
                schema.Format = Format(value.GetString()!, address);
                break;
            case "items" when value.ValueKind == JsonValueKind.Array:
                schema.TupleItems = Parts(value, $"{address}/{keyword}");
                break;
            case "items":
                schema.Items = Part(value, $"{address}/{keyword}");
                break;
            case "additionalItems":
                // Beside a schema for all items it says nothing (draft-07 validation §6.4.2).
                schema.Items ??= Part(value, $"{address}/{keyword}");
                break;
            case "oneOf":
                schema.OneOf = new JsonAlternatives(Parts(value, $"{address}/{keyword}"));
                break;
            case "anyOf":
                schema.AnyOf = new JsonAlternatives(Parts(value, $"{address}/{keyword}"));
                break;
            case "allOf":
                schema.AllOf = Parts(value, $"{address}/{keyword}");
                break;
            case "not":
                schema.Not = Part(value, $"{address}/{keyword}");
                break;
            case "if":
                schema.If = Part(value, $"{address}/{keyword}");
                break;
            case "then":
                schema.Then = Part(value, $"{address}/{keyword}");
                break;
            case "else":
                schema.Else = Part(value, $"{address}/{keyword}");
                break;
            case "uniqueItems":
                schema.UniqueItems = value.GetBoolean();
                break;
            case "minItems":
                schema.MinItems = value.GetInt32();
                break;
            case "maxItems":
                schema.MaxItems = value.GetInt32();
                break;
            case "minLength":
                schema.MinLength = value.GetInt32();
                break;
            case "maxLength":
                schema.MaxLength = value.GetInt32();
                break;
            case "minimum":
                schema.Minimum = value.GetDecimal();
                break;
            case "maximum":
                schema.Maximum = value.GetDecimal();
                break;
            default:
                throw new MalformedDataException(Named, address, $"the keyword '{keyword}' is not known here");
        }
    }

    private JsonSchema Part(JsonElement json, string address) => _schemas.TryGetValue(address, out var known) ? known : Read(json, address);

    private List<JsonSchema> Parts(JsonElement array, string address) =>
        [.. array.EnumerateArray().Select((s, i) => Part(s, $"{address}/{i}"))];

    private static List<string> Texts(JsonElement array) => [.. array.EnumerateArray().Select(t => t.GetString()!)];

    private static string Resolve(string reference, string address)
    {
        var document = address[..address.IndexOf('#', StringComparison.Ordinal)];
        return reference.StartsWith('#') ? document + reference
            : reference.Contains('#', StringComparison.Ordinal) ? reference
            : $"{reference}#";
    }

    /// <summary>A pattern, and what its negative look-ahead excludes: an engine that takes linear time has none.</summary>
    private static (Regex Pattern, Regex? Excluded) Patterns(string pattern)
    {
        const string Ahead = "^(?!";
        var end = pattern.IndexOf(')', StringComparison.Ordinal);
        return pattern.StartsWith(Ahead, StringComparison.Ordinal)
            ? (Pattern($"^{pattern[(end + 1)..]}"), Pattern($"^{pattern[Ahead.Length..end]}"))
            : (Pattern(pattern), null);
    }

    /// <summary>ECMA 262's <c>$</c> is the end of the text alone; .NET's also stands before a last line feed.</summary>
    private static Regex Pattern(string pattern) =>
        new(pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal) ? $"{pattern[..^1]}\\z" : pattern, PatternOptions);

    private static JsonFormat Format(string format, string address) =>
        format switch
        {
            "date" => JsonFormat.Date,
            "date-time" => JsonFormat.DateTime,
            "uri" => JsonFormat.Uri,
            "iri-reference" => JsonFormat.IriReference,
            "idn-email" => JsonFormat.IdnEmail,
            _ => throw new MalformedDataException(Named, address, $"the format '{format}' is not known here"),
        };
}
