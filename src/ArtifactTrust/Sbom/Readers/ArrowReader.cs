using System.Buffers.Binary;
using System.Globalization;
using ArtifactTrust.Formats;
using ArtifactTrust.Sbom.Reading;

namespace ArtifactTrust.Sbom.Readers;

/// <summary>Arrow IPC, file and stream: the schema and the lengths of the record batches. No column is read.</summary>
/// <remarks>Spec: Arrow columnar format 1.5, "Serialization and Interprocess Communication"; Schema.fbs, Message.fbs, File.fbs.</remarks>
internal sealed class ArrowReader : FormatReader
{
    private const string Named = "Arrow IPC";
    private const int SmallestMessage = 8;
    private const uint Continuation = 0xffff_ffff;

    /// <inheritdoc/>
    internal override string Format => "arrow";

    /// <inheritdoc/>
    internal override FileRole Role => FileRole.Data;

    /// <inheritdoc/>
    internal override bool Recognizes(FileHead head) =>
        head.Start.StartsWith("ARROW1"u8)
        // A stream has no magic number but begins so: a continuation mark, and the length of the schema, a multiple of eight.
        || (
            head.Start.Length >= 16
            && BinaryPrimitives.ReadUInt32LittleEndian(head.Start) == Continuation
            && BinaryPrimitives.ReadUInt32LittleEndian(head.Start[4..]) is > 0 and <= Limits.ArrowMetadataBytes and var length
            && length % 8 == 0
        );

    /// <inheritdoc/>
    internal override FileFacts Read(FileHead head, ByteReader input) =>
        head.Start.StartsWith("ARROW1"u8) ? ReadFile(input) : ReadStream(input);

    private static FileFacts ReadFile(ByteReader input)
    {
        const int Tail = 10;
        const int Block = 24;
        if (input.Length < 8 + Tail)
        {
            throw input.Malformed(0, "the file is too short for a footer");
        }
        var end = input.Length - Tail;
        input.Seek(end);
        var length = input.ReadUInt32();
        if (!input.ReadBytes(6, 6).AsSpan().SequenceEqual("ARROW1"u8))
        {
            throw input.Malformed(end + 4, "the file does not end in ARROW1");
        }
        if (length > Limits.ArrowMetadataBytes || length > end - 8)
        {
            throw input.Malformed(
                end,
                $"the footer is {length} bytes long; the file leaves {end - 8}, and at most {Limits.ArrowMetadataBytes} are accepted"
            );
        }
        input.Seek(end - length);
        var footer = FlatTable.Root(input.ReadBytes(length, Limits.ArrowMetadataBytes), Named);
        var schema = new ArrowSchema(footer.Table(1) ?? throw input.Malformed("the footer has no schema"));
        var batches = footer.VectorLength(3, Block);
        UInt128 rows = 0;
        var metadata = 0L;
        for (var i = 0; i < batches; i++)
        {
            var block = footer.StructAt(3, Block, i);
            var offset = BinaryPrimitives.ReadInt64LittleEndian(block);
            if (offset < 8 || offset > end - length - SmallestMessage)
            {
                throw input.Malformed($"a record batch is said to be at {offset}");
            }
            input.Seek(offset);
            rows += Message(input) is { IsBatch: true } message
                ? message.Rows
                : throw input.Malformed($"there is no record batch at {offset}");
            metadata += input.Position - offset;
            // Batches that share their metadata would have it read once for each.
            if (metadata > input.Length)
            {
                throw input.Malformed("the record batches overlap");
            }
        }
        return Facts("file", schema, batches, rows);
    }

    private static FileFacts ReadStream(ByteReader input)
    {
        ArrowSchema? schema = null;
        var batches = 0L;
        UInt128 rows = 0;
        // A stream ends with an empty message or with the file.
        while (input.Remaining > 0 && Message(input) is { } message)
        {
            if (schema is null)
            {
                schema = new ArrowSchema(message.Schema ?? throw input.Malformed("the first message is not a schema"));
            }
            else if (message.Schema is not null)
            {
                throw input.Malformed("a second schema");
            }
            if (message.IsBatch)
            {
                batches++;
                rows += message.Rows;
            }
            input.Skip(message.BodyLength);
        }
        return Facts("stream", schema ?? throw input.Malformed("there is no schema"), batches, rows);
    }

    private static FileFacts Facts(string layout, ArrowSchema schema, long batches, UInt128 rows)
    {
        if (rows > long.MaxValue)
        {
            throw new MalformedDataException(Named, "$", "the record batches have more than 2^63 rows");
        }
        return new FileFacts("arrow", FileRole.Data)
        {
            MediaType = $"application/vnd.apache.arrow.{layout}",
            Dataset = new DatasetFacts
            {
                Rows = (long)rows,
                Columns = schema.Columns,
                ColumnCount = schema.Count,
                Properties = new PropertyList("arrow")
                    .Add("layout", layout)
                    .Add("record-batches", batches)
                    .AddAll("metadata-key", schema.MetadataKeys)
                    .Items,
            },
        };
    }

