using System.Buffers.Binary;
using System.Numerics;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The checksum of HDF5's metadata. It finds damage, and no deliberate change.</summary>
/// <remarks>Spec: Bob Jenkins, lookup3.c, <c>hashlittle</c> with an initial value of 0.</remarks>
internal static class JenkinsHash
{
    private const int BlockBytes = 12;

    /// <summary>The hash of bytes.</summary>
    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var a = 0xdead_beef + (uint)bytes.Length;
        var (b, c) = (a, a);
        // The last block is mixed otherwise, also where it is whole.
        for (; bytes.Length > BlockBytes; bytes = bytes[BlockBytes..])
        {
            Add(bytes, ref a, ref b, ref c);
            Mix(ref a, ref b, ref c);
        }
        if (bytes.IsEmpty)
        {
            return c;
        }
        Span<byte> last = stackalloc byte[BlockBytes];
        last.Clear();
        bytes.CopyTo(last);
        Add(last, ref a, ref b, ref c);
        return Final(a, b, c);
    }

    private static void Add(ReadOnlySpan<byte> block, ref uint a, ref uint b, ref uint c)
    {
        a += BinaryPrimitives.ReadUInt32LittleEndian(block);
        b += BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        c += BinaryPrimitives.ReadUInt32LittleEndian(block[8..]);
    }

    private static void Mix(ref uint a, ref uint b, ref uint c)
    {
        a = (a - c) ^ BitOperations.RotateLeft(c, 4);
        c += b;
        b = (b - a) ^ BitOperations.RotateLeft(a, 6);
        a += c;
        c = (c - b) ^ BitOperations.RotateLeft(b, 8);
        b += a;
        a = (a - c) ^ BitOperations.RotateLeft(c, 16);
        c += b;
        b = (b - a) ^ BitOperations.RotateLeft(a, 19);
        a += c;
        c = (c - b) ^ BitOperations.RotateLeft(b, 4);
        b += a;
    }

    private static uint Final(uint a, uint b, uint c)
    {
        c = (c ^ b) - BitOperations.RotateLeft(b, 14);
        a = (a ^ c) - BitOperations.RotateLeft(c, 11);
        b = (b ^ a) - BitOperations.RotateLeft(a, 25);
        c = (c ^ b) - BitOperations.RotateLeft(b, 16);
        a = (a ^ c) - BitOperations.RotateLeft(c, 4);
        b = (b ^ a) - BitOperations.RotateLeft(a, 14);
        return (c ^ b) - BitOperations.RotateLeft(b, 24);
    }
}
