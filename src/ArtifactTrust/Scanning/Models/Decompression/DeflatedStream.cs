using System.Buffers.Binary;
using System.IO.Compression;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes gzip members, one after the other, or one piece of zlib data, and compares their checksums.</summary>
/// <remarks>
/// Spec: RFC 1950, RFC 1952. The decompressor does not say how far it read, only that it is done. So the checksum is searched for in the last piece it was
/// given: where it is, there the member ends. What came out before a checksum fails has been read by then, as by other readers.
/// </remarks>
internal sealed class DeflatedStream : ReadOnlyStream
{
    private readonly Feed _feed;
    private readonly bool _isGzip;
    private readonly ReflectedCrc _crc = ReflectedCrc.Crc32();
    private uint _adler;
    private ulong _size;
    private DeflateStream? _inflater;
    private bool _sawMember;

    private DeflatedStream(Stream inner, bool isGzip) => (_feed, _isGzip) = (new Feed(inner), isGzip);

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Decodes members of gzip.</summary>
    internal static DeflatedStream Gzip(Stream inner) => new(inner, true);

    /// <summary>Decodes zlib data.</summary>
    internal static DeflatedStream Zlib(Stream inner) => new(inner, false);

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }
        while (_inflater is not null || (_isGzip ? BeginMember() : BeginZlib()))
        {
            var read = _inflater!.Read(buffer);
            if (read > 0)
            {
                Count(buffer[..read]);
                return read;
            }
            End();
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        _inflater?.Dispose();
        base.Dispose(disposing);
    }

    private void Count(ReadOnlySpan<byte> bytes)
    {
        _size += (ulong)bytes.Length;
        if (_isGzip)
        {
            _crc.Append(bytes);
        }
        else
        {
            _adler = Adler32(_adler, bytes);
        }
    }

    private void End()
    {
        _inflater!.Dispose();
        _inflater = null;
        Span<byte> trailer = stackalloc byte[8];
        if (_isGzip)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(trailer, (uint)_crc.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)_size);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(trailer, _adler);
            trailer = trailer[..4];
        }
        if (!_feed.SkipTo(trailer))
        {
            throw new ChecksumException("it is cut short, or the checksum or the size of what comes out does not match");
        }
    }

    /// <summary>RFC 1950 §2.2.</summary>
    private bool BeginZlib()
    {
        if (_sawMember)
        {
            return _feed.Next() < 0 ? false : throw new InvalidDataException("bytes behind the end");
        }
        var (method, flags) = (Required(), Required());
        if ((method & 15) != 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 != 0 || (flags & 0x20) != 0)
        {
            throw new InvalidDataException("no zlib data, or with a dictionary");
        }
        _adler = 1;
        Begin();
        return true;
    }

    /// <summary>RFC 1952 §2.3.</summary>
    /// <returns>Whether there is one more member.</returns>
    private bool BeginMember()
    {
        const int headerChecksum = 2;
        const int extra = 4;
        const int name = 8;
        const int comment = 16;
        const int reserved = 0xe0;
        int first;
        do
        {
            first = _feed.Next();
        } while (first == 0 && _sawMember);
        if (first < 0 && _sawMember)
        {
            return false;
        }
        _crc.Reset();
        _crc.Append([(byte)Math.Max(0, first)]);
        if (first != 0x1f || Header() != 0x8b || Header() != 8)
        {
            throw new InvalidDataException("no member of gzip");
        }
        var flags = Header();
        if ((flags & reserved) != 0)
        {
            throw new InvalidDataException("a member with flags that are not known");
        }
        SkipHeader(6);
        if ((flags & extra) != 0)
        {
            SkipHeader(Header() | (Header() << 8));
        }
        for (var texts = ((flags & name) != 0 ? 1 : 0) + ((flags & comment) != 0 ? 1 : 0); texts > 0; texts--)
        {
            while (Header() != 0) { }
        }
        if ((flags & headerChecksum) != 0)
        {
            var computed = _crc.Value & 0xffff;
            ChecksumException.Require((ulong)(Required() | (Required() << 8)), computed, "a header");
        }
        Begin();
        return true;
    }

    private byte Header()
    {
        var value = Required();
        _crc.Append([value]);
        return value;
    }

    private void SkipHeader(int count)
    {
        for (; count > 0; count--)
        {
            Header();
        }
    }

    private void Begin()
    {
        _crc.Reset();
        (_size, _sawMember) = (0, true);
        _inflater = new DeflateStream(_feed, CompressionMode.Decompress, leaveOpen: true);
    }

    private byte Required() => _feed.Next() is var value and >= 0 ? (byte)value : throw new InvalidDataException("the data ends inside");

    /// <summary>RFC 1950 §8.2: two sums, modulo 65521.</summary>
    private static uint Adler32(uint adler, ReadOnlySpan<byte> bytes)
    {
        // As many as the sums have room for.
        const int most = 5552;
        const uint modulus = 65_521;
        var (low, high) = (adler & 0xffff, adler >> 16);
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(most, bytes.Length)];
            foreach (var b in part)
            {
                low += b;
                high += low;
            }
            low %= modulus;
            high %= modulus;
            bytes = bytes[part.Length..];
        }
        return (high << 16) | low;
    }

    /// <summary>The compressed bytes, with the last piece that was given still at hand.</summary>
    private sealed class Feed(Stream inner) : ReadOnlyStream
    {
        private const int Piece = 8 << 10;
        private const int Trailer = 8;

        private readonly byte[] _buffer = new byte[Piece + Trailer];
        private int _given;
        private int _start;
        private int _end;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            if (_start == _end && !Fill())
            {
                return 0;
            }
            var count = Math.Min(buffer.Length, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(buffer);
            (_given, _start) = (_start, _start + count);
            return count;
        }

        internal int Next() => _start < _end || Fill() ? _buffer[_start++] : -1;

        /// <summary>Goes on behind a trailer that begins in the piece given last, or right after it.</summary>
        /// <returns>Whether there is one.</returns>
        internal bool SkipTo(ReadOnlySpan<byte> trailer)
        {
            _buffer.AsSpan(_given, _end - _given).CopyTo(_buffer);
            (_given, _start, _end) = (0, _start - _given, _end - _given);
            for (
                int read;
                _end < _start + trailer.Length && (read = inner.Read(_buffer.AsSpan(_end, _start + trailer.Length - _end))) > 0;

            )
            {
                _end += read;
            }
            var at = _buffer.AsSpan(0, Math.Min(_end, _start + trailer.Length)).IndexOf(trailer);
            _start = at + trailer.Length;
            return at >= 0;
        }

        private bool Fill()
        {
            var read = inner.Read(_buffer.AsSpan(0, Piece));
            (_given, _start, _end) = read > 0 ? (0, 0, read) : (_given, _start, _end);
            return read > 0;
        }
    }
}
