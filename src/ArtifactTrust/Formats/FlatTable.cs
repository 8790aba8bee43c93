using System.Buffers.Binary;
using System.Text;

namespace ArtifactTrust.Formats;

/// <summary>A table of a flatbuffer; each offset and length is checked before it is followed.</summary>
/// <remarks>Spec: flatbuffers internals: an offset is unsigned and forward, a vtable's signed and backward.</remarks>
internal readonly struct FlatTable
{
    private readonly ReadOnlyMemory<byte> _buffer;
    private readonly int _position;
    private readonly int _vtable;
    private readonly int _vtableLength;
    private readonly string _format;

    private FlatTable(ReadOnlyMemory<byte> buffer, long position, string format)
    {
        _buffer = buffer;
        _format = format;
        _position = Check(position, 4);
        _vtable = Check(position - BinaryPrimitives.ReadInt32LittleEndian(buffer.Span[_position..]), 4);
        _vtableLength = BinaryPrimitives.ReadUInt16LittleEndian(buffer.Span[_vtable..]);
        Check(_vtable, _vtableLength);
        if (_vtableLength < 4)
        {
            throw Malformed(_vtable, "a vtable is shorter than its header");
        }
    }

    /// <summary>The table that the buffer's first offset points at.</summary>
    internal static FlatTable Root(ReadOnlyMemory<byte> buffer, string format) =>
        buffer.Length < 4
            ? throw new MalformedDataException(format, "byte 0", "the metadata is shorter than an offset")
            : new FlatTable(buffer, BinaryPrimitives.ReadUInt32LittleEndian(buffer.Span), format);

    /// <summary>A field of 8 bits, or zero where it is absent.</summary>
    internal byte Byte(int field) => Field(field, 1) is { } at ? _buffer.Span[at] : (byte)0;

    /// <summary>A field of 16 bits, or <paramref name="absent"/>.</summary>
    internal short Int16(int field, short absent = 0) =>
        Field(field, 2) is { } at ? BinaryPrimitives.ReadInt16LittleEndian(_buffer.Span[at..]) : absent;

    /// <summary>A field of 32 bits, or <paramref name="absent"/>.</summary>
    internal int Int32(int field, int absent = 0) =>
        Field(field, 4) is { } at ? BinaryPrimitives.ReadInt32LittleEndian(_buffer.Span[at..]) : absent;

    /// <summary>A field of 64 bits, or zero.</summary>
    internal long Int64(int field) => Field(field, 8) is { } at ? BinaryPrimitives.ReadInt64LittleEndian(_buffer.Span[at..]) : 0;

    /// <summary>A field that is a table, or null.</summary>
    internal FlatTable? Table(int field) => Field(field, 4) is { } at ? new FlatTable(_buffer, Follow(at), _format) : null;

    /// <summary>A field that is text, or null; what is not UTF-8 becomes U+FFFD.</summary>
    /// <param name="field">The field.</param>
    /// <param name="most">How many characters are wanted; there may be some more.</param>
    internal string? Text(int field, int most)
    {
        if (Field(field, 4) is not { } at)
        {
            return null;
        }
        var (start, length) = Vector(Follow(at), 1);
        return Encoding.UTF8.GetString(_buffer.Span.Slice(start, Math.Min(length, 3 * (most + 1))));
    }

    /// <summary>The number of elements of a vector; zero where it is absent.</summary>
    /// <param name="field">The field.</param>
    /// <param name="elementBytes">The size of an element, at least one byte.</param>
    internal int VectorLength(int field, int elementBytes) => Field(field, 4) is { } at ? Vector(Follow(at), elementBytes).Length : 0;

    /// <summary>One table of a vector of tables.</summary>
    internal FlatTable TableAt(int field, int index)
    {
        var (start, length) = Vector(Follow(Field(field, 4)!.Value), 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, length);
        return new FlatTable(_buffer, Follow(start + 4 * index), _format);
    }

    /// <summary>The bytes of one element of a vector of structs.</summary>
    internal ReadOnlySpan<byte> StructAt(int field, int elementBytes, int index)
    {
        var (start, length) = Vector(Follow(Field(field, 4)!.Value), elementBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, length);
        return _buffer.Span.Slice(start + elementBytes * index, elementBytes);
    }

    private int? Field(int field, int size)
    {
        var entry = 4 + 2 * field;
        if (entry + 2 > _vtableLength)
        {
            return null;
        }
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(_buffer.Span[(_vtable + entry)..]);
        return offset == 0 ? null : Check((long)_position + offset, size);
    }

    private long Follow(int at) => at + (long)BinaryPrimitives.ReadUInt32LittleEndian(_buffer.Span[at..]);

    private (int Start, int Length) Vector(long position, int elementBytes)
    {
        var at = Check(position, 4);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.Span[at..]);
        return (Check(position + 4, (long)length * elementBytes), (int)length);
    }

    private int Check(long position, long length) =>
        position >= 0 && length <= _buffer.Length && position <= _buffer.Length - length
            ? (int)position
            : throw Malformed(position, $"{length} bytes are pointed at, and the metadata has {_buffer.Length}");

    private MalformedDataException Malformed(long position, string reason) => new(_format, $"byte {position} of the metadata", reason);
}
