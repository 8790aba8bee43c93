using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE2b with 64 bytes of output and no key, of bytes that come in pieces.</summary>
/// <remarks>Spec: RFC 7693 §3.</remarks>
internal sealed unsafe class Blake2bState
{
    private const int BlockBytes = 128;

    private readonly ulong[] _h = new ulong[8];
    private readonly byte[] _block = new byte[BlockBytes];
    private int _buffered;
    private UInt128 _taken;

    internal Blake2bState() => Start();

    private static ReadOnlySpan<ulong> Initial =>
        [
            0x6a09e667f3bcc908,
            0xbb67ae8584caa73b,
            0x3c6ef372fe94f82b,
            0xa54ff53a5f1d36f1,
            0x510e527fade682d1,
            0x9b05688c2b3e6c1f,
            0x1f83d9abfb41bd6b,
            0x5be0cd19137e2179,
        ];

    // §2.7; the last two rows are the first two again.
    private static ReadOnlySpan<byte> Sigma =>
        [
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            14,
            10,
            4,
            8,
            9,
            15,
            13,
            6,
            1,
            12,
            0,
            2,
            11,
            7,
            5,
            3,
            11,
            8,
            12,
            0,
            5,
            2,
            15,
            13,
            10,
            14,
            3,
            6,
            7,
            1,
            9,
            4,
            7,
            9,
            3,
            1,
            13,
            12,
            11,
            14,
            2,
            6,
            5,
            10,
            4,
            0,
            15,
            8,
            9,
            0,
            5,
            7,
            2,
            4,
            10,
            15,
            14,
            1,
            11,
            12,
            6,
            8,
            3,
            13,
            2,
            12,
            6,
            10,
            0,
            11,
            8,
            3,
            4,
            13,
            7,
            5,
            15,
            14,
            1,
            9,
            12,
            5,
            1,
            15,
            14,
            13,
            4,
            10,
            0,
            7,
            6,
            3,
            9,
            2,
            8,
            11,
            13,
            11,
            7,
            14,
            12,
            1,
            3,
            9,
            5,
            0,
            15,
            4,
            8,
            6,
            2,
            10,
            6,
            15,
            14,
            9,
            11,
            3,
            0,
            8,
            12,
            2,
            13,
            7,
            1,
            4,
            10,
            5,
            10,
            2,
            8,
            4,
            7,
            6,
            1,
            5,
            15,
            11,
            9,
            14,
            3,
            12,
            13,
            0,
            0,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            14,
            10,
            4,
            8,
            9,
            15,
            13,
            6,
            1,
            12,
            0,
            2,
            11,
            7,
            5,
            3,
        ];

    internal void Start()
    {
        Initial.CopyTo(_h);
        // §2.5: 64 bytes of output, no key, one lane.
        _h[0] ^= 0x01010040;
        _buffered = 0;
        _taken = 0;
    }

    internal void Append(ReadOnlySpan<byte> data)
    {
        fixed (ulong* h = _h)
        fixed (byte* buffer = _block)
        fixed (byte* start = data)
        {
            var at = start;
            var left = data.Length;
            while (left > 0)
            {
                // A block is taken only when more follows: the last one is marked.
                if (_buffered == BlockBytes)
                {
                    _taken += BlockBytes;
                    Compress(h, buffer, _taken, false);
                    _buffered = 0;
                }
                if (_buffered == 0)
                {
                    for (; left > BlockBytes; left -= BlockBytes, at += BlockBytes)
                    {
                        _taken += BlockBytes;
                        Compress(h, at, _taken, false);
                    }
                }
                var take = Math.Min(left, BlockBytes - _buffered);
                Buffer.MemoryCopy(at, buffer + _buffered, take, take);
                _buffered += take;
                at += take;
                left -= take;
            }
        }
    }

    internal byte[] Finish()
    {
        Array.Clear(_block, _buffered, BlockBytes - _buffered);
        _taken += (uint)_buffered;
        fixed (ulong* h = _h)
        fixed (byte* buffer = _block)
        {
            Compress(h, buffer, _taken, true);
        }
        var digest = new byte[64];
        for (var i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest.AsSpan(8 * i), _h[i]);
        }
        Start();
        return digest;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(ulong* h, byte* block, UInt128 taken, bool last)
    {
        var m = (ulong*)block;
        var s = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Sigma));
        var a = Vector256.Load(h);
        var b = Vector256.Load(h + 4);
        var c = Vector256.Create(Initial[0], Initial[1], Initial[2], Initial[3]);
        var d = Vector256.Create(Initial[4] ^ (ulong)taken, Initial[5] ^ (ulong)(taken >> 64), last ? ~Initial[6] : Initial[6], Initial[7]);
        var a0 = a;
        var b0 = b;
        for (var round = 0; round < 12; round++, s += 16)
        {
            Mix(
                ref a,
                ref b,
                ref c,
                ref d,
                Vector256.Create(m[s[0]], m[s[2]], m[s[4]], m[s[6]]),
                Vector256.Create(m[s[1]], m[s[3]], m[s[5]], m[s[7]])
            );
            // The columns of the rotated rows are the diagonals.
            b = Vector256.Shuffle(b, Vector256.Create(1UL, 2, 3, 0));
            c = Vector256.Shuffle(c, Vector256.Create(2UL, 3, 0, 1));
            d = Vector256.Shuffle(d, Vector256.Create(3UL, 0, 1, 2));
            Mix(
                ref a,
                ref b,
                ref c,
                ref d,
                Vector256.Create(m[s[8]], m[s[10]], m[s[12]], m[s[14]]),
                Vector256.Create(m[s[9]], m[s[11]], m[s[13]], m[s[15]])
            );
            b = Vector256.Shuffle(b, Vector256.Create(3UL, 0, 1, 2));
            c = Vector256.Shuffle(c, Vector256.Create(2UL, 3, 0, 1));
            d = Vector256.Shuffle(d, Vector256.Create(1UL, 2, 3, 0));
        }
        (a0 ^ a ^ c).Store(h);
        (b0 ^ b ^ d).Store(h + 4);
    }

    // §3.1, the mixing function G, of four columns at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(
        ref Vector256<ulong> a,
        ref Vector256<ulong> b,
        ref Vector256<ulong> c,
        ref Vector256<ulong> d,
        Vector256<ulong> x,
        Vector256<ulong> y
    )
    {
        a = a + x + b;
        d = RotateRight32(d ^ a);
        c += d;
        b = RotateRight24(b ^ c);
        a = a + y + b;
        d = RotateRight16(d ^ a);
        c += d;
        b = RotateRight63(b ^ c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> RotateRight32(Vector256<ulong> v) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(v, 32)
        : Avx2.IsSupported ? Avx2.Shuffle(v.AsUInt32(), 0b10_11_00_01).AsUInt64()
        : (v >>> 32) | (v << 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> RotateRight24(Vector256<ulong> v) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(v, 24) : (v >>> 24) | (v << 40);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> RotateRight16(Vector256<ulong> v) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(v, 16) : (v >>> 16) | (v << 48);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> RotateRight63(Vector256<ulong> v) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(v, 63) : (v >>> 63) | (v + v);
}
