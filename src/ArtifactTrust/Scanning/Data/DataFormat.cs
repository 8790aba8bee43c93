using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats.Zstandard;

namespace ArtifactTrust.Scanning.Data;

/// <summary>How a file of data is read. The zero value is not at all.</summary>
internal enum DataFormat
{
    /// <summary>Not known, and not text.</summary>
    Unknown,

    /// <summary>Weights, pictures and the like, which have no place for records.</summary>
    NoRecords,

    /// <summary>Delimited text.</summary>
    Delimited,

    /// <summary>JSON, one value or several.</summary>
    Json,

    /// <summary>Other text.</summary>
    Text,

    /// <summary>Parquet.</summary>
    Parquet,

    /// <summary>Arrow IPC, as a file or as a stream.</summary>
    Arrow,

    /// <summary>gzip around text of any of these kinds.</summary>
    Gzip,

    /// <summary>Zstandard around text of any of these kinds.</summary>
    Zstandard,
}

/// <summary>Tells what a file of data is by its content; only delimited text of one line or two is known by its name.</summary>
internal static class DataFormats
{
    internal const int HeadBytes = 64 << 10;

    private static readonly (byte[] Magic, string Name)[] NotRead =
    [
        ("PK\x03\x04"u8.ToArray(), "a zip archive"),
        ("BZh"u8.ToArray(), "compressed by bzip2"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "compressed by xz"),
        ("SQLite format 3"u8.ToArray(), "a SQLite database"),
        ("Obj\x01"u8.ToArray(), "Avro"),
        ("ORC"u8.ToArray(), "ORC"),
        ("%PDF"u8.ToArray(), "PDF"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "HDF5"),
    ];

    private static readonly byte[][] WithoutRecords =
    [
        "GGUF"u8.ToArray(),
        [0x89, (byte)'P', (byte)'N', (byte)'G'],
        [0xFF, 0xD8, 0xFF],
        "GIF8"u8.ToArray(),
        "RIFF"u8.ToArray(),
        "OggS"u8.ToArray(),
        "fLaC"u8.ToArray(),
        "ID3"u8.ToArray(),
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'],
    ];

    /// <summary>Tells what a file is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="head">Its first bytes.</param>
    /// <returns>The format, the delimiter of delimited text, and the name of a format that is not read.</returns>
    internal static (DataFormat Format, char Delimiter, string? NotReadAs) Tell(string name, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("PAR1"u8) || head.StartsWith("PARE"u8))
        {
            return (DataFormat.Parquet, ' ', null);
        }
        if (ArrowValues.IsFile(head) || head is [0xFF, 0xFF, 0xFF, 0xFF, ..])
        {
            return (DataFormat.Arrow, ' ', null);
        }
        if (head is [0x1F, 0x8B, ..])
        {
            return (DataFormat.Gzip, ' ', null);
        }
        if (ZstandardStream.IsMagic(head))
        {
            return (DataFormat.Zstandard, ' ', null);
        }
        foreach (var (magic, what) in NotRead)
        {
            if (head.StartsWith(magic))
            {
                return (DataFormat.Unknown, ' ', what);
            }
        }
        foreach (var magic in WithoutRecords)
        {
            if (head.StartsWith(magic))
            {
                return (DataFormat.NoRecords, ' ', null);
            }
        }
        if (!TextLines.IsText(head))
        {
            // The header's length and its first bracket (safetensors).
            return head.Length > 9 && head[8] == (byte)'{' && head[7] == 0 && head[6] == 0
                ? (DataFormat.NoRecords, ' ', null)
                : (DataFormat.Unknown, ' ', "neither text nor a format of records that is read here");
        }
        using var reader = new StreamReader(new MemoryStream(head.ToArray()), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        var text = reader.ReadToEnd();
        var plain =
            name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3]
            : name.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) ? name[..^4]
            : name;
        var named =
            plain.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || plain.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);
        if (IsJson(text.AsSpan().TrimStart(), head.Length < HeadBytes, named))
        {
            return (DataFormat.Json, ' ', null);
        }
        return DelimitedText.Detect(text, named) is { } delimiter ? (DataFormat.Delimited, delimiter, null) : (DataFormat.Text, ' ', null);
    }

    /// <summary>Whether a text that begins with a bracket is JSON, or was to be: damage after its first string is damaged JSON, and before it another kind of text.</summary>
    /// <param name="text">The text, from its first character that is no space.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    /// <param name="isNamed">Whether the file's name says that it is delimited text: then only text without damage is JSON.</param>
    private static bool IsJson(ReadOnlySpan<char> text, bool isWhole, bool isNamed)
    {
        if (text is not ['{' or '[', ..])
        {
            return false;
        }
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        // As deep as it can be, so that depth alone makes nothing another kind of text.
        var options = new JsonReaderOptions
        {
            AllowMultipleValues = true,
            MaxDepth = HeadBytes,
            CommentHandling = JsonCommentHandling.Allow,
        };
        var reader = new Utf8JsonReader(utf8, isWhole, new JsonReaderState(options));
        var hasText = false;
        try
        {
            while (reader.Read())
            {
                hasText |= reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName or JsonTokenType.Comment;
            }
            return true;
        }
        catch (JsonException)
        {
            return hasText && !isNamed;
        }
    }
}
