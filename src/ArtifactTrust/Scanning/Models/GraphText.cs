using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines SavedModels and graphs of TensorFlow that are written as text: <c>saved_model.pbtxt</c> is loaded like <c>saved_model.pb</c>.</summary>
/// <remarks>
/// A text is taken for one where it begins with a field that one of them has. TensorFlow refuses fields it does not know; here they are passed over.
/// Spec: protobuf.dev, "Text Format Language Specification"; TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, function.proto.
/// </remarks>
internal sealed class GraphText
{
    private static readonly Dictionary<(GraphMessage, string), GraphMessage> Children = new()
    {
        [(GraphMessage.SavedModel, "meta_graphs")] = GraphMessage.MetaGraph,
        [(GraphMessage.MetaGraph, "graph_def")] = GraphMessage.GraphDef,
        [(GraphMessage.MetaGraph, "asset_file_def")] = GraphMessage.AssetFile,
        [(GraphMessage.GraphDef, "node")] = GraphMessage.NodeDef,
        [(GraphMessage.GraphDef, "library")] = GraphMessage.FunctionLibrary,
        [(GraphMessage.FunctionLibrary, "function")] = GraphMessage.FunctionDef,
        [(GraphMessage.FunctionDef, "signature")] = GraphMessage.OpDef,
        [(GraphMessage.FunctionDef, "node_def")] = GraphMessage.NodeDef,
        [(GraphMessage.FunctionDef, "attr")] = GraphMessage.NodeAttribute,
        [(GraphMessage.NodeDef, "attr")] = GraphMessage.NodeAttribute,
        [(GraphMessage.NodeAttribute, "value")] = GraphMessage.AttributeValue,
        [(GraphMessage.AttributeValue, "list")] = GraphMessage.AttributeList,
        [(GraphMessage.AttributeValue, "func")] = GraphMessage.FunctionName,
        [(GraphMessage.AttributeList, "func")] = GraphMessage.FunctionName,
        [(GraphMessage.FunctionName, "attr")] = GraphMessage.NodeAttribute,
    };

    // What is outermost is told by its first field.
    private static readonly Dictionary<string, GraphMessage> First = new(StringComparer.Ordinal)
    {
        ["saved_model_schema_version"] = GraphMessage.SavedModel,
        ["meta_graphs"] = GraphMessage.SavedModel,
        ["meta_info_def"] = GraphMessage.MetaGraph,
        ["graph_def"] = GraphMessage.MetaGraph,
        ["saver_def"] = GraphMessage.MetaGraph,
        ["collection_def"] = GraphMessage.MetaGraph,
        ["signature_def"] = GraphMessage.MetaGraph,
        ["asset_file_def"] = GraphMessage.MetaGraph,
        ["object_graph_def"] = GraphMessage.MetaGraph,
        ["node"] = GraphMessage.GraphDef,
        ["library"] = GraphMessage.GraphDef,
        ["versions"] = GraphMessage.GraphDef,
        ["version"] = GraphMessage.GraphDef,
    };

    private readonly ExaminationLog _log;
    private readonly Place _place;
    private readonly ProtobufText _text;
    private readonly GraphOperators _operators = new();
    private readonly TensorFlowOperators _tensorFlow;
    private string? _signature;
    private bool _sawGraph;
    private bool _isDamaged;

    internal GraphText(ExaminationLog log, Stream stream, Place place)
    {
        stream.Position = 0;
        (_log, _place, _text) = (log, place, new ProtobufText(stream));
        _tensorFlow = new TensorFlowOperators(log, place, _operators);
    }

    /// <summary>Examines a text.</summary>
    /// <returns>The format in words; null where it is neither.</returns>
    internal string? Examine()
    {
        _text.Read();
        if (_text.Kind is not ProtobufTextKind.Word || !First.TryGetValue(_text.Text, out var root))
        {
            return null;
        }
        ReadMessage(root, 0);
        _isDamaged |= _text.Kind is not ProtobufTextKind.End;
        if (!_sawGraph)
        {
            // Other texts begin with a version or a node, too.
            return null;
        }
        _log.Examined = true;
        EndGraph();
        if (_isDamaged)
        {
            _log.AddGap(_place, "it begins like a graph of TensorFlow in text, and is none that can be read here");
        }
        return root is GraphMessage.SavedModel ? "TensorFlow SavedModel in text" : "TensorFlow graph in text";
    }

