namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes bzip2 streams, one after the other.</summary>
/// <remarks>The format as bzip2 1.0.8 writes it; blocks made random, which version 0.9.5 was the last to write, are refused.</remarks>
internal sealed class Bzip2Stream(Stream inner) : DecodedStream(inner)
{
    private const int GroupSymbols = 50;
    private const int LongestCode = 20;

    private static readonly uint[] CrcTable = MakeCrcTable();

    private readonly Code[] _codes = [new(), new(), new(), new(), new(), new()];
    private readonly byte[] _selectors = new byte[32_768];
    private uint[] _links = [];
    private int _blockBytes;
    private bool _inStream;
    private ulong _bits;
    private int _bitCount;

    // The inner run-length coding goes on over calls of Decode, not over blocks.
    private int _left;
    private uint _next;
    private int _previous;
    private int _run;

    private bool _inBlock;
    private uint _expected;
    private uint _crc;
    private uint _streamCrc;

    protected override bool Decode()
    {
        if (Output.Length == 0)
        {
            Output = new byte[(64 << 10) + 256];
        }
        while (Ready == 0)
        {
            if (_left == 0)
            {
                EndBlock();
                if (!BeginBlock())
                {
                    return false;
                }
            }
            Unfold();
            AddToCrc(Output.AsSpan(0, Ready));
        }
        return true;
    }

    private bool BeginBlock()
    {
        while (true)
        {
            if (!_inStream)
            {
                var first = NextOrEnd();
                if (first < 0)
                {
                    return false;
                }
                if (first != 'B' || Next() != 'Z' || Next() != 'h')
                {
                    throw new InvalidDataException("no bzip2 stream");
                }
                var size = Next();
                if (size is < (byte)'1' or > (byte)'9')
                {
                    throw new InvalidDataException("no bzip2 stream");
                }
                (_inStream, _blockBytes, _streamCrc) = (true, 100_000 * (size - '0'), 0);
                if (_links.Length < _blockBytes)
                {
                    _links = new uint[_blockBytes];
                }
            }
            var magic = ((ulong)Bits(24) << 24) | Bits(24);
            var crc = (Bits(16) << 16) | Bits(16);
            if (magic == 0x314159265359)
            {
                ReadBlock();
                (_inBlock, _expected, _crc) = (true, crc, uint.MaxValue);
                return true;
            }
            if (magic != 0x177245385090)
            {
                throw new InvalidDataException("no block");
            }
            ChecksumException.Require(crc, _streamCrc, "a stream");
            // The next stream begins at a byte.
            (_inStream, _bitCount, _bits) = (false, 0, 0);
        }
    }

    private void EndBlock()
    {
        if (_inBlock)
        {
            ChecksumException.Require(_expected, ~_crc, "a block");
            _streamCrc = ((_streamCrc << 1) | (_streamCrc >> 31)) ^ _expected;
            _inBlock = false;
        }
    }

