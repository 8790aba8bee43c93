using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Sbom.Reading;

/// <summary>Reads a seekable file forward with one small buffer, and never past its end.</summary>
/// <param name="stream">The file; its length is taken once.</param>
/// <param name="format">The format's name, for errors.</param>
/// <param name="cancellation">Stops between two reads.</param>
internal sealed class ByteReader(Stream stream, string format, CancellationToken cancellation = default)
{
    private const int BufferBytes = 64 << 10;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(stream.Length, 16, BufferBytes));
    private long _start; // of the buffer, in the file
    private int _filled;
    private int _next;

    /// <summary>The file, for what reads it back and forth; nothing else is read of this then.</summary>
    internal Stream Stream => stream;

    /// <summary>The file's length, in bytes.</summary>
    internal long Length { get; } = stream.Length;

    /// <summary>Where the next byte is read, in bytes from the start of the file.</summary>
    internal long Position => _start + _next;

    /// <summary>Bytes between <see cref="Position"/> and the end.</summary>
    internal long Remaining => Length - Position;

    /// <summary>Whether numbers have their highest byte first.</summary>
    internal bool BigEndian { get; set; }

    /// <summary>The error to throw for what was just read.</summary>
    internal MalformedDataException Malformed(string reason) => Malformed(Position, reason);

    /// <summary>The error to throw for what is at <paramref name="position"/>.</summary>
    internal MalformedDataException Malformed(long position, string reason) => new(format, $"byte {position}", reason);

    /// <summary>Goes to a place in the file.</summary>
    /// <exception cref="MalformedDataException">The place is outside.</exception>
    internal void Seek(long position)
    {
        if (position < 0 || position > Length)
        {
            throw Malformed($"the file has {Length} bytes, and byte {position} is pointed at");
        }
        if (position >= _start && position <= _start + _filled)
        {
            _next = (int)(position - _start);
            return;
        }
        _start = position;
        _filled = _next = 0;
    }

    /// <summary>Passes over bytes without reading them.</summary>
    /// <exception cref="MalformedDataException">The file has fewer.</exception>
    internal void Skip(ulong count)
    {
        CheckRemaining(count);
        Seek(Position + (long)count);
    }

    /// <summary>Throws where fewer than <paramref name="count"/> bytes remain.</summary>
    internal void CheckRemaining(ulong count)
    {
        if (count > (ulong)Remaining)
        {
            throw Malformed($"{count} bytes are announced, and {Remaining} remain");
        }
    }

    /// <summary>The next byte.</summary>
    internal byte ReadByte() => Take(1)[0];

    /// <summary>The next 16-bit number.</summary>
    internal ushort ReadUInt16()
    {
        var bytes = Take(2);
        return BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    /// <summary>The next 32-bit number.</summary>
    internal uint ReadUInt32()
    {
        var bytes = Take(4);
        return BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>The next 64-bit number.</summary>
    internal ulong ReadUInt64()
    {
        var bytes = Take(8);
        return BigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>A number of seven bits a byte, lowest first: protobuf's and Thrift's.</summary>
    /// <exception cref="MalformedDataException">It has more than 64 bits.</exception>
    internal ulong ReadVarint()
    {
        var value = 0ul;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var b = ReadByte();
            if (shift == 63 && b > 1)
            {
                break;
            }
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
        throw Malformed("a number has more than 64 bits");
    }

    /// <summary>The next bytes, copied.</summary>
    /// <exception cref="MalformedDataException">There are more than <paramref name="maximum"/>, or fewer remain.</exception>
    internal byte[] ReadBytes(ulong count, int maximum)
    {
        CheckRemaining(count);
        if (count > (ulong)maximum)
        {
            throw Malformed($"{count} bytes; at most {maximum} are accepted");
        }
        var bytes = new byte[(int)count];
        for (var done = 0; done < bytes.Length; )
        {
            var chunk = Chunk(bytes.Length - done);
            chunk.CopyTo(bytes.AsSpan(done));
            done += chunk.Length;
        }
        return bytes;
    }

    /// <summary>Text of <paramref name="count"/> bytes of UTF-8, of which only as much is kept as an SBOM repeats.</summary>
    internal string ReadText(ulong count)
    {
        CheckRemaining(count);
        // One byte more than can be kept, times the most bytes a UTF-16 unit takes, so that a cut is seen.
        var kept = ReadBytes(Math.Min(count, 3 * (Limits.SbomTextLength + 1)), 3 * (Limits.SbomTextLength + 1));
        Skip(count - (ulong)kept.Length);
        return FileText.Clean(FileText.Decode(kept))!;
    }

    /// <summary>The next bytes that are at hand, at least one and at most <paramref name="maximum"/>; none at the end of the file.</summary>
    internal ReadOnlySpan<byte> Chunk(long maximum = long.MaxValue)
    {
        if (_next == _filled && !Fill())
        {
            return [];
        }
        var count = (int)Math.Min(maximum, _filled - _next);
        _next += count;
        return _buffer.AsSpan(_next - count, count);
    }

    /// <summary>The bytes from <see cref="Position"/> on, without passing over them; fewer near the end.</summary>
    /// <param name="count">How many, at most a few kilobytes.</param>
    internal ReadOnlySpan<byte> Peek(int count)
    {
        Gather(count);
        return _buffer.AsSpan(_next, Math.Min(count, _filled - _next));
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (!Gather(count))
        {
            throw Malformed($"{count} bytes are expected, and {Remaining} remain");
        }
        _next += count;
        return _buffer.AsSpan(_next - count, count);
    }

    private bool Gather(int count)
    {
        if (_filled - _next >= count)
        {
            return true;
        }
        _buffer.AsSpan(_next, _filled - _next).CopyTo(_buffer);
        _start += _next;
        _filled -= _next;
        _next = 0;
        while (_filled < Math.Min(count, _buffer.Length) && ReadMore()) { }
        return _filled >= count;
    }

    private bool Fill()
    {
        _start += _next;
        _filled = _next = 0;
        return ReadMore();
    }

    private bool ReadMore()
    {
        cancellation.ThrowIfCancellationRequested();
        var from = _start + _filled;
        if (from >= Length)
        {
            return false;
        }
        if (stream.Position != from)
        {
            stream.Position = from;
        }
        // A file that grows while it is read keeps the length it had.
        var room = (int)Math.Min(_buffer.Length - _filled, Length - from);
        var read = stream.Read(_buffer, _filled, room);
        if (read == 0)
        {
            throw new IOException("the file became shorter while it was read; try again when nothing writes to it");
        }
        _filled += read;
        return true;
    }
}
