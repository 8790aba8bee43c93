using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.Sbom.Validation;

namespace ArtifactTrust.Sbom.Merging;

/// <summary>A list without equal elements, in the order they came.</summary>
internal sealed class MergedList
{
    private readonly List<JsonNode> _items = [];
    private readonly HashSet<JsonElement> _seen = new(JsonValueComparer.Instance);

    internal int Count => _items.Count;

    internal void Add(JsonNode item) => TryAdd(item);

    /// <summary>Adds what is not there; false where it is.</summary>
    internal bool TryAdd(JsonNode item)
    {
        var isNew = _seen.Add(Element(item));
        if (isNew)
        {
            _items.Add(item.DeepClone());
        }
        return isNew;
    }

    internal void AddAll(JsonNode? list)
    {
        foreach (var item in list as JsonArray ?? [])
        {
            if (item is not null)
            {
                Add(item);
            }
        }
    }

    internal JsonArray ToArray() => new([.. _items]);

    /// <summary>The value as it is compared.</summary>
    internal static JsonElement Element(JsonNode node)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            node.WriteTo(writer);
        }
        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }
}
