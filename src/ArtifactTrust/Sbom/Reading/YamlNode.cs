using ArtifactTrust.Formats;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>A YAML value: a scalar's text, a list, or a mapping with text for keys. Nothing is typed and nothing constructed.</summary>
/// <param name="Scalar">The text of a scalar; null for the null value and for lists and mappings.</param>
/// <param name="Items">The elements of a list; empty otherwise.</param>
/// <param name="Members">The members of a mapping; empty otherwise.</param>
internal sealed record YamlNode(string? Scalar, IReadOnlyList<YamlNode> Items, IReadOnlyDictionary<string, YamlNode> Members)
{
    private const string Named = "YAML";
    private const int MaximumDepth = 32;
    private const int MaximumNodes = 100_000;

    private static readonly Dictionary<string, YamlNode> NoMembers = [];

    /// <summary>The member of that name, or null.</summary>
    internal YamlNode? this[string name] => Members.GetValueOrDefault(name);

    /// <summary>Whether it is a list, also an empty one.</summary>
    internal bool IsList => Items is List<YamlNode>;

    /// <summary>Whether it is a mapping, also an empty one.</summary>
    internal bool IsMapping => !ReferenceEquals(Members, NoMembers);

    /// <summary>The text of a scalar, or of each scalar of a list; nothing otherwise.</summary>
    internal IEnumerable<string> Texts => Scalar is not null ? [Scalar] : Items.Where(i => i.Scalar is not null).Select(i => i.Scalar!);

    /// <summary>Reads one document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="maximumNodes">The most values that are accepted.</param>
    /// <exception cref="MalformedDataException">
    /// It is not YAML, is nested or large beyond reason, repeats a key, or has an anchor, an alias or a tag: the means by which a small
    /// text stands for a huge or active one.
    /// </exception>
    internal static YamlNode Parse(string text, int maximumNodes = MaximumNodes)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                return new YamlNode(null, [], NoMembers);
            }
            parser.Consume<DocumentStart>();
            var nodes = 0;
            var root = Node(parser, 0, maximumNodes, ref nodes);
            parser.Consume<DocumentEnd>();
            return root;
        }
        catch (YamlException e)
        {
            throw new MalformedDataException(Named, $"line {e.Start.Line}", FileText.Clean(e.Message)!, e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // The scanner answers some malformed texts with these instead of its own exception.
            throw new MalformedDataException(Named, "$", "the text cannot be scanned", e);
        }
    }

    private static YamlNode Node(Parser parser, int depth, int maximumNodes, ref int nodes)
    {
        var next = parser.Consume<ParsingEvent>();
        if (next is AnchorAlias || next is NodeEvent { Anchor.IsEmpty: false })
        {
            throw Refused(next, "anchors and aliases are not accepted");
        }
        if (next is not NodeEvent node)
        {
            throw Refused(next, "a value is expected");
        }
        if (!node.Tag.IsEmpty)
        {
            throw Refused(node, "tags are not accepted");
        }
        if (depth > MaximumDepth || ++nodes > maximumNodes)
        {
            throw Refused(node, $"more than {maximumNodes} values, or nested more than {MaximumDepth} deep");
        }
        switch (node)
        {
            case Scalar scalar:
                var isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
                return new YamlNode(isNull ? null : scalar.Value, [], NoMembers);
            case SequenceStart:
                var items = new List<YamlNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(Node(parser, depth + 1, maximumNodes, ref nodes));
                }
                return new YamlNode(null, items, NoMembers);
            case MappingStart:
                var members = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    var at = parser.Current;
                    var key = Node(parser, depth + 1, maximumNodes, ref nodes);
                    var value = Node(parser, depth + 1, maximumNodes, ref nodes);
                    if (key.Items.Count > 0 || key.Members.Count > 0)
                    {
                        throw Refused(at, "a key is to be a scalar");
                    }
                    if (!members.TryAdd(key.Scalar ?? "null", value))
                    {
                        throw Refused(at, "the key occurs twice");
                    }
                }
                return new YamlNode(null, [], members);
            default:
                throw Refused(node, "a value is expected");
        }
    }

    private static MalformedDataException Refused(ParsingEvent? at, string reason) => new(Named, $"line {at?.Start.Line ?? 0}", reason);
}
