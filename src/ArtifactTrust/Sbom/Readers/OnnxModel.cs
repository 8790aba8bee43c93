using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>The state of reading one model.</summary>
internal sealed partial class OnnxModel(ProtobufReader reader, ByteReader input)
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
}
