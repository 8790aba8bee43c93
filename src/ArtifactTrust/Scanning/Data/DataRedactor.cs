using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>What data about people is replaced with. The zero value is the safest.</summary>
public enum Replacement
{
    /// <summary>An asterisk for every character.</summary>
    Mask,

    /// <summary>A name made of the value with a key (HMAC-SHA-256): the same value has the same name, and who lacks the key cannot try values.</summary>
    Hash,

    /// <summary>Nothing.</summary>
    Drop,
}

/// <summary>What was replaced in one file.</summary>
/// <param name="Format">What the file was read as.</param>
/// <param name="Counts">How many of each kind.</param>
/// <param name="Secrets">How many secrets: what <see cref="Secrets.SecretScanner"/> finds.</param>
public sealed record RedactionReport(string Format, IReadOnlyDictionary<PersonalDataKind, long> Counts, long Secrets);

/// <summary>Copies a file of data with data about people, and secrets, replaced.</summary>
/// <remarks>
/// Everything else stays as it is, byte for byte, apart from a change of the encoding to UTF-8: quotes of CSV, the form of JSON, line ends. What is replaced is what
/// <see cref="DataScanner"/> and <see cref="Secrets.SecretScanner"/> find, and the copy's values are looked at again until nothing of these kinds is left in them.
/// </remarks>
public sealed class DataRedactor
{
    private const int KeyBytes = 16;

    private readonly ValueRedactor _values;

