namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>
/// Bytes that are decoded piece by piece. Damaged data raises <see cref="InvalidDataException"/>, and a checksum that does not match
/// <see cref="ChecksumException"/>.
/// </summary>
internal abstract class DecodedStream(Stream inner) : ReadOnlyStream
{
    private readonly byte[] _input = new byte[64 << 10];
    private int _inputStart;
    private int _inputEnd;
    private int _read;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The decoded bytes that are ready; <see cref="Ready"/> of them.</summary>
    protected byte[] Output { get; set; } = [];

    /// <summary>Where the ready bytes end in <see cref="Output"/>.</summary>
    protected int Ready { get; set; }

    /// <summary>Where reading starts in <see cref="Output"/> after the next <see cref="Decode"/>.</summary>
    protected int First { get; set; }

    public override int Read(Span<byte> buffer)
    {
        while (_read == Ready && !buffer.IsEmpty)
        {
            (Ready, First) = (0, 0);
            if (!Decode())
            {
                _read = Ready;
                return 0;
            }
            _read = First;
        }
        var count = Math.Min(buffer.Length, Ready - _read);
        Output.AsSpan(_read, count).CopyTo(buffer);
        _read += count;
        return count;
    }

    /// <summary>Decodes some more bytes into <see cref="Output"/>.</summary>
    /// <returns>False at the end.</returns>
    protected abstract bool Decode();

    /// <summary>Reads one byte of the data, or -1 at its end.</summary>
    protected int NextOrEnd()
    {
        if (_inputStart == _inputEnd)
        {
            (_inputStart, _inputEnd) = (0, inner.Read(_input));
            if (_inputEnd == 0)
            {
                return -1;
            }
        }
        return _input[_inputStart++];
    }

    /// <summary>Reads one byte of the data.</summary>
    protected byte Next() => NextOrEnd() is var value and >= 0 ? (byte)value : throw new InvalidDataException("the data ends inside");

    /// <summary>Reads a number of that many bytes, the least significant first.</summary>
    protected ulong NextNumber(int bytes)
    {
        var value = 0UL;
        for (var i = 0; i < bytes; i++)
        {
            value |= (ulong)Next() << (8 * i);
        }
        return value;
    }

    /// <summary>Reads bytes of the data.</summary>
    protected void NextBytes(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_inputStart == _inputEnd)
            {
                bytes[0] = Next();
                bytes = bytes[1..];
                continue;
            }
            var count = Math.Min(bytes.Length, _inputEnd - _inputStart);
            _input.AsSpan(_inputStart, count).CopyTo(bytes);
            _inputStart += count;
            bytes = bytes[count..];
        }
    }
}
