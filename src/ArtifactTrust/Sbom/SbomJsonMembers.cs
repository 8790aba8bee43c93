using System.Text.Json;

namespace ArtifactTrust.Sbom;

/// <summary>Members of JSON objects that are left out where there is nothing to write.</summary>
internal static class SbomJsonMembers
{
    /// <summary>Writes a text, where there is one.</summary>
    internal static void WriteText(this Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Writes an array, where there is anything in it.</summary>
    internal static void WriteList<T>(this Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<T> write)
    {
        if (items.Count == 0)
        {
            return;
        }
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            write(item);
        }
        json.WriteEndArray();
    }

    /// <summary>Writes an array of objects, where there is any.</summary>
    internal static void WriteObjects<T>(this Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<T> writeMembers) =>
        json.WriteList(
            name,
            items,
            item =>
            {
                json.WriteStartObject();
                writeMembers(item);
                json.WriteEndObject();
            }
        );

    /// <summary>Writes an array of texts, where there is any.</summary>
    internal static void WriteTexts(this Utf8JsonWriter json, string name, IReadOnlyList<string> values) =>
        json.WriteList(name, values, json.WriteStringValue);
}