    /// <summary>Reads fields, up to what is none.</summary>
    private void ReadMessage(GraphMessage message, int depth)
    {
        while (!_isDamaged && (_text.Kind is ProtobufTextKind.Word || _text.IsSign('[')))
        {
            var name = _text.Text;
            if (_text.IsSign('['))
            {
                // The name of an extension, or of a message that any other may hold.
                SkipName();
            }
            _text.Read();
            var hasColon = _text.IsSign(':');
            if (hasColon)
            {
                _text.Read();
            }
            ReadValues(message, name, hasColon, depth);
            if (_text.IsSign(',') || _text.IsSign(';'))
            {
                _text.Read();
            }
        }
        switch (message)
        {
            case GraphMessage.FunctionDef when _signature is not null:
                _operators.Define("", _signature);
                _signature = null;
                break;
            case GraphMessage.MetaGraph:
                EndGraph();
                break;
            default:
                break;
        }
    }

    private void SkipName()
    {
        while (_text.Kind is not (ProtobufTextKind.End or ProtobufTextKind.Invalid) && !_text.IsSign(']'))
        {
            _text.Read();
        }
    }

    private void ReadValues(GraphMessage message, string name, bool hasColon, int depth)
    {
        if (!_text.IsSign('['))
        {
            ReadValue(message, name, hasColon, depth);
            return;
        }
        _text.Read();
        while (!_isDamaged && !_text.IsSign(']'))
        {
            ReadValue(message, name, hasColon, depth);
            if (_text.IsSign(','))
            {
                _text.Read();
            }
        }
        _text.Read();
    }

    private void ReadValue(GraphMessage message, string name, bool hasColon, int depth)
    {
        if (_text.IsSign('{') || _text.IsSign('<'))
        {
            var end = _text.IsSign('{') ? '}' : '>';
            _isDamaged |= depth == Limits.BinaryDepth;
            var child = Children.GetValueOrDefault((message, name));
            _sawGraph |= child is GraphMessage.MetaGraph or GraphMessage.GraphDef or GraphMessage.FunctionDef;
            _text.Read();
            ReadMessage(child, depth + 1);
            _isDamaged |= !_text.IsSign(end);
        }
        else if (_text.Kind is ProtobufTextKind.Text)
        {
            ExamineText(message, name);
        }
        else
        {
            while (_text.IsSign('-') || _text.IsSign('+'))
            {
                _text.Read();
            }
            _isDamaged |= !hasColon || _text.Kind is not ProtobufTextKind.Word;
        }
        if (!_isDamaged)
        {
            _text.Read();
        }
    }

    private void ExamineText(GraphMessage message, string name)
    {
        _isDamaged |= _text.Text.Length > Limits.GraphTextBytes && (message, name) is (GraphMessage.NodeDef, "op");
        switch (message, name)
        {
            case (GraphMessage.NodeDef, "op"):
            case (GraphMessage.FunctionName, "name"):
                _sawGraph = true;
                _tensorFlow.Use(_text.Text, _text.Position);
                break;
            case (GraphMessage.OpDef, "name"):
                _signature = _text.Text;
                break;
            case (GraphMessage.AttributeValue or GraphMessage.AttributeList, "s"):
                _tensorFlow.ExamineAttribute(_text.Text, _text.Position);
                break;
            case (GraphMessage.AssetFile, "filename") when _text.Text.Length > 0 && ExternalPath.LeadsOut(_text.Text):
                _log.AddOddity("external-data-path", _place, _text.Text, _text.Position);
                break;
            default:
                break;
        }
    }

    private void EndGraph()
    {
        _isDamaged |= _operators.IsFull;
        _tensorFlow.End(isGraph: true);
        _signature = null;
    }
}
