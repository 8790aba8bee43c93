using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes a file of the old LZMA form: properties, sizes, and one piece of coded data.</summary>
internal sealed class LzmaStream : DecodedStream
{
    private readonly LzmaDecoder _decoder;
    private readonly long? _size;
    private ulong _left;
    private bool _begun;

    /// <param name="inner">The data.</param>
    /// <param name="size">
    /// What comes out, where it is a member of a zip archive (APPNOTE.TXT 5.8.8): four bytes stand before the properties, and no size after.
    /// </param>
    internal LzmaStream(Stream inner, long? size = null)
        : base(inner) => (_decoder, _size) = (new LzmaDecoder(Next), size);

    protected override bool Decode()
    {
        if (!_begun)
        {
            _begun = true;
            NextNumber(_size is null ? 0 : 4);
            var properties = Next();
            var window = (uint)NextNumber(4);
            _left = _size is { } size ? (ulong)size : NextNumber(8);
            // Compressors write a window of the size of all that fits in memory; what comes out may be far less.
            var bytes = (uint)Math.Max(4096, Math.Min(window, _left == ulong.MaxValue ? uint.MaxValue : _left + 1));
            if (bytes > Limits.LzmaWindowBytes)
            {
                throw new InvalidDataException($"a window of {bytes} bytes");
            }
            _decoder.SetWindow((int)bytes);
            _decoder.SetProperties(properties);
            _decoder.BeginRange();
        }
        if (_left == 0 || _decoder.Ended)
        {
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
}