    /// <summary>A CRC-32 with the most significant bit first.</summary>
    private void AddToCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = _crc;
        foreach (var b in bytes)
        {
            crc = (crc << 8) ^ CrcTable[(crc >> 24) ^ b];
        }
        _crc = crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value << 1) ^ ((value >> 31) * 0x04C11DB7);
            }
            table[i] = value;
        }
        return table;
    }

    private void ReadBlock()
    {
        if (Bits(1) != 0)
        {
            throw new InvalidDataException("a block made random");
        }
        var origin = Bits(24);
        Span<byte> symbols = stackalloc byte[256];
        var used = ReadSymbols(symbols);
        var (codes, selectors) = ((int)Bits(3), (int)Bits(15));
        if (codes is < 2 or > 6 || selectors == 0)
        {
            throw new InvalidDataException("no codes");
        }
        ReadSelectors(codes, selectors);
        for (var i = 0; i < codes; i++)
        {
            ReadCode(_codes[i], used + 2);
        }
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        var length = ReadSymbolsOfBlock(symbols[..used], selectors, counts);
        if (origin >= length)
        {
            throw new InvalidDataException("a block that begins nowhere");
        }
        var sum = 0;
        for (var i = 0; i < 256; i++)
        {
            (sum, counts[i]) = (sum + counts[i], sum);
        }
        for (var i = 0; i < length; i++)
        {
            _links[counts[(byte)_links[i]]++] |= (uint)i << 8;
        }
        (_next, _left, _previous, _run) = (_links[origin] >> 8, length, -1, 0);
    }

    private int ReadSymbols(Span<byte> symbols)
    {
        var (ranges, count) = (Bits(16), 0);
        for (var i = 0; i < 16; i++)
        {
            var inRange = (ranges & (0x8000u >> i)) != 0 ? Bits(16) : 0;
            for (var j = 0; j < 16; j++)
            {
                if ((inRange & (0x8000u >> j)) != 0)
                {
                    symbols[count++] = (byte)((16 * i) + j);
                }
            }
        }
        return count > 0 ? count : throw new InvalidDataException("no symbols");
    }

    private void ReadSelectors(int codes, int selectors)
    {
        Span<byte> order = [0, 1, 2, 3, 4, 5];
        for (var i = 0; i < selectors; i++)
        {
            var at = 0;
            while (Bits(1) != 0)
            {
                if (++at >= codes)
                {
                    throw new InvalidDataException("a code that does not exist");
                }
            }
            var code = order[at];
            order[..at].CopyTo(order[1..]);
            _selectors[i] = order[0] = code;
        }
    }

    private void ReadCode(Code code, int symbols)
    {
        Span<byte> lengths = stackalloc byte[258];
        var length = (int)Bits(5);
        for (var i = 0; i < symbols; i++)
        {
            while (true)
            {
                if (length is < 1 or > LongestCode)
                {
                    throw new InvalidDataException("a code of a length that cannot be");
                }
                if (Bits(1) == 0)
                {
                    break;
                }
                length += Bits(1) == 0 ? 1 : -1;
            }
            lengths[i] = (byte)length;
        }
        code.Make(lengths[..symbols]);
    }

    /// <summary>Huffman codes, runs of zeros and move-to-front; the bytes end up in the low bits of the links.</summary>
    private int ReadSymbolsOfBlock(Span<byte> front, int selectors, Span<int> counts)
    {
        var (end, length, group, left, run, place) = (front.Length + 1, 0, 0, 0, 0, 1);
        var code = _codes[0];
        while (true)
        {
            if (left == 0)
            {
                if (group == selectors)
                {
                    throw new InvalidDataException("more symbols than announced");
                }
                (code, left) = (_codes[_selectors[group++]], GroupSymbols);
            }
            left--;
            var symbol = ReadSymbol(code);
            if (symbol <= 1)
            {
                if (place > _blockBytes)
                {
                    throw new InvalidDataException("a run that is too long");
                }
                run += place << symbol;
                place <<= 1;
                continue;
            }
            if (run > 0)
            {
                if (run > _blockBytes - length)
                {
                    throw new InvalidDataException("a block that is too long");
                }
                counts[front[0]] += run;
                _links.AsSpan(length, run).Fill(front[0]);
                length += run;
                (run, place) = (0, 1);
            }
            if (symbol == end)
            {
                return length;
            }
            if (length == _blockBytes)
            {
                throw new InvalidDataException("a block that is too long");
            }
            var at = symbol - 1;
            var value = front[at];
            front[..at].CopyTo(front[1..]);
            front[0] = value;
            counts[value]++;
            _links[length++] = value;
        }
    }

    private int ReadSymbol(Code code)
    {
        var value = 0;
        for (var length = 1; length <= LongestCode; length++)
        {
            value = (value << 1) | (int)Bits(1);
            if (value <= code.Last[length])
            {
                return code.Symbols[value - code.Base[length]];
            }
        }
        throw new InvalidDataException("a code that does not exist");
    }

    /// <summary>Follows the links, and unfolds runs: after four equal bytes comes how many more there are.</summary>
    private void Unfold()
    {
        while (_left > 0 && Ready < Output.Length - 256)
        {
            _next = _links[_next];
            var value = (byte)_next;
            _next >>= 8;
            _left--;
            if (_run == 4)
            {
                Output.AsSpan(Ready, value).Fill((byte)_previous);
                Ready += value;
                (_run, _previous) = (0, -1);
                continue;
            }
            _run = value == _previous ? _run + 1 : 1;
            _previous = value;
            Output[Ready++] = value;
        }
    }

    private uint Bits(int count)
    {
        while (_bitCount < count)
        {
            _bits = (_bits << 8) | Next();
            _bitCount += 8;
        }
        _bitCount -= count;
        return (uint)(_bits >> _bitCount) & ((1u << count) - 1);
    }

    /// <summary>A canonical Huffman code.</summary>
    private sealed class Code
    {
        /// <summary>The largest code of each length; -1 where there is none.</summary>
        internal int[] Last { get; } = new int[LongestCode + 1];

        /// <summary>What is taken from a code of each length to find its symbol.</summary>
        internal int[] Base { get; } = new int[LongestCode + 1];

        /// <summary>The symbols in the order of their codes.</summary>
        internal short[] Symbols { get; } = new short[258];

        internal void Make(ReadOnlySpan<byte> lengths)
        {
            var (code, index) = (0, 0);
            for (var length = 1; length <= LongestCode; length++)
            {
                Base[length] = code - index;
                for (var i = 0; i < lengths.Length; i++)
                {
                    if (lengths[i] == length)
                    {
                        Symbols[index++] = (short)i;
                        code++;
                    }
                }
                // Codes of this length are those below here that no shorter one begins.
                Last[length] = code - 1;
                if (code > 1 << length)
                {
                    throw new InvalidDataException("more codes than there are");
                }
                code <<= 1;
            }
        }
    }
}
