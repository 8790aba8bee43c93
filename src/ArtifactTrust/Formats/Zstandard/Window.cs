using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>The last bytes that came out of a frame, which matches copy from: a ring in which no block is broken in two.</summary>
/// <remarks>
/// Spec: RFC 8878 §3.1.1.1.2. It grows with what comes out, to the window and one block: a frame that claims a large window takes no memory for it before it fills one that every
/// decoder has to support.
/// </remarks>
internal sealed class Window
{
    /// <summary>How many literals are copied at least: as many bytes must be readable from where they start.</summary>
    internal const int Step = 16;

    // Copies of whole steps may write so far beyond their end.
    private const int Slack = 2 * Step;

    private byte[] _bytes = [];
    private int _size;
    private int _position;
    private int _blockStart;
    private int _blockEnd;

    // Where the bytes of the last lap end; zero in the first.
    private int _lastLap;

    /// <summary>What came out of the block at hand.</summary>
    internal ReadOnlySpan<byte> Block => _bytes.AsSpan(_blockStart, _position - _blockStart);

    /// <summary>Begins a frame.</summary>
    /// <param name="size">How far matches reach back, in bytes.</param>
    internal void Begin(int size) => (_size, _position, _lastLap, _blockStart, _blockEnd) = (size, 0, 0, 0, 0);

    /// <summary>Begins a block.</summary>
    /// <param name="largest">The most bytes that come out of it.</param>
    internal void BeginBlock(int largest)
    {
        if (_position > _size + Slack)
        {
            (_lastLap, _position) = (_position, 0);
        }
        var needed = _position + largest + Slack;
        if (needed > _bytes.Length)
        {
            Grow(needed);
        }
        (_blockStart, _blockEnd) = (_position, _position + largest);
    }

    /// <summary>Adds one byte many times.</summary>
    internal void Fill(byte value, int count)
    {
        Reserve(count);
        _bytes.AsSpan(_position, count).Fill(value);
        _position += count;
    }

    /// <summary>Adds bytes.</summary>
    internal void Copy(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_position));
        _position += bytes.Length;
    }

    /// <summary>Adds literals.</summary>
    /// <param name="literals">Where they are, with <see cref="Step"/> bytes or more.</param>
    /// <param name="count">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CopyLiterals(ReadOnlySpan<byte> literals, int count)
    {
        if (count > Step)
        {
            Copy(literals[..count]);
            return;
        }
        Reserve(count);
        Vector128.Create(literals).CopyTo(_bytes.AsSpan(_position));
        _position += count;
    }

    /// <summary>Adds bytes that came out before.</summary>
    /// <param name="offset">How far back they start.</param>
    /// <param name="count">How many; more than the offset repeats them.</param>
    /// <exception cref="InvalidDataException">They start before the window, or are more than the block may have.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void CopyMatch(int offset, int count)
    {
        Reserve(count);
        if ((uint)(offset - 1) >= (uint)(_lastLap > 0 ? _size : Math.Min(_position, _size)))
        {
            ThrowBeforeWindow();
        }
        var from = _position - offset;
        if (from < 0 || offset < Step)
        {
            CopySlowly(offset, count);
            return;
        }
        // Step by step: even where both overlap, what a step reads was written before it.
        for (var done = 0; done < count; done += Step)
        {
            Vector128.Create(_bytes.AsSpan(from + done)).CopyTo(_bytes.AsSpan(_position + done));
        }
        _position += count;
    }

    /// <summary>Doubles, and then takes all at once: what was outgrown is not collected at once, and would be as much again.</summary>
    private void Grow(int needed)
    {
        var most = _size + FrameHeader.LargestBlock + (2 * Slack);
        var length = needed > Limits.ZstandardWindowBytes ? most : Math.Min(2 * needed, most);
        var bytes = GC.AllocateUninitializedArray<byte>(Math.Max(needed, length));
        _bytes.CopyTo(bytes, 0);
        _bytes = bytes;
    }

    private void CopySlowly(int offset, int count)
    {
        var from = _position - offset;
        if (from < 0)
        {
            // It starts at the end of the last lap, and may go on at the beginning of this one.
            var before = Math.Min(-from, count);
            _bytes.AsSpan(_lastLap + from, before).CopyTo(_bytes.AsSpan(_position));
            _position += before;
            count -= before;
            from = 0;
        }
        // What was copied is a period of what follows, so that each copy can be longer than the last.
        for (int length, period = offset; count > 0; period += length)
        {
            length = Math.Min(count, period);
            _bytes.AsSpan(from, length).CopyTo(_bytes.AsSpan(_position));
            _position += length;
            count -= length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int count)
    {
        if ((uint)count > (uint)(_blockEnd - _position))
        {
            ThrowTooMany();
        }
    }

    private static void ThrowBeforeWindow() => throw new InvalidDataException("a match from before the window");

    private static void ThrowTooMany() => throw new InvalidDataException("a block of more bytes than it may have");
}
