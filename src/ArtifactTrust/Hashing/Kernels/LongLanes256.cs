using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector256<ulong>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>Four lanes of 64 bits, with AVX2.</summary>
internal readonly unsafe struct LongLanes256 : ILanes64<V>
{
    internal static bool IsSupported => Avx2.IsSupported;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Broadcast(ulong value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(ulong* from) => Vector256.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong* to, V vector) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => Avx2.Add(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Xor(V a, V b) => Avx2.Xor(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Smaller(V a, V b) => Avx2.BlendVariable(a, b, Avx2.CompareGreaterThan(a.AsInt64(), b.AsInt64()).AsUInt64());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Equal(V a, V b) => Avx2.CompareEqual(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight32(V v) => Avx2.Shuffle(v.AsUInt32(), 0b10_11_00_01).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight24(V v) => Shuffle(v, Vector128.Create((byte)3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight16(V v) => Shuffle(v, Vector128.Create((byte)2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight63(V v) => Avx2.Or(Avx2.ShiftRightLogical(v, 63), Avx2.Add(v, v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(byte** rows, nint offset, V* words)
    {
        for (var quarter = 0; quarter < 4; quarter++, offset += 32, words += 4)
        {
            var r0 = Vector256.Load((ulong*)(rows[0] + offset));
            var r1 = Vector256.Load((ulong*)(rows[1] + offset));
            var r2 = Vector256.Load((ulong*)(rows[2] + offset));
            var r3 = Vector256.Load((ulong*)(rows[3] + offset));
            var (low01, low23) = (Avx2.UnpackLow(r0, r1), Avx2.UnpackLow(r2, r3));
            var (high01, high23) = (Avx2.UnpackHigh(r0, r1), Avx2.UnpackHigh(r2, r3));
            words[0] = Avx2.Permute2x128(low01, low23, 0x20);
            words[1] = Avx2.Permute2x128(high01, high23, 0x20);
            words[2] = Avx2.Permute2x128(low01, low23, 0x31);
            words[3] = Avx2.Permute2x128(high01, high23, 0x31);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Shuffle(V v, Vector128<byte> order) => Avx2.Shuffle(v.AsByte(), Vector256.Create(order, order)).AsUInt64();
}
