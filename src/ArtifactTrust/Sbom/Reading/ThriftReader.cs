using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>The types of Thrift's compact protocol.</summary>
internal enum ThriftType
{
    Stop = 0,
    True = 1,
    False = 2,
    Byte = 3,
    Int16 = 4,
    Int32 = 5,
    Int64 = 6,
    Double = 7,
    Binary = 8,
    List = 9,
    Set = 10,
    Map = 11,
    Struct = 12,
    Uuid = 13,
}

/// <summary>Reads Thrift's compact protocol field by field; what is not asked for is passed over unread.</summary>
/// <remarks>Spec: thrift-compact-protocol.md. Every element of a container takes a byte at least, so no count can exceed the bytes that remain.</remarks>
/// <param name="input">The file, at the start of a struct.</param>
/// <param name="end">Where the struct must have ended.</param>
internal sealed class ThriftReader(ByteReader input, long end)
{
    private int _depth;

    /// <summary>Reads a struct: gives each field's number and type to <paramref name="field"/>, which reads or skips it.</summary>
    internal void Struct(Action<int, ThriftType> field)
    {
        Enter();
        for (var id = 0; ; )
        {
            var head = Byte();
            var type = (ThriftType)(head & 0xf);
            if (type == ThriftType.Stop)
            {
                break;
            }
            if (type > ThriftType.Uuid)
            {
                throw input.Malformed($"{(int)type} is no type");
            }
            id = head >> 4 is var delta && delta != 0 ? id + delta : (int)Math.Clamp(Zigzag(), short.MinValue, short.MaxValue);
            field(id, type);
        }
        _depth--;
    }

    /// <summary>Reads a list: gives each element's type to <paramref name="element"/>, which reads or skips it.</summary>
    /// <returns>The number of elements.</returns>
    internal long List(ThriftType type, Action<ThriftType> element)
    {
        Expect(type, ThriftType.List);
        return Elements(element);
    }

    /// <summary>A number of 16, 32 or 64 bits.</summary>
    internal long Integer(ThriftType type)
    {
        if (type is not (ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64))
        {
            throw input.Malformed($"a number is expected, not {type}");
        }
        return Zigzag();
    }

    /// <summary>Text, of which only as much is kept as an SBOM repeats.</summary>
    internal string Text(ThriftType type)
    {
        Expect(type, ThriftType.Binary);
        var length = Varint();
        CheckRemaining(length);
        return input.ReadText(length);
    }

    /// <summary>Passes over a field of a struct.</summary>
    internal void Skip(ThriftType type) => Skip(type, inContainer: false);

    /// <summary>Passes over a value.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="inContainer">Whether a truth value is a byte of its own, as it is in containers.</param>
    internal void Skip(ThriftType type, bool inContainer)
    {
        switch (type)
        {
            case ThriftType.True or ThriftType.False:
                if (inContainer)
                {
                    Byte();
                }
                break;
            case ThriftType.Byte:
                Byte();
                break;
            case ThriftType.Int16 or ThriftType.Int32 or ThriftType.Int64:
                Varint();
                break;
            case ThriftType.Double:
                Pass(8);
                break;
            case ThriftType.Uuid:
                Pass(16);
                break;
            case ThriftType.Binary:
                Pass(Varint());
                break;
            case ThriftType.List or ThriftType.Set:
                Elements(t => Skip(t, inContainer: true));
                break;
            case ThriftType.Map:
                Map();
                break;
            case ThriftType.Struct:
                Struct((_, t) => Skip(t, inContainer: false));
                break;
            default:
                throw input.Malformed($"{(int)type} is no type");
        }
    }

    private long Elements(Action<ThriftType> element)
    {
        Enter();
        var head = Byte();
        var count = (ulong)(head >> 4);
        if (count == 15)
        {
            count = Varint();
        }
        CheckRemaining(count);
        for (var i = 0ul; i < count; i++)
        {
            element((ThriftType)(head & 0xf));
        }
        _depth--;
        return (long)count;
    }

    private void Map()
    {
        var count = Varint();
        if (count == 0)
        {
            return;
        }
        Enter();
        CheckRemaining(count);
        var types = Byte();
        for (var i = 0ul; i < count; i++)
        {
            Skip((ThriftType)(types >> 4), inContainer: true);
            Skip((ThriftType)(types & 0xf), inContainer: true);
        }
        _depth--;
    }

    private void Enter()
    {
        if (++_depth > Limits.BinaryDepth)
        {
            throw input.Malformed($"values are nested more than {Limits.BinaryDepth} deep");
        }
    }

    private byte Byte()
    {
        CheckRemaining(1);
        return input.ReadByte();
    }

    private ulong Varint()
    {
        var value = input.ReadVarint();
        CheckRemaining(0);
        return value;
    }

    private long Zigzag()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private void Pass(ulong count)
    {
        CheckRemaining(count);
        input.Skip(count);
    }

    private void CheckRemaining(ulong count)
    {
        if (input.Position > end || count > (ulong)(end - input.Position))
        {
            throw input.Malformed($"{count} bytes or elements are announced, and {Math.Max(0, end - input.Position)} bytes remain");
        }
    }

    private void Expect(ThriftType type, ThriftType expected)
    {
        if (type != expected)
        {
            throw input.Malformed($"{expected} is expected, not {type}");
        }
    }
}
