using System.Buffers.Binary;

namespace ArtifactTrust.Formats.Zstandard;

/// <summary>Decodes frames from pieces of a length that it asks for.</summary>
/// <remarks>Spec: RFC 8878 §3.</remarks>
internal sealed class FrameDecoder
{
    /// <summary>The longest piece that it asks for, in bytes.</summary>
    internal const int LongestPiece = FrameHeader.LargestBlock;

    private readonly int _maximumWindow;
    private readonly bool _comparesChecksums;
    private readonly Window _window = new();
    private readonly CompressedBlock _compressed;
    private readonly XxHash64 _hash = new();
    private byte[] _padded = [];
    private byte _descriptor;
    private Piece _piece = Piece.Magic;
    private FrameHeader _header = new(0, null, false);
    private BlockKind _kind;
    private bool _isLastBlock;
    private int _blockSize;
    private uint _toSkip;
    private int _taken;
    private ulong _produced;
    private bool _isPastFirstFrame;
    private string? _damage;

    internal FrameDecoder(int maximumWindow, bool comparesChecksums)
    {
        _maximumWindow = maximumWindow;
        _comparesChecksums = comparesChecksums;
        _compressed = new CompressedBlock(_window);
    }

    private enum Piece
    {
        Magic,
        SkippableSize,
        Skippable,
        Descriptor,
        Header,
        BlockHeader,
        Block,
        Checksum,
    }

    private enum BlockKind
    {
        Raw,
        Repeated,
        Compressed,
        Reserved,
    }

    /// <summary>The length of the next piece, in bytes.</summary>
    internal int Wanted { get; private set; } = sizeof(uint);

    /// <summary>How many bytes of pieces there were.</summary>
    internal long Position { get; private set; }

    /// <summary>Whether the data may end here.</summary>
    internal bool MayEnd => _piece == Piece.Magic && _isPastFirstFrame;

    /// <summary>Takes bytes that came out; none means that a piece is wanted.</summary>
    /// <exception cref="MalformedDataException">The piece before was damaged: nothing of its block is given out.</exception>
    internal int Take(Span<byte> buffer)
    {
        if (_damage is not null)
        {
            throw Malformed(_damage);
        }
        var ready = _window.Block[_taken..];
        var count = Math.Min(ready.Length, buffer.Length);
        ready[..count].CopyTo(buffer);
        _taken += count;
        return count;
    }

    /// <summary>Decodes the piece that is wanted, after all that came out was taken.</summary>
    /// <exception cref="MalformedDataException">The data is damaged, or is beyond a limit.</exception>
    internal void Decode(ReadOnlySpan<byte> piece)
    {
        try
        {
            (_piece, Wanted) = Next(piece);
        }
        catch (InvalidDataException e)
        {
            _damage = e.Message;
            throw Malformed(_damage);
        }
        Position += piece.Length;
    }

    /// <summary>The exception for data that ends here.</summary>
    internal MalformedDataException Ended() => Malformed("the data ends inside of a frame, or without one");

    private MalformedDataException Malformed(string reason) => new("Zstandard", $"byte {Position}", reason);

    private (Piece Piece, int Wanted) Next(ReadOnlySpan<byte> piece)
    {
        switch (_piece)
        {
            case Piece.Magic:
                return BeginFrame(BinaryPrimitives.ReadUInt32LittleEndian(piece));
            case Piece.SkippableSize:
                _toSkip = BinaryPrimitives.ReadUInt32LittleEndian(piece);
                return Skip();
            case Piece.Skippable:
                _toSkip -= (uint)piece.Length;
                return Skip();
            case Piece.Descriptor:
                _descriptor = piece[0];
                return (Piece.Header, FrameHeader.LengthAfter(piece[0]));
            case Piece.Header:
                BeginBlocks(FrameHeader.Read(_descriptor, piece, _maximumWindow));
                return (Piece.BlockHeader, 3);
            case Piece.BlockHeader:
                return BeginBlock(piece[0] | (piece[1] << 8) | (piece[2] << 16));
            case Piece.Block:
                DecodeBlock(piece);
                return !_isLastBlock ? (Piece.BlockHeader, 3)
                    : _header.HasChecksum ? (Piece.Checksum, sizeof(uint))
                    : EndFrame();
            default:
                // §3.1.1: the lower half of the hash.
                if (_comparesChecksums && BinaryPrimitives.ReadUInt32LittleEndian(piece) != (uint)_hash.Value)
                {
                    throw new InvalidDataException("what came out does not have the checksum of the frame");
                }
                return EndFrame();
        }
    }

    private static (Piece Piece, int Wanted) BeginFrame(uint magic) =>
        magic == FrameHeader.Magic ? (Piece.Descriptor, 1)
        : FrameHeader.IsSkippable(magic) ? (Piece.SkippableSize, sizeof(uint))
        : throw new InvalidDataException("no frame begins here");

    private void BeginBlocks(FrameHeader header)
    {
        _header = header;
        _window.Begin(header.Window);
        _compressed.BeginFrame(header.BlockBytes);
        if (_padded.Length < BackwardBits.Padding + header.BlockBytes)
        {
            _padded = new byte[BackwardBits.Padding + header.BlockBytes];
        }
        _hash.Reset();
        (_produced, _taken) = (0, 0);
    }

    private (Piece Piece, int Wanted) Skip() => _toSkip == 0 ? EndFrame() : (Piece.Skippable, (int)Math.Min(_toSkip, LongestPiece));

    private (Piece Piece, int Wanted) EndFrame()
    {
        _isPastFirstFrame = true;
        return (Piece.Magic, sizeof(uint));
    }

    /// <summary>§3.1.1.2: whether it is the last, of what kind, and how large.</summary>
    private (Piece Piece, int Wanted) BeginBlock(int header)
    {
        (_isLastBlock, _kind, _blockSize) = ((header & 1) != 0, (BlockKind)((header >> 1) & 3), header >> 3);
        if (_kind == BlockKind.Reserved)
        {
            throw new InvalidDataException("a block of a reserved kind");
        }
        return _blockSize > _header.BlockBytes
            ? throw new InvalidDataException($"a block of {_blockSize} bytes; the frame's may have {_header.BlockBytes}")
            : (Piece.Block, _kind == BlockKind.Repeated ? 1 : _blockSize);
    }

    private void DecodeBlock(ReadOnlySpan<byte> piece)
    {
        _window.BeginBlock(_kind == BlockKind.Compressed ? _header.BlockBytes : _blockSize);
        _taken = 0;
        switch (_kind)
        {
            case BlockKind.Raw:
                _window.Copy(piece);
                break;
            case BlockKind.Repeated:
                _window.Fill(piece[0], _blockSize);
                break;
            default:
                piece.CopyTo(_padded.AsSpan(BackwardBits.Padding));
                _compressed.Decode(_padded.AsSpan(0, BackwardBits.Padding + piece.Length), _header.BlockBytes);
                break;
        }
        _produced += (ulong)_window.Block.Length;
        if (_header.ContentSize is { } size && (_isLastBlock ? _produced != size : _produced > size))
        {
            throw new InvalidDataException($"{_produced} bytes came out of a frame of {size}");
        }
        if (_header.HasChecksum && _comparesChecksums)
        {
            _hash.Append(_window.Block);
        }
    }
}
