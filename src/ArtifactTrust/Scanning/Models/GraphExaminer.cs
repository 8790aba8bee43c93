using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models;

/// <summary>Examines ONNX models and TensorFlow's SavedModels: operators that reach out of the model, and paths that lead out of its directory.</summary>
/// <remarks>
/// Neither format says what it is. Bytes are taken for one of them where all of the fields of the outermost message are fields it has. Where both fit,
/// both are followed. Functions and graphs inside of nodes are followed at any depth.
/// </remarks>
internal sealed class GraphExaminer
{
    private const string Onnx = "onnx";

    private static readonly Dictionary<int, (string Text, long Position)> NoTexts = [];

    private readonly ExaminationLog _log;
    private readonly Stream _stream;
    private readonly Place _place;
    private readonly CancellationToken _cancellation;

    // Asked once: a file's length is a call of the system, and there may be a field in every other byte.
    private readonly long _length;

    private readonly GraphOperators _operators = new();
    private readonly TensorFlowOperators _tensorFlow;
    private string? _signature;
    private bool _isSavedModel;
    private bool _damaged;

    /// <summary>Examines bytes that can be read at any place.</summary>
    /// <param name="log">Where findings are kept.</param>
    /// <param name="stream">The bytes.</param>
    /// <param name="place">Where they come from.</param>
    /// <param name="cancellation">Stops between two messages.</param>
    internal GraphExaminer(ExaminationLog log, Stream stream, Place place, CancellationToken cancellation)
    {
        (_log, _stream, _place, _cancellation, _length) = (log, stream, place, cancellation, stream.Length);
        _tensorFlow = new TensorFlowOperators(log, place, _operators);
    }

    /// <summary>Examines bytes.</summary>
    /// <returns>The format in words; null where it is neither.</returns>
    internal string? Examine()
    {
        var fields = OutermostFields();
        if (fields is null || fields.Count == 0)
        {
            return null;
        }
        string? format = null;
        // Parsers pass over fields they do not know, so that those rule out no format; they only leave it unnamed.
        if (fields.Contains((7, 2)))
        {
            format = fields.All(f => IsOnnxField(f.Number, f.WireType)) ? "ONNX" : null;
            Walk(GraphMessage.OnnxModel, format is not null);
        }
        if (fields.Contains((2, 2)))
        {
            format =
                !fields.All(f => f is (1, 0) or (2, 2)) ? format
                : format is null ? "TensorFlow SavedModel"
                : $"{format} or TensorFlow SavedModel";
            Walk(GraphMessage.SavedModel, fields.All(f => f is (1, 0) or (2, 2)));
        }
        if (fields.Contains((2, 2)))
        {
            var isMetaGraph = format is null && IsMetaGraph();
            format ??= isMetaGraph ? "TensorFlow MetaGraph" : null;
            Walk(GraphMessage.MetaGraph, isMetaGraph);
        }
        if (fields.Contains((1, 2)))
        {
            format ??= (
                new KerasMetadata(_log, _place).Examine(FromStart(), _length) ? "Keras metadata"
                : LooksLikeGraph(FromStart(), _length) ? "TensorFlow graph"
                : null
            );
            Walk(GraphMessage.GraphDef, format == "TensorFlow graph");
        }
        if (format is not null)
        {
            _log.Examined = true;
        }
        if (_damaged && format is not null)
        {
            _log.AddGap(_place, "a message of the graph is damaged, too deep, or has a name that is too long");
        }
        return format;
    }

    private PickleInput FromStart()
    {
        _stream.Position = 0;
        return new PickleInput(_stream, _length);
    }

    private static bool IsOnnxField(int number, int wireType) =>
        number switch
        {
            1 or 5 => wireType == 0,
            2 or 3 or 4 or 6 or 7 or 8 or 14 or 20 or 25 or 26 => wireType == 2,
            _ => false,
        };

    private HashSet<(int Number, int WireType)>? OutermostFields()
    {
        var input = FromStart();
        var fields = new HashSet<(int, int)>();
        while (ProtobufFields.TryRead(input, _length, out var field))
        {
            fields.Add((Math.Min(field.Number, 1000), field.WireType));
            if (field.IsBytes && !input.Skip((long)field.Value))
            {
                return null;
            }
        }
        return input.Position == _length ? fields : null;
    }

    /// <summary>A graph by itself: its first node has a name and an operator.</summary>
    private static bool LooksLikeGraph(PickleInput input, long end)
    {
        while (ProtobufFields.TryRead(input, end, out var field))
        {
            if (field is { Number: 1, IsBytes: true })
            {
                var (endOfNode, seen) = (field.Position + (long)field.Value, new HashSet<int>());
                while (ProtobufFields.TryRead(input, endOfNode, out var inner))
                {
                    if (inner is not { IsBytes: true, Number: >= 1 and <= 7 } || !input.Skip((long)inner.Value))
                    {
                        return false;
                    }
                    seen.Add(inner.Number);
                }
                return input.Position == endOfNode && seen.Contains(1) && seen.Contains(2);
            }
            if (field.IsBytes)
            {
                input.Skip((long)field.Value);
            }
        }
        return false;
    }

