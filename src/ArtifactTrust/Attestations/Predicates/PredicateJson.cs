using System.Buffers;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Attestations.Predicates;

/// <summary>Reads members of a predicate of one format. A member that is absent, null or empty is the same thing.</summary>
/// <remarks>Spec: SLSA provenance v1, "Parsing rules".</remarks>
internal readonly struct PredicateJson
{
    private readonly JsonElement _json;
    private readonly string _format;
    private readonly string _location;

    private PredicateJson(JsonElement json, string format, string location)
    {
        _json = json;
        _format = format;
        _location = location;
    }

    /// <summary>The predicate itself.</summary>
    /// <exception cref="MalformedDataException">It is not an object.</exception>
    internal static PredicateJson Root(JsonElement json, string format) =>
        json.ValueKind == JsonValueKind.Object
            ? new PredicateJson(json, format, "$")
            : throw new MalformedDataException(format, "$", "the predicate is to be an object");

    internal JsonElement Json => _json;

    internal PredicateJson Object(string name) => OptionalObject(name) ?? throw Malformed(name, "an object is required");

    internal PredicateJson? OptionalObject(string name) =>
        Member(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new PredicateJson(value, _format, $"{_location}.{name}")
        : throw Malformed(name, "an object is expected");

    internal string String(string name) => OptionalString(name) ?? throw Malformed(name, "a string that is not empty is required");

    internal string? OptionalString(string name) =>
        StrictJson.OptionalString(_json, name, _format, _location) is { Length: > 0 } text ? text : null;

    internal DateTimeOffset Time(string name) => OptionalTime(name) ?? throw Malformed(name, "an RFC 3339 time is required");

    internal DateTimeOffset? OptionalTime(string name) =>
        OptionalString(name) is { } text ? Rfc3339.Parse(text, _format, $"{_location}.{name}") : null;

    /// <summary>The elements of an array, each an object; none where the member is absent.</summary>
    internal IEnumerable<PredicateJson> Objects(string name)
    {
        if (Array(name) is not { } array)
        {
            yield break;
        }
        var index = 0;
        foreach (var item in array.EnumerateArray())
        {
            var location = $"{_location}.{name}[{index++}]";
            yield return item.ValueKind == JsonValueKind.Object
                ? new PredicateJson(item, _format, location)
                : throw new MalformedDataException(_format, location, "an object is expected");
        }
    }

    /// <summary>The elements of an array, each a string; none where the member is absent.</summary>
    internal IReadOnlyList<string> Strings(string name)
    {
        var items = new List<string>();
        if (Array(name) is { } array)
        {
            foreach (var item in array.EnumerateArray())
            {
                items.Add(Text(item, $"{_location}.{name}[{items.Count}]"));
            }
        }
        return items;
    }

    /// <summary>The elements of an array, each a resource descriptor; none where the member is absent.</summary>
    internal IReadOnlyList<ResourceDescriptor> Descriptors(string name) => [.. Objects(name).Select(o => o.Descriptor())];

    /// <summary>This object as a resource descriptor.</summary>
    internal ResourceDescriptor Descriptor()
    {
        try
        {
            return ResourceDescriptor.Parse(_json, _format, _location);
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(_format, _location, "a string is not valid Unicode", e);
        }
    }

    /// <summary>The members of an object, each a string, in code point order; none where it is absent.</summary>
    internal IReadOnlyDictionary<string, string> StringMap(string name)
    {
        var map = new SortedDictionary<string, string>(CodePointOrder.Instance);
        if (OptionalObject(name) is { } value)
        {
            foreach (var (key, item) in value.Members())
            {
                map.Add(key, value.Text(item, $"{value._location}.{key}"));
            }
        }
        return map;
    }

    /// <summary>The members of this object.</summary>
    internal IEnumerable<(string Name, JsonElement Value)> Members()
    {
        foreach (var member in _json.EnumerateObject())
        {
            yield return (NameOf(member), member.Value);
        }
    }

    /// <summary>Throws where an array that the format requires is absent.</summary>
    internal void RequireArray(string name)
    {
        if (!_json.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array)
        {
            throw Malformed(name, "an array is required");
        }
    }

    /// <summary>Throws where a member has one of these names in another case: some readers take it, and some read over it.</summary>
    internal void RefuseOtherCase(params IReadOnlyList<string> names)
    {
        foreach (var (actual, _) in Members())
        {
            if (names.FirstOrDefault(n => n != actual && n.Equals(actual, StringComparison.OrdinalIgnoreCase)) is { } name)
            {
                throw Malformed(actual, $"'{name}' is to be written so");
            }
        }
    }

    internal MalformedDataException Malformed(string name, string reason) => new(_format, $"{_location}.{name}", reason);

    /// <summary>The value that a writer made, to be put into a statement.</summary>
    internal static JsonElement ToElement(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }
        return StrictJson.Parse(buffer.WrittenMemory, "predicate", Limits.ModelSignatureBytes);
    }

    private JsonElement? Member(string name) =>
        _json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private JsonElement? Array(string name)
    {
        if (Member(name) is not { } value)
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Malformed(name, "an array is expected");
        }
        var count = value.GetArrayLength();
        return count <= Limits.PredicateItems
            ? value
            : throw Malformed(name, $"{count} elements; at most {Limits.PredicateItems} are accepted");
    }

    private string Text(JsonElement value, string location)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new MalformedDataException(_format, location, "a string is expected");
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(_format, location, "the string is not valid Unicode", e);
        }
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw new MalformedDataException(_format, _location, "a member's name is not valid Unicode", e);
        }
    }
}
