using System.Text.Json;

namespace ArtifactTrust.Sbom.CycloneDx;

/// <summary>What stands in many places of a CycloneDX document in JSON.</summary>
internal static class CycloneDxJsonMembers
{
    internal static void WriteOrganization(this Utf8JsonWriter json, string member, string? name)
    {
        if (!string.IsNullOrEmpty(name))
        {
            json.WritePropertyName(member);
            json.WriteMember("name", name);
        }
    }

    internal static void WriteProperties(this Utf8JsonWriter json, IReadOnlyList<SbomProperty> properties) =>
        json.WriteObjects(
            "properties",
            properties,
            property =>
            {
                json.WriteString("name", property.Name);
                json.WriteString("value", property.Value);
            }
        );

    /// <summary>Writes an object of one member.</summary>
    internal static void WriteMember(this Utf8JsonWriter json, string name, string value)
    {
        json.WriteStartObject();
        json.WriteString(name, value);
        json.WriteEndObject();
    }
}
