using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<uint>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>Sixteen lanes, with AVX-512 (F and BW): rotations and three-operand logic are one instruction each.</summary>
internal readonly unsafe struct Lanes512 : ILanes<V>
{
    internal static bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Broadcast(uint value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(uint* from) => Vector512.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint* to, V vector) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => Avx512F.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Xor(V a, V b) => Avx512F.Xor(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight16(V v) => Avx512F.RotateRight(v, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight12(V v) => Avx512F.RotateRight(v, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight8(V v) => Avx512F.RotateRight(v, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight7(V v) => Avx512F.RotateRight(v, 7);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma0(V v) => Xor3(Avx512F.RotateRight(v, 2), Avx512F.RotateRight(v, 13), Avx512F.RotateRight(v, 22));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma1(V v) => Xor3(Avx512F.RotateRight(v, 6), Avx512F.RotateRight(v, 11), Avx512F.RotateRight(v, 25));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma0(V v) => Xor3(Avx512F.RotateRight(v, 7), Avx512F.RotateRight(v, 18), Avx512F.ShiftRightLogical(v, 3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma1(V v) => Xor3(Avx512F.RotateRight(v, 17), Avx512F.RotateRight(v, 19), Avx512F.ShiftRightLogical(v, 10));

    // The constants below are truth tables: bit 4x + 2y + z is the result for the bits x, y and z.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Choose(V x, V y, V z) => Avx512F.TernaryLogic(x, y, z, 0xCA);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Majority(V x, V y, V z) => Avx512F.TernaryLogic(x, y, z, 0xE8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Xor3(V x, V y, V z) => Avx512F.TernaryLogic(x, y, z, 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ReverseBytes(V v)
    {
        var order = Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        return Avx512BW.Shuffle(v.AsByte(), Vector512.Create(Vector256.Create(order, order), Vector256.Create(order, order))).AsUInt32();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(byte** rows, nint offset, V* words)
    {
        // Quarters of 128 bits that hold one word of four lanes, then the quarters are collected; all of it fits into the registers.
        Quarters(rows, offset, out var a0, out var b0, out var c0, out var d0);
        Quarters(rows + 4, offset, out var a1, out var b1, out var c1, out var d1);
        Quarters(rows + 8, offset, out var a2, out var b2, out var c2, out var d2);
        Quarters(rows + 12, offset, out var a3, out var b3, out var c3, out var d3);
        Collect(words, a0, a1, a2, a3);
        Collect(words + 1, b0, b1, b2, b3);
        Collect(words + 2, c0, c1, c2, c3);
        Collect(words + 3, d0, d1, d2, d3);
    }

    /// <summary>Of four rows, the words 0, 4, 8 and 12 in <paramref name="words0"/>, a quarter each, and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarters(byte** rows, nint offset, out V words0, out V words1, out V words2, out V words3)
    {
        var a = Vector512.Load((uint*)(rows[0] + offset));
        var b = Vector512.Load((uint*)(rows[1] + offset));
        var c = Vector512.Load((uint*)(rows[2] + offset));
        var d = Vector512.Load((uint*)(rows[3] + offset));
        var ab0 = Avx512F.UnpackLow(a, b).AsUInt64();
        var ab1 = Avx512F.UnpackHigh(a, b).AsUInt64();
        var cd0 = Avx512F.UnpackLow(c, d).AsUInt64();
        var cd1 = Avx512F.UnpackHigh(c, d).AsUInt64();
        words0 = Avx512F.UnpackLow(ab0, cd0).AsUInt32();
        words1 = Avx512F.UnpackHigh(ab0, cd0).AsUInt32();
        words2 = Avx512F.UnpackLow(ab1, cd1).AsUInt32();
        words3 = Avx512F.UnpackHigh(ab1, cd1).AsUInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Collect(V* words, V r0, V r1, V r2, V r3)
    {
        var low01 = Avx512F.Shuffle4x128(r0, r1, 0b01_00_01_00);
        var high01 = Avx512F.Shuffle4x128(r0, r1, 0b11_10_11_10);
        var low23 = Avx512F.Shuffle4x128(r2, r3, 0b01_00_01_00);
        var high23 = Avx512F.Shuffle4x128(r2, r3, 0b11_10_11_10);
        words[0] = Avx512F.Shuffle4x128(low01, low23, 0b10_00_10_00);
        words[4] = Avx512F.Shuffle4x128(low01, low23, 0b11_01_11_01);
        words[8] = Avx512F.Shuffle4x128(high01, high23, 0b10_00_10_00);
        words[12] = Avx512F.Shuffle4x128(high01, high23, 0b11_01_11_01);
    }
}
