using System.Text.Json.Nodes;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Merging;

/// <summary>The components at the top of a merged document.</summary>
internal sealed class MergedComponents
{
    // Lists of which two documents may each know a part. Of all others, such as licences, two different ones contradict each other.
    private static readonly string[] Joinable = ["externalReferences", "properties", "occurrences", "tags"];

    private readonly List<JsonObject> _components = [];
    private readonly MergedList _nameless = new();
    private readonly Dictionary<string, List<int>> _byIdentity = new(StringComparer.Ordinal);

    /// <summary>Which components of a document are there already, with the names they have there.</summary>
    internal Dictionary<JsonObject, string> Place(IReadOnlyList<JsonObject> components, List<string> notes)
    {
        var same = new Dictionary<JsonObject, string>(ReferenceEqualityComparer.Instance);
        foreach (var component in components)
        {
            if (Identity(component) is not { } identity || !_byIdentity.TryGetValue(identity, out var known))
            {
                continue;
            }
            var found = false;
            foreach (var index in known)
            {
                if (Union(_components[index], component) is { } union && (string?)_components[index]["bom-ref"] is { } reference)
                {
                    union["bom-ref"] = reference;
                    _components[index] = union;
                    same[component] = reference;
                    found = true;
                    break;
                }
            }
            if (!found)
            {
                notes.Add($"two documents say different things of {(string?)component["purl"]}; both are kept");
            }
        }
        return same;
    }

    /// <summary>Adds the components that are not there already.</summary>
    internal void Commit(IReadOnlyList<JsonObject> components, IReadOnlyDictionary<JsonObject, string> same)
    {
        foreach (var component in components)
        {
            if (same.ContainsKey(component) || !component.ContainsKey("bom-ref") && !_nameless.TryAdd(component))
            {
                continue;
            }
            if (Identity(component) is { } identity)
            {
                if (!_byIdentity.TryGetValue(identity, out var list))
                {
                    _byIdentity.Add(identity, list = []);
                }
                list.Add(_components.Count);
            }
            _components.Add(component.DeepClone().AsObject());
        }
    }

    internal JsonArray ToArray() => new([.. _components]);

    /// <summary>The package URL and the hashes; null where there is no package URL.</summary>
    private static string? Identity(JsonObject component)
    {
        if ((string?)component["purl"] is not { Length: > 0 } purl)
        {
            return null;
        }
        var hashes =
            (component["hashes"] as JsonArray)
                ?.OfType<JsonObject>()
                .Select(h => $"{(string?)h["alg"]}:{((string?)h["content"])?.ToLowerInvariant()}")
            ?? [];
        return string.Join('\n', hashes.Order(CodePointOrder.Instance).Prepend(purl));
    }

    /// <summary>What both say together, or null where they contradict each other.</summary>
    private static JsonObject? Union(JsonObject known, JsonObject other)
    {
        var hasHashes = known.ContainsKey("hashes");
        // Without a hash nothing says that both mean the same bytes; then only what is equal is the same. Nor can names within be told
        // to be the same things.
        return !hasHashes || NamesElements(known) || NamesElements(other) ? Equal(known, other) : Join(known, other, isTop: true);
    }

    private static JsonObject? Equal(JsonObject known, JsonObject other)
    {
        var a = known.DeepClone().AsObject();
        var b = other.DeepClone().AsObject();
        a.Remove("bom-ref");
        b.Remove("bom-ref");
        // Names within would have to be changed in one and not in the other.
        return !NamesElements(known) && JsonNode.DeepEquals(a, b) ? known.DeepClone().AsObject() : null;
    }

    private static JsonObject? Join(JsonObject known, JsonObject other, bool isTop)
    {
        var union = known.DeepClone().AsObject();
        foreach (var (name, value) in other)
        {
            if (isTop && name == "bom-ref" || value is null)
            {
                continue;
            }
            if (!union.ContainsKey(name))
            {
                union[name] = value.DeepClone();
            }
            else if (JsonNode.DeepEquals(union[name], value))
            {
                continue;
            }
            else if (value is JsonArray more && union[name] is JsonArray list && Joinable.Contains(name))
            {
                var joined = new MergedList();
                joined.AddAll(list);
                joined.AddAll(more);
                union[name] = joined.ToArray();
            }
            else if (name == "hashes")
            {
                // Equal but for case and order, or they would not be compared.
                continue;
            }
            else if (name == "evidence" && value is JsonObject evidence && union[name] is JsonObject before)
            {
                if (Join(before, evidence, isTop: false) is not { } both)
                {
                    return null;
                }
                union[name] = both;
            }
            else
            {
                return null;
            }
        }
        return union;
    }

    private static bool NamesElements(JsonNode? node, bool isTop = true) =>
        node switch
        {
            JsonObject o => o.Any(m => m.Key is "bom-ref" or "ref" && !isTop || NamesElements(m.Value, isTop: false)),
            JsonArray a => a.Any(e => NamesElements(e, isTop: false)),
            _ => false,
        };
}
