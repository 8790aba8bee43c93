using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector256<uint>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>Eight lanes, with AVX2.</summary>
internal readonly unsafe struct Lanes256 : ILanes<V>
{
    internal static bool IsSupported => Avx2.IsSupported;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Broadcast(uint value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(uint* from) => Vector256.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint* to, V vector) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => Avx2.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Xor(V a, V b) => Avx2.Xor(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight16(V v) => Shuffle(v, Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight12(V v) => Avx2.Or(Avx2.ShiftRightLogical(v, 12), Avx2.ShiftLeftLogical(v, 20));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight8(V v) => Shuffle(v, Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight7(V v) => Avx2.Or(Avx2.ShiftRightLogical(v, 7), Avx2.ShiftLeftLogical(v, 25));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma0(V v) =>
        Avx2.Xor(
            Avx2.Xor(
                Avx2.Xor(Avx2.ShiftRightLogical(v, 2), Avx2.ShiftLeftLogical(v, 30)),
                Avx2.Xor(Avx2.ShiftRightLogical(v, 13), Avx2.ShiftLeftLogical(v, 19))
            ),
            Avx2.Xor(Avx2.ShiftRightLogical(v, 22), Avx2.ShiftLeftLogical(v, 10))
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma1(V v) =>
        Avx2.Xor(
            Avx2.Xor(
                Avx2.Xor(Avx2.ShiftRightLogical(v, 6), Avx2.ShiftLeftLogical(v, 26)),
                Avx2.Xor(Avx2.ShiftRightLogical(v, 11), Avx2.ShiftLeftLogical(v, 21))
            ),
            Avx2.Xor(Avx2.ShiftRightLogical(v, 25), Avx2.ShiftLeftLogical(v, 7))
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma0(V v) =>
        Avx2.Xor(
            Avx2.Xor(
                Avx2.Xor(Avx2.ShiftRightLogical(v, 7), Avx2.ShiftLeftLogical(v, 25)),
                Avx2.Xor(Avx2.ShiftRightLogical(v, 18), Avx2.ShiftLeftLogical(v, 14))
            ),
            Avx2.ShiftRightLogical(v, 3)
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma1(V v) =>
        Avx2.Xor(
            Avx2.Xor(
                Avx2.Xor(Avx2.ShiftRightLogical(v, 17), Avx2.ShiftLeftLogical(v, 15)),
                Avx2.Xor(Avx2.ShiftRightLogical(v, 19), Avx2.ShiftLeftLogical(v, 13))
            ),
            Avx2.ShiftRightLogical(v, 10)
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Choose(V x, V y, V z) => Avx2.Xor(z, Avx2.And(x, Avx2.Xor(y, z)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Majority(V x, V y, V z) => Avx2.Xor(y, Avx2.And(Avx2.Xor(x, y), Avx2.Xor(y, z)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ReverseBytes(V v) => Shuffle(v, Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(byte** rows, nint offset, V* words)
    {
        for (var half = 0; half < 2; half++, offset += 32, words += 8)
        {
            var r0 = Vector256.Load((uint*)(rows[0] + offset));
            var r1 = Vector256.Load((uint*)(rows[1] + offset));
            var r2 = Vector256.Load((uint*)(rows[2] + offset));
            var r3 = Vector256.Load((uint*)(rows[3] + offset));
            var r4 = Vector256.Load((uint*)(rows[4] + offset));
            var r5 = Vector256.Load((uint*)(rows[5] + offset));
            var r6 = Vector256.Load((uint*)(rows[6] + offset));
            var r7 = Vector256.Load((uint*)(rows[7] + offset));
            Quarter(words, Avx2.UnpackLow(r0, r1), Avx2.UnpackLow(r2, r3), Avx2.UnpackLow(r4, r5), Avx2.UnpackLow(r6, r7));
            Quarter(words + 2, Avx2.UnpackHigh(r0, r1), Avx2.UnpackHigh(r2, r3), Avx2.UnpackHigh(r4, r5), Avx2.UnpackHigh(r6, r7));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(V* words, V r01, V r23, V r45, V r67)
    {
        var low0 = Avx2.UnpackLow(r01.AsUInt64(), r23.AsUInt64()).AsUInt32();
        var low4 = Avx2.UnpackLow(r45.AsUInt64(), r67.AsUInt64()).AsUInt32();
        var high0 = Avx2.UnpackHigh(r01.AsUInt64(), r23.AsUInt64()).AsUInt32();
        var high4 = Avx2.UnpackHigh(r45.AsUInt64(), r67.AsUInt64()).AsUInt32();
        words[0] = Avx2.Permute2x128(low0, low4, 0x20);
        words[1] = Avx2.Permute2x128(high0, high4, 0x20);
        words[4] = Avx2.Permute2x128(low0, low4, 0x31);
        words[5] = Avx2.Permute2x128(high0, high4, 0x31);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Shuffle(V v, Vector128<byte> order) => Avx2.Shuffle(v.AsByte(), Vector256.Create(order, order)).AsUInt32();
}
