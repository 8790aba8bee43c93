using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>A column of one row group.</summary>
internal sealed record ParquetChunk(
    string Path,
    int Type,
    int Codec,
    long Offset,
    long Length,
    int MaxDefinition,
    int MaxRepetition,
    bool IsElsewhere
)
{
    internal const int Int32 = 1;
    internal const int Int64 = 2;
    internal const int ByteArray = 6;
    internal const int FixedByteArray = 7;

    /// <summary>The length of a value of a column of fixed length.</summary>
    internal int TypeLength { get; init; }
}

/// <summary>Reads the footer of a Parquet file: where the columns are.</summary>
/// <remarks>Spec: parquet-format 2.10, parquet.thrift.</remarks>
internal static class ParquetFooter
{
    private const int Chunks = 1_000_000;

    /// <summary>Reads the columns' places.</summary>
    /// <exception cref="MalformedDataException">It is damaged, encrypted, or over a limit.</exception>
    internal static IReadOnlyList<ParquetChunk> Read(Stream stream)
    {
        if (stream.Length < 12)
        {
            throw Malformed("the file is too short");
        }
        var tail = new byte[8];
        stream.Position = stream.Length - 8;
        stream.ReadExactly(tail);
        if (tail.AsSpan(4).SequenceEqual("PARE"u8))
        {
            throw Malformed("the footer is encrypted");
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail);
        if (!tail.AsSpan(4).SequenceEqual("PAR1"u8) || length > stream.Length - 12)
        {
            throw Malformed("the file does not end as Parquet does");
        }
        if (length > Limits.ParquetFooterBytes)
        {
            throw Malformed($"the footer has {length} bytes; at most {Limits.ParquetFooterBytes} are read");
        }
        var footer = new byte[length];
        stream.Position = stream.Length - 8 - length;
        stream.ReadExactly(footer);
        var reader = new CompactThrift(footer);
        var levels = new Dictionary<string, (int Definition, int Repetition, int TypeLength)>(StringComparer.Ordinal);
        var chunks = new List<ParquetChunk>();
        for (var id = 0; reader.Next(ref id, out var type); )
        {
            if (id == 2)
            {
                ReadSchema(ref reader, levels);
            }
            else if (id == 4)
            {
                for (var groups = reader.Count(out _); groups > 0; groups--)
                {
                    ReadRowGroup(ref reader, levels, chunks);
                }
            }
            else
            {
                reader.Skip(type);
            }
        }
        return chunks;
    }

    private static void ReadSchema(ref CompactThrift reader, Dictionary<string, (int, int, int)> levels)
    {
        var count = reader.Count(out _);
        // What is still open: how many children are left, and what is inherited.
        var open = new Stack<(int Left, string Path, int Definition, int Repetition)>();
        for (var i = 0; i < count; i++)
        {
            var (name, children, repetition, typeLength) = ("", 0, 0, 0);
            for (var id = 0; reader.Next(ref id, out var type); )
            {
                switch (id)
                {
                    case 2:
                        typeLength = (int)reader.Integer();
                        break;
                    case 3:
                        repetition = (int)reader.Integer();
                        break;
                    case 4:
                        name = Encoding.UTF8.GetString(reader.Bytes());
                        break;
                    case 5:
                        children = (int)reader.Integer();
                        break;
                    default:
                        reader.Skip(type);
                        break;
                }
            }
            if (i == 0)
            {
                open.Push((children, "", 0, 0));
                continue;
            }
            while (open.Count > 0 && open.Peek().Left == 0)
            {
                open.Pop();
            }
            if (open.Count is 0 or > Limits.BinaryDepth)
            {
                throw Malformed("the schema is no tree");
            }
            var parent = open.Pop();
            open.Push(parent with { Left = parent.Left - 1 });
            var path = parent.Path.Length == 0 ? name : $"{parent.Path}.{name}";
            var definition = parent.Definition + (repetition == 0 ? 0 : 1);
            var repeated = parent.Repetition + (repetition == 2 ? 1 : 0);
            if (children > 0)
            {
                open.Push((children, path, definition, repeated));
            }
            else
            {
                levels[path] = (definition, repeated, typeLength);
            }
        }
    }

    private static void ReadRowGroup(
        ref CompactThrift reader,
        Dictionary<string, (int Definition, int Repetition, int TypeLength)> levels,
        List<ParquetChunk> chunks
    )
    {
        for (var id = 0; reader.Next(ref id, out var type); )
        {
            if (id != 1)
            {
                reader.Skip(type);
                continue;
            }
            for (var columns = reader.Count(out _); columns > 0; columns--)
            {
                if (chunks.Count == Chunks)
                {
                    throw Malformed($"more than {Chunks} column chunks");
                }
                chunks.Add(ReadChunk(ref reader, levels));
            }
        }
    }

    private static ParquetChunk ReadChunk(
        ref CompactThrift reader,
        Dictionary<string, (int Definition, int Repetition, int TypeLength)> levels
    )
    {
        var (path, kind, codec, elsewhere) = ("", -1, 0, true);
        var (length, data, dictionary) = (0L, 0L, 0L);
        for (var id = 0; reader.Next(ref id, out var type); )
        {
            if (id != 3)
            {
                reader.Skip(type);
                continue;
            }
            elsewhere = false;
            for (var inner = 0; reader.Next(ref inner, out var field); )
            {
                switch (inner)
                {
                    case 1:
                        kind = (int)reader.Integer();
                        break;
                    case 3:
                        var parts = new List<string>();
                        for (var left = reader.Count(out _); left > 0; left--)
                        {
                            parts.Add(Encoding.UTF8.GetString(reader.Bytes()));
                        }
                        path = string.Join('.', parts);
                        break;
                    case 4:
                        codec = (int)reader.Integer();
                        break;
                    case 7:
                        length = reader.Integer();
                        break;
                    case 9:
                        data = reader.Integer();
                        break;
                    case 11:
                        dictionary = reader.Integer();
                        break;
                    default:
                        reader.Skip(field);
                        break;
                }
            }
        }
        var (definition, repetition, typeLength) = levels.GetValueOrDefault(path);
        var offset = dictionary > 0 && dictionary < data ? dictionary : data;
        return new ParquetChunk(path, kind, codec, offset, length, definition, repetition, elsewhere) { TypeLength = typeLength };
    }

    internal static MalformedDataException Malformed(string reason) => new("Parquet", "footer", reason);
}
