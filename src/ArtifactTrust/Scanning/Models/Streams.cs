using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Models;

/// <summary>What may still be decompressed while one outer file is examined.</summary>
internal sealed class InflationBudget
{
    internal long Left { get; set; } = Limits.InflatedBytes;
}

/// <summary>A part of a seekable stream. The stream is shared: only one part is read at a time.</summary>
internal sealed class RangeStream(Stream inner, long offset, long length) : ReadOnlyStream
{
    private long _position;

    public override bool CanSeek => true;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Clamp(length - _position, 0, buffer.Length);
        if (wanted == 0)
        {
            return 0;
        }
        inner.Position = offset + _position;
        var read = inner.Read(buffer[..wanted]);
        _position += read;
        return read;
    }
}

/// <summary>A stream that can seek, and the CRC-32 of what was read of it from its start on without a hole.</summary>
internal sealed class CheckedStream(Stream inner) : ReadOnlyStream
{
    private readonly ReflectedCrc _crc = ReflectedCrc.Crc32();
    private long _checked;

    /// <summary>The check of all of it; null where not all was read.</summary>
    internal uint? Crc => _checked == Length ? (uint)_crc.Value : null;

    public override bool CanSeek => true;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        var at = inner.Position;
        var read = inner.Read(buffer);
        if (at <= _checked && at + read > _checked)
        {
            _crc.Append(buffer[(int)(_checked - at)..read]);
            _checked = at + read;
        }
        return read;
    }

    /// <summary>Reads what was not read.</summary>
    internal void ReadToEnd()
    {
        var buffer = new byte[64 << 10];
        Position = _checked;
        while (Read(buffer) > 0) { }
    }
}

/// <summary>The next bytes of a stream that is read forward.</summary>
internal sealed class PartStream(Stream inner, long length) : ReadOnlyStream
{
    private long _read;

    public override bool CanSeek => false;

    public override long Length => length;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, length - _read)]);
        _read += read;
        return read;
    }
}

/// <summary>Decompressed bytes, counted against a budget; damage ends them instead of raising.</summary>
/// <param name="inner">The decompressor.</param>
/// <param name="budget">What may still come out.</param>
/// <param name="crc">Takes what comes out; null where no checksum is known.</param>
internal sealed class InflatedStream(Stream inner, InflationBudget budget, ReflectedCrc? crc = null) : ReadOnlyStream
{
    private byte[] _head = [];
    private int _headUsed;

    /// <summary>Why the bytes ended early; null where they did not.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Whether the last byte came out.</summary>
    internal bool Ended { get; private set; }

    /// <summary>How many bytes came out so far.</summary>
    internal long Inflated { get; private set; }

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The first bytes, which will be read again.</summary>
    internal ReadOnlySpan<byte> Peek(int count)
    {
        var head = new byte[count];
        var read = this.ReadAtLeast(head, count, throwOnEndOfStream: false);
        Unread(head.AsSpan(0, read));
        return _head.AsSpan(0, read);
    }

    public override int Read(Span<byte> buffer)
    {
        if (_headUsed == _head.Length)
        {
            return ReadInner(buffer);
        }
        var count = Math.Min(buffer.Length, _head.Length - _headUsed);
        _head.AsSpan(_headUsed, count).CopyTo(buffer);
        _headUsed += count;
        return count;
    }

    /// <summary>Puts bytes back, to be read again.</summary>
    internal void Unread(ReadOnlySpan<byte> bytes) => (_head, _headUsed) = ([.. bytes, .. _head.AsSpan(_headUsed)], 0);

    /// <summary>Reads the rest, to see that it is whole.</summary>
    internal void ReadToEnd()
    {
        var buffer = new byte[64 << 10];
        while (Read(buffer) > 0) { }
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }

    private int ReadInner(Span<byte> buffer)
    {
        if (Problem is not null || buffer.IsEmpty)
        {
            return 0;
        }
        if (budget.Left <= 0)
        {
            Problem = $"it decompresses to more than {Limits.InflatedBytes} bytes";
            return 0;
        }
        try
        {
            var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, budget.Left)]);
            crc?.Append(buffer[..read]);
            budget.Left -= read;
            Inflated += read;
            Ended |= read == 0;
            return read;
        }
        catch (ChecksumException mismatch)
        {
            Problem = mismatch.Message;
            return 0;
        }
        catch (InvalidDataException)
        {
            Problem = "its compressed data is damaged";
            return 0;
        }
        catch (MalformedDataException e)
        {
            Problem = $"its compressed data is damaged, or beyond a limit ({e.Location}: {e.Reason})";
            return 0;
        }
    }
}

/// <summary>One stream after another, read forward.</summary>
internal sealed class JoinedStream(Stream first, Stream second) : ReadOnlyStream
{
    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer) => first.Read(buffer) is var read and > 0 ? read : second.Read(buffer);
}

/// <summary>What read-only streams have in common.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => false;

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
