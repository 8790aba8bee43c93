namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Undoes a filter, which changes bytes and moves none.</summary>
/// <param name="inner">The filtered bytes.</param>
/// <param name="undo">
/// Undoes it in a piece of which the first byte has that place, and tells of how many bytes: all but some at the end, at most fifteen, that need the next
/// piece. Where there is none, they stay as they are.
/// </param>
internal sealed class FilterStream(Stream inner, Func<Span<byte>, uint, int> undo) : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _done;
    private int _end;
    private uint _position;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (_start == _done && !buffer.IsEmpty && Fill()) { }
        var count = Math.Min(buffer.Length, _done - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        _buffer.AsSpan(_done.._end).CopyTo(_buffer);
        (_start, _done, _end) = (0, 0, _end - _done);
        var read = inner.Read(_buffer.AsSpan(_end));
        _end += read;
        _done = read > 0 ? undo(_buffer.AsSpan(0, _end), _position) : _end;
        _position += (uint)_done;
        return _end > 0 && (read > 0 || _done > 0);
    }
}
