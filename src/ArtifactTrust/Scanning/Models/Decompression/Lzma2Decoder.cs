namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes LZMA2: chunks of data as it is, or coded by LZMA, that share one window.</summary>
/// <remarks>Spec: The .xz File Format 1.2.1, §5.3.1. Damaged data raises <see cref="InvalidDataException"/>.</remarks>
internal sealed class Lzma2Decoder
{
    private readonly Func<byte> _next;
    private readonly LzmaDecoder _decoder;
    private int _rawLeft;
    private int _codedLeft;
    private long _chunkEnd;
    private bool _needsDictionary;
    private bool _needsProperties;

    internal Lzma2Decoder(Func<byte> next) => (_next, _decoder) = (next, new LzmaDecoder(Take));

    /// <summary>How many bytes were taken since <see cref="Begin"/>.</summary>
    internal long BytesTaken { get; private set; }

    /// <summary>Whether the chunk has more, for <see cref="Decode"/>.</summary>
    internal bool IsInChunk => _rawLeft > 0 || _codedLeft > 0;

    /// <summary>What came out last.</summary>
    internal byte[] Window => _decoder.Window;

    /// <summary>Begins with an empty window, which the first chunk must ask for.</summary>
    internal void Begin(int windowBytes)
    {
        _decoder.SetWindow(windowBytes);
        (_needsDictionary, _needsProperties, BytesTaken) = (true, true, 0);
    }

    /// <summary>Goes to the next chunk: a control byte, and sizes.</summary>
    /// <returns>False at the end.</returns>
    internal bool NextChunk()
    {
        var control = Take();
        if (control == 0)
        {
            return false;
        }
        if (control is > 2 and < 0x80 || (_needsDictionary && control is not 1 and < 0xe0))
        {
            throw new InvalidDataException("a chunk of an unknown kind");
        }
        if (control is 1 or >= 0xe0)
        {
            (_needsDictionary, _needsProperties) = (false, true);
            _decoder.SetWindow(_decoder.Window.Length);
        }
        var size = (Take() << 8) + Take() + 1;
        if (control < 0x80)
        {
            _rawLeft = size;
            return true;
        }
        _codedLeft = size + ((control & 0x1f) << 16);
        var coded = (Take() << 8) + Take() + 1;
        if (control >= 0xc0)
        {
            _needsProperties = false;
            _decoder.SetProperties(Take());
        }
        else if (_needsProperties)
        {
            throw new InvalidDataException("a chunk without properties");
        }
        else if (control >= 0xa0)
        {
            _decoder.ResetState();
        }
        _chunkEnd = BytesTaken + coded;
        _decoder.BeginRange();
        return true;
    }

    /// <summary>Decodes some of the chunk.</summary>
    /// <returns>Where in the window it is, and how much.</returns>
    internal (int Start, int Count) Decode()
    {
        var start = _decoder.WindowPosition;
        int count;
        if (_rawLeft > 0)
        {
            count = Math.Min(_rawLeft, _decoder.Window.Length - start);
            for (var i = 0; i < count; i++)
            {
                _decoder.Put(Take());
            }
            _rawLeft -= count;
            return (start, count);
        }
        count = _decoder.Decode(_codedLeft);
        _codedLeft -= count;
        if (_decoder.Ended || count == 0)
        {
            throw new InvalidDataException("a chunk that ends early");
        }
        if (_codedLeft == 0 && (BytesTaken != _chunkEnd || !_decoder.IsWhole))
        {
            throw new InvalidDataException("a chunk of another size than it announces");
        }
        return (start, count);
    }

    private byte Take()
    {
        BytesTaken++;
        return _next();
    }
}
