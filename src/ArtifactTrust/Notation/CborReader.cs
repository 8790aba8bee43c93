using System.Buffers.Binary;
using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Notation;

/// <summary>Reads CBOR forwards: what an envelope is made of, and no more.</summary>
/// <remarks>
/// Spec: RFC 8949 §3. Lengths are definite and heads the shortest possible (§4.2.1), so that an item has one spelling; text is UTF-8. A count or length
/// is compared with what is left before anything is taken.
/// </remarks>
internal sealed class CborReader(ReadOnlyMemory<byte> data, string format, string location)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private int _position;

    /// <summary>The kinds of items, as their heads number them.</summary>
    internal enum Kind
    {
        Unsigned,
        Negative,
        Bytes,
        Text,
        Array,
        Map,
        Tag,
        Simple,
    }

    /// <summary>The kind of the next item.</summary>
    internal Kind Next => _position < data.Length ? (Kind)(data.Span[_position] >> 5) : throw Malformed("it ends too early");

    internal int ReadArray() => Count(ReadHead(Kind.Array), 1);

    internal int ReadMap() => Count(ReadHead(Kind.Map), 2);

    internal ulong ReadTag() => ReadHead(Kind.Tag);

    internal ReadOnlyMemory<byte> ReadBytes() => Take(ReadHead(Kind.Bytes));

    internal string ReadText()
    {
        var bytes = Take(ReadHead(Kind.Text));
        try
        {
            return Utf8.GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            throw Malformed("a text is not UTF-8");
        }
    }

    internal long ReadInteger()
    {
        var kind = Next == Kind.Negative ? Kind.Negative : Kind.Unsigned;
        var value = ReadHead(kind);
        if (value > long.MaxValue)
        {
            throw Malformed("a number is out of range");
        }
        return kind == Kind.Negative ? -1 - (long)value : (long)value;
    }

    /// <summary>Reads over one item, whatever it is.</summary>
    internal void Skip(int depth = 0)
    {
        if (depth > Limits.BinaryDepth)
        {
            throw Malformed($"items are nested more than {Limits.BinaryDepth} deep");
        }
        var kind = Next;
        switch (kind)
        {
            case Kind.Bytes:
                ReadBytes();
                break;
            case Kind.Text:
                ReadText();
                break;
            case Kind.Array or Kind.Map:
                var items = kind == Kind.Array ? ReadArray() : 2 * ReadMap();
                for (var i = 0; i < items; i++)
                {
                    Skip(depth + 1);
                }
                break;
            case Kind.Tag:
                ReadTag();
                Skip(depth + 1);
                break;
            case Kind.Simple:
                // true, false, null, undefined, and floating point in 2, 4 or 8 bytes.
                var extra = (data.Span[_position] & 0x1F) switch
                {
                    20 or 21 or 22 or 23 => 0UL,
                    25 => 2UL,
                    26 => 4UL,
                    27 => 8UL,
                    _ => throw Malformed("a simple value is not one that is known"),
                };
                _position++;
                Take(extra);
                break;
            default:
                ReadInteger();
                break;
        }
    }

    internal void End()
    {
        if (_position != data.Length)
        {
            throw Malformed("something follows its end");
        }
    }

    internal MalformedDataException Malformed(string reason) => new(format, location, $"byte {_position}: {reason}");

    private ulong ReadHead(Kind kind)
    {
        if (Next != kind)
        {
            throw Malformed($"{Name(kind)} is expected, not {Name(Next)}");
        }
        var info = data.Span[_position] & 0x1F;
        if (info < 24)
        {
            _position++;
            return (ulong)info;
        }
        if (info > 27)
        {
            throw Malformed(info == 31 ? "a length is indefinite" : "the head of an item is reserved");
        }
        var size = 1 << (info - 24);
        if (data.Length - _position - 1 < size)
        {
            throw Malformed("it ends too early");
        }
        var bytes = data.Span.Slice(_position + 1, size);
        var (value, smallest) = size switch
        {
            1 => (bytes[0], 24UL),
            2 => (BinaryPrimitives.ReadUInt16BigEndian(bytes), 0x100UL),
            4 => (BinaryPrimitives.ReadUInt32BigEndian(bytes), 0x1_0000UL),
            _ => (BinaryPrimitives.ReadUInt64BigEndian(bytes), 0x1_0000_0000UL),
        };
        if (value < smallest)
        {
            throw Malformed("a number or length is not in its shortest form");
        }
        _position += 1 + size;
        return value;
    }

    private int Count(ulong count, int itemsEach) =>
        count <= (ulong)(data.Length - _position) / (ulong)itemsEach ? (int)count : throw Malformed("it ends too early");

    private ReadOnlyMemory<byte> Take(ulong length)
    {
        if (length > (ulong)(data.Length - _position))
        {
            throw Malformed("it ends too early");
        }
        var taken = data.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private static string Name(Kind kind) =>
        kind switch
        {
            Kind.Unsigned or Kind.Negative => "an integer",
            Kind.Bytes => "a byte string",
            Kind.Text => "a text",
            Kind.Array => "an array",
            Kind.Map => "a map",
            Kind.Tag => "a tag",
            _ => "a simple value",
        };
}
