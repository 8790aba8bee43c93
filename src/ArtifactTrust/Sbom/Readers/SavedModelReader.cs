using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>TensorFlow's SavedModel: its tags, signatures and operators, and the version that wrote it.</summary>
/// <remarks>Spec: <c>saved_model.proto</c>, <c>meta_graph.proto</c>, <c>graph.proto</c>, <c>function.proto</c>.</remarks>
internal sealed class SavedModelReader : FormatReader
{
    /// <inheritdoc/>
    internal override string Format => "saved-model";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Other;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.Name == "saved_model.pb";

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        var graph = new Graph(new ProtobufReader(input));
        graph.Read();
        return new FileFacts(Format, Role)
        {
            Properties = new PropertyList("saved-model")
                .Add("tensorflow-version", graph.Version)
                .AddAll("tag", graph.Tags)
                .AddAll("signature", graph.Signatures)
                .Add("nodes", graph.Nodes)
                .AddAll("operator", graph.Operators.Lines)
                .Items,
        };
    }

    private sealed class Graph(ProtobufReader reader)
    {
        internal string? Version { get; private set; }
        internal List<string> Tags { get; } = [];
        internal List<string> Signatures { get; } = [];
        internal long Nodes { get; private set; }
        internal Tally Operators { get; } = new();

        internal void Read()
        {
            while (reader.Next())
            {
                On(2, MetaGraph);
            }
        }

        private void MetaGraph()
        {
            while (reader.Next())
            {
                switch (reader.Field, reader.Type)
                {
                    case (1, WireType.LengthDelimited):
                        reader.Message(MetaInfo);
                        break;
                    case (2, WireType.LengthDelimited):
                        reader.Message(GraphDef);
                        break;
                    case (5, WireType.LengthDelimited):
                        reader.Message(Signature);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        private void MetaInfo()
        {
            while (reader.Next())
            {
                switch (reader.Field, reader.Type)
                {
                    case (4, WireType.LengthDelimited):
                        Keep(Tags);
                        break;
                    case (5, WireType.LengthDelimited):
                        Version = reader.Text();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        private void GraphDef()
        {
            while (reader.Next())
            {
                switch (reader.Field, reader.Type)
                {
                    case (1, WireType.LengthDelimited):
                        reader.Message(Node);
                        break;
                    case (2, WireType.LengthDelimited):
                        reader.Message(Library);
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }

        private void Library()
        {
            while (reader.Next())
            {
                On(1, Function);
            }
        }

        private void Function()
        {
            while (reader.Next())
            {
                On(3, Node);
            }
        }

        private void Node()
        {
            Nodes++;
            while (reader.Next())
            {
                if (reader is { Field: 2, Type: WireType.LengthDelimited })
                {
                    Operators.Add(reader.Text());
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        private void Signature()
        {
            while (reader.Next())
            {
                if (reader is { Field: 1, Type: WireType.LengthDelimited })
                {
                    Keep(Signatures);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        private void On(int field, Action read)
        {
            if (reader.Field == field && reader.Type == WireType.LengthDelimited)
            {
                reader.Message(read);
            }
            else
            {
                reader.Skip();
            }
        }

        private void Keep(List<string> texts)
        {
            var text = reader.Text();
            if (texts.Count < Limits.SbomListedNames)
            {
                texts.Add(text);
            }
        }
    }
}
