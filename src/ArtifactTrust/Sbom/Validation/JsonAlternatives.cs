using System.Text.Json;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>The alternatives of <c>anyOf</c> or <c>oneOf</c>; those that ask for one value of the member <c>type</c> are found by it.</summary>
internal sealed class JsonAlternatives(IReadOnlyList<JsonSchema> all)
{
    // Made at the first use, when the schemas that they refer to have been read. Two threads make the same.
    private volatile Index? _index;

    /// <summary>Every alternative.</summary>
    internal IReadOnlyList<JsonSchema> All { get; } = all;

    /// <summary>The alternatives that a value may fit: all others are of another type than it says.</summary>
    internal IReadOnlyList<JsonSchema> For(JsonElement value) =>
        TypeOf(value) is { } type ? Indexed.ByType.GetValueOrDefault(type) ?? Indexed.Others : All;

    private Index Indexed => _index ??= new Index(All);

    /// <summary>The types to choose from, where a value's is none of them; otherwise null.</summary>
    internal IReadOnlyCollection<string>? TypesExpected(JsonElement value) =>
        TypeOf(value) is { } type && Indexed.ByType is { Count: > 0 } types && !types.ContainsKey(type) ? [.. types.Keys] : null;

    private static string? TypeOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            ? type.GetString()
            : null;

    private static string? TypeAskedFor(JsonSchema schema)
    {
        if (schema.Properties?.GetValueOrDefault("type") is { } type)
        {
            var only = type.OneOf is { All: [var one] } ? one : type;
            return only.Const is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        return schema.Reference is { } reference
            ? TypeAskedFor(reference)
            : (schema.AllOf ?? []).Select(TypeAskedFor).FirstOrDefault(t => t is not null);
    }

    private sealed class Index
    {
        internal Index(IReadOnlyList<JsonSchema> all)
        {
            var types = all.Select(a => (Schema: a, Type: TypeAskedFor(a))).ToList();
            Others = [.. types.Where(t => t.Type is null).Select(t => t.Schema)];
            ByType = types
                .Where(t => t.Type is not null)
                .GroupBy(t => t.Type!, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => (IReadOnlyList<JsonSchema>)[.. g.Select(t => t.Schema), .. Others], StringComparer.Ordinal);
        }

        internal IReadOnlyDictionary<string, IReadOnlyList<JsonSchema>> ByType { get; }

        internal IReadOnlyList<JsonSchema> Others { get; }
    }
}
