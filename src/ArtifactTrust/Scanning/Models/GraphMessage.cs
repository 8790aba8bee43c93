namespace ArtifactTrust.Scanning.Models;

/// <summary>The messages of ONNX and TensorFlow that are looked into.</summary>
internal enum GraphMessage
{
    /// <summary>Not looked into.</summary>
    None,

    OnnxModel,
    OnnxGraph,
    OnnxNode,
    OnnxAttribute,
    OnnxTensor,
    OnnxSparseTensor,
    OnnxEntry,
    OnnxTraining,
    OnnxFunction,
    SavedModel,
    MetaGraph,
    GraphDef,
    NodeDef,
    NodeAttribute,
    AttributeValue,
    AttributeList,
    FunctionName,
    FunctionLibrary,
    FunctionDef,
    OpDef,
    KerasObject,
    AssetFile,
}

/// <summary>Which fields of the messages are messages, and which are texts that matter.</summary>
/// <remarks>Spec: onnx.proto (IR version 11); TensorFlow's saved_model.proto, meta_graph.proto, graph.proto, function.proto, saved_metadata.proto.</remarks>
internal static class GraphSchema
{
    /// <summary>The message that a field of bytes holds.</summary>
    internal static GraphMessage Child(GraphMessage message, int field) =>
        (message, field) switch
        {
            (GraphMessage.OnnxModel, 7) => GraphMessage.OnnxGraph,
            (GraphMessage.OnnxModel, 20) => GraphMessage.OnnxTraining,
            (GraphMessage.OnnxModel, 25) => GraphMessage.OnnxFunction,
            (GraphMessage.OnnxTraining, 1 or 2) => GraphMessage.OnnxGraph,
            (GraphMessage.OnnxGraph, 1) => GraphMessage.OnnxNode,
            (GraphMessage.OnnxGraph, 5) => GraphMessage.OnnxTensor,
            (GraphMessage.OnnxGraph, 15) => GraphMessage.OnnxSparseTensor,
            (GraphMessage.OnnxSparseTensor, 1 or 2) => GraphMessage.OnnxTensor,
            (GraphMessage.OnnxNode, 5) => GraphMessage.OnnxAttribute,
            (GraphMessage.OnnxFunction, 7) => GraphMessage.OnnxNode,
            (GraphMessage.OnnxFunction, 11) => GraphMessage.OnnxAttribute,
            (GraphMessage.OnnxAttribute, 5 or 10) => GraphMessage.OnnxTensor,
            (GraphMessage.OnnxAttribute, 6 or 11) => GraphMessage.OnnxGraph,
            (GraphMessage.OnnxAttribute, 22 or 23) => GraphMessage.OnnxSparseTensor,
            (GraphMessage.OnnxTensor, 13) => GraphMessage.OnnxEntry,
            (GraphMessage.SavedModel, 2) => GraphMessage.MetaGraph,
            (GraphMessage.MetaGraph, 2) => GraphMessage.GraphDef,
            (GraphMessage.MetaGraph, 6) => GraphMessage.AssetFile,
            (GraphMessage.GraphDef, 1) => GraphMessage.NodeDef,
            (GraphMessage.GraphDef, 2) => GraphMessage.FunctionLibrary,
            (GraphMessage.FunctionLibrary, 1) => GraphMessage.FunctionDef,
            (GraphMessage.FunctionDef, 1) => GraphMessage.OpDef,
            (GraphMessage.FunctionDef, 3) => GraphMessage.NodeDef,
            (GraphMessage.FunctionDef, 5) => GraphMessage.NodeAttribute,
            (GraphMessage.NodeDef, 5) => GraphMessage.NodeAttribute,
            (GraphMessage.NodeAttribute, 2) => GraphMessage.AttributeValue,
            (GraphMessage.AttributeValue, 1) => GraphMessage.AttributeList,
            (GraphMessage.AttributeValue, 10) or (GraphMessage.AttributeList, 9) => GraphMessage.FunctionName,
            (GraphMessage.FunctionName, 2) => GraphMessage.NodeAttribute,
            _ => GraphMessage.None,
        };

    /// <summary>Whether a field of bytes is a text that is kept.</summary>
    internal static bool IsText(GraphMessage message, int field) =>
        (message, field) switch
        {
            (GraphMessage.OnnxNode, 4 or 7) => true,
            (GraphMessage.OnnxFunction, 1 or 10) => true,
            (GraphMessage.OnnxEntry, 1 or 2) => true,
            (GraphMessage.NodeDef, 2) => true,
            (GraphMessage.AssetFile, 2) => true,
            (GraphMessage.OpDef or GraphMessage.FunctionName, 1) => true,
            (GraphMessage.KerasObject, 4 or 5) => true,
            _ => false,
        };

    /// <summary>Whether a field of bytes is the text of an attribute, of which there may be any.</summary>
    internal static bool IsAttributeText(GraphMessage message, int field) =>
        (message, field) is (GraphMessage.AttributeValue or GraphMessage.AttributeList, 2);
}
