using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>ONNX: the graph's interface, operators and tensors, without reading one weight.</summary>
/// <remarks>Spec: onnx.proto3, IR version 13.</remarks>
internal sealed class OnnxReader : FormatReader
{
    /// <inheritdoc/>
    internal override string Format => "onnx";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    /// <remarks>ONNX has no magic number, but its writers put <c>ir_version</c> first and a field of ModelProto next.</remarks>
    internal override bool Recognizes(FileHead head)
    {
        if (head.HasExtension(".onnx"))
        {
            return true;
        }
        var start = head.Start;
        return start.Length > 4
            && start[0] == 0x08
            && start[1] is > 0 and < 64
            // producer_name, producer_version, domain, graph or opset_import, each length-delimited.
            && start[2] is 0x12 or 0x1a or 0x22 or 0x3a or 0x42
            && start[3] is > 0
            && LooksWhole(head);
    }

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input) => new OnnxModel(new ProtobufReader(input), input).Read();

    /// <summary>Four bytes could be a chance; that the fields up to the graph fit into the file is none.</summary>
    private static bool LooksWhole(FileHead head)
    {
        var start = head.Start;
        var position = 0L;
        for (var fields = 0; fields < 16; fields++)
        {
            if (position >= start.Length)
            {
                return false;
            }
            var tag = start[(int)position++];
            if ((tag & 7) is not (0 or 2) || (tag >> 3) is not (>= 1 and <= 8 or 14))
            {
                return false;
            }
            if (!Varint(start, ref position, out var value))
            {
                return false;
            }
            if ((tag & 7) == 2)
            {
                if (value > (ulong)(head.Length - position))
                {
                    return false;
                }
                if (tag >> 3 == 7)
                {
                    return true;
                }
                position += (long)value;
            }
        }
        return false;
    }

    private static bool Varint(ReadOnlySpan<byte> bytes, ref long position, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 63 && position < bytes.Length; shift += 7)
        {
            var b = bytes[(int)position++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }
        return false;
    }
}
