using System.Text.Json;

namespace ArtifactTrust.Sbom.Completeness;

/// <summary>A CycloneDX document with what elements can be about found in it.</summary>
internal sealed class ScoredDocument
{
    private readonly JsonElement[] _document;
    private readonly List<JsonElement> _components = [];
    private readonly List<JsonElement> _models = [];
    private readonly List<JsonElement> _datasets = [];
    private readonly HashSet<string> _related = new(StringComparer.Ordinal);

    internal ScoredDocument(JsonElement json)
    {
        _document = [json];
        if (json.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("component", out var root))
        {
            Take(root, isPart: false);
            Parts(root);
        }
        Parts(json);
        foreach (var dependency in Elements(json, "dependencies"))
        {
            var needed = Elements(dependency, "dependsOn").Select(d => d.GetString()!).ToList();
            _related.UnionWith(needed);
            if (needed.Count > 0)
            {
                _related.Add(dependency.GetProperty("ref").GetString()!);
            }
        }
    }

    internal IReadOnlyList<JsonElement> Of(ElementScope scope) =>
        scope switch
        {
            ElementScope.Document => _document,
            ElementScope.Component => _components,
            ElementScope.Model => _models,
            ElementScope.Dataset => _datasets,
            _ => throw new ArgumentOutOfRangeException(nameof(scope), scope, "no such scope"),
        };

    internal bool Has(JsonElement place, ElementPath path) =>
        path.IsDependency
            ? place.TryGetProperty("bom-ref", out var reference) && _related.Contains(reference.GetString()!)
            : path.IsIn(place);

    private void Parts(JsonElement parent)
    {
        foreach (var component in Elements(parent, "components"))
        {
            // A data file within a model or dataset is a part of it, and no dataset of its own.
            Take(component, isPart: parent.TryGetProperty("type", out var type) && type.GetString() is "machine-learning-model" or "data");
            Parts(component);
        }
    }

    private void Take(JsonElement component, bool isPart)
    {
        var type = component.GetProperty("type").GetString();
        if (isPart || type == "file")
        {
            return;
        }
        _components.Add(component);
        if (type == "machine-learning-model")
        {
            _models.Add(component);
        }
        else if (type == "data")
        {
            _datasets.Add(component);
        }
    }

    private static JsonElement.ArrayEnumerator Elements(JsonElement json, string name) =>
        json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;
}
