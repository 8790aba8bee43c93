namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>The decoder that LZMA and LZMA2 share: a range coder, adaptive bits, and a window of what came out.</summary>
/// <remarks>Spec: LZMA specification (Igor Pavlov, 2015). Bits are coded as there; damaged data raises <see cref="InvalidDataException"/>.</remarks>
internal sealed class LzmaDecoder(Func<byte> next)
{
    private const int LargeWindowBytes = 32 << 20;
    private const int States = 12;
    private const int PositionStates = 16;
    private const int EndOfDistances = 14;
    private const ushort Even = 1 << 10;

    private readonly ushort[] _isMatch = new ushort[States * PositionStates];
    private readonly ushort[] _isRepeat = new ushort[States];
    private readonly ushort[] _isRepeat0 = new ushort[States];
    private readonly ushort[] _isRepeat1 = new ushort[States];
    private readonly ushort[] _isRepeat2 = new ushort[States];
    private readonly ushort[] _isRepeat0Long = new ushort[States * PositionStates];
    private readonly ushort[] _slots = new ushort[4 * 64];
    private readonly ushort[] _distances = new ushort[128];
    private readonly ushort[] _align = new ushort[16];
    private readonly LengthCoder _lengths = new();
    private readonly LengthCoder _repeatLengths = new();
    private ushort[] _literals = [];
    private byte[] _window = [];
    private int _literalContext;
    private int _literalPosition;
    private int _position;
    private uint _range;
    private uint _code;
    private int _state;
    private uint _distance0;
    private uint _distance1;
    private uint _distance2;
    private uint _distance3;
    private int _pendingLength;

    /// <summary>Where the next byte goes in the window.</summary>
    internal int WindowPosition { get; private set; }

    /// <summary>How many bytes came out since the window was emptied.</summary>
    internal long Total { get; private set; }

    /// <summary>Whether the mark of the end was met.</summary>
    internal bool Ended { get; private set; }

    /// <summary>Whether the coded data ends here, as it does where a coder ended it.</summary>
    internal bool IsWhole => _code == 0 && _pendingLength == 0;

    /// <summary>What came out last.</summary>
    internal byte[] Window => _window;

    /// <summary>Makes the window; the bytes in it are forgotten.</summary>
    internal void SetWindow(int bytes)
    {
        if (_window.Length != bytes)
        {
            _window = [];
            if (bytes >= LargeWindowBytes)
            {
                // An archive may have one after the other, and the dead ones would be kept until there are several: more memory than a scan may take.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
            }
            _window = new byte[bytes];
        }
        (WindowPosition, Total) = (0, 0);
    }

    /// <summary>Takes the properties byte: contexts of literals and positions.</summary>
    internal void SetProperties(byte properties)
    {
        if (properties >= 9 * 5 * 5)
        {
            throw new InvalidDataException("properties that cannot be");
        }
        _literalContext = properties % 9;
        _literalPosition = properties / 9 % 5;
        _position = properties / 45;
        var literals = 0x300 << (_literalContext + _literalPosition);
        if (_literals.Length != literals)
        {
            _literals = new ushort[literals];
        }
        ResetState();
    }

    /// <summary>Forgets what was learnt.</summary>
    internal void ResetState()
    {
        foreach (
            var bits in (ushort[][])
                [_isMatch, _isRepeat, _isRepeat0, _isRepeat1, _isRepeat2, _isRepeat0Long, _slots, _distances, _align, _literals]
        )
        {
            Array.Fill(bits, Even);
        }
        _lengths.Reset();
        _repeatLengths.Reset();
        (_state, _distance0, _distance1, _distance2, _distance3, _pendingLength) = (0, 0, 0, 0, 0, 0);
    }

    /// <summary>Begins to read coded bits.</summary>
    internal void BeginRange()
    {
        if (next() != 0)
        {
            throw new InvalidDataException("coded data begins with a zero");
        }
        (_range, _code) = (uint.MaxValue, 0);
        for (var i = 0; i < 4; i++)
        {
            _code = (_code << 8) | next();
        }
    }

    /// <summary>Puts a byte in the window as it is.</summary>
    internal void Put(byte value)
    {
        _window[WindowPosition] = value;
        WindowPosition = WindowPosition + 1 == _window.Length ? 0 : WindowPosition + 1;
        Total++;
    }

    /// <summary>Decodes until that many bytes came out, or the end of the window is reached, or the mark of the end is met.</summary>
    /// <returns>How many came out.</returns>
    internal int Decode(int count)
    {
        var done = 0;
        count = Math.Min(count, _window.Length - WindowPosition);
        while (done < count && !Ended)
        {
            if (_pendingLength > 0)
            {
                done += CopyMatch(count - done);
                continue;
            }
            var positionState = (int)(Total & ((1 << _position) - 1));
            if (Bit(ref _isMatch[(_state << 4) + positionState]) == 0)
            {
                DecodeLiteral();
                done++;
                continue;
            }
            if (Bit(ref _isRepeat[_state]) == 0)
            {
                DecodeMatch(positionState);
                continue;
            }
            if (DecodeRepeat(positionState))
            {
                done++;
            }
        }
        return done;
    }

    private int CopyMatch(int room)
    {
        var count = Math.Min(_pendingLength, room);
        var from = WindowPosition - (int)_distance0 - 1;
        from += from < 0 ? _window.Length : 0;
        for (var i = 0; i < count; i++)
        {
            Put(_window[from]);
            from = from + 1 == _window.Length ? 0 : from + 1;
        }
        _pendingLength -= count;
        return count;
    }

