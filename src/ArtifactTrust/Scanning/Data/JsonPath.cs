namespace ArtifactTrust.Scanning.Data;

/// <summary>
/// A place of JSON that is the same for all records: the names of the members on the way, with <c>[]</c> for the elements of arrays, and <c>*</c> for names that are data themselves.
/// </summary>
internal sealed class JsonPath
{
    private const int LongestPart = 128;

    // Names come from the file, which may have any number of them; those above are made anew each time.
    private const int MostKept = 10_000;

    private readonly Counter _kept;
    private Dictionary<string, JsonPath>? _members;
    private JsonPath? _elements;
    private string? _names;

    private JsonPath(string text, string name, Counter kept) => (Text, Name, _kept) = (text, name, kept);

    /// <summary>The path.</summary>
    internal string Text { get; }

    /// <summary>The name of the member.</summary>
    internal string Name { get; }

    /// <summary>The path, as that of the names of its members.</summary>
    internal string Names => _names ??= $"{Text} (names)";

    /// <summary>The path of the outermost value.</summary>
    internal static JsonPath Root() => new("$", "", new Counter());

    /// <summary>The path of the elements.</summary>
    internal JsonPath Elements() => _elements ??= new JsonPath($"{Text}[]", Name, _kept);

    /// <summary>The path of a member.</summary>
    internal JsonPath Member(ReadOnlySpan<char> name)
    {
        _members ??= new Dictionary<string, JsonPath>(StringComparer.Ordinal);
        var lookup = _members.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(name, out var known))
        {
            return known;
        }
        var shown = ShownName.Of(name);
        var member = new JsonPath($"{Text}.{shown[..Math.Min(shown.Length, LongestPart)]}", name.ToString(), _kept);
        if (_kept.Value < MostKept)
        {
            _kept.Value++;
            _members.Add(member.Name, member);
        }
        return member;
    }

    private sealed class Counter
    {
        internal int Value { get; set; }
    }
}
