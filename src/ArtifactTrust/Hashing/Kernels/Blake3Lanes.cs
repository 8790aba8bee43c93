using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE3's compression function, of one block or of as many chunks or parents at once as a vector has lanes.</summary>
/// <remarks>Spec: BLAKE3 (2021-11-04), §2.</remarks>
internal static unsafe class Blake3Lanes
{
    internal const int ChunkBytes = 1024;
    internal const int BlockBytes = 64;
    internal const int CvBytes = 32;
    internal const uint ChunkStart = 1;
    internal const uint ChunkEnd = 2;
    internal const uint Parent = 4;
    internal const uint Root = 8;

    /// <summary>The vectors of memory that <see cref="HashMany"/> needs: a block of each lane, the states and the counters.</summary>
    internal const int ScratchVectors = 26;

    /// <summary>§2.2, table 1.</summary>
    internal static ReadOnlySpan<uint> Initial =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>Row r is the message permutation (§2.2, table 2) applied r times.</summary>
    internal static ReadOnlySpan<byte> Schedule =>
        "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F"u8
        + "\x02\x06\x03\x0A\x07\x00\x04\x0D\x01\x0B\x0C\x05\x09\x0E\x0F\x08"u8
        + "\x03\x04\x0A\x0C\x0D\x02\x07\x0E\x06\x05\x09\x00\x0B\x0F\x08\x01"u8
        + "\x0A\x07\x0C\x09\x0E\x03\x0D\x0F\x04\x00\x0B\x02\x05\x08\x01\x06"u8
        + "\x0C\x0D\x09\x0B\x0F\x0A\x0E\x08\x07\x02\x05\x03\x00\x01\x06\x04"u8
        + "\x09\x0E\x0B\x05\x08\x0C\x0F\x01\x0D\x03\x00\x0A\x02\x06\x04\x07"u8
        + "\x0B\x0F\x05\x00\x01\x09\x08\x06\x0E\x0A\x02\x0C\x03\x04\x07\x0D"u8;