    /// <summary>Reads the metadata of the message at hand and stops at its body; null at the end of a stream.</summary>
    private static ArrowMessage? Message(ByteReader input)
    {
        const byte SchemaHeader = 1;
        const byte RecordBatchHeader = 3;
        var at = input.Position;
        var length = input.ReadUInt32();
        // Before version 0.15 there was no continuation mark.
        if (length == Continuation)
        {
            length = input.ReadUInt32();
        }
        if (length == 0)
        {
            return null;
        }
        if (length > Limits.ArrowMetadataBytes)
        {
            throw input.Malformed(at, $"the metadata is {length} bytes long; at most {Limits.ArrowMetadataBytes} are accepted");
        }
        var message = FlatTable.Root(input.ReadBytes(length, Limits.ArrowMetadataBytes), Named);
        var type = message.Byte(1);
        var body = message.Int64(3);
        var header = message.Table(2);
        if (body < 0 || header is null)
        {
            throw input.Malformed(at, "a message has a header and a body of at least no bytes");
        }
        var rows = type == RecordBatchHeader ? header.Value.Int64(0) : 0;
        return rows >= 0
            ? new ArrowMessage(type == SchemaHeader ? header : null, type == RecordBatchHeader, (ulong)rows, (ulong)body)
            : throw input.Malformed(at, $"a record batch of {rows} rows");
    }

    private sealed record ArrowMessage(FlatTable? Schema, bool IsBatch, ulong Rows, ulong BodyLength);

    /// <summary>The fields of a schema as lines of text.</summary>
    private sealed class ArrowSchema
    {
        // A hostile schema may let many fields share one child, and so stand for more fields than it has bytes.
        private int _budget = Limits.ModelTensors;

        internal ArrowSchema(FlatTable schema)
        {
            Count = schema.VectorLength(1, 4);
            for (var i = 0; i < Math.Min(Count, Limits.SbomListedNames); i++)
            {
                var field = schema.TableAt(1, i);
                Columns.Add($"{field.Text(0)}: {TypeOf(field, 0)}{(field.Byte(1) == 0 ? " not null" : "")}");
            }
            for (var i = 0; i < Math.Min(schema.VectorLength(2, 4), Limits.SbomListedNames); i++)
            {
                MetadataKeys.Add(schema.TableAt(2, i).Text(0) ?? "");
            }
        }

        internal int Count { get; }
        internal List<string> Columns { get; } = [];
        internal List<string> MetadataKeys { get; } = [];

        private string TypeOf(FlatTable field, int depth)
        {
            if (depth > Limits.BinaryDepth || --_budget < 0)
            {
                throw new MalformedDataException(Named, "schema", "the fields are nested too deep, or too many");
            }
            var type = field.Byte(2);
            var details = field.Table(3);
            var name = Name(type, details);
            var children = field.VectorLength(5, 4);
            if (children > 0)
            {
                var inner = new List<string>();
                var length = name.Length;
                for (var i = 0; i < children; i++)
                {
                    var child = field.TableAt(5, i);
                    inner.Add($"{child.Text(0)}: {TypeOf(child, depth + 1)}");
                    length += inner[^1].Length + 2;
                    if (length > Limits.SbomTextLength)
                    {
                        inner[^1] = "…";
                        break;
                    }
                }
                name = $"{name}<{string.Join(", ", inner)}>";
            }
            return field.Table(4) is { } dictionary
                ? $"dictionary<{name}, {(dictionary.Table(1) is { } index ? Name(2, index) : "int32")}>"
                : name;
        }

        /// <summary>The type's name as Arrow's own tools print it.</summary>
        private static string Name(byte type, FlatTable? details) =>
            type switch
            {
                1 => "null",
                2 => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(details is { } i && i.Byte(1) != 0 ? "" : "u")}int{details?.Int32(0) ?? 0}"
                ),
                3 => details?.Int16(0) switch
                {
                    0 or null => "float16",
                    1 => "float32",
                    2 => "float64",
                    _ => "float",
                },
                4 => "binary",
                5 => "utf8",
                6 => "bool",
                7 => details is { } d
                    ? string.Create(CultureInfo.InvariantCulture, $"decimal{d.Int32(2, 128)}({d.Int32(0)}, {d.Int32(1)})")
                    : "decimal",
                8 => details?.Int16(0, 1) == 0 ? "date32" : "date64",
                9 => string.Create(CultureInfo.InvariantCulture, $"time{details?.Int32(1, 32) ?? 32}[{Unit(details?.Int16(0, 1) ?? 1)}]"),
                10 => $"timestamp[{Unit(details?.Int16(0) ?? 0)}{(details?.Text(1) is { Length: > 0 } zone ? $", {zone}" : "")}]",
                11 => details?.Int16(0) switch
                {
                    1 => "interval[day time]",
                    2 => "interval[month day nano]",
                    _ => "interval[year month]",
                },
                12 => "list",
                13 => "struct",
                14 => "union",
                15 => string.Create(CultureInfo.InvariantCulture, $"fixed_size_binary[{details?.Int32(0) ?? 0}]"),
                16 => string.Create(CultureInfo.InvariantCulture, $"fixed_size_list[{details?.Int32(0) ?? 0}]"),
                17 => "map",
                18 => $"duration[{Unit(details?.Int16(0, 1) ?? 1)}]",
                19 => "large_binary",
                20 => "large_utf8",
                21 => "large_list",
                22 => "run_end_encoded",
                23 => "binary_view",
                24 => "utf8_view",
                25 => "list_view",
                26 => "large_list_view",
                _ => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
            };

        private static string Unit(short unit) =>
            unit switch
            {
                0 => "s",
                1 => "ms",
                2 => "us",
                3 => "ns",
                _ => "?",
            };
    }
}
