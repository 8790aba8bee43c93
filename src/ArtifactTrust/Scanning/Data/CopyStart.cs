namespace ArtifactTrust.Scanning.Data;

/// <summary>A copy that is written, of which the first bytes are kept, by which its format is told.</summary>
/// <param name="inner">Where it is written to; stays open.</param>
internal sealed class CopyStart(Stream inner) : Stream
{
    private readonly byte[] _head = new byte[DataFormats.HeadBytes];
    private int _kept;

    /// <summary>The first bytes.</summary>
    internal ReadOnlySpan<byte> Head => _head.AsSpan(0, _kept);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var kept = buffer[..Math.Min(buffer.Length, _head.Length - _kept)];
        kept.CopyTo(_head.AsSpan(_kept));
        _kept += kept.Length;
        inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
