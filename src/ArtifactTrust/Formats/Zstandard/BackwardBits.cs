using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>Reads bits from the end of a stream to its beginning.</summary>
/// <remarks>
/// Spec: RFC 8878 §4.1, "bitstream". Before the stream there must be <see cref="Padding"/> bytes that may be read; what they are does not matter, since reading more bits than
/// there are is refused at the next <see cref="Refill"/> or by <see cref="End"/>. The bytes are given with every call, so that these fields can live in registers.
/// </remarks>
internal struct BackwardBits
{
    /// <summary>The bytes that must be readable before a stream.</summary>
    internal const int Padding = 8;

    private readonly int _start;
    private ulong _next;

    /// <summary>Begins at the end of a stream, which its highest set bit marks.</summary>
    /// <param name="padded">Bytes with the stream in them.</param>
    /// <param name="start">Where the stream starts, at least <see cref="Padding"/>.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <exception cref="InvalidDataException">It has no mark at its end.</exception>
    internal BackwardBits(ReadOnlySpan<byte> padded, int start, int length)
    {
        if (length <= 0 || padded[start + length - 1] == 0)
        {
            throw new InvalidDataException("a bit stream without the mark of its end");
        }
        _start = start;
        Left = (8 * (length - 1)) + BitOperations.Log2(padded[start + length - 1]);
        Refill(padded);
    }

    /// <summary>The bits that were not read yet; negative where more were read than there are.</summary>
    internal int Left { get; private set; }

    /// <summary>Makes at least 57 bits ready to be read, or all that are left.</summary>
    /// <exception cref="InvalidDataException">More bits were read than there are.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Refill(ReadOnlySpan<byte> padded)
    {
        if (Left < 0)
        {
            ThrowEnded();
        }
        var end = (Left + 7) >> 3;
        _next = BinaryPrimitives.ReadUInt64LittleEndian(padded[(_start + end - sizeof(ulong))..]) << ((8 * end) - Left);
    }

    /// <summary>The next bits, which stay.</summary>
    /// <param name="count">How many, at least one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly int Peek(int count) => (int)(_next >> (64 - count));

    /// <summary>Passes over bits that were looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Skip(int count)
    {
        _next <<= count;
        Left -= count;
    }

    /// <summary>Reads up to 31 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Read(int count)
    {
        // In two steps, since a shift by 64 is one by 0.
        var value = (int)(_next >> 1 >> (63 - count));
        Skip(count);
        return value;
    }

    /// <summary>Makes sure that the stream was read to its beginning, and no further.</summary>
    /// <exception cref="InvalidDataException">It was not.</exception>
    internal readonly void End()
    {
        if (Left != 0)
        {
            throw new InvalidDataException(Left < 0 ? "a bit stream that ends early" : "a bit stream with more than was asked for");
        }
    }

    private static void ThrowEnded() => throw new InvalidDataException("a bit stream that ends early");
}
