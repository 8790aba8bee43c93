using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Gives out the texts and whole numbers of an Arrow column.</summary>
/// <remarks>
/// Spec: Arrow columnar format 1.5, "Physical Memory Layout". Values are read forward, so that memory does not grow with the batch. Of bytes that may be text or not, those are
/// text that have no zeros at their beginning. What is null has no bytes, or those of zero.
/// </remarks>
internal sealed class ArrowColumn(ColumnVisitor visit)
{
    private const int ViewBytes = 16;
    private const int LongestInView = 12;

    private byte[] _value = [];
    private char[] _text = [];

    /// <summary>Gives out the values of the column that a batch is at.</summary>
    /// <exception cref="MalformedDataException">It is damaged, or beyond a limit.</exception>
    /// <exception cref="InvalidDataException">A buffer is damaged.</exception>
    internal void Visit(ArrowField field, ArrowBatch batch)
    {
        if (batch.Count == 0)
        {
            return;
        }
        switch (field.Type)
        {
            case ArrowType.Utf8 or ArrowType.Binary:
                VisitBetweenOffsets(field, batch, sizeof(int));
                break;
            case ArrowType.LargeUtf8 or ArrowType.LargeBinary:
                VisitBetweenOffsets(field, batch, sizeof(long));
                break;
            case ArrowType.Utf8View or ArrowType.BinaryView:
                VisitViews(field, batch);
                break;
            case ArrowType.FixedSizeBinary when field.ValueBytes > 0:
                using (var data = batch.Open(1))
                {
                    for (var i = 0L; i < batch.Count; i++)
                    {
                        VisitText(field, data, field.ValueBytes);
                    }
                }
                break;
            case ArrowType.Int when field.ValueBytes is sizeof(int) or sizeof(long):
                VisitIntegers(field, batch);
                break;
            default:
                // Truth values, fractions and times are about nobody, and lists have their values in a column of their own.
                break;
        }
    }

    private void VisitBetweenOffsets(ArrowField field, ArrowBatch batch, int offsetBytes)
    {
        using var offsets = batch.Open(1);
        using var data = batch.Open(2);
        var at = Number(offsets, offsetBytes);
        if (at < 0)
        {
            throw ArrowBatch.Malformed("a value that starts before its buffer");
        }
        Skip(data, at);
        for (var i = 0L; i < batch.Count; i++)
        {
            var next = Number(offsets, offsetBytes);
            VisitText(field, data, next - at);
            at = next;
        }
    }

    /// <summary>"Variable-size Binary View Layout".</summary>
    private void VisitViews(ArrowField field, ArrowBatch batch)
    {
        using var views = batch.Open(1);
        var data = new Stream?[batch.Buffers - field.Buffers];
        var view = new byte[ViewBytes];
        for (var i = 0L; i < batch.Count; i++)
        {
            views.ReadExactly(view);
            var length = BinaryPrimitives.ReadInt32LittleEndian(view);
            if (length <= LongestInView)
            {
                using var inside = new MemoryStream(view, sizeof(int), LongestInView, writable: false);
                VisitText(field, inside, length);
                continue;
            }
            var buffer = BinaryPrimitives.ReadInt32LittleEndian(view.AsSpan(8));
            if ((uint)buffer >= (uint)data.Length)
            {
                throw ArrowBatch.Malformed("a value in a buffer that is not there");
            }
            var stream = data[buffer] ??= batch.OpenAnywhere(field.Buffers + buffer);
            var at = BinaryPrimitives.ReadUInt32LittleEndian(view.AsSpan(12));
            if (at > stream.Length - length)
            {
                throw ArrowBatch.Malformed("a value beyond the end of its buffer");
            }
            stream.Position = at;
            VisitText(field, stream, length);
        }
    }

    private void VisitIntegers(ArrowField field, ArrowBatch batch)
    {
        using var data = batch.Open(1);
        Span<char> digits = stackalloc char[24];
        for (var i = 0L; i < batch.Count; i++)
        {
            var number = Number(data, field.ValueBytes);
            number = field is { IsSigned: false, ValueBytes: sizeof(int) } ? (uint)number : number;
            number.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
            visit(field.Path, digits[..count]);
        }
    }

    private void VisitText(ArrowField field, Stream data, long length)
    {
        if (length < 0)
        {
            throw ArrowBatch.Malformed("a value that ends before it starts");
        }
        var head = (int)Math.Min(length, DataFormats.HeadBytes);
        Fill(data, 0, head);
        if (!field.IsText && !TextLines.IsText(_value.AsSpan(0, head)))
        {
            Skip(data, length - head);
            return;
        }
        if (length > Limits.DataValueBytes)
        {
            throw ArrowBatch.Malformed($"a value of {length} bytes; at most {Limits.DataValueBytes} are examined");
        }
        Fill(data, head, (int)length);
        if (_text.Length < length)
        {
            _text = new char[_value.Length];
        }
        visit(field.Path, _text.AsSpan(0, Encoding.UTF8.GetChars(_value.AsSpan(0, (int)length), _text)));
    }

    private void Fill(Stream data, int from, int to)
    {
        if (_value.Length < to)
        {
            Array.Resize(ref _value, Math.Max(DataFormats.HeadBytes, to));
        }
        data.ReadExactly(_value.AsSpan(from, to - from));
    }

    private void Skip(Stream data, long count)
    {
        while (count > 0)
        {
            var piece = (int)Math.Min(count, DataFormats.HeadBytes);
            Fill(data, 0, piece);
            count -= piece;
        }
    }

    private static long Number(Stream stream, int bytes)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        stream.ReadExactly(number[..bytes]);
        return bytes == sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(number) : BinaryPrimitives.ReadInt64LittleEndian(number);
    }
}
