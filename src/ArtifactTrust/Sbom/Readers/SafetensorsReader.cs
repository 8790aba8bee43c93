using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>safetensors: its JSON header, checked against the length of the file.</summary>
/// <remarks>Spec: safetensors format, "Format" and "Notes": no duplicate names, no overlap, no hole, nothing after the last tensor.</remarks>
internal sealed class SafetensorsReader : FormatReader
{
    private const string Named = "safetensors file";

    /// <inheritdoc/>
    internal override string Format => "safetensors";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head)
    {
        if (head.HasExtension(".safetensors"))
        {
            return true;
        }
        var start = head.Start;
        if (start.Length < 16 || start[8] != '{')
        {
            return false;
        }
        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(start);
        return length is >= 2 and <= Limits.SafetensorsHeaderBytes
            && length <= (ulong)(head.Length - 8)
            && start[9] is (byte)'"' or (byte)'}';
    }

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var length = input.ReadUInt64();
        if (length > Limits.SafetensorsHeaderBytes)
        {
            throw input.Malformed(0, $"the header is {length} bytes long; at most {Limits.SafetensorsHeaderBytes} are accepted");
        }
        input.CheckRemaining(length);
        var end = 8 + (long)length;
        if (length == 0 || input.Peek(1)[0] != '{')
        {
            throw input.Malformed("the header is to begin with '{'");
        }
        var header = new Header();
        header.Run(input, end, lines: false);
        header.CheckOffsets(input.Length - end);
        var properties = new PropertyList("safetensors")
            .Add("tensors", header.Tensors)
            .Add("parameters", header.Parameters)
            .AddAll("tensor-type", header.Types.Lines)
            .AddAll("metadata", header.Metadata);
        return new FileFacts(Format, Role)
        {
            Properties = properties.Items,
            Model = new ModelFacts { Parameters = header.Parameters },
        };
    }

    /// <summary>Reads the header; the depth of a token tells what it is.</summary>
    private sealed class Header() : JsonScanner(Named)
    {
        private const int MaximumDimensions = 64;

        private readonly NameSet _names = new();
        private readonly List<(long Begin, long End)> _spans = [];
        private readonly List<long> _shape = [];
        private readonly List<long> _offsets = [];
        private string _tensor = "";
        private string _member = "";
        private string? _type;
        private bool _inMetadata;
        private bool _hasShape;
        private bool _hasOffsets;

        internal long Tensors { get; private set; }

        /// <summary>The elements of all tensors; null where words of some hold several weights each.</summary>
        internal UInt128? Parameters { get; private set; } = UInt128.Zero;

        internal Tally Types { get; } = new();
        internal List<string> Metadata { get; } = [];

        protected override void Token(ref Utf8JsonReader reader)
        {
            switch (reader.CurrentDepth)
            {
                case 0:
                    Expect(reader.TokenType is JsonTokenType.StartObject or JsonTokenType.EndObject, "the header is to be an object");
                    break;
                case 1 when reader.TokenType == JsonTokenType.PropertyName:
                    _tensor = Text(ref reader);
                    Expect(_names.Add(System.Text.Encoding.UTF8.GetBytes(_tensor), Named), "the name occurs twice");
                    _inMetadata = _tensor == "__metadata__";
                    break;
                case 1 when reader.TokenType == JsonTokenType.StartObject:
                    _type = null;
                    _hasShape = _hasOffsets = false;
                    break;
                case 1 when reader.TokenType == JsonTokenType.EndObject:
                    if (!_inMetadata)
                    {
                        EndTensor();
                    }
                    break;
                case 2 when reader.TokenType == JsonTokenType.PropertyName:
                    _member = Text(ref reader);
                    break;
                case 2 when _inMetadata:
                    Expect(reader.TokenType == JsonTokenType.String, "__metadata__ is to hold strings");
                    if (Metadata.Count < Limits.SbomListedNames)
                    {
                        Metadata.Add(FileText.Clean($"{_member}: {Text(ref reader)}")!);
                    }
                    break;
                case 2:
                    Member(ref reader);
                    break;
                case 3 when !_inMetadata && reader.TokenType == JsonTokenType.Number:
                    Number(ref reader);
                    break;
                default:
                    throw Malformed(Place, $"{reader.TokenType} is not expected here");
            }
        }

        /// <summary>Throws where the tensors do not cover the rest of the file, each byte once.</summary>
        internal void CheckOffsets(long dataLength)
        {
            _spans.Sort();
            var next = 0L;
            foreach (var (begin, end) in _spans)
            {
                if (begin != next)
                {
                    throw new MalformedDataException(
                        Named,
                        "data_offsets",
                        begin < next ? $"two tensors overlap at {begin}" : $"no tensor covers {next} to {begin}"
                    );
                }
                next = end;
            }
            if (next != dataLength)
            {
                throw new MalformedDataException(
                    Named,
                    "data_offsets",
                    $"the tensors take {next} bytes, and {dataLength} follow the header"
                );
            }
        }

        private string Place => Excerpt(_tensor);

        private void Member(ref Utf8JsonReader reader)
        {
            switch (_member, reader.TokenType)
            {
                case ("dtype", JsonTokenType.String):
                    Expect(_type is null, "dtype occurs twice");
                    _type = Text(ref reader);
                    break;
                case ("shape", JsonTokenType.StartArray):
                    Expect(!_hasShape, "shape occurs twice");
                    _hasShape = true;
                    _shape.Clear();
                    break;
                case ("data_offsets", JsonTokenType.StartArray):
                    Expect(!_hasOffsets, "data_offsets occurs twice");
                    _hasOffsets = true;
                    _offsets.Clear();
                    break;
                case ("shape" or "data_offsets", JsonTokenType.EndArray):
                    break;
                default:
                    throw Malformed(Place, $"the member '{Excerpt(_member)}' is not one of a tensor, or is of the wrong type");
            }
        }

        private void Number(ref Utf8JsonReader reader)
        {
            Expect(reader.TryGetInt64(out var value) && value >= 0, "a size is to be a whole number below 2^63");
            var list = _member == "shape" ? _shape : _offsets;
            Expect(list.Count < (_member == "shape" ? MaximumDimensions : 2), "too many numbers");
            list.Add(value);
        }

        private void EndTensor()
        {
            Expect(_type is not null && _hasShape && _hasOffsets && _offsets.Count == 2, "dtype, shape and two data_offsets are required");
            var elements = ElementCount.Of(_shape);
            Expect(elements is not null, "the product of the shape has more than 64 bits");
            Expect(_offsets[0] <= _offsets[1], "data_offsets run backwards");
            var bits = Bits(_type!);
            // A type that came after this was written is counted without the check of its size.
            Expect(
                bits == 0 || ((UInt128)elements!.Value * (uint)bits + 7) / 8 == (ulong)(_offsets[1] - _offsets[0]),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{elements} elements of {Excerpt(_type!)} do not take {_offsets[1] - _offsets[0]} bytes"
                )
            );
            Tensors++;
            Parameters = IsPacked(_tensor, _type!) ? null : Parameters + elements!.Value;
            Types.Add(FileText.Clean(_type)!);
            _spans.Add((_offsets[0], _offsets[1]));
        }

        private void Expect(bool condition, string reason)
        {
            if (!condition)
            {
                throw Malformed(Place, reason);
            }
        }

        private static string Excerpt(string text) => text.Length <= 80 ? FileText.Clean(text)! : FileText.Clean(text[..80]) + "…";

        /// <summary>Whether the elements are words that hold several weights each, as quantizers name such tensors.</summary>
        private static bool IsPacked(string tensor, string type) =>
            // GPTQ and AWQ; compressed-tensors; MXFP4; and what bitsandbytes writes beside a packed tensor.
            type is "U8" or "I8" or "U16" or "I16" or "U32" or "I32" or "U64" or "I64"
            && (
                IsNamed(tensor, "qweight")
                || IsNamed(tensor, "qzeros")
                || IsNamed(tensor, "weight_packed")
                || tensor.EndsWith("_blocks", StringComparison.Ordinal)
                || tensor.Contains(".quant_state.", StringComparison.Ordinal)
            );

        private static bool IsNamed(string tensor, string last) =>
            tensor.EndsWith(last, StringComparison.Ordinal) && (tensor.Length == last.Length || tensor[^(last.Length + 1)] == '.');

        private static int Bits(string type) =>
            type switch
            {
                "F4" => 4,
                "F6_E2M3" or "F6_E3M2" => 6,
                "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => 8,
                "I16" or "U16" or "F16" or "BF16" => 16,
                "I32" or "U32" or "F32" => 32,
                "C64" or "F64" or "I64" or "U64" => 64,
                _ => 0,
            };
    }
}
