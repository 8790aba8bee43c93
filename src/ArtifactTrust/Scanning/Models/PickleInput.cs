namespace ArtifactTrust.Scanning.Models;

/// <summary>Bytes read forward through one buffer; where the stream can seek, also back.</summary>
internal sealed class PickleInput
{
    /// <summary>The buffer, and so the longest piece that <see cref="Ensure"/> can give at once.</summary>
    internal const int BufferBytes = 256 << 10;

    private readonly Stream _stream;
    private readonly byte[] _buffer;
    private int _start;
    private int _end;
    private bool _ended;
    private readonly bool _isFork;

    /// <param name="stream">Read from where it stands; that is position zero here.</param>
    /// <param name="length">The number of bytes; null where it is not known before the end.</param>
    internal PickleInput(Stream stream, long? length)
    {
        _stream = stream;
        // A small member of an archive needs no more than its size.
        _buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(BufferBytes, length ?? BufferBytes));
        Length = length;
        Base = stream.CanSeek ? stream.Position : 0;
    }

    private PickleInput(PickleInput of)
    {
        (_stream, _buffer, _start, _end, _isFork) = (Stream.Null, of._buffer, of._start, of._end, true);
        Length = _end - _start;
    }

    /// <summary>The number of bytes there are, where it is known.</summary>
    internal long? Length { get; }

    /// <summary>The position of the next byte.</summary>
    internal long Position { get; private set; }

    /// <summary>How many bytes were read from the stream, those read again counted again.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>Whether earlier bytes can be read again.</summary>
    internal bool CanSeek => !_isFork && _stream.CanSeek;

    /// <summary>How many opcodes were followed where others see none.</summary>
    internal long Speculated { get; set; }

    /// <summary>
    /// The nearest position to which opcodes among the bytes of an array lead that was too far ahead to be followed. If the input ends before, an unpickler
    /// that takes them for opcodes raises.
    /// </summary>
    internal long Unfollowed { get; set; } = long.MaxValue;

    /// <summary>The position up to which an argument goes that this fork does not have.</summary>
    internal long Wanted { get; private set; }

    /// <summary>How many bytes are left; the largest number where that is not known.</summary>
    internal long Remaining => Length is { } length ? length - Position : long.MaxValue;

    /// <summary>The bytes that are in the buffer from <see cref="Position"/> on.</summary>
    internal ReadOnlySpan<byte> Available => _buffer.AsSpan(_start, _end - _start);

    private long Base { get; }

    /// <summary>Brings at least that many bytes into the buffer.</summary>
    /// <returns>False where the input ends before.</returns>
    internal bool Ensure(int count) => _end - _start >= count || Fill(count);

    /// <summary>The bytes that are in the buffer, from their start. This input must not be read meanwhile.</summary>
    internal PickleInput Fork() => new(this);

    /// <summary>Whether that many bytes may follow.</summary>
    internal bool MayHave(long count)
    {
        if (count <= Remaining)
        {
            return true;
        }
        Wanted = count > long.MaxValue / 2 ? long.MaxValue / 2 : Position + count;
        return false;
    }

    /// <summary>Moves over bytes that are in the buffer.</summary>
    internal void Advance(int count)
    {
        _start += count;
        Position += count;
    }

    /// <summary>Reads one byte, or -1 at the end.</summary>
    internal int ReadByte()
    {
        if (_start == _end && !Fill(1))
        {
            return -1;
        }
        Position++;
        return _buffer[_start++];
    }

    /// <summary>Moves over any number of bytes.</summary>
    /// <returns>False where the input ends before; the position is then its end.</returns>
    internal bool Skip(long count)
    {
        var inBuffer = (int)Math.Min(count, _end - _start);
        Advance(inBuffer);
        count -= inBuffer;
        if (count == 0)
        {
            return true;
        }
        if (CanSeek && Length is { } length)
        {
            var step = Math.Min(count, length - Position);
            Position += step;
            _stream.Position = Base + Position;
            (_start, _end, _ended) = (0, 0, false);
            return step == count;
        }
        while (count > 0 && Fill(1))
        {
            var step = (int)Math.Min(count, _end - _start);
            Advance(step);
            count -= step;
        }
        return count == 0;
    }

    /// <summary>Goes back to an earlier position.</summary>
    /// <returns>False where its bytes are gone.</returns>
    internal bool Rewind(long position)
    {
        var back = Position - position;
        if (back <= _start)
        {
            _start -= (int)back;
            Position = position;
            return true;
        }
        if (!CanSeek)
        {
            return false;
        }
        Position = position;
        _stream.Position = Base + position;
        (_start, _end, _ended) = (0, 0, false);
        return true;
    }

    /// <summary>Reads earlier bytes without moving. Only where <see cref="CanSeek"/>.</summary>
    internal void ReadAt(long position, Span<byte> destination)
    {
        var first = Position - _start;
        if (position >= first && position + destination.Length <= first + _end)
        {
            _buffer.AsSpan((int)(position - first), destination.Length).CopyTo(destination);
            return;
        }
        var here = _stream.Position;
        _stream.Position = Base + position;
        _stream.ReadExactly(destination);
        _stream.Position = here;
    }

    private bool Fill(int count)
    {
        if (_isFork)
        {
            return false;
        }
        if (_buffer.Length - _start < count)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        else if (_start == _end)
        {
            (_start, _end) = (0, 0);
        }
        while (_end - _start < count && !_ended)
        {
            var room = _buffer.AsSpan(_end);
            if (Length is { } length)
            {
                // A stored member ends where the archive says, not where the file does.
                room = room[..(int)Math.Min(room.Length, length - Position - (_end - _start))];
            }
            var read = room.IsEmpty ? 0 : _stream.Read(room);
            _ended = read == 0;
            _end += read;
            BytesRead += read;
        }
        return _end - _start >= count;
    }
}
