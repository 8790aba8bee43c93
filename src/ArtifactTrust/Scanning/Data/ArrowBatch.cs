using System.Buffers.Binary;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Data;

/// <summary>What may still be read of one file's buffers: columns that share buffers would make much of little.</summary>
/// <param name="fileBytes">The size of the file.</param>
internal sealed class ArrowBudget(long fileBytes)
{
    private long _left = fileBytes;

    /// <summary>What may come out of those that are compressed.</summary>
    internal InflationBudget Inflated { get; } = new();

    /// <summary>Takes the size of a buffer that is to be read as it is.</summary>
    /// <exception cref="MalformedDataException">All together are larger than the file.</exception>
    internal void Take(long bytes)
    {
        _left -= bytes;
        if (_left < 0)
        {
            throw ArrowBatch.Malformed("the buffers have more bytes together than the file");
        }
    }
}

/// <summary>The columns of one record batch, one after the other, and their buffers.</summary>
/// <remarks>Spec: Arrow columnar format 1.5, "Recordbatch message", "Compression"; Message.fbs.</remarks>
internal sealed class ArrowBatch
{
    private const int NodeBytes = 16;
    private const int BufferBytes = 16;
    private const int PieceBytes = 64 << 10;

    private readonly FlatTable _batch;
    private readonly Stream _file;
    private readonly long _start;
    private readonly long _length;
    private readonly ArrowBudget _budget;
    private readonly int _codec;
    private int _node;
    private int _view;
    private int _first;
    private int _next;

    /// <summary>Begins to read a batch.</summary>
    /// <param name="batch">Its description.</param>
    /// <param name="file">The file.</param>
    /// <param name="start">Where its body starts in the file.</param>
    /// <param name="length">The body's length, which the file has.</param>
    /// <param name="budget">What may be read.</param>
    /// <exception cref="MalformedDataException">It is damaged, or compressed in a way that is not known.</exception>
    internal ArrowBatch(FlatTable batch, Stream file, long start, long length, ArrowBudget budget)
    {
        (_batch, _file, _start, _length, _budget) = (batch, file, start, length, budget);
        _codec = batch.Table(3) is { } compression ? compression.Byte(0) : -1;
        if (_codec > 1)
        {
            throw Malformed($"compression {_codec} is not known");
        }
    }

    /// <summary>How many values the column has.</summary>
    internal long Count { get; private set; }

    /// <summary>Goes on to a column.</summary>
    /// <exception cref="MalformedDataException">The batch has no more columns or buffers.</exception>
    internal void MoveTo(ArrowField field)
    {
        _first = _next;
        Count = BinaryPrimitives.ReadInt64LittleEndian(Element(1, NodeBytes, _node++));
        long more = field.IsView ? BinaryPrimitives.ReadInt64LittleEndian(Element(4, sizeof(long), _view++)) : 0;
        if (Count < 0 || more < 0 || field.Buffers + more > _batch.VectorLength(2, BufferBytes) - _first)
        {
            throw Malformed($"column {field.Path} has less values or buffers than none, or more buffers than there are");
        }
        _next = _first + field.Buffers + (int)more;
    }

    /// <summary>How many buffers the column has.</summary>
    internal int Buffers => _next - _first;

    /// <summary>Opens a buffer of the column, to be read forward.</summary>
    /// <exception cref="MalformedDataException">It lies outside of the batch, or is too large.</exception>
    internal Stream Open(int index) => new BufferedStream(OpenAnyhow(index), PieceBytes);

    /// <summary>Opens a buffer of the column, to be read at any place; a compressed one is held in memory.</summary>
    /// <inheritdoc cref="Open"/>
    internal Stream OpenAnywhere(int index)
    {
        var stream = OpenAnyhow(index);
        if (stream.CanSeek)
        {
            return stream;
        }
        using (stream)
        {
            var content = new MemoryStream();
            var piece = new byte[PieceBytes];
            for (int read; (read = stream.Read(piece)) > 0; content.Write(piece, 0, read))
            {
                if (content.Length > Limits.NestedArchiveBytes)
                {
                    throw Malformed($"a compressed buffer of more than {Limits.NestedArchiveBytes} bytes");
                }
            }
            return content;
        }
    }

    internal static MalformedDataException Malformed(string reason) => new("Arrow", "record batch", reason);

    private Stream OpenAnyhow(int index)
    {
        var place = Element(2, BufferBytes, _first + index);
        var (at, length) = (BinaryPrimitives.ReadInt64LittleEndian(place), BinaryPrimitives.ReadInt64LittleEndian(place[8..]));
        if (at < 0 || length < 0 || at > _length - length)
        {
            throw Malformed("a buffer lies outside of its batch");
        }
        var content = new RangeStream(_file, _start + at, length);
        if (_codec >= 0 && length > 0)
        {
            // The size before, or -1 where compressing was not worth it. Writers get the size wrong, and not all readers look at it.
            Span<byte> size = stackalloc byte[sizeof(long)];
            content.ReadExactly(size);
            content = new RangeStream(_file, _start + at + size.Length, length - size.Length);
            if (BinaryPrimitives.ReadInt64LittleEndian(size) != -1)
            {
                Stream decoded =
                    _codec == 0
                        ? new Lz4Stream(content)
                        : new ZstandardStream(content, Limits.ZstandardLargestWindowBytes, leaveOpen: true);
                return new LimitedStream(decoded, _budget.Inflated);
            }
        }
        _budget.Take(length);
        return content;
    }

    private ReadOnlySpan<byte> Element(int vector, int bytes, int index) =>
        index < _batch.VectorLength(vector, bytes)
            ? _batch.StructAt(vector, bytes, index)
            : throw Malformed("it has fewer columns or buffers than the schema");
}
