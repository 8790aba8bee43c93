using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<uint>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE3's compression function of 32 chunks or parents at once: two sets of sixteen lanes, in all 32 registers of AVX-512.</summary>
/// <remarks>
/// Spec: BLAKE3 (2021-11-04), §2. One set leaves the processor waiting for its own results; the other fills that time. The words of the message stay in
/// memory, which costs an operand and no instruction.
/// </remarks>
internal static unsafe class Blake3Pair
{
    /// <summary>How many chunks or parents go together.</summary>
    internal const int Rows = 2 * Lanes;

    /// <summary>The vectors of memory that <see cref="HashMany"/> needs: a block of each lane, the states and the counters.</summary>
    internal const int ScratchVectors = 2 * (16 + 8 + 2);

    private const int Lanes = 16;

    internal static bool IsSupported => Lanes512.IsSupported;

    /// <summary>The chaining values of whole chunks, or of parents, one a lane.</summary>
    /// <param name="rows">A pointer to the data of each of <see cref="Rows"/> lanes.</param>
    /// <param name="blocks">16 for chunks, 1 for parents.</param>
    /// <param name="counter">The first lane's chunk number; the others follow. Zero and <paramref name="step"/> zero for parents.</param>
    /// <param name="step">1 for chunks, 0 for parents.</param>
    /// <param name="flags">Set on each block.</param>
    /// <param name="output">32 bytes for each lane.</param>
    /// <param name="scratch"><see cref="ScratchVectors"/> vectors, aligned to one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void HashMany(byte** rows, int blocks, ulong counter, uint step, uint flags, byte* output, void* scratch)
    {
        var m = (V*)scratch;
        var state = m + 32;
        var counters = state + 16;
        for (var word = 0; word < 8; word++)
        {
            state[word] = state[8 + word] = Vector512.Create(Blake3Lanes.Initial[word]);
        }
        for (var row = 0u; row < Rows; row++)
        {
            var number = counter + (row * step);
            var at = (uint*)(counters + (row / Lanes * 2)) + (row % Lanes);
            at[0] = (uint)number;
            at[Lanes] = (uint)(number >> 32);
        }
        for (var block = 0; block < blocks; block++)
        {
            Lanes512.Transpose(rows, Blake3Lanes.BlockBytes * block, m);
            Lanes512.Transpose(rows + Lanes, Blake3Lanes.BlockBytes * block, m + 16);
            var at =
                (flags & Blake3Lanes.Parent) != 0
                    ? flags
                    : flags | (block == 0 ? Blake3Lanes.ChunkStart : 0) | (block == blocks - 1 ? Blake3Lanes.ChunkEnd : 0);
            Compress(state, counters, m, at);
        }
        var values = (uint*)output;
        for (var row = 0; row < Rows; row++)
        {
            var from = (uint*)(state + (row / Lanes * 8)) + (row % Lanes);
            for (var word = 0; word < 8; word++)
            {
                values[(8 * row) + word] = from[word * Lanes];
            }
        }
    }

    // A method of its own: across a call, no vector stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Compress(V* state, V* counters, V* m, uint flags)
    {
        var s = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Blake3Lanes.Schedule));
        var n = m + 16;
        var v0 = state[0];
        var v1 = state[1];
        var v2 = state[2];
        var v3 = state[3];
        var v4 = state[4];
        var v5 = state[5];
        var v6 = state[6];
        var v7 = state[7];
        var w0 = state[8];
        var w1 = state[9];
        var w2 = state[10];
        var w3 = state[11];
        var w4 = state[12];
        var w5 = state[13];
        var w6 = state[14];
        var w7 = state[15];
        var v8 = Vector512.Create(Blake3Lanes.Initial[0]);
        var v9 = Vector512.Create(Blake3Lanes.Initial[1]);
        var v10 = Vector512.Create(Blake3Lanes.Initial[2]);
        var v11 = Vector512.Create(Blake3Lanes.Initial[3]);
        var v12 = counters[0];
        var v13 = counters[1];
        var v14 = Vector512.Create((uint)Blake3Lanes.BlockBytes);
        var v15 = Vector512.Create(flags);
        var w8 = Vector512.Create(Blake3Lanes.Initial[0]);
        var w9 = Vector512.Create(Blake3Lanes.Initial[1]);
        var w10 = Vector512.Create(Blake3Lanes.Initial[2]);
        var w11 = Vector512.Create(Blake3Lanes.Initial[3]);
        var w12 = counters[2];
        var w13 = counters[3];
        var w14 = Vector512.Create((uint)Blake3Lanes.BlockBytes);
        var w15 = Vector512.Create(flags);
        for (var round = 0; round < 7; round++, s += 16)
        {
            Mix(ref v0, ref v4, ref v8, ref v12, m, s[0], s[1]);
            Mix(ref w0, ref w4, ref w8, ref w12, n, s[0], s[1]);
            Mix(ref v1, ref v5, ref v9, ref v13, m, s[2], s[3]);
            Mix(ref w1, ref w5, ref w9, ref w13, n, s[2], s[3]);
            Mix(ref v2, ref v6, ref v10, ref v14, m, s[4], s[5]);
            Mix(ref w2, ref w6, ref w10, ref w14, n, s[4], s[5]);
            Mix(ref v3, ref v7, ref v11, ref v15, m, s[6], s[7]);
            Mix(ref w3, ref w7, ref w11, ref w15, n, s[6], s[7]);
            Mix(ref v0, ref v5, ref v10, ref v15, m, s[8], s[9]);
            Mix(ref w0, ref w5, ref w10, ref w15, n, s[8], s[9]);
            Mix(ref v1, ref v6, ref v11, ref v12, m, s[10], s[11]);
            Mix(ref w1, ref w6, ref w11, ref w12, n, s[10], s[11]);
            Mix(ref v2, ref v7, ref v8, ref v13, m, s[12], s[13]);
            Mix(ref w2, ref w7, ref w8, ref w13, n, s[12], s[13]);
            Mix(ref v3, ref v4, ref v9, ref v14, m, s[14], s[15]);
            Mix(ref w3, ref w4, ref w9, ref w14, n, s[14], s[15]);
        }
        state[0] = v0 ^ v8;
        state[1] = v1 ^ v9;
        state[2] = v2 ^ v10;
        state[3] = v3 ^ v11;
        state[4] = v4 ^ v12;
        state[5] = v5 ^ v13;
        state[6] = v6 ^ v14;
        state[7] = v7 ^ v15;
        state[8] = w0 ^ w8;
        state[9] = w1 ^ w9;
        state[10] = w2 ^ w10;
        state[11] = w3 ^ w11;
        state[12] = w4 ^ w12;
        state[13] = w5 ^ w13;
        state[14] = w6 ^ w14;
        state[15] = w7 ^ w15;
    }

    // §2.2, the quarter round G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref V a, ref V b, ref V c, ref V d, V* m, nuint x, nuint y)
    {
        a = a + m[x] + b;
        d = Avx512F.RotateRight(d ^ a, 16);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 12);
        a = a + m[y] + b;
        d = Avx512F.RotateRight(d ^ a, 8);
        c += d;
        b = Avx512F.RotateRight(b ^ c, 7);
    }
}
