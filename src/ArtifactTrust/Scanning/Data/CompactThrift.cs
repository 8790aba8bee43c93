using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Reads values of Thrift's compact protocol, as Parquet's metadata is written.</summary>
/// <remarks>Spec: thrift-compact-protocol.md. Every length is checked against what is left.</remarks>
internal ref struct CompactThrift(ReadOnlySpan<byte> data)
{
    internal const int Struct = 12;
    private const int List = 9;

    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>How much was read, in bytes.</summary>
    internal int Position { get; private set; }

    /// <summary>Goes to the next field of a structure; false at its end.</summary>
    internal bool Next(ref int id, out int type)
    {
        var head = Byte();
        type = head & 0x0F;
        if (head == 0)
        {
            return false;
        }
        id = head >> 4 is var delta and not 0 ? id + delta : (int)Integer();
        return true;
    }

    /// <summary>A signed integer of any width.</summary>
    internal long Integer()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A string or bytes.</summary>
    internal ReadOnlySpan<byte> Bytes()
    {
        var length = Unsigned();
        if (length > (ulong)(_data.Length - Position))
        {
            throw Malformed("a length");
        }
        var bytes = _data.Slice(Position, (int)length);
        Position += (int)length;
        return bytes;
    }

    /// <summary>The head of a list.</summary>
    internal int Count(out int type)
    {
        var head = Byte();
        type = head & 0x0F;
        var count = head >> 4 is var small and < 15 ? (ulong)small : Unsigned();
        return count <= (ulong)(_data.Length - Position) ? (int)count : throw Malformed("a list");
    }

    /// <summary>Passes over a value.</summary>
    internal void Skip(int type, int depth = 0)
    {
        if (depth > Limits.BinaryDepth)
        {
            throw Malformed("its nesting");
        }
        switch (type)
        {
            case 1 or 2:
                break;
            case 3:
                Byte();
                break;
            case 4 or 5 or 6:
                Unsigned();
                break;
            case 7:
                Advance(8);
                break;
            case 8:
                Bytes();
                break;
            case List or 10:
                for (var left = Count(out var element); left > 0; left--)
                {
                    Skip(element is 1 or 2 ? 3 : element, depth + 1);
                }
                break;
            case Struct:
                var id = 0;
                while (Next(ref id, out var field))
                {
                    Skip(field, depth + 1);
                }
                break;
            default:
                throw Malformed("a type");
        }
    }

    private ulong Unsigned()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
        throw Malformed("a number");
    }

    private void Advance(int count)
    {
        if (count > _data.Length - Position)
        {
            throw Malformed("its end");
        }
        Position += count;
    }

    private byte Byte() => Position < _data.Length ? _data[Position++] : throw Malformed("its end");

    private readonly MalformedDataException Malformed(string what) =>
        new("Parquet", $"byte {Position} of the metadata", $"{what} is damaged");
}
