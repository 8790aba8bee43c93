using System.Globalization;
using System.Text.Json;

namespace ArtifactTrust.Sbom.Spdx;

/// <summary>Writes the elements of an SPDX 3.0.1 document, each with its identifier and who made it.</summary>
internal sealed class Spdx3Elements(Utf8JsonWriter json, Guid document)
{
    /// <summary>The one statement of who made the document and when, which every element refers to.</summary>
    internal const string CreationInfo = "_:creationinfo";

    private readonly string _base = $"urn:uuid:{document}#";
    private int _relationships;

    /// <summary>The identifier of an element of the document.</summary>
    internal string Id(string name) => _base + name;

    /// <summary>What <see cref="Id"/> was made of.</summary>
    internal string NameOf(string id) => id[_base.Length..];

    /// <summary>Begins an element; what follows belongs to it up to the end of the object.</summary>
    internal void Begin(string type, string id, string? name)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("spdxId", Id(id));
        json.WriteString("creationInfo", CreationInfo);
        json.WriteText("name", name);
    }

    internal void Relationship(string from, string type, IReadOnlyList<string> to)
    {
        Begin("Relationship", string.Create(CultureInfo.InvariantCulture, $"Relationship-{++_relationships}"), null);
        json.WriteString("from", from);
        json.WriteString("relationshipType", type);
        json.WriteTexts("to", to);
        json.WriteEndObject();
    }
}

/// <summary>What stands in many places of an SPDX 3.0.1 document.</summary>
internal static class Spdx3Members
{
    /// <summary>Writes a dictionary, where there is anything in it.</summary>
    internal static void WriteEntries(this Utf8JsonWriter json, string member, IEnumerable<(string Key, string Value)> entries) =>
        json.WriteObjects(
            member,
            [.. entries],
            entry =>
            {
                json.WriteString("type", "DictionaryEntry");
                json.WriteString("key", entry.Key);
                json.WriteString("value", entry.Value);
            }
        );
}
