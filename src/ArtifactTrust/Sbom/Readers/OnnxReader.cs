using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;
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

    /// <summary>The state of reading one model.</summary>
    private sealed class OnnxModel(ProtobufReader reader, ByteReader input)
    {
        private const int MaximumDimensions = 64;

        private readonly PropertyList _properties = new("onnx");
        private readonly List<string> _inputs = [];
        private readonly List<string> _outputs = [];
        private readonly List<byte[]> _inputNames = [];
        private readonly NameSet _initializers = new();
        private readonly Tally _operators = new();
        private readonly SortedSet<string> _customDomains = new(CodePointOrder.Instance);
        private readonly SortedSet<string> _external = new(CodePointOrder.Instance);
        private readonly Tally _types = new();
        private readonly List<(string Name, string Value)> _single = [];
        private readonly List<string> _opsets = [];
        private readonly List<string> _metadata = [];
        private readonly List<long> _dimensions = [];
        private string? _producer;
        private string? _producerVersion;
        private string? _description;
        private string? _graphName;
        private long _irVersion;
        private long _tensors;
        private long _nodes;
        private long _functions;
        private long _constants;
        private UInt128 _parameters;
        private UInt128 _constantElements;
        private bool _graph;

        internal FileFacts Read()
        {
            while (reader.Next())
            {
                ModelField();
            }
            if (_irVersion == 0 || !_graph)
            {
                throw input.Malformed(0, "an ONNX model has an ir_version and a graph");
            }
            _properties.Add("ir-version", _irVersion).Add("producer", _producer).Add("producer-version", _producerVersion);
            foreach (var (name, value) in _single)
            {
                _properties.Add(name, value);
            }
            _properties
                .AddAll("opset", _opsets)
                .Add("graph", _graphName)
                .AddAll("input", _inputs)
                .AddAll("output", _outputs)
                .Add("nodes", _nodes)
                .AddAll("operator", _operators.Lines)
                .AddAll("custom-domain", _customDomains)
                .Add("functions", _functions == 0 ? null : _functions)
                .Add("initializers", _tensors)
                .AddAll("tensor-type", _types.Lines)
                .Add("parameters", _tensors == 0 ? null : _parameters)
                .Add("constants", _constants)
                .Add("constant-elements", _constantElements)
                .AddAll("external-data", _external)
                .AddAll("metadata", _metadata);
            return new FileFacts("onnx", FileRole.Weights)
            {
                Properties = _properties.Items,
                Model = new ModelFacts
                {
                    Description = string.IsNullOrWhiteSpace(_description) ? null : _description,
                    Inputs = _inputs,
                    Outputs = _outputs,
                    // Some exporters write weights as constants, among which no weight is told from a number.
                    Parameters = _tensors == 0 ? null : _parameters,
                },
            };
        }

        private void ModelField()
        {
            switch (reader.Field)
            {
                case 1:
                    _irVersion = (long)reader.Varint();
                    break;
                case 2:
                    _producer = reader.Text();
                    break;
                case 3:
                    _producerVersion = reader.Text();
                    break;
                case 4:
                    _single.Add(("domain", reader.Text()));
                    break;
                case 5:
                    _single.Add(("model-version", ((long)reader.Varint()).ToString(CultureInfo.InvariantCulture)));
                    break;
                case 6:
                    _description = reader.Text();
                    break;
                case 7:
                    // Protobuf merges a field that occurs twice; a model with two graphs would be read differently by others.
                    if (_graph)
                    {
                        throw input.Malformed("a second graph");
                    }
                    _graph = true;
                    reader.Message(() => Graph(top: true));
                    break;
                case 8:
                    reader.Message(Opset);
                    break;
                case 14:
                    reader.Message(Metadata);
                    break;
                case 25:
                    _functions++;
                    reader.Message(Function);
                    break;
                default:
                    reader.Skip();
                    break;
            }
            // Text fields occur once each in what writers make; a hostile file may repeat them.
            if (_single.Count > Limits.SbomListedNames)
            {
                throw input.Malformed("a field that occurs once is repeated");
            }
        }

        private void Opset()
        {
            var domain = "";
            var version = 0L;
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        domain = reader.Text();
                        break;
                    case 2:
                        version = (long)reader.Varint();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            Add(_opsets, $"{(domain.Length == 0 ? "ai.onnx" : domain)} {version.ToString(CultureInfo.InvariantCulture)}");
        }

        private void Metadata()
        {
            var (key, value) = Pair();
            Add(_metadata, $"{key}: {value}");
        }

        private (string Key, string Value) Pair()
        {
            var (key, value) = ("", "");
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        key = reader.Text();
                        break;
                    case 2:
                        value = reader.Text();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            return (key, value);
        }

        private void Graph(bool top)
        {
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        reader.Message(Node);
                        break;
                    case 2 when top:
                        _graphName = reader.Text();
                        break;
                    case 5:
                        _tensors++;
                        reader.Message(() => Tensor(initializer: true));
                        break;
                    case 11 when top:
                        reader.Message(() => Value(_inputs, _inputNames));
                        break;
                    case 12 when top:
                        reader.Message(() => Value(_outputs, null));
                        break;
                    case 15:
                        _tensors++;
                        reader.Message(SparseTensor);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            if (top)
            {
                // Before IR version 4 every initializer was an input too; usual writers put initializers first, but need not.
                for (var i = _inputNames.Count - 1; i >= 0; i--)
                {
                    if (_initializers.Contains(_inputNames[i]))
                    {
                        _inputs.RemoveAt(i);
                    }
                }
            }
        }

        private void Function()
        {
            while (reader.Next())
            {
                if (reader.Field == 7)
                {
                    reader.Message(Node);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        private void Node()
        {
            var type = "";
            var domain = "";
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 4:
                        type = reader.Text();
                        break;
                    case 5:
                        reader.Message(Attribute);
                        break;
                    case 7:
                        domain = reader.Text();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            _nodes++;
            _operators.Add(domain is "" or "ai.onnx" ? type : $"{domain}::{type}");
            Domain(domain);
        }

        private void Attribute()
        {
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 5 or 10:
                        reader.Message(() => Tensor(initializer: false));
                        break;
                    case 6 or 11:
                        reader.Message(() => Graph(top: false));
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        private void SparseTensor()
        {
            while (reader.Next())
            {
                if (reader.Field == 1)
                {
                    reader.Message(() => Tensor(initializer: true));
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        private void Tensor(bool initializer)
        {
            _dimensions.Clear();
            var type = 0ul;
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        reader.Varints(_dimensions, MaximumDimensions);
                        break;
                    case 2:
                        type = reader.Varint();
                        break;
                    case 8 when initializer:
                        _initializers.Add(reader.Bytes(Limits.SbomTextLength), "ONNX model");
                        break;
                    case 13:
                        reader.Message(External);
                        break;
                    default:
                        // Among them the values: raw_data and the typed fields.
                        reader.Skip();
                        break;
                }
            }
            var elements =
                ElementCount.Of(_dimensions)
                ?? throw input.Malformed("a tensor's dimensions are negative or their product has more than 64 bits");
            if (initializer)
            {
                _types.Add(TypeName(type));
                _parameters += elements;
            }
            else
            {
                _constants++;
                _constantElements += elements;
            }
        }

        private void External()
        {
            var (key, value) = Pair();
            if (key == "location" && _external.Count < Limits.SbomListedNames)
            {
                _external.Add(value);
            }
        }

        private void Value(List<string> values, List<byte[]>? names)
        {
            var name = "";
            var type = "";
            var raw = Array.Empty<byte>();
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        raw = reader.Bytes(Limits.SbomTextLength);
                        name = FileText.Clean(FileText.Decode(raw))!;
                        break;
                    case 2:
                        reader.Message(() => type = TypeOf());
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            if (values.Count < Limits.SbomListedNames && !(names is not null && _initializers.Contains(raw)))
            {
                values.Add(type.Length == 0 ? name : $"{name}: {type}");
                names?.Add(raw);
            }
        }

        private string TypeOf()
        {
            var text = "";
            while (reader.Next())
            {
                var field = reader.Field;
                switch (field)
                {
                    case 1 or 8:
                        reader.Message(() => text = TensorType(field == 8 ? "sparse " : ""));
                        break;
                    case 4 or 9:
                        reader.Message(() => text = $"{(field == 4 ? "sequence" : "optional")}({Inner()})");
                        break;
                    case 5:
                        reader.Message(() => text = Map());
                        break;
                    default:
                        reader.Skip();
                        break;
                }
                if (text.Length > Limits.SbomTextLength)
                {
                    throw input.Malformed("a type's description is too long");
                }
            }
            return text;
        }

        private string Inner()
        {
            var inner = "";
            while (reader.Next())
            {
                if (reader.Field == 1)
                {
                    reader.Message(() => inner = TypeOf());
                }
                else
                {
                    reader.Skip();
                }
            }
            return inner;
        }

        private string Map()
        {
            var (key, value) = ("", "");
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        key = TypeName(reader.Varint());
                        break;
                    case 2:
                        reader.Message(() => value = TypeOf());
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            return $"map({key}, {value})";
        }

        private string TensorType(string prefix)
        {
            var element = "undefined";
            string? shape = null;
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        element = TypeName(reader.Varint());
                        break;
                    case 2:
                        reader.Message(() => shape = Shape());
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            return $"{prefix}{element}{shape}";
        }

        private string Shape()
        {
            var text = new StringBuilder("[");
            for (var count = 0; reader.Next(); )
            {
                if (reader.Field != 1)
                {
                    reader.Skip();
                    continue;
                }
                if (++count > MaximumDimensions)
                {
                    throw input.Malformed($"more than {MaximumDimensions} dimensions");
                }
                reader.Message(() => text.Append(count == 1 ? "" : ", ").Append(Dimension()));
            }
            return text.Append(']').ToString();
        }

        private string Dimension()
        {
            var dimension = "?";
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        dimension = ((long)reader.Varint()).ToString(CultureInfo.InvariantCulture);
                        break;
                    case 2:
                        dimension = reader.Text() is { Length: > 0 } name ? name : "?";
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
            return dimension;
        }

        private void Domain(string domain)
        {
            // All but the domains that the ONNX project itself defines. Imports do not count: exporters import what no node uses.
            if (
                domain is not ("" or "ai.onnx" or "ai.onnx.ml" or "ai.onnx.training" or "ai.onnx.preview" or "ai.onnx.preview.training")
                && _customDomains.Count < Limits.SbomListedNames
            )
            {
                _customDomains.Add(domain);
            }
        }

        private static void Add(List<string> list, string value)
        {
            if (list.Count < Limits.SbomListedNames)
            {
                list.Add(value);
            }
        }

        private static string TypeName(ulong type) =>
            type switch
            {
                1 => "float32",
                2 => "uint8",
                3 => "int8",
                4 => "uint16",
                5 => "int16",
                6 => "int32",
                7 => "int64",
                8 => "string",
                9 => "bool",
                10 => "float16",
                11 => "float64",
                12 => "uint32",
                13 => "uint64",
                14 => "complex64",
                15 => "complex128",
                16 => "bfloat16",
                17 => "float8e4m3fn",
                18 => "float8e4m3fnuz",
                19 => "float8e5m2",
                20 => "float8e5m2fnuz",
                21 => "uint4",
                22 => "int4",
                23 => "float4e2m1",
                24 => "float8e8m0",
                25 => "uint2",
                26 => "int2",
                _ => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
            };
    }
}
