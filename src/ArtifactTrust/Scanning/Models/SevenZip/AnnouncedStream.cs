using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models.SevenZip;

/// <summary>The next bytes of a stream that is read forward: as many as were announced, with the checksum that was announced.</summary>
/// <param name="inner">The stream.</param>
/// <param name="size">How many, in bytes.</param>
/// <param name="checksum">Their CRC-32; null where none was announced.</param>
/// <param name="what">What they are.</param>
/// <param name="isAll">Whether the stream ends with them.</param>
internal sealed class AnnouncedStream(Stream inner, long size, uint? checksum, string what, bool isAll) : ReadOnlyStream
{
    private readonly ReflectedCrc _crc = ReflectedCrc.Crc32();
    private bool _ended;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>How many are still to come.</summary>
    internal long Left { get; private set; } = size;

    public override int Read(Span<byte> buffer)
    {
        if (Left == 0)
        {
            CheckEnd();
            return 0;
        }
        if (buffer.IsEmpty)
        {
            return 0;
        }
        var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, Left)]);
        if (read == 0)
        {
            throw new InvalidDataException("fewer bytes than announced");
        }
        _crc.Append(buffer[..read]);
        Left -= read;
        return read;
    }

    private void CheckEnd()
    {
        if (_ended)
        {
            return;
        }
        _ended = true;
        if (isAll && inner.Read(new byte[1]) > 0)
        {
            throw new InvalidDataException("more bytes than announced");
        }
        if (checksum is { } expected)
        {
            ChecksumException.Require(expected, _crc.Value, what);
        }
    }
}
