using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>The keys of a sequence of JSON objects, with the types of their values.</summary>
internal sealed class RecordKeys
{
    private static readonly string[] TypeNames = ["string", "number", "boolean", "object", "array", "null"];

    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<byte[]> _utf8 = [];
    private readonly List<int> _types = [];
    private int _next;
    private int _current = -1;
    private bool _more;

    /// <summary>How many keys there are; null where there are too many to count.</summary>
    internal long? Count => _more ? null : _names.Count;

    /// <summary>Each key with the types seen, <c>name: string, null</c>, in order of appearance.</summary>
    internal IReadOnlyList<string> Lines =>
        [
            .. _names.Select(
                (n, i) => $"{FileText.Clean(n)}: {string.Join(", ", TypeNames.Where((_, bit) => (_types[i] & (1 << bit)) != 0))}"
            ),
        ];

    /// <summary>Says that another object begins.</summary>
    internal void NextRecord() => (_next, _current) = (0, -1);

    /// <summary>Whether the key at hand is the one that followed in the record before, as it is in most data; told without making a string; never of an escaped one, which may be no text at all.</summary>
    internal bool IsExpected(ref Utf8JsonReader reader)
    {
        if (_next < _names.Count && !reader.ValueIsEscaped && reader.ValueTextEquals(_utf8[_next]))
        {
            _current = _next++;
            return true;
        }
        return false;
    }

    /// <summary>Takes a key.</summary>
    internal void Key(string name)
    {
        if (_index.TryGetValue(name, out _current))
        {
            _next = _current + 1;
            return;
        }
        if (_names.Count == Limits.SbomListedNames || name.Length > Limits.SbomTextLength)
        {
            _more = true;
            _current = -1;
            return;
        }
        _current = _names.Count;
        _next = _current + 1;
        _index.Add(name, _current);
        _names.Add(name);
        _utf8.Add(Encoding.UTF8.GetBytes(name));
        _types.Add(0);
    }

    /// <summary>Takes the value of the key taken last.</summary>
    internal void Value(JsonTokenType type)
    {
        if (_current < 0)
        {
            return;
        }
        var bit = type switch
        {
            JsonTokenType.String => 0,
            JsonTokenType.Number => 1,
            JsonTokenType.True or JsonTokenType.False => 2,
            JsonTokenType.StartObject => 3,
            JsonTokenType.StartArray => 4,
            _ => 5,
        };
        _types[_current] |= 1 << bit;
        _current = -1;
    }
}
