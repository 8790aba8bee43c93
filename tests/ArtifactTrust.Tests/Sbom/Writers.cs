using System.Buffers.Binary;
using System.Text;

namespace ArtifactTrust.Tests.Sbom;

/// <summary>Writes numbers and GGUF's texts.</summary>
internal sealed class Bytes(bool bigEndian = false)
{
    private readonly List<byte> _bytes = [];

    public Bytes Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public Bytes U32(uint value) => Raw(BitConverter.GetBytes(bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value));

    public Bytes U64(ulong value) => Raw(BitConverter.GetBytes(bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value));

    public Bytes Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return U64((ulong)bytes.Length).Raw(bytes);
    }

    public byte[] ToArray() => [.. _bytes];
}

/// <summary>Writes protobuf.</summary>
internal sealed class Proto
{
    private readonly List<byte> _bytes = [];

    public Proto Varint(int field, ulong value)
    {
        Number((ulong)field << 3);
        Number(value);
        return this;
    }

    public Proto Bytes(int field, byte[] bytes)
    {
        Number(((ulong)field << 3) | 2);
        Number((ulong)bytes.Length);
        _bytes.AddRange(bytes);
        return this;
    }

    public Proto Bytes(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public Proto Bytes(int field, Proto message) => Bytes(field, message.ToArray());

    public Proto Packed(int field, params ulong[] values)
    {
        var inner = new Proto();
        foreach (var value in values)
        {
            inner.Number(value);
        }
        return Bytes(field, inner);
    }

    public Proto Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];

    private void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }
        _bytes.Add((byte)value);
    }
}

/// <summary>Writes a struct of Thrift's compact protocol.</summary>
internal sealed class Thrift
{
    private readonly List<byte> _bytes = [];
    private int _last;

    /// <summary>A number: type 4, 5 or 6.</summary>
    public Thrift Int(int id, int type, long value) => Head(id, type).Varint((ulong)((value << 1) ^ (value >> 63)));

    public Thrift Binary(int id, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Head(id, 8).Varint((ulong)bytes.Length).Raw(bytes);
    }

    public Thrift List(int id, params Thrift[] structs)
    {
        Head(id, 9);
        if (structs.Length < 15)
        {
            Raw((byte)((structs.Length << 4) | 12));
        }
        else
        {
            Raw(0xfc).Varint((ulong)structs.Length);
        }
        foreach (var item in structs)
        {
            Raw(item.Stop());
        }
        return this;
    }

    public Thrift Head(int id, int type)
    {
        var delta = id - _last;
        _last = id;
        return delta is > 0 and < 16 ? Raw((byte)((delta << 4) | type)) : Raw((byte)type).Varint((ulong)((id << 1) ^ (id >> 31)));
    }

    public Thrift Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }
        _bytes.Add((byte)value);
        return this;
    }

    public Thrift Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>The struct with its end.</summary>
    public byte[] Stop() => [.. _bytes, 0];
}

/// <summary>Writes a flatbuffer: a table whose children follow it.</summary>
internal sealed class Flat
{
    private readonly SortedDictionary<int, object> _fields = [];

    public Flat Byte(int field, byte value) => Set(field, new[] { value });

    public Flat Int16(int field, short value) => Set(field, BitConverter.GetBytes(value));

    public Flat Int32(int field, int value) => Set(field, BitConverter.GetBytes(value));

    public Flat Int64(int field, long value) => Set(field, BitConverter.GetBytes(value));

    public Flat Text(int field, string value) => Set(field, value);

    public Flat Table(int field, Flat value) => Set(field, value);

    public Flat Vector(int field, params Flat[] values) => Set(field, values);

    public Flat Structs(int field, int elementBytes, byte[] values) => Set(field, (elementBytes, values));

    public byte[] ToArray()
    {
        var bytes = new List<byte> { 0, 0, 0, 0 };
        var root = Write(bytes);
        Patch(bytes, 0, root);
        while (bytes.Count % 8 != 0)
        {
            bytes.Add(0);
        }
        return [.. bytes];
    }

    private Flat Set(int field, object value)
    {
        _fields[field] = value;
        return this;
    }

    private int Write(List<byte> bytes)
    {
        var count = _fields.Count == 0 ? 0 : _fields.Keys.Max() + 1;
        var vtable = bytes.Count;
        bytes.AddRange(new byte[4 + 2 * count]);
        var table = bytes.Count;
        bytes.AddRange(BitConverter.GetBytes(table - vtable));
        var children = new List<(int At, object Value)>();
        foreach (var (field, value) in _fields)
        {
            Put16(bytes, vtable + 4 + 2 * field, bytes.Count - table);
            if (value is byte[] scalar)
            {
                bytes.AddRange(scalar);
            }
            else
            {
                children.Add((bytes.Count, value));
                bytes.AddRange(new byte[4]);
            }
        }
        Put16(bytes, vtable, 4 + 2 * count);
        Put16(bytes, vtable + 2, bytes.Count - table);
        foreach (var (at, value) in children)
        {
            Child(bytes, at, value);
        }
        return table;
    }

    private static void Child(List<byte> bytes, int at, object value)
    {
        switch (value)
        {
            case Flat table:
                Patch(bytes, at, table.Write(bytes));
                break;
            case string text:
                Patch(bytes, at, bytes.Count);
                var utf8 = Encoding.UTF8.GetBytes(text);
                bytes.AddRange(BitConverter.GetBytes(utf8.Length));
                bytes.AddRange(utf8);
                bytes.Add(0);
                break;
            case Flat[] tables:
                Patch(bytes, at, bytes.Count);
                bytes.AddRange(BitConverter.GetBytes(tables.Length));
                var slots = bytes.Count;
                bytes.AddRange(new byte[4 * tables.Length]);
                for (var i = 0; i < tables.Length; i++)
                {
                    Patch(bytes, slots + 4 * i, tables[i].Write(bytes));
                }
                break;
            case (int elementBytes, byte[] values):
                Patch(bytes, at, bytes.Count);
                bytes.AddRange(BitConverter.GetBytes(values.Length / elementBytes));
                bytes.AddRange(values);
                break;
        }
    }

    private static void Patch(List<byte> bytes, int at, int target)
    {
        var offset = BitConverter.GetBytes(target - at);
        for (var i = 0; i < 4; i++)
        {
            bytes[at + i] = offset[i];
        }
    }

    private static void Put16(List<byte> bytes, int at, int value) => (bytes[at], bytes[at + 1]) = ((byte)value, (byte)(value >> 8));
}
