using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Keras 3's zip: the class of the model, its layers, and the version that wrote it.</summary>
/// <remarks>Spec: <c>keras.saving</c> of Keras 3: <c>config.json</c>, <c>metadata.json</c>, <c>model.weights.h5</c>.</remarks>
internal sealed class KerasReader : FormatReader
{
    private const string Named = "Keras file";

    /// <inheritdoc/>
    internal override string Format => "keras-zip";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.HasExtension(".keras") && MagicReader.FirstMember(head) is not null;

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var members = ZipDirectory.Read(input);
        var config = Json(input, members, "config.json");
        var metadata = Json(input, members, "metadata.json");
        var classes = new Tally();
        long? layers = null;
        if (
            config is { } c
            && c.TryGetProperty("config", out var inner)
            && inner.ValueKind == JsonValueKind.Object
            && inner.TryGetProperty("layers", out var list)
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
        var type = config is { } whole ? Text(whole, "class_name") : null;
        var properties = new PropertyList("keras")
            .Add("version", metadata is { } m ? Text(m, "keras_version") : null)
            .Add("saved", metadata is { } s ? Text(s, "date_saved") : null)
            .Add("class", type)
            .Add("layers", layers)
            .AddAll("layer-class", classes.Lines)
            .Items;
        return new FileFacts(Format, Role)
        {
            Properties = properties,
            Model = new ModelFacts { Architecture = type },
        };
    }

    private static JsonElement? Json(ByteReader input, IReadOnlyList<ZipMember> members, string name)
    {
        if (members.FirstOrDefault(m => m.Name == name) is not { } member)
        {
            return null;
        }
        var json = StrictJson.Parse(ZipDirectory.Content(input, member, Limits.ModelConfigBytes), Named, Limits.ModelConfigBytes);
        return json.ValueKind == JsonValueKind.Object ? json : throw new MalformedDataException(Named, name, "an object is expected");
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? FileText.Clean(value.GetString())
            : null;
}
