using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace ArtifactTrust.Sbom.Validation;

/// <summary>Equality of JSON values as schemas mean it: members in any order, numbers by value.</summary>
/// <remarks>Spec: JSON Schema draft-07 core §4.2.3.</remarks>
internal sealed class JsonValueComparer : IEqualityComparer<JsonElement>
{
    internal static JsonValueComparer Instance { get; } = new();

    public bool Equals(JsonElement x, JsonElement y) => JsonElement.DeepEquals(x, y);

    public int GetHashCode([DisallowNull] JsonElement obj)
    {
        switch (obj.ValueKind)
        {
            case JsonValueKind.Object:
                // A sum, since the order of members does not matter.
                var sum = 0;
                foreach (var member in obj.EnumerateObject())
                {
                    sum += HashCode.Combine(member.Name, GetHashCode(member.Value));
                }
                return sum;
            case JsonValueKind.Array:
                var hash = new HashCode();
                foreach (var element in obj.EnumerateArray())
                {
                    hash.Add(GetHashCode(element));
                }
                return hash.ToHashCode();
            case JsonValueKind.String:
                return obj.GetString()!.GetHashCode(StringComparison.Ordinal);
            case JsonValueKind.Number:
                return obj.TryGetDouble(out var number) ? number.GetHashCode() : 0;
            default:
                return (int)obj.ValueKind;
        }
    }
}
