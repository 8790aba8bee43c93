namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes chunks of LZMA2 alone, as 7z archives hold them.</summary>
internal sealed class Lzma2Stream : DecodedStream
{
    private readonly Lzma2Decoder _chunks;
    private readonly int _windowBytes;
    private bool _begun;
    private bool _ended;

    internal Lzma2Stream(Stream inner, int windowBytes)
        : base(inner) => (_chunks, _windowBytes) = (new Lzma2Decoder(Next), windowBytes);

    /// <summary>The window that a byte of properties says, in bytes; null where there is none such.</summary>
    /// <remarks>Spec: The .xz File Format 1.2.1, §5.3.1.</remarks>
    internal static uint? Window(byte property) =>
        property switch
        {
            > 40 => null,
            40 => uint.MaxValue,
            _ => (2u | (property & 1u)) << ((property / 2) + 11),
        };

    protected override bool Decode()
    {
        if (!_begun)
        {
            _begun = true;
            _chunks.Begin(_windowBytes);
        }
        while (!_ended && !_chunks.IsInChunk)
        {
            _ended = !_chunks.NextChunk();
        }
        if (_ended)
        {
            return NextOrEnd() < 0 ? false : throw new InvalidDataException("bytes behind the end");
        }
        var (start, count) = _chunks.Decode();
        (Output, First, Ready) = (_chunks.Window, start, start + count);
        return true;
    }
}
