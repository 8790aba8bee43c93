using System.Globalization;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Counts what was found in the columns of one file, with bounded memory.</summary>
internal sealed class ColumnTally
{
    private const int MostColumns = 10_000;
    private const int MostSamples = 3;
    private const int LongestPath = 256;

    // Below this many numbers of the same length nothing is said about chance.
    private const int EnoughNumbers = 20;

    private const string OtherColumns = "(other columns)";

    private readonly Dictionary<string, Column> _columns = new(StringComparer.Ordinal);
    private readonly List<PersonalDataMatch> _matches = [];
    private readonly ColumnHints _hints = new();

    /// <summary>How many values were looked at.</summary>
    internal long Values { get; private set; }

    /// <summary>Looks at a value.</summary>
    /// <param name="path">The column.</param>
    /// <param name="name">The name that says what its values are; null where there is none.</param>
    /// <param name="value">The value.</param>
    /// <param name="line">Its line, where it has one.</param>
    /// <param name="own">Where what is counted begins, if not anywhere.</param>
    internal void Add(string path, string? name, ReadOnlySpan<char> value, int? line = null, Range? own = null)
    {
        Values++;
        var column = Of(path, name);
        if (value.Length is > 0 and <= 20 && value.IndexOfAnyExceptInRange('0', '9') < 0)
        {
            column.Numbers[value.Length]++;
        }
        // Long paths may be the same for different names; it is the name that says what a value is.
        var hint = ReferenceEquals(name, column.Name) ? column.Hint : _hints.Of(name);
        PersonalDataDetector.Find(value, hint, _matches);
        var (start, length) = (own ?? Range.All).GetOffsetAndLength(value.Length);
        foreach (var match in _matches)
        {
            if (match.Start >= start && match.Start < start + length)
            {
                column.Add(match, value, line);
            }
        }
    }

    /// <summary>What was found.</summary>
    internal IReadOnlyList<PersonalDataColumn> ToColumns() =>
        [.. _columns.Values.OrderBy(c => c.Path, CodePointOrder.Instance).SelectMany(c => c.ToColumns())];

    private Column Of(string path, string? name)
    {
        if (_columns.TryGetValue(path, out var column))
        {
            return column;
        }
        if (_columns.Count >= MostColumns)
        {
            path = OtherColumns;
        }
        else if (path.Length > LongestPath)
        {
            path = path[..LongestPath];
        }
        return _columns.TryGetValue(path, out column)
            ? column
            : _columns[path] = new Column(ShownName.Of(path).ToString(), name, _hints.Of(name));
    }

    private sealed class Column(string path, string? name, ColumnHint hint)
    {
        private readonly SortedDictionary<PersonalDataKind, Found> _found = [];

        internal string Path { get; } = path;

        internal string? Name { get; } = name;

        internal ColumnHint Hint { get; } = hint;

        internal long[] Numbers { get; } = new long[21];

        internal void Add(PersonalDataMatch match, ReadOnlySpan<char> value, int? line)
        {
            if (!_found.TryGetValue(match.Kind, out var found))
            {
                _found[match.Kind] = found = new Found { FirstLine = line };
            }
            found.Count++;
            found.Confidence = match.Confidence > found.Confidence ? match.Confidence : found.Confidence;
            found.BareLength =
                match.Length == value.Length && match.Length <= 20 && value.IndexOfAnyExceptInRange('0', '9') < 0
                    ? match.Length
                    : found.BareLength;
            if (found.Samples.Count < MostSamples)
            {
                found.Samples.Add(Mask(value.Slice(match.Start, match.Length)));
            }
        }

        internal IEnumerable<PersonalDataColumn> ToColumns() =>
            _found.Select(f => new PersonalDataColumn(
                f.Key,
                Path,
                f.Value.Count,
                // Where most numbers of the same length have no such check digits, those that do have them by chance.
                f.Value.Confidence < Confidence.High
                && f.Value.BareLength > 0
                && Numbers[f.Value.BareLength] >= EnoughNumbers
                && f.Value.Count * 2 < Numbers[f.Value.BareLength]
                    ? Confidence.Low
                    : f.Value.Confidence,
                [.. f.Value.Samples],
                f.Value.FirstLine
            ));

        private static string Mask(ReadOnlySpan<char> value)
        {
            var first =
                char.IsLetter(value[0]) ? "a letter"
                : char.IsDigit(value[0]) ? "a digit"
                : "a symbol";
            return value.Length == 1 ? first : string.Create(CultureInfo.InvariantCulture, $"{first} and {value.Length - 1} more");
        }
    }

    private sealed class Found
    {
        internal long Count { get; set; }

        internal Confidence Confidence { get; set; }

        internal int BareLength { get; set; }

        internal int? FirstLine { get; init; }

        internal SortedSet<string> Samples { get; } = new(StringComparer.Ordinal);
    }
}
