using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Attestations.Predicates;

/// <summary>Makes and changes the JSON of predicates.</summary>
internal static class Json
{
    public static JsonElement Parse(string json) => StrictJson.Parse(Encoding.UTF8.GetBytes(json), "test");

    public static JsonElement Parse(JsonNode node) => Parse(node.ToJsonString());

    /// <summary>A copy without the member at a path of names and indices with dots between.</summary>
    public static JsonElement Without(string json, string path) => Change(json, path, null, remove: true);

    /// <summary>A copy with another value, given as JSON, at the path.</summary>
    public static JsonElement With(string json, string path, string value) => Change(json, path, value, remove: false);

    private static JsonElement Change(string json, string path, string? value, bool remove)
    {
        var root = JsonNode.Parse(json)!;
        var parts = path.Split('/');
        var parent = root;
        foreach (var part in parts[..^1])
        {
            parent = int.TryParse(part, out var index) ? parent[index]! : parent[part]!;
        }
        if (remove)
        {
            Assert.True(parent.AsObject().Remove(parts[^1]), $"the fixture has no {path}");
        }
        else if (parent is JsonArray array)
        {
            array[int.Parse(parts[^1], CultureInfo.InvariantCulture)] = JsonNode.Parse(value!);
        }
        else
        {
            parent[parts[^1]] = JsonNode.Parse(value!);
        }
        return Parse(root);
    }
}
