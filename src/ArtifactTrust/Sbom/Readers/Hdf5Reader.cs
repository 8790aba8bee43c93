using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Hdf5;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>HDF5: what Keras 1 and 2 wrote of a model into the attributes of the root group. Other objects are not visited.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0; <c>keras.saving</c>, legacy HDF5 format.</remarks>
internal sealed class Hdf5Reader : FormatReader
{
    private const string Named = "HDF5 file";

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10, 26, 10];

    /// <inheritdoc/>
    internal override string Format => "hdf5";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Start.Length > 8 && head.Start.StartsWith(Signature);

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var file = new Hdf5File(input.Stream);
        string? version = null;
        string? backend = null;
        JsonElement? config = null;
        foreach (var message in ReadAttributes(file))
        {
            var attribute = Hdf5Attribute.Read(file, message);
            switch (attribute.Name)
            {
                case "keras_version":
                    version = Text(file, attribute);
                    break;
                case "backend":
                    backend = Text(file, attribute);
                    break;
                case "model_config" when Value(file, attribute) is { Length: > 0 } json:
                    config = StrictJson.Parse(json, Named, Limits.ModelConfigBytes);
                    break;
                default:
                    break;
            }
        }
        var model = KerasModel.Read(config);
        return new FileFacts(Format, Role)
        {
            Properties = model.AddTo(new PropertyList("keras").Add("version", version).Add("backend", backend)).Items,
            Model = new ModelFacts { Architecture = model.Class },
        };
    }

    private static IEnumerable<Hdf5Message> ReadAttributes(Hdf5File file) =>
        Hdf5ObjectHeader
            .Read(file, file.Root)
            .SelectMany(message => message.Type is Hdf5MessageType.AttributeInfo ? Hdf5DenseStorage.Read(file, message) : [message])
            .Where(message => message.Type is Hdf5MessageType.Attribute && !IsKeptElsewhere(message));

    /// <summary>Whether the attribute, or its type or space, is somewhere else in the file (§IV.A.1, §IV.A.2.m). Keras writes none such.</summary>
    private static bool IsKeptElsewhere(Hdf5Message message) =>
        message.IsKeptElsewhere || (message.Data.Span is [2 or 3, var flags, ..] && (flags & 3) != 0);

    private static string? Text(Hdf5File file, Hdf5Attribute attribute) =>
        Value(file, attribute) is { } bytes ? FileText.Decode(bytes) : null;

    private static byte[]? Value(Hdf5File file, Hdf5Attribute attribute)
    {
        foreach (var text in attribute.ReadTexts(file, Limits.ModelConfigBytes))
        {
            return text.ToArray();
        }
        return null;
    }
}
