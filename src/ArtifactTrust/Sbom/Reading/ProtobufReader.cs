using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>How a protobuf field is encoded.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    LengthDelimited = 2,
    Fixed32 = 5,
}

/// <summary>Reads protobuf messages field by field; what is not asked for is passed over unread.</summary>
/// <remarks>Spec: protobuf encoding, "Message Structure". Groups are refused: no format read here has them.</remarks>
internal sealed class ProtobufReader(ByteReader input)
{
    private long _end = input.Length;
    private int _depth;

    /// <summary>Where the field at hand begins.</summary>
    internal long Position => input.Position;

    /// <summary>The number of the field at hand.</summary>
    internal int Field { get; private set; }

    /// <summary>The encoding of the field at hand.</summary>
    internal WireType Type { get; private set; }

    /// <summary>Goes to the next field; false at the end of the message.</summary>
    internal bool Next()
    {
        if (input.Position >= _end)
        {
            return false;
        }
        var tag = input.ReadVarint();
        CheckEnd();
        // Field numbers have 29 bits; zero is none.
        if (tag is < 8 or > uint.MaxValue)
        {
            throw input.Malformed($"{tag} is no field's tag");
        }
        Field = (int)(tag >> 3);
        Type = (tag & 7) switch
        {
            0 => WireType.Varint,
            1 => WireType.Fixed64,
            2 => WireType.LengthDelimited,
            5 => WireType.Fixed32,
            var other => throw input.Malformed($"field {Field} has wire type {other}, which is not accepted"),
        };
        return true;
    }

    /// <summary>The field at hand as a number.</summary>
    internal ulong Varint()
    {
        Expect(WireType.Varint);
        var value = input.ReadVarint();
        CheckEnd();
        return value;
    }

    /// <summary>The field at hand as text, of which only as much is kept as an SBOM repeats.</summary>
    internal string Text() => input.ReadText((ulong)Length());

    /// <summary>The field at hand as bytes.</summary>
    internal byte[] Bytes(int maximum) => input.ReadBytes((ulong)Length(), maximum);

    /// <summary>The field at hand as numbers: one, or several packed.</summary>
    internal void Varints(List<long> values, int maximum)
    {
        if (Type == WireType.Varint)
        {
            Add((long)Varint());
            return;
        }
        var end = Length() + input.Position;
        while (input.Position < end)
        {
            Add((long)input.ReadVarint());
        }
        if (input.Position != end)
        {
            throw input.Malformed("a packed number crosses the end of its field");
        }

        void Add(long value)
        {
            if (values.Count == maximum)
            {
                throw input.Malformed($"more than {maximum} numbers in one field");
            }
            values.Add(value);
        }
    }

    /// <summary>Goes into the field at hand, which is a message, and gives it to <paramref name="read"/>.</summary>
    /// <param name="read">Reads the message; what it leaves is passed over.</param>
    internal void Message(Action read)
    {
        var length = Length();
        var outer = _end;
        if (++_depth > Limits.BinaryDepth)
        {
            throw input.Malformed($"messages are nested more than {Limits.BinaryDepth} deep");
        }
        _end = input.Position + length;
        read();
        while (Next())
        {
            Skip();
        }
        _depth--;
        _end = outer;
    }

    /// <summary>Passes over the field at hand.</summary>
    internal void Skip()
    {
        switch (Type)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Fixed32:
                Pass(4);
                break;
            case WireType.Fixed64:
                Pass(8);
                break;
            default:
                Pass((ulong)Length());
                break;
        }
    }

    private void Pass(ulong count)
    {
        input.Skip(count);
        CheckEnd();
    }

    private long Length()
    {
        Expect(WireType.LengthDelimited);
        var length = input.ReadVarint();
        CheckEnd();
        return length <= (ulong)(_end - input.Position)
            ? (long)length
            : throw input.Malformed($"field {Field} is {length} bytes long, and {_end - input.Position} remain");
    }

    private void Expect(WireType type)
    {
        if (Type != type)
        {
            throw input.Malformed($"field {Field} is encoded as {Type}, not as {type}");
        }
    }

    private void CheckEnd()
    {
        if (input.Position > _end)
        {
            throw input.Malformed($"field {Field} crosses the end of its message");
        }
    }
}
