using System.Buffers.Binary;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes LZ4 frames, one after the other.</summary>
/// <remarks>Spec: lz4 Frame Format 1.6.3 and Block Format. Dictionaries are not known.</remarks>
internal sealed class Lz4Stream(Stream inner) : DecodedStream(inner)
{
    private const int Window = 64 << 10;

    private readonly XxHash32 _content = new();
    private byte[] _block = [];
    private int _pending;
    private bool _inFrame;
    private bool _linked;
    private bool _blockChecksums;
    private bool _contentChecksum;
    private int _largest;
    private ulong? _size;
    private ulong _out;

    protected override bool Decode()
    {
        while (true)
        {
            if (!_inFrame && !BeginFrame())
            {
                return false;
            }
            var size = (uint)NextNumber(4);
            if (size == 0)
            {
                EndFrame();
                continue;
            }
            var (isRaw, length) = ((size & 0x8000_0000) != 0, (int)(size & 0x7fff_ffff));
            if (length > _largest)
            {
                throw new InvalidDataException("a block larger than its frame allows");
            }
            NextBytes(_block.AsSpan(0, length));
            if (_blockChecksums)
            {
                ChecksumException.Require(NextNumber(4), XxHash32.Of(_block.AsSpan(0, length)), "a block");
            }
            KeepHistory();
            _pending = isRaw ? Copy(length) : Lz4Block.Expand(_block.AsSpan(0, length), Output.AsSpan(0, First + _largest), First);
            Ready = _pending;
            _out += (ulong)(Ready - First);
            if (_contentChecksum)
            {
                _content.Append(Output.AsSpan(First, Ready - First));
            }
            if (Ready > First)
            {
                return true;
            }
        }
    }

    private bool BeginFrame()
    {
        while (true)
        {
            var first = NextOrEnd();
            if (first < 0)
            {
                return false;
            }
            var magic = (uint)first | ((uint)NextNumber(3) << 8);
            if (magic >> 4 == 0x184D2A5)
            {
                // A frame to be skipped.
                for (var left = NextNumber(4); left > 0; left--)
                {
                    Next();
                }
                continue;
            }
            if (magic != 0x184D2204)
            {
                throw new InvalidDataException("no LZ4 frame");
            }
            break;
        }
        Span<byte> descriptor = stackalloc byte[10];
        NextBytes(descriptor[..2]);
        var (flags, sizes) = (descriptor[0], descriptor[1]);
        if (flags >> 6 != 1 || (flags & 1) != 0)
        {
            throw new InvalidDataException("a frame of another version, or with a dictionary");
        }
        _linked = (flags & 0x20) == 0;
        _blockChecksums = (flags & 0x10) != 0;
        _contentChecksum = (flags & 0x04) != 0;
        _largest = ((sizes >> 4) & 7) switch
        {
            4 => 64 << 10,
            5 => 256 << 10,
            6 => 1 << 20,
            7 => 4 << 20,
            _ => throw new InvalidDataException("blocks of an unknown size"),
        };
        descriptor = (flags & 0x08) != 0 ? descriptor : descriptor[..2];
        NextBytes(descriptor[2..]);
        _size = descriptor.Length > 2 ? BinaryPrimitives.ReadUInt64LittleEndian(descriptor[2..]) : null;
        ChecksumException.Require(Next(), (byte)(XxHash32.Of(descriptor) >> 8), "a header");
        _content.Reset();
        if (_block.Length < _largest)
        {
            _block = new byte[_largest];
            Output = new byte[Window + _largest];
        }
        (_inFrame, _pending, _out) = (true, 0, 0);
        return true;
    }

    private void EndFrame()
    {
        if (_contentChecksum)
        {
            ChecksumException.Require(NextNumber(4), _content.Value, "a frame");
        }
        if (_size is not null && _size != _out)
        {
            throw new InvalidDataException("more or fewer bytes than the frame announces");
        }
        _inFrame = false;
    }

    private int Copy(int length)
    {
        _block.AsSpan(0, length).CopyTo(Output.AsSpan(First));
        return First + length;
    }

    /// <summary>The last bytes that came out stay before the next: matches reach back to them.</summary>
    private void KeepHistory()
    {
        First = _linked ? Math.Min(Window, _pending) : 0;
        Output.AsSpan(_pending - First, First).CopyTo(Output);
    }
}
