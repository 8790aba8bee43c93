using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<ulong>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>Eight lanes of 64 bits, with AVX-512.</summary>
internal readonly unsafe struct LongLanes512 : ILanes64<V>
{
    internal static bool IsSupported => Avx512F.IsSupported;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Broadcast(ulong value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(ulong* from) => Vector512.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong* to, V vector) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => Avx512F.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Xor(V a, V b) => Avx512F.Xor(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Smaller(V a, V b) => Avx512F.Min(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Equal(V a, V b) => Vector512.Equals(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight32(V v) => Avx512F.RotateRight(v, 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight24(V v) => Avx512F.RotateRight(v, 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight16(V v) => Avx512F.RotateRight(v, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight63(V v) => Avx512F.RotateRight(v, 63);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(byte** rows, nint offset, V* words)
    {
        for (var half = 0; half < 2; half++, offset += 64, words += 8)
        {
            var r0 = Vector512.Load((ulong*)(rows[0] + offset));
            var r1 = Vector512.Load((ulong*)(rows[1] + offset));
            var r2 = Vector512.Load((ulong*)(rows[2] + offset));
            var r3 = Vector512.Load((ulong*)(rows[3] + offset));
            var r4 = Vector512.Load((ulong*)(rows[4] + offset));
            var r5 = Vector512.Load((ulong*)(rows[5] + offset));
            var r6 = Vector512.Load((ulong*)(rows[6] + offset));
            var r7 = Vector512.Load((ulong*)(rows[7] + offset));
            // Pairs of lanes first: quarter q of a vector has word 2q, or 2q + 1, of two lanes.
            Collect(words, Avx512F.UnpackLow(r0, r1), Avx512F.UnpackLow(r2, r3), Avx512F.UnpackLow(r4, r5), Avx512F.UnpackLow(r6, r7));
            Collect(
                words + 1,
                Avx512F.UnpackHigh(r0, r1),
                Avx512F.UnpackHigh(r2, r3),
                Avx512F.UnpackHigh(r4, r5),
                Avx512F.UnpackHigh(r6, r7)
            );
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Collect(V* words, V r01, V r23, V r45, V r67)
    {
        var low0123 = Avx512F.Shuffle4x128(r01, r23, 0b01_00_01_00);
        var high0123 = Avx512F.Shuffle4x128(r01, r23, 0b11_10_11_10);
        var low4567 = Avx512F.Shuffle4x128(r45, r67, 0b01_00_01_00);
        var high4567 = Avx512F.Shuffle4x128(r45, r67, 0b11_10_11_10);
        words[0] = Avx512F.Shuffle4x128(low0123, low4567, 0b10_00_10_00);
        words[2] = Avx512F.Shuffle4x128(low0123, low4567, 0b11_01_11_01);
        words[4] = Avx512F.Shuffle4x128(high0123, high4567, 0b10_00_10_00);
        words[6] = Avx512F.Shuffle4x128(high0123, high4567, 0b11_01_11_01);
    }
}
