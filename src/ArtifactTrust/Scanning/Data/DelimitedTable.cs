using System.Buffers;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Names the columns of delimited text: by its first record, where that is no record of data.</summary>
internal sealed class DelimitedTable(DelimitedText text)
{
    private const int MostNames = 10_000;

    private static readonly SearchValues<char> NumberParts = SearchValues.Create("0123456789.,+-");

    private readonly List<(string Name, string? Hint, string? CopyHint)> _names = [];
    private bool _inFirst = true;
    private int _index = -1;

    /// <summary>The field.</summary>
    internal DelimitedText Text { get; } = text;

    /// <summary>The column, for reports.</summary>
    internal string ColumnName => _index < _names.Count ? _names[_index].Name : $"column {_index + 1}";

    /// <summary>What the column's name says, where the field is not that name itself.</summary>
    internal string? Hint => _inFirst || _index >= _names.Count ? null : _names[_index].Hint;

    /// <summary>What the name says that the copy has for the column, where it is another: who reads the copy goes by that.</summary>
    internal string? CopyHint => _inFirst || _index >= _names.Count ? null : _names[_index].CopyHint;

    /// <summary>Notes how the field is written in a copy.</summary>
    internal void NoteCopy(string written)
    {
        if (!_inFirst || _index >= _names.Count)
        {
            return;
        }
        var field = new DelimitedText(new StringReader(written), Text.Delimiter);
        field.Read();
        var (name, hint, _) = _names[_index];
        _names[_index] = (name, hint, HintOf(field.Value.Trim()) is { } copy && copy != hint ? copy : null);
    }

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
            var hint = HintOf(value);
            _names.Add((hint is not null && !ShownName.Tells(value) ? value : $"column {_index + 1}", hint, null));
        }
        return true;
    }

    // A number or nothing is no name. One with data about someone is not shown, and says all the same what the values are.
    private static string? HintOf(string value) =>
        value.Length is > 0 and <= 128 && value.AsSpan().IndexOfAnyExcept(NumberParts) >= 0 ? value : null;
}
