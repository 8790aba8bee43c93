using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ArtifactTrust.Tests.Sbom.Validation;

/// <summary>One change of a JSON document.</summary>
internal sealed record JsonMutation(string Kind, string Place, byte[] Document);

/// <summary>Makes documents that differ from one in one place: a value of another type, another text, no member, one more member.</summary>
internal static class JsonMutations
{
    /// <summary>The changes of a document, at the first of the places that are alike.</summary>
    internal static IReadOnlyList<JsonMutation> Of(ReadOnlyMemory<byte> document)
    {
        var root = JsonNode.Parse(document.Span)!;
        var found = new List<JsonMutation>();
        Walk(root, root, "", "", new HashSet<string>(StringComparer.Ordinal), found);
        return found;
    }

    private static void Walk(JsonNode root, JsonNode node, string place, string shape, HashSet<string> seen, List<JsonMutation> found)
    {
        if (node is JsonArray array)
        {
            for (var i = 0; i < array.Count; i++)
            {
                var element = array[i]!;
                // What elements of a class have is alike.
                var alike = element is JsonObject o && o["type"] is JsonValue type ? $"{shape}/{type}" : $"{shape}/*";
                Change(root, $"{place}/{i}", alike, element, other => array[i] = other, seen, found);
                Walk(root, array[i]!, $"{place}/{i}", alike, seen, found);
            }
        }
        if (node is not JsonObject members)
        {
            return;
        }
        if (seen.Add($"{shape} more"))
        {
            members["bogus"] = 1;
            found.Add(Mutation("more", $"{place}/bogus", root));
            members.Remove("bogus");
        }
        foreach (var name in members.Select(m => m.Key).ToList())
        {
            var value = members[name]!;
            Change(root, $"{place}/{name}", $"{shape}/{name}", value, other => members[name] = other, seen, found);
            if (seen.Add($"{shape}/{name} less"))
            {
                members.Remove(name);
                found.Add(Mutation("less", $"{place}/{name}", root));
                members[name] = value;
            }
            Walk(root, value, $"{place}/{name}", $"{shape}/{name}", seen, found);
        }
    }

    private static void Change(
        JsonNode root,
        string place,
        string shape,
        JsonNode value,
        Action<JsonNode?> put,
        HashSet<string> seen,
        List<JsonMutation> found
    )
    {
        if (!seen.Add($"{shape} type"))
        {
            return;
        }
        put(value.GetValueKind() == JsonValueKind.Number ? "zzz" : 5);
        found.Add(Mutation("type", place, root));
        if (value.GetValueKind() == JsonValueKind.String)
        {
            put("zzz");
            found.Add(Mutation("text", place, root));
        }
        put(value);
    }

    private static JsonMutation Mutation(string kind, string place, JsonNode root) =>
        new(kind, place, Encoding.UTF8.GetBytes(root.ToJsonString()));
}
