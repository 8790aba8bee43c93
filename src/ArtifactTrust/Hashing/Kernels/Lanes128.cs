using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector128<uint>;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>Four lanes: SSE4.1 on x64, AdvSIMD on Arm, and software elsewhere, where it is right but slow.</summary>
internal readonly unsafe struct Lanes128 : ILanes<V>
{
    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Broadcast(uint value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(uint* from) => Vector128.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint* to, V vector) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Add(V a, V b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Xor(V a, V b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight16(V v) => Shuffle(v, Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight12(V v) => (v >>> 12) | (v << 20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight8(V v) => Shuffle(v, Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V RotateRight7(V v) => (v >>> 7) | (v << 25);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma0(V v) => (v >>> 2) ^ (v << 30) ^ (v >>> 13) ^ (v << 19) ^ (v >>> 22) ^ (v << 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LargeSigma1(V v) => (v >>> 6) ^ (v << 26) ^ (v >>> 11) ^ (v << 21) ^ (v >>> 25) ^ (v << 7);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma0(V v) => (v >>> 7) ^ (v << 25) ^ (v >>> 18) ^ (v << 14) ^ (v >>> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SmallSigma1(V v) => (v >>> 17) ^ (v << 15) ^ (v >>> 19) ^ (v << 13) ^ (v >>> 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Choose(V x, V y, V z) => z ^ (x & (y ^ z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Majority(V x, V y, V z) => y ^ ((x ^ y) & (y ^ z));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ReverseBytes(V v) => Shuffle(v, Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(byte** rows, nint offset, V* words)
    {
        for (var quarter = 0; quarter < 4; quarter++, offset += 16, words += 4)
        {
            var a = Vector128.Load((uint*)(rows[0] + offset));
            var b = Vector128.Load((uint*)(rows[1] + offset));
            var c = Vector128.Load((uint*)(rows[2] + offset));
            var d = Vector128.Load((uint*)(rows[3] + offset));
            // Twice the perfect shuffle of four rows is their transpose.
            var ac0 = Low(a, c);
            var ac1 = High(a, c);
            var bd0 = Low(b, d);
            var bd1 = High(b, d);
            words[0] = Low(ac0, bd0);
            words[1] = High(ac0, bd0);
            words[2] = Low(ac1, bd1);
            words[3] = High(ac1, bd1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Low(V a, V b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V High(V a, V b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Shuffle(V v, Vector128<byte> order) => Vector128.Shuffle(v.AsByte(), order).AsUInt32();
}
