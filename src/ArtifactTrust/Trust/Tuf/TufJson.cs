using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>What the TUF parsers have in common.</summary>
internal static class TufJson
{
    internal static long RequiredNumber(JsonElement parent, string name, long minimum, long maximum, string format, string location) =>
        OptionalNumber(parent, name, minimum, maximum, format, location)
        ?? throw new MalformedDataException(format, $"{location}.{name}", "the member is required");

    internal static long? OptionalNumber(JsonElement parent, string name, long minimum, long maximum, string format, string location)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= minimum && number <= maximum
            ? number
            : throw new MalformedDataException(format, $"{location}.{name}", $"a whole number from {minimum} to {maximum} is expected");
    }

    internal static bool? OptionalBoolean(JsonElement parent, string name, string format, string location)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return null;
        }
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw new MalformedDataException(format, $"{location}.{name}", "true or false is expected");
    }

    internal static List<string> RequiredStrings(JsonElement parent, string name, int maximumCount, string format, string location)
    {
        var strings = new List<string>();
        foreach (var element in StrictJson.RequiredArray(parent, name, format, location, maximumCount).EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.String)
            {
                throw new MalformedDataException(format, $"{location}.{name}[{strings.Count}]", "a string is expected");
            }
            strings.Add(CheckName(element.GetString()!, format, $"{location}.{name}[{strings.Count}]"));
        }
        return strings;
    }

    /// <summary>The members of a required object, which are at most so many, with names of acceptable length.</summary>
    internal static IEnumerable<JsonProperty> RequiredMembers(
        JsonElement parent,
        string name,
        int maximumCount,
        string format,
        string location
    )
    {
        var value = StrictJson.RequiredObject(parent, name, format, location);
        var count = value.GetPropertyCount();
        return count <= maximumCount
            ? value
                .EnumerateObject()
                .Select(m =>
                {
                    CheckName(m.Name, format, $"{location}.{name}");
                    return m;
                })
            : throw new MalformedDataException(format, $"{location}.{name}", $"{count} members; at most {maximumCount} are accepted");
    }

    internal static Dictionary<string, TufKey> RequiredKeys(JsonElement parent, string format, string location)
    {
        var keys = new Dictionary<string, TufKey>(StringComparer.Ordinal);
        foreach (var member in RequiredMembers(parent, "keys", Limits.TufKeys, format, location))
        {
            keys.Add(member.Name, TufKey.Parse(member.Name, member.Value, format, $"{location}.keys.{member.Name}"));
        }
        return keys;
    }

    internal static string CheckName(string name, string format, string location) =>
        name.Length is > 0 and <= Limits.TufNameLength
            ? name
            : throw new MalformedDataException(format, location, $"a text of 1 to {Limits.TufNameLength} characters is expected");
}
