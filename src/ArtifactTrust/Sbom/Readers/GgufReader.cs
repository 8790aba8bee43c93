using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Licenses;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>GGUF: its key-value header and tensor list.</summary>
/// <remarks>Spec: ggml docs/gguf.md, versions 2 and 3, little and big endian.</remarks>
internal sealed class GgufReader : FormatReader
{
    /// <inheritdoc/>
    internal override string Format => "gguf";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Weights;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Start.StartsWith("GGUF"u8);

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        input.Skip(4);
        var version = input.ReadUInt32();
        // A small number whose bytes are swapped has its low half empty.
        if ((version & 0xffff) == 0)
        {
            input.BigEndian = true;
            version = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(version);
        }
        if (version is not (2 or 3))
        {
            throw input.Malformed(4, $"version {version}; 2 and 3 are read");
        }
        return new GgufHeader(input, version).Read();
    }

    private sealed class GgufHeader(ByteReader input, uint version)
    {
        // A pair is at least a name's length, a type and a byte; a tensor a name's length, a count, a type and an offset.
        private const ulong SmallestPair = 13;
        private const ulong SmallestTensor = 24;
        private const int LongestKey = 65_535;

        private readonly SortedDictionary<string, string> _values = new(CodePointOrder.Instance);
        private readonly NameSet _keys = new();

        internal FileFacts Read()
        {
            var tensors = input.ReadUInt64();
            var pairs = input.ReadUInt64();
            if (
                tensors > (ulong)input.Remaining / SmallestTensor
                || pairs > (ulong)input.Remaining / SmallestPair
                || tensors > Limits.ModelTensors
            )
            {
                throw input.Malformed(8, $"{tensors} tensors and {pairs} pairs do not fit into the file, or are too many");
            }
            if (pairs > Limits.SbomListedNames * 10)
            {
                throw input.Malformed(16, $"{pairs} pairs; at most {Limits.SbomListedNames * 10} are accepted");
            }
            for (var i = 0ul; i < pairs; i++)
            {
                Pair();
            }
            var types = new Tally();
            UInt128 parameters = 0;
            for (var i = 0ul; i < tensors; i++)
            {
                parameters += Tensor(types);
            }
            var name = Value("general.name");
            var properties = new PropertyList("gguf")
                .Add("version", (long)version)
                .Add("endianness", input.BigEndian ? "big" : null)
                .Add("architecture", Value("general.architecture"))
                .Add("name", name)
                .Add("file-type", FileType(Value("general.file_type")))
                .Add("tensors", (long)tensors)
                .Add("parameters", parameters)
                .AddAll("tensor-type", types.Lines)
                .AddAll("metadata", _values.Where(v => !IsShownElsewhere(v.Key)).Select(v => $"{v.Key}: {v.Value}"))
                .Add("chat-template", _keys.Contains("tokenizer.chat_template"u8) ? "present" : null);
            return new FileFacts("gguf", FileRole.Weights)
            {
                Properties = properties.Items,
                Model = new ModelFacts
                {
                    Description = Value("general.description"),
                    ArchitectureFamily = Value("general.architecture"),
                    Parameters = parameters,
                    Licenses = LicenseParser.Parse(Value("general.license"), Value("general.license.link")) is { } license
                        ? Named(license)
                        : [],
                    BaseModels = Sources("general.base_model."),
                    Datasets = Sources("general.dataset."),
                },
            };
        }

        private SbomLicense[] Named(SbomLicense license) =>
            license.Name == "other" && FileText.Clean(Value("general.license.name")) is { Length: > 0 } name
                ? [SbomLicense.OfName(name, license.Url)]
                : [license];

        /// <summary>The models or datasets that numbered keys name: <c>organization/name</c> where both are known.</summary>
        private List<string> Sources(string prefix)
        {
            var names = new List<string>();
            for (var i = 0; i < Limits.SbomListedNames && Value($"{prefix}{i}.name") is { Length: > 0 } name; i++)
            {
                names.Add(Value($"{prefix}{i}.organization") is { Length: > 0 } organization ? $"{organization}/{name}" : name);
            }
            return names;
        }

        private string? Value(string key) => _values.GetValueOrDefault(key);

        private static bool IsShownElsewhere(string key) => key is "general.architecture" or "general.name" or "general.file_type";

        private void Pair()
        {
            var at = input.Position;
            var length = input.ReadUInt64();
            if (length is 0 or > LongestKey)
            {
                throw input.Malformed(at, $"a key of {length} bytes; 1 to {LongestKey} are accepted");
            }
            var raw = input.ReadBytes(length, LongestKey);
            if (!_keys.Add(raw, "GGUF file"))
            {
                throw input.Malformed(at, "a key occurs twice");
            }
            var key = FileText.Clean(FileText.Decode(raw))!;
            var type = input.ReadUInt32();
            // Everything general, and the model's numbers; not the tokenizer's tables and templates.
            var keep = !key.StartsWith("tokenizer.", StringComparison.Ordinal) && _values.Count < Limits.SbomListedNames;
            var value = Scalar(type, keep, depth: 0);
            if (keep && value is not null)
            {
                _values[key] = value;
            }
        }

        private string? Scalar(uint type, bool keep, int depth)
        {
            switch (type)
            {
                case 0:
                    return Number(input.ReadByte());
                case 1:
                    return Number((sbyte)input.ReadByte());
                case 2:
                    return Number(input.ReadUInt16());
                case 3:
                    return Number((short)input.ReadUInt16());
                case 4:
                    return Number(input.ReadUInt32());
                case 5:
                    return Number((int)input.ReadUInt32());
                case 6:
                    return BitConverter.UInt32BitsToSingle(input.ReadUInt32()).ToString("R", CultureInfo.InvariantCulture);
                case 7:
                    return input.ReadByte() switch
                    {
                        0 => "false",
                        1 => "true",
                        var other => throw input.Malformed($"a truth value is 0 or 1, not {other}"),
                    };
                case 8:
                    var length = input.ReadUInt64();
                    if (keep)
                    {
                        return input.ReadText(length);
                    }
                    input.Skip(length);
                    return null;
                case 9:
                    Array(depth);
                    return null;
                case 10:
                    return input.ReadUInt64().ToString(CultureInfo.InvariantCulture);
                case 11:
                    return Number((long)input.ReadUInt64());
                case 12:
                    return BitConverter.UInt64BitsToDouble(input.ReadUInt64()).ToString("R", CultureInfo.InvariantCulture);
                default:
                    throw input.Malformed($"{type} is no type of value");
            }
        }

        private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

        private void Array(int depth)
        {
            if (depth == Limits.BinaryDepth)
            {
                throw input.Malformed($"arrays are nested more than {Limits.BinaryDepth} deep");
            }
            var type = input.ReadUInt32();
            var count = input.ReadUInt64();
            var size = type switch
            {
                0 or 1 or 7 => 1u,
                2 or 3 => 2u,
                4 or 5 or 6 => 4u,
                8 or 10 or 11 or 12 => 8u,
                9 => 12u,
                _ => throw input.Malformed($"{type} is no type of value"),
            };
            if (count > (ulong)input.Remaining / size)
            {
                throw input.Malformed($"an array of {count} values, and {input.Remaining} bytes remain");
            }
            if (type is not (8 or 9))
            {
                input.Skip(count * size);
                return;
            }
            for (var i = 0ul; i < count; i++)
            {
                Scalar(type, keep: false, depth + 1);
            }
        }

        private ulong Tensor(Tally types)
        {
            input.Skip(input.ReadUInt64());
            var count = input.ReadUInt32();
            if (count > 8)
            {
                throw input.Malformed($"a tensor of {count} dimensions");
            }
            var dimensions = new long[count];
            for (var i = 0; i < dimensions.Length; i++)
            {
                dimensions[i] = (long)input.ReadUInt64();
            }
            types.Add(TensorType(input.ReadUInt32()));
            var offset = input.ReadUInt64();
            if (offset > (ulong)input.Length)
            {
                throw input.Malformed($"a tensor begins at {offset}, past the end of the file");
            }
            return ElementCount.Of(dimensions) ?? throw input.Malformed("a tensor's dimensions have a product of more than 64 bits");
        }

        private static string TensorType(uint type) =>
            type switch
            {
                0 => "F32",
                1 => "F16",
                2 => "Q4_0",
                3 => "Q4_1",
                6 => "Q5_0",
                7 => "Q5_1",
                8 => "Q8_0",
                9 => "Q8_1",
                10 => "Q2_K",
                11 => "Q3_K",
                12 => "Q4_K",
                13 => "Q5_K",
                14 => "Q6_K",
                15 => "Q8_K",
                16 => "IQ2_XXS",
                17 => "IQ2_XS",
                18 => "IQ3_XXS",
                19 => "IQ1_S",
                20 => "IQ4_NL",
                21 => "IQ3_S",
                22 => "IQ2_S",
                23 => "IQ4_XS",
                24 => "I8",
                25 => "I16",
                26 => "I32",
                27 => "I64",
                28 => "F64",
                29 => "IQ1_M",
                30 => "BF16",
                31 => "Q4_0_4_4",
                32 => "Q4_0_4_8",
                33 => "Q4_0_8_8",
                34 => "TQ1_0",
                35 => "TQ2_0",
                36 => "IQ4_NL_4_4",
                37 => "IQ4_NL_4_8",
                38 => "IQ4_NL_8_8",
                39 => "MXFP4",
                40 => "NVFP4",
                41 => "Q1_0",
                42 => "Q2_0",
                _ => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
            };

        private static string? FileType(string? type) =>
            type switch
            {
                null => null,
                "0" => "F32",
                "1" => "F16",
                "2" => "Q4_0",
                "3" => "Q4_1",
                "7" => "Q8_0",
                "8" => "Q5_0",
                "9" => "Q5_1",
                "10" => "Q2_K",
                "11" => "Q3_K_S",
                "12" => "Q3_K_M",
                "13" => "Q3_K_L",
                "14" => "Q4_K_S",
                "15" => "Q4_K_M",
                "16" => "Q5_K_S",
                "17" => "Q5_K_M",
                "18" => "Q6_K",
                "19" => "IQ2_XXS",
                "20" => "IQ2_XS",
                "21" => "Q2_K_S",
                "22" => "IQ3_XS",
                "23" => "IQ3_XXS",
                "24" => "IQ1_S",
                "25" => "IQ4_NL",
                "26" => "IQ3_S",
                "27" => "IQ3_M",
                "28" => "IQ2_S",
                "29" => "IQ2_M",
                "30" => "IQ4_XS",
                "31" => "IQ1_M",
                "32" => "BF16",
                "33" => "Q4_0_4_4",
                "34" => "Q4_0_4_8",
                "35" => "Q4_0_8_8",
                "36" => "TQ1_0",
                "37" => "TQ2_0",
                "38" => "MXFP4",
                "39" => "NVFP4",
                "40" => "Q1_0",
                "41" => "Q2_0",
                _ => $"type {type}",
            };
    }
}
