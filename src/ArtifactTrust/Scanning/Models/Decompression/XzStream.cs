using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes .xz files: streams of blocks that LZMA2 compressed.</summary>
/// <remarks>Spec: The .xz File Format 1.2.1. Filters for programs of a processor are refused. Checks are not checked: what is examined is what comes out.</remarks>
internal sealed class XzStream : DecodedStream
{
    private readonly LzmaDecoder _decoder;
    private long _read;
    private int _checkBytes;
    private bool _inStream;
    private bool _inBlock;
    private int _rawLeft;
    private int _codedLeft;
    private bool _needsDictionary;
    private bool _needsProperties;

    internal XzStream(Stream inner)
        : base(inner) => _decoder = new LzmaDecoder(Take);

    protected override bool Decode()
    {
        while (true)
        {
            if (_rawLeft > 0 || _codedLeft > 0)
            {
                return DecodeChunk();
            }
            if (_inBlock)
            {
                BeginChunk();
            }
            else if (!_inStream ? !BeginStream() : !BeginBlock())
            {
                return false;
            }
        }
    }

    private bool DecodeChunk()
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
        }
        else
        {
            count = _decoder.Decode(_codedLeft);
            _codedLeft -= count;
            if (_decoder.Ended || count == 0)
            {
                throw new InvalidDataException("a chunk that ends early");
            }
        }
        (Output, First, Ready) = (_decoder.Window, start, start + count);
        return true;
    }

    /// <summary>§2.1.1: magic, flags, and their checksum.</summary>
    private bool BeginStream()
    {
        int first;
        // Streams may be padded with zeros, four at a time.
        do
        {
            first = NextOrEnd();
        } while (first == 0 && _read++ >= 0);
        if (first < 0)
        {
            return false;
        }
        Span<byte> rest = stackalloc byte[11];
        NextBytes(rest);
        if (first != 0xfd || !rest.StartsWith("7zXZ\0\0"u8) || rest[6] > 15)
        {
            throw new InvalidDataException("no xz stream");
        }
        // §2.1.1.2: the size of a check by its number.
        _checkBytes = rest[6] == 0 ? 0 : 4 << ((rest[6] - 1) / 3);
        (_inStream, _read) = (true, 0);
        return true;
    }

    private bool BeginBlock()
    {
        _read = 0;
        var size = Take();
        if (size == 0)
        {
            ReadIndex();
            _inStream = false;
            return true;
        }
        var (header, flags) = (4 * (size + 1), Take());
        if ((flags & 0x40) != 0)
        {
            Varint();
        }
        if ((flags & 0x80) != 0)
        {
            Varint();
        }
        if ((flags & 3) != 0 || Varint() != 0x21 || Varint() != 1)
        {
            throw new InvalidDataException("a filter that is not read here");
        }
        var window = Take();
        if (window > 40)
        {
            throw new InvalidDataException("a window that cannot be");
        }
        var bytes = window == 40 ? uint.MaxValue : (2u | ((uint)window & 1)) << ((window / 2) + 11);
        if (bytes > Limits.LzmaWindowBytes)
        {
            throw new InvalidDataException($"a window of {bytes} bytes");
        }
        while (_read < header)
        {
            Take();
        }
        _decoder.SetWindow((int)bytes);
        (_inBlock, _needsDictionary, _needsProperties, _read) = (true, true, true, 0);
        return true;
    }

    /// <summary>LZMA2: a control byte, sizes, and data as it is or coded.</summary>
    private void BeginChunk()
    {
        var control = Take();
        if (control == 0)
        {
            while ((_read & 3) != 0)
            {
                Take();
            }
            for (var i = 0; i < _checkBytes; i++)
            {
                Next();
            }
            _inBlock = false;
            return;
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
            return;
        }
        _codedLeft = size + ((control & 0x1f) << 16);
        Take();
        Take();
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
        _decoder.BeginRange();
    }

    /// <summary>§4: sizes of the blocks, which are not needed, and the footer.</summary>
    private void ReadIndex()
    {
        for (var records = 2 * Math.Min(Varint(), long.MaxValue / 2); records > 0; records--)
        {
            Varint();
        }
        while ((_read & 3) != 0)
        {
            Take();
        }
        Span<byte> rest = stackalloc byte[16];
        NextBytes(rest);
        if (!rest.EndsWith("YZ"u8))
        {
            throw new InvalidDataException("no footer");
        }
    }

    private byte Take()
    {
        _read++;
        return Next();
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var read = Take();
            value |= (ulong)(read & 0x7f) << shift;
            if (read < 0x80)
            {
                return value;
            }
        }
        throw new InvalidDataException("a number that is too long");
    }
}