    /// <summary>A graph with its state, as TensorFlow 1 writes it (<c>.meta</c>): its second field is a graph.</summary>
    private bool IsMetaGraph()
    {
        var input = FromStart();
        while (ProtobufFields.TryRead(input, _length, out var field))
        {
            if (field is { Number: 2, IsBytes: true })
            {
                return LooksLikeGraph(input, field.Position + (long)field.Value);
            }
            if (field.IsBytes)
            {
                input.Skip((long)field.Value);
            }
        }
        return false;
    }

    private void Walk(GraphMessage root, bool isSure)
    {
        var before = _damaged;
        _isSavedModel = isSure && root is (GraphMessage.SavedModel or GraphMessage.MetaGraph);
        var input = FromStart();
        Walk(input, root, _length, 0);
        // What is only tried may well be no such message.
        _damaged = isSure ? _damaged : before;
    }

    private void Walk(PickleInput input, GraphMessage message, long end, int depth)
    {
        _cancellation.ThrowIfCancellationRequested();
        Dictionary<int, (string Text, long Position)>? texts = null;
        while (ProtobufFields.TryRead(input, end, out var field))
        {
            if (!field.IsBytes)
            {
                continue;
            }
            var next = field.Position + (long)field.Value;
            if (GraphSchema.Child(message, field.Number) is var child and not GraphMessage.None)
            {
                if (depth == Limits.BinaryDepth)
                {
                    _damaged = true;
                }
                else
                {
                    Walk(input, child, next, depth + 1);
                }
            }
            else if (GraphSchema.IsAttributeText(message, field.Number))
            {
                ExamineAttribute(input, (long)field.Value, field.Position);
            }
            else if (GraphSchema.IsText(message, field.Number))
            {
                // The last of several is the one that counts, for readers that keep one. Each is judged, but defines nothing.
                if (texts?.ContainsKey(field.Number) == true && message is not (GraphMessage.OnnxFunction or GraphMessage.OpDef))
                {
                    Complete(message, texts);
                }
                if (ReadText(input, (long)field.Value) is { } text)
                {
                    (texts ??= [])[field.Number] = (text, field.Position);
                }
                else
                {
                    _damaged = true;
                }
            }
            if (input.Position < next && !input.Skip(next - input.Position))
            {
                break;
            }
        }
        _damaged |= input.Position != end;
        Complete(message, texts ?? NoTexts);
        if (depth == 0 || message is GraphMessage.MetaGraph)
        {
            EndGraph(message);
        }
    }

    private void Complete(GraphMessage message, Dictionary<int, (string Text, long Position)> texts)
    {
        switch (message)
        {
            case GraphMessage.OnnxNode when texts.TryGetValue(4, out var type):
                var domain = texts.GetValueOrDefault(7).Text ?? "";
                if (_log.Rules.FindOperator(Onnx, type.Text) is not null || !_log.Rules.IsStandardOperator(Onnx, domain))
                {
                    _operators.Use(domain, type.Text, type.Position);
                }
                break;
            case GraphMessage.OnnxFunction when texts.TryGetValue(1, out var name):
                _operators.Define(texts.GetValueOrDefault(10).Text ?? "", name.Text);
                break;
            case GraphMessage.OnnxEntry when texts.TryGetValue(1, out var key) && key.Text == "location":
                if (texts.TryGetValue(2, out var location) && ExternalPath.LeadsOut(location.Text))
                {
                    _log.AddOddity("external-data-path", _place, location.Text, location.Position);
                }
                break;
            case GraphMessage.AssetFile
                when texts.TryGetValue(2, out var asset) && asset.Text.Length > 0 && ExternalPath.LeadsOut(asset.Text):
                _log.AddOddity("external-data-path", _place, asset.Text, asset.Position);
                break;
            case GraphMessage.NodeDef when texts.TryGetValue(2, out var op):
                _tensorFlow.Use(op.Text, op.Position);
                break;
            case GraphMessage.FunctionName when texts.TryGetValue(1, out var function):
                // A function of the graph, or an operator in its place.
                _tensorFlow.Use(function.Text, function.Position);
                break;
            case GraphMessage.OpDef when texts.TryGetValue(1, out var signature):
                _signature = signature.Text;
                break;
            case GraphMessage.FunctionDef when _signature is not null:
                _operators.Define("", _signature);
                _signature = null;
                break;
            default:
                break;
        }
    }

    /// <summary>Some attributes of text name a file.</summary>
    private void ExamineAttribute(PickleInput input, long length, long position)
    {
        const int shown = 200;
        var text = input.Ensure((int)Math.Min(length, shown)) ? input.Available[..(int)Math.Min(length, shown)] : [];
        _tensorFlow.ExamineAttribute(Encoding.UTF8.GetString(text), position);
    }

    /// <summary>Judges the operators that neither the framework has, nor a function of the graph is.</summary>
    private void EndGraph(GraphMessage root)
    {
        _damaged |= _operators.IsFull;
        _signature = null;
        if (root is not GraphMessage.OnnxModel)
        {
            _tensorFlow.End(_isSavedModel);
            return;
        }
        foreach (var (domain, name, position) in _operators.Undefined)
        {
            _log.AddOddity(_log.Rules.FindOperator(Onnx, name)?.Id ?? "custom-operator", _place, $"{domain}.{name}", position);
        }
        _operators.Clear();
    }

    private static string? ReadText(PickleInput input, long length)
    {
        if (length > Limits.GraphTextBytes || !input.Ensure((int)length))
        {
            return null;
        }
        var text = Encoding.UTF8.GetString(input.Available[..(int)length]);
        input.Advance((int)length);
        return text;
    }
}
