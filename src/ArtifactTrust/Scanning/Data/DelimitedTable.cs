using System.Buffers;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Names the columns of delimited text: by its first record, where that is no record of data.</summary>
internal sealed class DelimitedTable(DelimitedText text)
{
    private const int MostNames = 10_000;

    private static readonly SearchValues<char> NumberParts = SearchValues.Create("0123456789.,+-");

    private readonly List<(string Name, string? Hint)> _names = [];
    private bool _inFirst = true;
    private int _index = -1;

    /// <summary>The field.</summary>
    internal DelimitedText Text { get; } = text;

    /// <summary>The column, for reports.</summary>
    internal string ColumnName => _index < _names.Count ? _names[_index].Name : $"column {_index + 1}";

    /// <summary>What the column's name says, where the field is not that name itself.</summary>
    internal string? Hint => _inFirst || _index >= _names.Count ? null : _names[_index].Hint;

    /// <summary>Goes to the next field; false at the end.</summary>
    internal bool Read()
    {
        if (Text.EndsRecord)
        {
            _index = -1;
            _inFirst = _inFirst && _names.Count == 0;
        }
        if (!Text.Read())
        {
            return false;
        }
        _index++;
        if (_inFirst && _names.Count < MostNames)
        {
            var value = Text.Value.Trim();
            // A number or nothing is no name. One with data about someone is not shown; its copy, without the data, says the same of the values.
            var isName = value.Length is > 0 and <= 128 && value.AsSpan().IndexOfAnyExcept(NumberParts) >= 0;
            _names.Add((isName && !ShownName.Tells(value) ? value : $"column {_index + 1}", isName ? value : null));
        }
        return true;
    }
}
