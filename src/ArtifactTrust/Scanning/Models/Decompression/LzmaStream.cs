using System.Buffers.Binary;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes a file of the old LZMA form: properties, sizes, and one piece of coded data.</summary>
internal sealed class LzmaStream : DecodedStream
{
    /// <summary>What stands elsewhere in 7z archives, in bytes: contexts of literals and positions, and the window.</summary>
    internal const int PropertyBytes = 5;

    private readonly LzmaDecoder _decoder;
    private readonly byte[]? _properties;
    private readonly long? _size;
    private ulong _left;
    private bool _begun;
    private bool _ended;

    /// <param name="inner">The data.</param>
    /// <param name="size">
    /// What comes out, where it is a member of a zip archive (APPNOTE.TXT 5.8.8): four bytes stand before the properties, and no size after.
    /// </param>
    internal LzmaStream(Stream inner, long? size = null)
        : base(inner) => (_decoder, _size) = (new LzmaDecoder(Next), size);

    /// <param name="inner">The coded data alone.</param>
    /// <param name="size">What comes out, in bytes.</param>
    /// <param name="properties">Its properties.</param>
    internal LzmaStream(Stream inner, long size, byte[] properties)
        : this(inner, size) => _properties = properties;

    protected override bool Decode()
    {
        if (!_begun)
        {
            _begun = true;
            Begin();
        }
        if (_left == 0 || _decoder.Ended)
        {
            CheckEnd();
            return false;
        }
        var start = _decoder.WindowPosition;
        var count = _decoder.Decode((int)Math.Min(_left, 64 << 10));
        if (_left != ulong.MaxValue)
        {
            if (_decoder.Ended && (ulong)count < _left)
            {
                throw new InvalidDataException("less data than announced");
            }
            _left -= (ulong)count;
        }
        (Output, First, Ready) = (_decoder.Window, start, start + count);
        return count > 0;
    }

    private void Begin()
    {
        if (_properties is null && _size is not null)
        {
            NextNumber(4);
        }
        Span<byte> properties = stackalloc byte[PropertyBytes];
        if (_properties is null)
        {
            NextBytes(properties);
        }
        else
        {
            _properties.CopyTo(properties);
        }
        _left = _size is { } size ? (ulong)size : NextNumber(8);
        // Compressors write a window of the size of all that fits in memory; what comes out may be far less.
        var window = Math.Min(
            BinaryPrimitives.ReadUInt32LittleEndian(properties[1..]),
            _left == ulong.MaxValue ? uint.MaxValue : _left + 1
        );
        var bytes = (uint)Math.Max(4096, window);
        if (bytes > Limits.LzmaWindowBytes)
        {
            throw new InvalidDataException($"a window of {bytes} bytes");
        }
        _decoder.SetWindow((int)bytes);
        _decoder.SetProperties(properties[0]);
        _decoder.BeginRange();
    }

    /// <summary>Where nothing more is to come out of a member of a 7z archive, nothing more is in it, but for a mark of the end.</summary>
    private void CheckEnd()
    {
        if (_properties is null || _ended)
        {
            return;
        }
        _ended = true;
        if (!_decoder.Ended && !_decoder.IsWhole)
        {
            _decoder.Decode(1);
        }
        if (!_decoder.IsWhole || _decoder.Total != _size || NextOrEnd() >= 0)
        {
            throw new InvalidDataException("more data than announced");
        }
    }
}
