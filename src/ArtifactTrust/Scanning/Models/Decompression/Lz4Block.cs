namespace ArtifactTrust.Scanning.Models.Decompression;

/// <summary>Decodes single blocks of LZ4.</summary>
/// <remarks>Spec: lz4 Block Format.</remarks>
internal static class Lz4Block
{
    // More than any room, and small enough to be added to.
    private const int TooLong = 1 << 30;

    /// <summary>Decodes a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="output">What came out before, and room for at most what comes out, less than 1 GiB.</param>
    /// <param name="start">Where the room begins; matches reach back to before it.</param>
    /// <returns>Where what came out ends.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or needs more room.</exception>
    internal static int Expand(ReadOnlySpan<byte> block, Span<byte> output, int start)
    {
        var (at, to) = (0, start);
        while (true)
        {
            var token = Byte(block, ref at);
            var literals = RunLength(block, ref at, token >> 4);
            if (literals > block.Length - at || literals > output.Length - to)
            {
                throw new InvalidDataException("literals beyond the end");
            }
            block.Slice(at, literals).CopyTo(output[to..]);
            at += literals;
            to += literals;
            if (at == block.Length)
            {
                return to;
            }
            var offset = Byte(block, ref at) | (Byte(block, ref at) << 8);
            var match = RunLength(block, ref at, token & 15) + 4;
            if (offset == 0 || offset > to || match > output.Length - to)
            {
                throw new InvalidDataException("a match from before the beginning, or beyond the end");
            }
            for (var i = 0; i < match; i++, to++)
            {
                output[to] = output[to - offset];
            }
        }
    }

    private static int RunLength(ReadOnlySpan<byte> block, ref int at, int first)
    {
        if (first < 15)
        {
            return first;
        }
        for (int more; ; )
        {
            more = Byte(block, ref at);
            first = Math.Min(first + more, TooLong);
            if (more != 255)
            {
                return first;
            }
        }
    }

    private static int Byte(ReadOnlySpan<byte> block, ref int at) =>
        at < block.Length ? block[at++] : throw new InvalidDataException("a block that is cut short");
}
