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
        var model = KerasModel.Read(config);
        var properties = new PropertyList("keras")
            .Add("version", metadata is { } m ? KerasModel.Text(m, "keras_version") : null)
            .Add("saved", metadata is { } s ? KerasModel.Text(s, "date_saved") : null);
        return new FileFacts(Format, Role)
        {
            Properties = model.AddTo(properties).Items,
            Model = new ModelFacts { Architecture = model.Class },
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
}
