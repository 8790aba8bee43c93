using System.Buffers.Binary;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>The lanes of one worker in SHA-256.</summary>
internal sealed unsafe class Sha256LaneState(Sha256Kernel kernel) : LaneState(kernel.Count, 64, 8, sizeof(uint))
{
    /// <inheritdoc/>
    internal override void Start(int lane, long length)
    {
        for (var word = 0; word < 8; word++)
        {
            ((uint*)State)[(word * Count) + lane] = Sha256Lanes.Initial[word];
        }
    }

    /// <inheritdoc/>
    internal override void Compress(nint blocks) => kernel.Compress((uint*)State, Rows, blocks, Scratch);

    /// <inheritdoc/>
    internal override byte[] Finish(int lane)
    {
        var digest = new byte[32];
        for (var word = 0; word < 8; word++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest.AsSpan(4 * word), ((uint*)State)[(word * Count) + lane]);
        }
        return digest;
    }

    /// <inheritdoc/>
    /// <remarks>Spec: FIPS 180-4 §5.1.1.</remarks>
    internal override int Pad(byte* end, long length)
    {
        var padding = 64 - (int)(length % 64);
        padding += padding < 9 ? 64 : 0;
        var span = new Span<byte>(end, padding);
        span.Clear();
        span[0] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(span[^8..], (ulong)length * 8);
        return padding;
    }
}
