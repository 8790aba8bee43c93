using System.Buffers;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Reads delimited text (CSV, TSV) field by field, with the text of each field as written.</summary>
/// <remarks>Spec: RFC 4180, and what is written besides: other delimiters, line feeds alone, characters after a closing quote.</remarks>
internal sealed class DelimitedText
{
    /// <summary>The longest field, in UTF-16 units.</summary>
    internal const int LongestField = 1 << 20;

    private static readonly char[] Delimiters = [',', '\t', ';', '|'];

    private readonly TextReader _reader;
    private readonly char _delimiter;
    private readonly char[] _buffer = new char[32 << 10];
    private readonly StringBuilder _raw = new();
    private readonly StringBuilder _value = new();
    private readonly string _delimiterText;
    private readonly SearchValues<char> _ends;
    private int _used;
    private int _next;

    // A field without quotes stays in the buffer until somebody wants it as a string.
    private (int Start, int Length) _plain;
    private string? _valueText;
    private string? _rawText;

    internal DelimitedText(TextReader reader, char delimiter)
    {
        _reader = reader;
        _delimiter = delimiter;
        _delimiterText = delimiter.ToString();
        _ends = SearchValues.Create([delimiter, '\n', '\r', '"']);
    }

    /// <summary>The delimiter.</summary>
    internal char Delimiter => _delimiter;

    /// <summary>The field's text without quotes.</summary>
    internal string Value => _valueText ??= new string(Plain);

    /// <summary>The same, until the next field is read.</summary>
    internal ReadOnlySpan<char> ValueSpan => _valueText ?? Plain;

    /// <summary>The field as written.</summary>
    internal string Raw => _rawText ??= Value;

    /// <summary>What ends the field: the delimiter, a line end, or nothing at the end of the text.</summary>
    internal string End { get; private set; } = "";

    /// <summary>Whether the field is the last of its record.</summary>
    internal bool EndsRecord { get; private set; }

    /// <summary>The delimiter of a text that is delimited, by its first lines; null where it is not.</summary>
    /// <param name="head">The beginning of the text.</param>
    /// <param name="isNamed">Whether the file's name says so: then the first line decides.</param>
    internal static char? Detect(string head, bool isNamed)
    {
        var lines = head.Split('\n').Select(l => l.TrimEnd('\r')).ToList();
        if (lines.Count > 1)
        {
            // The last may be cut.
            lines.RemoveAt(lines.Count - 1);
        }
        var best = Delimiters.MaxBy(d => Count(lines[0], d));
        var count = Count(lines[0], best);
        if (isNamed)
        {
            return count > 0 ? best : ',';
        }
        return
            count > 0 && lines.Count >= 3 && lines.Take(20).All(l => l.Contains('"', StringComparison.Ordinal) || Count(l, best) == count)
            ? best
            : null;
    }

    /// <summary>Reads the next field; false at the end of the text.</summary>
    /// <exception cref="MalformedDataException">A field is too long.</exception>
    internal bool Read()
    {
        if (Peek() < 0)
        {
            (_valueText, _rawText) = ("", "");
            return false;
        }
        if (TryReadPlain())
        {
            return true;
        }
        _raw.Clear();
        _value.Clear();
        if (Peek() == '"')
        {
            ReadQuoted();
        }
        for (int c; (c = Peek()) >= 0 && c != _delimiter && c != '\n' && c != '\r'; )
        {
            Take((char)c, isValue: true);
        }
        (_valueText, _rawText) = (_value.ToString(), _raw.ToString());
        End = "";
        EndsRecord = true;
        var end = Peek();
        if (end == _delimiter)
        {
            _next++;
            End = _delimiterText;
            EndsRecord = false;
        }
        else if (end == '\r')
        {
            _next++;
            End = "\r";
            if (Peek() == '\n')
            {
                _next++;
                End = "\r\n";
            }
        }
        else if (end == '\n')
        {
            _next++;
            End = "\n";
        }
        return true;
    }

    private ReadOnlySpan<char> Plain => _buffer.AsSpan(_plain.Start, _plain.Length);

    /// <summary>Reads a field that is in the buffer with its end, and has no quotes: nearly all are so.</summary>
    private bool TryReadPlain()
    {
        var rest = _buffer.AsSpan(_next, _used - _next);
        var length = rest.IndexOfAny(_ends);
        if (length < 0 || rest[length] == '"' || (rest[length] == '\r' && length + 1 == rest.Length))
        {
            return false;
        }
        (_plain, _valueText, _rawText) = ((_next, length), null, null);
        var end = rest[length];
        EndsRecord = end != _delimiter;
        End =
            end == _delimiter ? _delimiterText
            : end == '\n' ? "\n"
            : rest[length + 1] == '\n' ? "\r\n"
            : "\r";
        _next += length + End.Length;
        return true;
    }

    /// <summary>A value as a field, with quotes where it needs them or had them.</summary>
    internal string Quote(string value, bool wasQuoted) =>
        wasQuoted || value.AsSpan().IndexOfAny('"', '\n', '\r') >= 0 || value.Contains(_delimiter, StringComparison.Ordinal)
            ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : value;

    private void ReadQuoted()
    {
        Take('"', isValue: false);
        for (int c; (c = Peek()) >= 0; )
        {
            if (c != '"')
            {
                Take((char)c, isValue: true);
                continue;
            }
            Take('"', isValue: false);
            if (Peek() != '"')
            {
                return;
            }
            Take('"', isValue: true);
        }
    }

    private static int Count(string line, char delimiter)
    {
        var (count, quoted) = (0, false);
        foreach (var c in line)
        {
            quoted ^= c == '"';
            count += c == delimiter && !quoted ? 1 : 0;
        }
        return count;
    }

    private void Take(char c, bool isValue)
    {
        if (_raw.Length >= LongestField)
        {
            throw new MalformedDataException("delimited text", "field", $"a field is longer than {LongestField} characters");
        }
        _raw.Append(c);
        if (isValue)
        {
            _value.Append(c);
        }
        _next++;
    }

    private int Peek()
    {
        if (_next == _used)
        {
            _used = _reader.Read(_buffer, 0, _buffer.Length);
            _next = 0;
            if (_used <= 0)
            {
                _used = 0;
                return -1;
            }
        }
        return _buffer[_next];
    }
}
