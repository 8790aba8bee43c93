using System.Buffers.Binary;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>The lanes of one worker in BLAKE2b.</summary>
internal sealed unsafe class Blake2bLaneState(Blake2bKernel kernel)
    : LaneState(kernel.Count, Blake2b.BlockBytes, Blake2bLanes.StateWords, sizeof(ulong))
{
    /// <inheritdoc/>
    internal override void Start(int lane, long length)
    {
        for (var word = 0; word < 8; word++)
        {
            ((ulong*)State)[(word * Count) + lane] = Blake2b.Initial[word];
        }
        ((ulong*)State)[lane] ^= Blake2b.Parameters;
        ((ulong*)State)[(Blake2bLanes.TakenWord * Count) + lane] = 0;
        ((ulong*)State)[(Blake2bLanes.LengthWord * Count) + lane] = (ulong)length;
    }

    /// <inheritdoc/>
    internal override void Compress(nint blocks) => kernel.Compress((ulong*)State, Rows, blocks, Scratch);

    /// <inheritdoc/>
    internal override byte[] Finish(int lane)
    {
        var digest = new byte[Blake2b.DigestBytes];
        for (var word = 0; word < 8; word++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest.AsSpan(8 * word), ((ulong*)State)[(word * Count) + lane]);
        }
        return digest;
    }

    /// <inheritdoc/>
    /// <remarks>Spec: RFC 7693 §3.3: zeros; the empty message has a block of them.</remarks>
    internal override int Pad(byte* end, long length)
    {
        var padding = length == 0 ? Blake2b.BlockBytes : (int)(-length & (Blake2b.BlockBytes - 1));
        new Span<byte>(end, padding).Clear();
        return padding;
    }
}
