using System.Text.Json;

namespace ArtifactTrust.Cli.Console;

/// <summary>The lists of a JSON result. One without items is an empty array, and not left out.</summary>
internal static class JsonLists
{
    /// <summary>Writes a member that is an array of strings.</summary>
    internal static void WriteStrings(this Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }
        writer.WriteEndArray();
    }
}