    /// <summary>Sets it up for one file.</summary>
    /// <param name="kinds">The kinds to replace.</param>
    /// <param name="replacement">What with.</param>
    /// <param name="key">The key of <see cref="Replacement.Hash"/>, of 16 bytes or more; empty for the others.</param>
    /// <param name="secrets">Whether secrets are replaced too.</param>
    /// <exception cref="ArgumentException">The key is too short, or there is one that is not used.</exception>
    public DataRedactor(IEnumerable<PersonalDataKind> kinds, Replacement replacement, ReadOnlySpan<byte> key, bool secrets = true)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        if (replacement == Replacement.Hash ? key.Length < KeyBytes : key.Length > 0)
        {
            throw new ArgumentException(
                replacement == Replacement.Hash
                    ? $"the key has {key.Length} bytes; at least {KeyBytes} are needed"
                    : "only hashes need a key",
                nameof(key)
            );
        }
        _values = new ValueRedactor(kinds.ToHashSet(), replacement, key.ToArray(), secrets);
    }

    /// <summary>Copies a file.</summary>
    /// <param name="name">Its name, which says whether text of one line is CSV.</param>
    /// <param name="source">Its content, which must be able to seek.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="MalformedDataException">The file is in no format that can be copied so, or is damaged. The destination is not to be used then.</exception>
    public RedactionReport Redact(string name, Stream source, Stream destination, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        source.Position = 0;
        var head = new byte[DataFormats.HeadBytes];
        var read = source.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        source.Position = 0;
        var (format, delimiter, other) = DataFormats.Tell(name, head.AsSpan(0, read));
        var copy = new CopyStart(destination);
        switch (format)
        {
            case DataFormat.Delimited:
                CopyDelimited(source, copy, delimiter, cancellation);
                CheckStart(name, copy);
                return Report("delimited text");
            case DataFormat.Json:
                var json = new JsonValues(source, destination);
                json.Walk((part, path, name, value) => Visit(json, part, name, value), cancellation);
                return Report("JSON");
            case DataFormat.Text:
                CopyText(source, copy, cancellation);
                CheckStart(name, copy);
                return Report("text");
            default:
                throw new MalformedDataException(
                    "data",
                    name,
                    format is DataFormat.Parquet or DataFormat.Arrow ? $"{format} is not rewritten; export it as CSV or JSON lines first"
                        : format is DataFormat.Gzip or DataFormat.Zstandard ? "compressed files are not rewritten; decompress it first"
                        : $"the file is {other ?? "of a format without records"}; CSV, JSON and text are rewritten"
                );
        }
    }

    private RedactionReport Report(string format) => new(format, _values.Counts, _values.SecretCount);

    private void CopyDelimited(Stream source, Stream destination, char delimiter, CancellationToken cancellation)
    {
        using var reader = new StreamReader(source, new UTF8Encoding(false, throwOnInvalidBytes: true), true, 64 << 10, leaveOpen: true);
        using var writer = new StreamWriter(destination, new UTF8Encoding(false), 64 << 10, leaveOpen: true);
        var table = new DelimitedTable(new DelimitedText(reader, delimiter));
        Decoded(() =>
        {
            while (table.Read())
            {
                cancellation.ThrowIfCancellationRequested();
                var changed = _values.Replace(table.Text.ValueSpan, table.Hint, isJson: false, table.CopyHint);
                var written = changed is null ? table.Text.Raw : table.Text.Quote(changed, table.Text.Raw.StartsWith('"'));
                written = _values.MaskField(written, table.Text.End) ?? written;
                if (written != table.Text.Raw)
                {
                    table.NoteCopy(written);
                }
                writer.Write(written);
                writer.Write(table.Text.End);
            }
        });
    }

    private void CopyText(Stream source, Stream destination, CancellationToken cancellation)
    {
        using var reader = new StreamReader(source, new UTF8Encoding(false, throwOnInvalidBytes: true), true, 64 << 10, leaveOpen: true);
        using var writer = new StreamWriter(destination, new UTF8Encoding(false), 64 << 10, leaveOpen: true);
        var line = new StringBuilder();
        var buffer = new char[32 << 10];
        Decoded(() =>
        {
            for (int count; (count = reader.Read(buffer)) > 0; )
            {
                cancellation.ThrowIfCancellationRequested();
                var rest = buffer.AsSpan(0, count);
                for (int feed; (feed = rest.IndexOf('\n')) >= 0; rest = rest[(feed + 1)..])
                {
                    line.Append(rest[..feed]);
                    Flush();
                    writer.Write('\n');
                }
                line.Append(rest);
                if (line.Length > TextLines.LongestPiece)
                {
                    throw new MalformedDataException(
                        "text",
                        "line",
                        $"a line is longer than {TextLines.LongestPiece} characters, which is not rewritten"
                    );
                }
            }
            Flush();
        });

        void Flush()
        {
            var text = line.ToString();
            line.Clear();
            writer.Write(_values.Replace(text, null, isJson: false) ?? text);
        }
    }

    /// <summary>Refuses a copy that would be read as another format, where what told them apart is dropped: other values would be found in it.</summary>
    private static void CheckStart(string name, CopyStart copy)
    {
        if (copy.Head.Length > 0 && DataFormats.Tell(name, copy.Head).Format is not (DataFormat.Text or DataFormat.Delimited))
        {
            throw new MalformedDataException("data", name, "without what is dropped, it would be read as another format; mask or hash it");
        }
    }

    private byte[]? Visit(JsonValues json, JsonPart part, string name, ReadOnlySpan<char> value)
    {
        var changed =
            _values.Replace(value, part == JsonPart.Name ? null : name, isJson: true) ?? _values.MaskEscaped(json.Escaped, value.Length);
        if (changed is null)
        {
            return null;
        }
        if (part == JsonPart.Number && changed.Length == 0)
        {
            return "null"u8.ToArray();
        }
        if (part == JsonPart.Name)
        {
            // Two names that became the same would be one. None may become a word that says what its value is, such as tel: no such word begins so.
            changed = $"{PersonalDataDetector.Redacted}x{Letters(_values.SecretCount + _values.Counts.Values.Sum())}";
        }
        return Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(changed)}\"");
    }

    private static string Letters(long number)
    {
        var letters = "";
        do
        {
            letters = (char)('a' + number % 26) + letters;
            number /= 26;
        } while (number > 0);
        return letters;
    }

    private static void Decoded(Action copy)
    {
        try
        {
            copy();
        }
        catch (DecoderFallbackException e)
        {
            throw new MalformedDataException("text", "encoding", "it is neither UTF-8 nor marked as UTF-16", e);
        }
    }
}
