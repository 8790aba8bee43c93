using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Reads the texts and whole numbers of an Arrow file or stream. Where a column has a dictionary, each of its values comes once.</summary>
/// <remarks>
/// Spec: Arrow columnar format 1.5, "Serialization and Interprocess Communication"; Message.fbs, File.fbs. A file is read as the stream it contains, and what its footer
/// lists must be in it; the schema of a file is the footer's, which is the one that readers use.
/// </remarks>
internal sealed class ArrowValues(Stream stream)
{
    private const string Named = "Arrow";
    private const uint Continuation = 0xffff_ffff;
    private const int FileStart = 8;
    private const int FileEnd = 10;
    private const int BlockBytes = 24;
    private const int MostBatches = 1_000_000;
    private const int MostGaps = 100;

    private readonly RandomBytes _bytes = new(stream, Named);
    private readonly ArrowBudget _budget = new(stream.Length);
    private readonly List<string> _gaps = [];
    private readonly HashSet<long> _batches = [];
    private ArrowSchema? _schema;

    /// <summary>Whether bytes begin as an Arrow file does.</summary>
    internal static bool IsFile(ReadOnlySpan<byte> head) => head.StartsWith("ARROW1"u8);

    /// <summary>Walks through all columns of all record batches.</summary>
    /// <returns>What could not be examined, one sentence each.</returns>
    /// <exception cref="MalformedDataException">The file is damaged between columns.</exception>
    internal IReadOnlyList<string> Walk(ColumnVisitor visit, CancellationToken cancellation)
    {
        var footer = stream.Length >= FileStart && IsFile(_bytes.Read(0, FileStart)) ? ReadFooter() : (FlatTable?)null;
        if (footer is { } file)
        {
            _schema = new ArrowSchema(file.Table(1) ?? throw Malformed(0, "the footer has no schema"), file.Int16(0));
        }
        var column = new ArrowColumn(visit);
        var at = footer is null ? 0L : FileStart;
        while (ReadMessage(ref at) is { } message)
        {
            cancellation.ThrowIfCancellationRequested();
            Visit(message, column, cancellation);
        }
        if (_schema is null)
        {
            throw Malformed(0, "there is no schema");
        }
        if (footer is { } listed)
        {
            CheckBlocks(listed, 2);
            CheckBlocks(listed, 3);
        }
        return _gaps;
    }

    private void Visit(ArrowMessage message, ArrowColumn column, CancellationToken cancellation)
    {
        const int SchemaMessage = 1;
        const int DictionaryBatch = 2;
        const int RecordBatch = 3;
        switch (message.Type)
        {
            case SchemaMessage:
                _schema ??= new ArrowSchema(message.Header, message.Version);
                break;
            case DictionaryBatch when _schema is not null:
                var values = message.Header.Table(1) ?? throw Malformed(message.Start, "a dictionary without values");
                VisitBatch(_schema.Dictionary(message.Header.Int64(0)), values, message, column, cancellation);
                break;
            case RecordBatch when _schema is not null:
                VisitBatch(_schema.Fields, message.Header, message, column, cancellation);
                break;
            default:
                throw Malformed(message.Start, $"a message of type {message.Type}, which is not read here, or is before the schema");
        }
    }

    private void VisitBatch(
        IReadOnlyList<ArrowField> fields,
        FlatTable header,
        ArrowMessage message,
        ArrowColumn column,
        CancellationToken cancellation
    )
    {
        if (_batches.Count == MostBatches)
        {
            throw Malformed(message.Start, $"more than {MostBatches} record batches");
        }
        _batches.Add(message.Start);
        var batch = new ArrowBatch(header, stream, message.Body, message.BodyLength, _budget);
        foreach (var field in fields)
        {
            cancellation.ThrowIfCancellationRequested();
            batch.MoveTo(field);
            try
            {
                column.Visit(field, batch);
            }
            catch (MalformedDataException e)
            {
                AddGap($"column {field.Path}: {e.Reason}");
            }
            catch (InvalidDataException e)
            {
                AddGap($"column {field.Path}: {e.Message}");
            }
            catch (EndOfStreamException)
            {
                AddGap($"column {field.Path}: a buffer is shorter than its values");
            }
        }
    }

    private void AddGap(string gap)
    {
        if (_gaps.Count < MostGaps && !_gaps.Contains(gap))
        {
            _gaps.Add(gap);
        }
    }

    /// <summary>"Encapsulated message format": a mark, the length of the metadata, the metadata, the body; null at the end of the stream.</summary>
    private ArrowMessage? ReadMessage(ref long at)
    {
        var start = at;
        if (at == _bytes.Length)
        {
            // The mark of the end may be left out.
            return null;
        }
        var length = _bytes.Number(at, 4);
        at += 4;
        // Before version 0.15 there was no mark.
        if (length == Continuation)
        {
            length = _bytes.Number(at, 4);
            at += 4;
        }
        if (length == 0)
        {
            return null;
        }
        var message = FlatTable.Root(Metadata(at, length), Named);
        at += (long)length;
        var body = message.Int64(3);
        if (body < 0 || body > _bytes.Length - at)
        {
            throw Malformed(start, "the body of a message ends beyond the end");
        }
        var header = message.Table(2) ?? throw Malformed(start, "a message without a header");
        var read = new ArrowMessage(start, message.Int16(0), message.Byte(1), header, at, body);
        at += body;
        return read;
    }

    /// <summary>"IPC File Format": the footer, its length, and the magic.</summary>
    private FlatTable ReadFooter()
    {
        var end = _bytes.Length - FileEnd;
        if (end < FileStart || !IsFile(_bytes.Read(end + 4, FileEnd - 4)))
        {
            throw Malformed(Math.Max(0, end), "the file does not end as Arrow does");
        }
        var length = _bytes.Number(end, 4);
        return FlatTable.Root(Metadata(end - (long)length, length), Named);
    }

    private byte[] Metadata(long at, ulong length) =>
        length > Limits.ArrowMetadataBytes
            ? throw Malformed(at, $"metadata of {length} bytes; at most {Limits.ArrowMetadataBytes} are read")
            : _bytes.Read(at, (int)length);

    private void CheckBlocks(FlatTable footer, int field)
    {
        var count = footer.VectorLength(field, BlockBytes);
        for (var i = 0; i < count; i++)
        {
            var at = BinaryPrimitives.ReadInt64LittleEndian(footer.StructAt(field, BlockBytes, i));
            if (!_batches.Contains(at))
            {
                AddGap($"the footer lists a record batch at byte {at}, which is not among those that come one after the other");
            }
        }
    }

    private static MalformedDataException Malformed(long at, string reason) => new(Named, $"byte {at}", reason);

    /// <summary>A message, and where its body is.</summary>
    private sealed record ArrowMessage(long Start, short Version, byte Type, FlatTable Header, long Body, long BodyLength);
}
