namespace ArtifactTrust.Formats.Zstandard;

/// <summary>Decompresses Zstandard data while it is read, forward only: frames, one after the other, to the end of the data.</summary>
/// <remarks>
/// Spec: RFC 8878. Frames to be skipped are passed over; frames that need a dictionary, and those of versions before 0.8, are refused. What comes out of a block can be read as soon as the
/// block is there. Memory is bounded by the window and some constants, and grows with what comes out, whatever a frame claims. That the data was damaged may become known only at
/// its end: what was read is to be trusted when nothing more comes.
/// </remarks>
public sealed class ZstandardStream : Stream
{
    private const int InputBytes = 64 << 10;

    private readonly Stream _inner;
    private readonly bool _leaveOpen;
    private readonly FrameDecoder _decoder;
    private byte[] _input = new byte[InputBytes];
    private int _start;
    private int _end;

    /// <summary>Begins to read.</summary>
    /// <param name="inner">The compressed data.</param>
    /// <param name="maximumWindow">The largest window that is accepted, in bytes.</param>
    /// <param name="comparesChecksums">Whether the checksums of frames are compared; not where all that can be decoded is to be seen.</param>
    /// <param name="leaveOpen">Whether <paramref name="inner"/> stays open when this is closed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window is negative, or larger than <see cref="Limits.ZstandardLargestWindowBytes"/>.</exception>
    public ZstandardStream(
        Stream inner,
        int maximumWindow = Limits.ZstandardWindowBytes,
        bool comparesChecksums = true,
        bool leaveOpen = false
    )
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfNegative(maximumWindow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumWindow, Limits.ZstandardLargestWindowBytes);
        _inner = inner;
        _leaveOpen = leaveOpen;
        _decoder = new FrameDecoder(maximumWindow, comparesChecksums);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether bytes begin as Zstandard data does.</summary>
    /// <param name="head">The first four bytes, or more.</param>
    public static bool IsMagic(ReadOnlySpan<byte> head) =>
        head is [0x28, 0xb5, 0x2f, 0xfd, ..] or [>= 0x50 and <= 0x5f, 0x2a, 0x4d, 0x18, ..];

    /// <inheritdoc/>
    /// <exception cref="MalformedDataException">The data is damaged, cut short, or beyond a limit.</exception>
    public override int Read(Span<byte> buffer)
    {
        var count = 0;
        while (!buffer.IsEmpty && (count = _decoder.Take(buffer)) == 0)
        {
            while (_end - _start < _decoder.Wanted)
            {
                if (!Accept(_inner.Read(Room().Span)))
                {
                    return 0;
                }
            }
            Decode();
        }
        return count;
    }

    /// <inheritdoc/>
    /// <exception cref="MalformedDataException">The data is damaged, cut short, or beyond a limit.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = 0;
        while (!buffer.IsEmpty && (count = _decoder.Take(buffer.Span)) == 0)
        {
            while (_end - _start < _decoder.Wanted)
            {
                if (!Accept(await _inner.ReadAsync(Room(), cancellationToken).ConfigureAwait(false)))
                {
                    return 0;
                }
            }
            Decode();
        }
        return count;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!_leaveOpen)
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
        }
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_leaveOpen)
        {
            _inner.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Where the next bytes of the data go.</summary>
    private Memory<byte> Room()
    {
        if (_start > 0)
        {
            _input.AsSpan(_start.._end).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
        }
        if (_input.Length < _decoder.Wanted)
        {
            // And more than the piece, so that the next is read with it.
            Array.Resize(ref _input, InputBytes + FrameDecoder.LongestPiece);
        }
        return _input.AsMemory(_end);
    }

    /// <summary>Notes bytes that were read, and tells whether there is more to come.</summary>
    private bool Accept(int read)
    {
        _end += read;
        return read > 0 || (_decoder.MayEnd && _end == _start ? false : throw _decoder.Ended());
    }

    private void Decode()
    {
        var wanted = _decoder.Wanted;
        _decoder.Decode(_input.AsSpan(_start, wanted));
        _start += wanted;
    }
}
