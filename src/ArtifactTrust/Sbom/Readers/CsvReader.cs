using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Delimited text: the columns of its first record and the number of its records, counted in a stream.</summary>
/// <remarks>Spec: RFC 4180, with a line feed for a line's end too and one of <c>, ; tab |</c> between fields. Blank lines are no records.</remarks>
internal sealed class CsvReader : FormatReader
{
    private const string Named = "CSV file";

    /// <inheritdoc/>
    internal override string Format => "csv";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Data;

    /// <inheritdoc/>
    internal override string? MediaType => "text/csv";

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) => head.HasExtension(".csv", ".tsv");

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input)
    {
        if (input.Length == 0)
        {
            throw input.Malformed("the file is empty");
        }
        var start = input.Peek(3);
        if (start.StartsWith("\uFEFF"u8))
        {
            input.Skip(3);
        }
        else if (start.Length >= 2 && (start[0], start[1]) is (0xff, 0xfe) or (0xfe, 0xff))
        {
            throw input.Malformed("the text is UTF-16; UTF-8 is read");
        }
        var first = FirstRecord(input);
        if (first.AsSpan().Contains((byte)0))
        {
            throw input.Malformed(0, "the first record holds a zero byte, so this is no text");
        }
        var delimiter = Delimiter(first, tabs: head.HasExtension(".tsv"));
        var fields = Fields(first, delimiter);
        // Nothing says whether there is a header; numbers, or nothing at all, are not names.
        var hasHeader = fields.Any(f => f.Length > 0) && !fields.All(f => f.Length == 0 || IsNumber(f));
        var counter = new RecordCounter(delimiter);
        for (ReadOnlySpan<byte> chunk; !(chunk = input.Chunk()).IsEmpty; )
        {
            counter.Add(chunk);
        }
        var rows = counter.Finish(input);
        var properties = new PropertyList("csv")
            .Add(
                "delimiter",
                delimiter switch
                {
                    (byte)',' => "comma",
                    (byte)';' => "semicolon",
                    (byte)'\t' => "tab",
                    (byte)'|' => "bar",
                    _ => null,
                }
            )
            .Add("header", hasHeader ? "first record" : "none");
        return new FileFacts(delimiter == '\t' ? "tsv" : "csv", Role)
        {
            MediaType = delimiter == '\t' ? "text/tab-separated-values" : MediaType,
            Dataset = new DatasetFacts
            {
                Rows = rows + (hasHeader ? 0 : 1),
                Columns = hasHeader ? [.. fields.Take(Limits.SbomListedNames).Select(f => FileText.Clean(f)!)] : [],
                ColumnCount = fields.Count,
                Properties = properties.Items,
            },
        };
    }

    /// <summary>Reads the first record that is not blank, without its line's end.</summary>
    private static byte[] FirstRecord(ByteReader input)
    {
        var begin = input.Position;
        var quoted = false;
        var length = 0L;
        var terminator = 0L;
        while (terminator == 0)
        {
            var chunk = input.Chunk();
            if (chunk.IsEmpty)
            {
                break;
            }
            for (var i = 0; i < chunk.Length; i++)
            {
                var c = chunk[i];
                quoted ^= c == '"';
                if (!quoted && c is (byte)'\n' or (byte)'\r')
                {
                    if (length == 0)
                    {
                        begin++;
                        continue;
                    }
                    terminator = 1;
                    break;
                }
                length++;
            }
            if (length > Limits.CsvHeaderBytes)
            {
                throw input.Malformed(begin, $"the first record is longer than {Limits.CsvHeaderBytes} bytes");
            }
        }
        if (length == 0)
        {
            throw input.Malformed(begin, "there is no record");
        }
        if (quoted && terminator == 0)
        {
            throw input.Malformed(begin, "the first record has a quote that is not closed");
        }
        input.Seek(begin);
        var record = input.ReadBytes((ulong)length, Limits.CsvHeaderBytes);
        input.Skip((ulong)terminator);
        return record;
    }

    /// <summary>The delimiter that occurs most outside quotes; zero where none does.</summary>
    private static byte Delimiter(ReadOnlySpan<byte> record, bool tabs)
    {
        ReadOnlySpan<byte> candidates = tabs ? "\t"u8 : ",;\t|"u8;
        Span<int> counts = stackalloc int[4];
        counts.Clear();
        var quoted = false;
        foreach (var c in record)
        {
            quoted ^= c == '"';
            if (!quoted && candidates.IndexOf(c) is >= 0 and var i)
            {
                counts[i]++;
            }
        }
        var best = 0;
        for (var i = 1; i < candidates.Length; i++)
        {
            best = counts[i] > counts[best] ? i : best;
        }
        return counts[best] == 0 ? (byte)0 : candidates[best];
    }

    private static List<string> Fields(byte[] record, byte delimiter)
    {
        var fields = new List<string>();
        var field = new List<byte>();
        for (var i = 0; i <= record.Length; i++)
        {
            field.Clear();
            if (i < record.Length && record[i] == '"')
            {
                for (i++; i < record.Length; i++)
                {
                    if (record[i] != '"')
                    {
                        field.Add(record[i]);
                    }
                    else if (i + 1 < record.Length && record[i + 1] == '"')
                    {
                        field.Add(record[i++]);
                    }
                    else
                    {
                        i++;
                        break;
                    }
                }
            }
            for (; i < record.Length && (delimiter == 0 || record[i] != delimiter); i++)
            {
                field.Add(record[i]);
            }
            fields.Add(FileText.Decode([.. field]).Trim());
        }
        return fields;
    }

    private static bool IsNumber(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    /// <summary>Counts records in a stream; of the bytes nothing is kept.</summary>
    private sealed class RecordCounter(byte delimiter)
    {
        private readonly byte[] _stops = delimiter == 0 ? "\n\r"u8.ToArray() : [(byte)'\n', (byte)'\r', delimiter];
        private long _records;
        private bool _recordBegun;
        private bool _fieldBegun;
        private bool _quoted;
        private bool _closing;

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                if (_quoted)
                {
                    var quote = bytes.IndexOf((byte)'"');
                    if (quote < 0)
                    {
                        return;
                    }
                    bytes = bytes[(quote + 1)..];
                    _quoted = false;
                    // The next byte tells whether the quote was the field's end or half of a quote within it.
                    _closing = true;
                    continue;
                }
                if (_closing)
                {
                    _closing = false;
                    if (bytes[0] == '"')
                    {
                        _quoted = true;
                        bytes = bytes[1..];
                        continue;
                    }
                }
                if (!_fieldBegun && bytes[0] == '"')
                {
                    _recordBegun = _fieldBegun = _quoted = true;
                    bytes = bytes[1..];
                    continue;
                }
                var stop = bytes.IndexOfAny(_stops);
                if (stop != 0)
                {
                    _recordBegun = _fieldBegun = true;
                }
                if (stop < 0)
                {
                    return;
                }
                if (bytes[stop] is (byte)'\n' or (byte)'\r')
                {
                    _records += _recordBegun ? 1 : 0;
                    _recordBegun = _fieldBegun = false;
                }
                else
                {
                    _recordBegun = true;
                    _fieldBegun = false;
                }
                bytes = bytes[(stop + 1)..];
            }
        }

        internal long Finish(ByteReader input) =>
            _quoted ? throw input.Malformed("a quoted field is not closed at the end of the file") : _records + (_recordBegun ? 1 : 0);
    }
}
