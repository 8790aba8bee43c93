using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>The literals of a block.</summary>
/// <remarks>Spec: RFC 8878 §3.1.1.3.1.</remarks>
internal sealed class Literals
{
    private const int LongestHeader = 5;

    private readonly HuffmanTable _table = new();
    private byte[] _bytes = [];
    private int _taken;
    private int _count;

    /// <summary>Those that no sequence took.</summary>
    internal ReadOnlySpan<byte> Rest => _bytes.AsSpan(_taken, _count - _taken);

    /// <summary>Begins a frame.</summary>
    /// <param name="blockBytes">The most bytes that come out of a block.</param>
    internal void BeginFrame(int blockBytes)
    {
        _table.Forget();
        if (_bytes.Length < blockBytes + Window.Step)
        {
            _bytes = new byte[blockBytes + Window.Step];
        }
    }

    /// <summary>Takes literals.</summary>
    /// <returns>They, and at least <see cref="Window.Step"/> bytes.</returns>
    /// <exception cref="InvalidDataException">There are not so many.</exception>
    internal ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)(_count - _taken))
        {
            throw new InvalidDataException("a sequence of more literals than there are");
        }
        var from = _taken;
        _taken += count;
        return _bytes.AsSpan(from);
    }

    /// <summary>Decodes the literals.</summary>
    /// <param name="padded">Bytes with the block in them, to their end.</param>
    /// <param name="start">Where the block starts.</param>
    /// <param name="largest">The most bytes that may come out of the block.</param>
    /// <returns>Where they end.</returns>
    /// <exception cref="InvalidDataException">They are damaged.</exception>
    internal int Read(ReadOnlySpan<byte> padded, int start, int largest)
    {
        _taken = 0;
        if (start == padded.Length)
        {
            throw CutShort();
        }
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        padded[start..Math.Min(padded.Length, start + LongestHeader)].CopyTo(bytes);
        var header = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var (kind, format) = ((int)header & 3, (int)(header >> 2) & 3);
        // How many bytes the header has, where the size starts in it, and how many bits it has.
        var (length, at, size) = (kind < 2, format) switch
        {
            (true, 0 or 2) => (1, 3, 5),
            (true, 1) => (2, 4, 12),
            (true, _) => (3, 4, 20),
            (false, 0 or 1) => (3, 4, 10),
            (false, 2) => (4, 4, 14),
            _ => (5, 4, 18),
        };
        _count = (int)(header >> at) & ((1 << size) - 1);
        if (_count > largest)
        {
            throw new InvalidDataException("more literals than the block may have");
        }
        start += length;
        var coded = kind switch
        {
            0 => _count,
            1 => 1,
            _ => (int)(header >> (at + size)) & ((1 << size) - 1),
        };
        if (coded > padded.Length - start)
        {
            throw CutShort();
        }
        var end = start + coded;
        switch (kind)
        {
            case 0:
                padded[start..end].CopyTo(_bytes);
                break;
            case 1:
                _bytes.AsSpan(0, _count).Fill(padded[start]);
                break;
            case 2:
                _table.Decode(padded, _table.Read(padded, start, end), end, format != 0, _bytes.AsSpan(0, _count));
                break;
            default:
                if (!_table.IsKnown)
                {
                    throw new InvalidDataException("a Huffman table that is to be used again, and there was none");
                }
                _table.Decode(padded, start, end, format != 0, _bytes.AsSpan(0, _count));
                break;
        }
        return end;
    }

    private static InvalidDataException CutShort() => new("literals that are cut short");
}
