using System.Text.Json;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>What a Keras model's configuration says, wherever it is kept.</summary>
/// <param name="Class">The class of the model, or null.</param>
/// <param name="Layers">How many layers there are, or null.</param>
/// <param name="LayerClasses">Their classes.</param>
internal sealed record KerasModel(string? Class, long? Layers, Tally LayerClasses)
{
    /// <summary>Reads a configuration; nothing is known where there is none.</summary>
    internal static KerasModel Read(JsonElement? config)
    {
        var classes = new Tally();
        if (config is not { ValueKind: JsonValueKind.Object } whole)
        {
            return new KerasModel(null, null, classes);
        }
        long? layers = null;
        // Keras 2.2 and older wrote the layers of a Sequential model without an object around them.
        if (
            whole.TryGetProperty("config", out var list)
            && (list.ValueKind != JsonValueKind.Object || list.TryGetProperty("layers", out list))
            && list.ValueKind == JsonValueKind.Array
        )
        {
            layers = list.GetArrayLength();
            foreach (var layer in list.EnumerateArray())
            {
                if (Text(layer, "class_name") is { Length: > 0 } name)
                {
                    classes.Add(name);
                }
            }
        }
        return new KerasModel(Text(whole, "class_name"), layers, classes);
    }

    /// <summary>Adds what is known.</summary>
    internal PropertyList AddTo(PropertyList properties) =>
        properties.Add("class", Class).Add("layers", Layers).AddAll("layer-class", LayerClasses.Lines);

    /// <summary>The text of a member, or null.</summary>
    internal static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? FileText.Clean(value.GetString())
            : null;
}
