using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE2b with 64 bytes of output and no key, of bytes that come in pieces.</summary>
/// <remarks>Spec: RFC 7693 §3.</remarks>
internal sealed unsafe class Blake2bState
{
    private const int BlockBytes = Blake2b.BlockBytes;

    private readonly ulong[] _h = new ulong[8];
    private readonly byte[] _block = new byte[BlockBytes];
    private int _buffered;
    private ulong _taken;

    internal Blake2bState() => Start();

    internal void Start()
    {
        Blake2b.Initial.CopyTo(_h);
        _h[0] ^= Blake2b.Parameters;
        _buffered = 0;
        _taken = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
                    Compress(h, (ulong*)buffer, _taken, 0);
                    _buffered = 0;
                }
                if (_buffered == 0)
                {
                    for (; left > BlockBytes; left -= BlockBytes, at += BlockBytes)
                    {
                        _taken += BlockBytes;
                        Compress(h, (ulong*)at, _taken, 0);
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
            Compress(h, (ulong*)buffer, _taken, ulong.MaxValue);
        }
        var digest = new byte[Blake2b.DigestBytes];
        for (var i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(digest.AsSpan(8 * i), _h[i]);
        }
        Start();
        return digest;
    }

    // General registers and no vectors: one message has four columns to work on, and a vector of them waits for each instruction's result.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(ulong* state, ulong* x, ulong taken, ulong last)
    {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3]);
        var (e, f, g, h) = (state[4], state[5], state[6], state[7]);
        var (i, j, k, l) = (Blake2b.Initial[0], Blake2b.Initial[1], Blake2b.Initial[2], Blake2b.Initial[3]);
        // Nothing has 2^64 bytes: the upper half of the count is zero.
        var (m, n) = (Blake2b.Initial[4] ^ taken, Blake2b.Initial[5]);
        var (o, p) = (Blake2b.Initial[6] ^ last, Blake2b.Initial[7]);
        Round(x, 0, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 1, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 2, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 3, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 4, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 5, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 6, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 7, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 8, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 9, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 10, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        Round(x, 11, ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h, ref i, ref j, ref k, ref l, ref m, ref n, ref o, ref p);
        state[0] ^= a ^ i;
        state[1] ^= b ^ j;
        state[2] ^= c ^ k;
        state[3] ^= d ^ l;
        state[4] ^= e ^ m;
        state[5] ^= f ^ n;
        state[6] ^= g ^ o;
        state[7] ^= h ^ p;
    }

    // §3.2: the columns, then the diagonals, a step of four G after the other. Nothing here is a call: the compiler inlines no deeper.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ulong* x,
        int round,
        ref ulong a,
        ref ulong b,
        ref ulong c,
        ref ulong d,
        ref ulong e,
        ref ulong f,
        ref ulong g,
        ref ulong h,
        ref ulong i,
        ref ulong j,
        ref ulong k,
        ref ulong l,
        ref ulong m,
        ref ulong n,
        ref ulong o,
        ref ulong p
    )
    {
        a += x[Blake2b.Order[(16 * round) + 0]];
        b += x[Blake2b.Order[(16 * round) + 2]];
        c += x[Blake2b.Order[(16 * round) + 4]];
        d += x[Blake2b.Order[(16 * round) + 6]];
        a += e;
        b += f;
        c += g;
        d += h;
        m ^= a;
        n ^= b;
        o ^= c;
        p ^= d;
        m = (m >> 32) | (m << 32);
        n = (n >> 32) | (n << 32);
        o = (o >> 32) | (o << 32);
        p = (p >> 32) | (p << 32);
        i += m;
        j += n;
        k += o;
        l += p;
        e ^= i;
        f ^= j;
        g ^= k;
        h ^= l;
        e = (e >> 24) | (e << 40);
        f = (f >> 24) | (f << 40);
        g = (g >> 24) | (g << 40);
        h = (h >> 24) | (h << 40);
        a += x[Blake2b.Order[(16 * round) + 1]];
        b += x[Blake2b.Order[(16 * round) + 3]];
        c += x[Blake2b.Order[(16 * round) + 5]];
        d += x[Blake2b.Order[(16 * round) + 7]];
        a += e;
        b += f;
        c += g;
        d += h;
        m ^= a;
        n ^= b;
        o ^= c;
        p ^= d;
        m = (m >> 16) | (m << 48);
        n = (n >> 16) | (n << 48);
        o = (o >> 16) | (o << 48);
        p = (p >> 16) | (p << 48);
        i += m;
        j += n;
        k += o;
        l += p;
        e ^= i;
        f ^= j;
        g ^= k;
        h ^= l;
        e = (e >> 63) | (e << 1);
        f = (f >> 63) | (f << 1);
        g = (g >> 63) | (g << 1);
        h = (h >> 63) | (h << 1);

        a += x[Blake2b.Order[(16 * round) + 8]];
        b += x[Blake2b.Order[(16 * round) + 10]];
        c += x[Blake2b.Order[(16 * round) + 12]];
        d += x[Blake2b.Order[(16 * round) + 14]];
        a += f;
        b += g;
        c += h;
        d += e;
        p ^= a;
        m ^= b;
        n ^= c;
        o ^= d;
        p = (p >> 32) | (p << 32);
        m = (m >> 32) | (m << 32);
        n = (n >> 32) | (n << 32);
        o = (o >> 32) | (o << 32);
        k += p;
        l += m;
        i += n;
        j += o;
        f ^= k;
        g ^= l;
        h ^= i;
        e ^= j;
        f = (f >> 24) | (f << 40);
        g = (g >> 24) | (g << 40);
        h = (h >> 24) | (h << 40);
        e = (e >> 24) | (e << 40);
        a += x[Blake2b.Order[(16 * round) + 9]];
        b += x[Blake2b.Order[(16 * round) + 11]];
        c += x[Blake2b.Order[(16 * round) + 13]];
        d += x[Blake2b.Order[(16 * round) + 15]];
        a += f;
        b += g;
        c += h;
        d += e;
        p ^= a;
        m ^= b;
        n ^= c;
        o ^= d;
        p = (p >> 16) | (p << 48);
        m = (m >> 16) | (m << 48);
        n = (n >> 16) | (n << 48);
        o = (o >> 16) | (o << 48);
        k += p;
        l += m;
        i += n;
        j += o;
        f ^= k;
        g ^= l;
        h ^= i;
        e ^= j;
        f = (f >> 63) | (f << 1);
        g = (g >> 63) | (g << 1);
        h = (h >> 63) | (h << 1);
        e = (e >> 63) | (e << 1);
    }
}