    /// <summary>Compresses one block.</summary>
    /// <param name="cv">The chaining value, 8 words, which is replaced.</param>
    /// <param name="block">64 bytes, zeros after <paramref name="length"/>.</param>
    /// <param name="length">The bytes of the block that are input.</param>
    /// <param name="counter">The number of the chunk; zero for a parent.</param>
    /// <param name="flags">Where the block stands in the tree.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compress(uint* cv, byte* block, uint length, ulong counter, uint flags)
    {
        var m = (uint*)block;
        var s = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Schedule));
        uint v0 = cv[0],
            v1 = cv[1],
            v2 = cv[2],
            v3 = cv[3],
            v4 = cv[4],
            v5 = cv[5],
            v6 = cv[6],
            v7 = cv[7];
        uint v8 = Initial[0],
            v9 = Initial[1],
            v10 = Initial[2],
            v11 = Initial[3];
        uint v12 = (uint)counter,
            v13 = (uint)(counter >> 32),
            v14 = length,
            v15 = flags;
        for (var round = 0; round < 7; round++, s += 16)
        {
            Mix(ref v0, ref v4, ref v8, ref v12, m[s[0]], m[s[1]]);
            Mix(ref v1, ref v5, ref v9, ref v13, m[s[2]], m[s[3]]);
            Mix(ref v2, ref v6, ref v10, ref v14, m[s[4]], m[s[5]]);
            Mix(ref v3, ref v7, ref v11, ref v15, m[s[6]], m[s[7]]);
            Mix(ref v0, ref v5, ref v10, ref v15, m[s[8]], m[s[9]]);
            Mix(ref v1, ref v6, ref v11, ref v12, m[s[10]], m[s[11]]);
            Mix(ref v2, ref v7, ref v8, ref v13, m[s[12]], m[s[13]]);
            Mix(ref v3, ref v4, ref v9, ref v14, m[s[14]], m[s[15]]);
        }
        cv[0] = v0 ^ v8;
        cv[1] = v1 ^ v9;
        cv[2] = v2 ^ v10;
        cv[3] = v3 ^ v11;
        cv[4] = v4 ^ v12;
        cv[5] = v5 ^ v13;
        cv[6] = v6 ^ v14;
        cv[7] = v7 ^ v15;
    }

    /// <summary>The chaining values of whole chunks, or of parents, one a lane.</summary>
    /// <param name="rows">A pointer to each lane's data.</param>
    /// <param name="blocks">16 for chunks, 1 for parents.</param>
    /// <param name="counter">The first lane's chunk number; the others follow. Zero and <paramref name="step"/> zero for parents.</param>
    /// <param name="step">1 for chunks, 0 for parents.</param>
    /// <param name="flags">Set on each block.</param>
    /// <param name="output">32 bytes for each lane.</param>
    /// <param name="scratch"><see cref="ScratchVectors"/> vectors, aligned to one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void HashMany<TLanes, TVector>(
        byte** rows,
        int blocks,
        ulong counter,
        uint step,
        uint flags,
        byte* output,
        void* scratch
    )
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        var m = (TVector*)scratch;
        var words = (uint*)(m + 16);
        for (var lane = 0u; lane < TLanes.Count; lane++)
        {
            words[(8 * TLanes.Count) + lane] = (uint)(counter + (lane * step));
            words[(9 * TLanes.Count) + lane] = (uint)((counter + (lane * step)) >> 32);
        }
        var counters = words + (8 * TLanes.Count);
        for (var word = 0; word < 8; word++)
        {
            TLanes.Store(words + (word * TLanes.Count), TLanes.Broadcast(Initial[word]));
        }
        for (var block = 0; block < blocks; block++)
        {
            TLanes.Transpose(rows, BlockBytes * block, m);
            var at = (flags & Parent) != 0 ? flags : flags | (block == 0 ? ChunkStart : 0) | (block == blocks - 1 ? ChunkEnd : 0);
            CompressMany<TLanes, TVector>(words, counters, m, at);
        }
        var values = (uint*)output;
        for (var lane = 0; lane < TLanes.Count; lane++)
        {
            for (var word = 0; word < 8; word++)
            {
                values[(8 * lane) + word] = words[(word * TLanes.Count) + lane];
            }
        }
    }

    // A method of its own: across a call, no vector stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CompressMany<TLanes, TVector>(uint* state, uint* counters, TVector* m, uint flags)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        var s = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Schedule));
        var v0 = TLanes.Load(state);
        var v1 = TLanes.Load(state + TLanes.Count);
        var v2 = TLanes.Load(state + (2 * TLanes.Count));
        var v3 = TLanes.Load(state + (3 * TLanes.Count));
        var v4 = TLanes.Load(state + (4 * TLanes.Count));
        var v5 = TLanes.Load(state + (5 * TLanes.Count));
        var v6 = TLanes.Load(state + (6 * TLanes.Count));
        var v7 = TLanes.Load(state + (7 * TLanes.Count));
        var v8 = TLanes.Broadcast(Initial[0]);
        var v9 = TLanes.Broadcast(Initial[1]);
        var v10 = TLanes.Broadcast(Initial[2]);
        var v11 = TLanes.Broadcast(Initial[3]);
        var v12 = TLanes.Load(counters);
        var v13 = TLanes.Load(counters + TLanes.Count);
        var v14 = TLanes.Broadcast(BlockBytes);
        var v15 = TLanes.Broadcast(flags);
        for (var round = 0; round < 7; round++, s += 16)
        {
            Mix<TLanes, TVector>(ref v0, ref v4, ref v8, ref v12, m[s[0]], m[s[1]]);
            Mix<TLanes, TVector>(ref v1, ref v5, ref v9, ref v13, m[s[2]], m[s[3]]);
            Mix<TLanes, TVector>(ref v2, ref v6, ref v10, ref v14, m[s[4]], m[s[5]]);
            Mix<TLanes, TVector>(ref v3, ref v7, ref v11, ref v15, m[s[6]], m[s[7]]);
            Mix<TLanes, TVector>(ref v0, ref v5, ref v10, ref v15, m[s[8]], m[s[9]]);
            Mix<TLanes, TVector>(ref v1, ref v6, ref v11, ref v12, m[s[10]], m[s[11]]);
            Mix<TLanes, TVector>(ref v2, ref v7, ref v8, ref v13, m[s[12]], m[s[13]]);
            Mix<TLanes, TVector>(ref v3, ref v4, ref v9, ref v14, m[s[14]], m[s[15]]);
        }
        TLanes.Store(state, TLanes.Xor(v0, v8));
        TLanes.Store(state + TLanes.Count, TLanes.Xor(v1, v9));
        TLanes.Store(state + (2 * TLanes.Count), TLanes.Xor(v2, v10));
        TLanes.Store(state + (3 * TLanes.Count), TLanes.Xor(v3, v11));
        TLanes.Store(state + (4 * TLanes.Count), TLanes.Xor(v4, v12));
        TLanes.Store(state + (5 * TLanes.Count), TLanes.Xor(v5, v13));
        TLanes.Store(state + (6 * TLanes.Count), TLanes.Xor(v6, v14));
        TLanes.Store(state + (7 * TLanes.Count), TLanes.Xor(v7, v15));
    }

    // §2.2, the quarter round G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix<TLanes, TVector>(ref TVector a, ref TVector b, ref TVector c, ref TVector d, TVector x, TVector y)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        a = TLanes.Add(TLanes.Add(a, x), b);
        d = TLanes.RotateRight16(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight12(TLanes.Xor(b, c));
        a = TLanes.Add(TLanes.Add(a, y), b);
        d = TLanes.RotateRight8(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight7(TLanes.Xor(b, c));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c, ref uint d, uint x, uint y)
    {
        a = a + x + b;
        d = BitOperations.RotateRight(d ^ a, 16);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 12);
        a = a + y + b;
        d = BitOperations.RotateRight(d ^ a, 8);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 7);
    }
}