    private byte Back(uint distance)
    {
        var from = WindowPosition - (int)distance - 1;
        return _window[from < 0 ? from + _window.Length : from];
    }

    private void DecodeLiteral()
    {
        var previous = Total > 0 ? Back(0) : 0;
        var context = ((int)(Total & ((1 << _literalPosition) - 1)) << _literalContext) + (previous >> (8 - _literalContext));
        var bits = _literals.AsSpan(0x300 * context, 0x300);
        var symbol = 1;
        if (_state >= 7)
        {
            int match = Back(_distance0);
            do
            {
                var matchBit = (match >> 7) & 1;
                match <<= 1;
                var bit = Bit(ref bits[((1 + matchBit) << 8) + symbol]);
                symbol = (symbol << 1) | bit;
                if (matchBit != bit)
                {
                    break;
                }
            } while (symbol < 0x100);
        }
        while (symbol < 0x100)
        {
            symbol = (symbol << 1) | Bit(ref bits[symbol]);
        }
        Put((byte)symbol);
        _state =
            _state < 4 ? 0
            : _state < 10 ? _state - 3
            : _state - 6;
    }

    private void DecodeMatch(int positionState)
    {
        (_distance3, _distance2, _distance1) = (_distance2, _distance1, _distance0);
        var length = _lengths.Decode(this, positionState);
        _state = _state < 7 ? 7 : 10;
        _distance0 = DecodeDistance(Math.Min(length, 3));
        if (_distance0 == uint.MaxValue)
        {
            Ended = true;
            return;
        }
        BeginMatch(length + 2);
    }

    /// <returns>Whether it was a single byte, which is out.</returns>
    private bool DecodeRepeat(int positionState)
    {
        if (Bit(ref _isRepeat0[_state]) == 0)
        {
            if (Bit(ref _isRepeat0Long[(_state << 4) + positionState]) == 0)
            {
                _state = _state < 7 ? 9 : 11;
                CheckDistance();
                Put(Back(_distance0));
                return true;
            }
        }
        else
        {
            uint distance;
            if (Bit(ref _isRepeat1[_state]) == 0)
            {
                distance = _distance1;
            }
            else
            {
                if (Bit(ref _isRepeat2[_state]) == 0)
                {
                    distance = _distance2;
                }
                else
                {
                    (distance, _distance3) = (_distance3, _distance2);
                }
                _distance2 = _distance1;
            }
            (_distance1, _distance0) = (_distance0, distance);
        }
        var length = _repeatLengths.Decode(this, positionState);
        _state = _state < 7 ? 8 : 11;
        BeginMatch(length + 2);
        return false;
    }

    private void BeginMatch(int length)
    {
        CheckDistance();
        _pendingLength = length;
    }

    private void CheckDistance()
    {
        if (_distance0 >= Total || _distance0 >= _window.Length)
        {
            throw new InvalidDataException("a match from before the beginning");
        }
    }

    private uint DecodeDistance(int lengthState)
    {
        var slot = Tree(_slots.AsSpan(lengthState << 6, 64), 6);
        if (slot < 4)
        {
            return (uint)slot;
        }
        var direct = (slot >> 1) - 1;
        var distance = (2 | ((uint)slot & 1)) << direct;
        if (slot < EndOfDistances)
        {
            return distance + ReverseTree(_distances.AsSpan((int)distance - slot), direct);
        }
        for (var i = direct - 5; i >= 0; i--)
        {
            _range >>= 1;
            _code -= _range;
            var mask = 0 - (_code >> 31);
            _code += _range & mask;
            Normalize();
            distance += (mask + 1) << (i + 4);
        }
        return distance + ReverseTree(_align, 4);
    }

    private uint ReverseTree(Span<ushort> bits, int count)
    {
        var (index, value) = (1, 0u);
        for (var i = 0; i < count; i++)
        {
            var bit = Bit(ref bits[index]);
            index = (index << 1) + bit;
            value |= (uint)bit << i;
        }
        return value;
    }

    private int Tree(Span<ushort> bits, int count)
    {
        var index = 1;
        for (var i = 0; i < count; i++)
        {
            index = (index << 1) + Bit(ref bits[index]);
        }
        return index - (1 << count);
    }

    private int Bit(ref ushort probability)
    {
        var bound = (_range >> 11) * probability;
        int bit;
        if (_code < bound)
        {
            _range = bound;
            probability += (ushort)((2048 - probability) >> 5);
            bit = 0;
        }
        else
        {
            _range -= bound;
            _code -= bound;
            probability -= (ushort)(probability >> 5);
            bit = 1;
        }
        Normalize();
        return bit;
    }

    private void Normalize()
    {
        if (_range < 1 << 24)
        {
            _range <<= 8;
            _code = (_code << 8) | next();
        }
    }

    private sealed class LengthCoder
    {
        private readonly ushort[] _choices = new ushort[2];
        private readonly ushort[] _low = new ushort[PositionStates * 8];
        private readonly ushort[] _middle = new ushort[PositionStates * 8];
        private readonly ushort[] _high = new ushort[256];

        internal void Reset()
        {
            foreach (var bits in (ushort[][])[_choices, _low, _middle, _high])
            {
                Array.Fill(bits, Even);
            }
        }

        internal int Decode(LzmaDecoder coder, int positionState) =>
            coder.Bit(ref _choices[0]) == 0 ? coder.Tree(_low.AsSpan(positionState << 3, 8), 3)
            : coder.Bit(ref _choices[1]) == 0 ? 8 + coder.Tree(_middle.AsSpan(positionState << 3, 8), 3)
            : 16 + coder.Tree(_high, 8);
    }
}
