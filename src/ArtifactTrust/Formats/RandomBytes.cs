using System.Buffers.Binary;

namespace ArtifactTrust.Formats;

/// <summary>Bytes read at any place, in small pieces, for formats that point back and forth.</summary>
/// <param name="stream">The bytes; it can seek.</param>
/// <param name="format">The format's name, for errors.</param>
/// <param name="allowed">How many bytes may be read, those read again counted again: parts that point to the same bytes make much of a small file.</param>
internal sealed class RandomBytes(Stream stream, string format, long allowed = long.MaxValue)
{
    private const int PageBytes = 64 << 10;

    // What a reading costs at least, and what a page costs that has to be read for it.
    private const int LeastCost = 64;
    private const int PageCost = 8 << 10;

    private readonly byte[] _page = new byte[(int)Math.Min(PageBytes, stream.Length)];
    private long _pageStart = -1;
    private int _pageLength;
    private long _left = allowed;

    /// <summary>The number of bytes.</summary>
    internal long Length { get; } = stream.Length;

    /// <summary>Reads bytes.</summary>
    /// <exception cref="MalformedDataException">They are not in the file.</exception>
    internal byte[] Read(long position, int count)
    {
        if (position < 0 || count < 0 || position > Length - count)
        {
            throw new MalformedDataException(format, $"byte {position}", $"{count} bytes are expected, beyond the end");
        }
        _left -= Math.Max(count, LeastCost);
        if (_left < 0)
        {
            throw new MalformedDataException(format, $"byte {position}", "the file refers to the same bytes too often");
        }
        var bytes = new byte[count];
        if (count > PageBytes)
        {
            stream.Position = position;
            stream.ReadExactly(bytes);
            return bytes;
        }
        if (_pageStart < 0 || position < _pageStart || position + count > _pageStart + _pageLength)
        {
            _left -= PageCost;
            stream.Position = position;
            _pageStart = position;
            _pageLength = stream.ReadAtLeast(
                _page.AsSpan(0, (int)Math.Min(PageBytes, Length - position)),
                count,
                throwOnEndOfStream: false
            );
            if (_pageLength < count)
            {
                throw new MalformedDataException(format, $"byte {position}", "the file got shorter");
            }
        }
        _page.AsSpan((int)(position - _pageStart), count).CopyTo(bytes);
        return bytes;
    }

    /// <summary>Reads a number of one to eight bytes, the least significant first.</summary>
    internal ulong Number(long position, int size)
    {
        var bytes = new byte[8];
        Read(position, size).CopyTo(bytes, 0);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>The exception for what is not as the format says.</summary>
    internal MalformedDataException Malformed(long position, string reason) => new(format, $"byte {position}", reason);
}
