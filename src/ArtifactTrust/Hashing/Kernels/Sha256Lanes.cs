using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>SHA-256 of as many messages at once as a vector has lanes.</summary>
/// <remarks>Spec: FIPS 180-4 §6.2. The states are kept word by word: word i of lane l is at <c>state[i * lanes + l]</c>.</remarks>
internal static unsafe class Sha256Lanes
{
    /// <summary>The first 32 bits of the fractional parts of the square roots of the first eight primes.</summary>
    internal static ReadOnlySpan<uint> Initial =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    private static ReadOnlySpan<uint> Constants =>
        [
            0x428a2f98,
            0x71374491,
            0xb5c0fbcf,
            0xe9b5dba5,
            0x3956c25b,
            0x59f111f1,
            0x923f82a4,
            0xab1c5ed5,
            0xd807aa98,
            0x12835b01,
            0x243185be,
            0x550c7dc3,
            0x72be5d74,
            0x80deb1fe,
            0x9bdc06a7,
            0xc19bf174,
            0xe49b69c1,
            0xefbe4786,
            0x0fc19dc6,
            0x240ca1cc,
            0x2de92c6f,
            0x4a7484aa,
            0x5cb0a9dc,
            0x76f988da,
            0x983e5152,
            0xa831c66d,
            0xb00327c8,
            0xbf597fc7,
            0xc6e00bf3,
            0xd5a79147,
            0x06ca6351,
            0x14292967,
            0x27b70a85,
            0x2e1b2138,
            0x4d2c6dfc,
            0x53380d13,
            0x650a7354,
            0x766a0abb,
            0x81c2c92e,
            0x92722c85,
            0xa2bfe8a1,
            0xa81a664b,
            0xc24b8b70,
            0xc76c51a3,
            0xd192e819,
            0xd6990624,
            0xf40e3585,
            0x106aa070,
            0x19a4c116,
            0x1e376c08,
            0x2748774c,
            0x34b0bcb5,
            0x391c0cb3,
            0x4ed8aa4a,
            0x5b9cca4f,
            0x682e6ff3,
            0x748f82ee,
            0x78a5636f,
            0x84c87814,
            0x8cc70208,
            0x90befffa,
            0xa4506ceb,
            0xbef9a3f7,
            0xc67178f2,
        ];

    /// <summary>Takes whole blocks of each lane.</summary>
    /// <param name="state">8 vectors.</param>
    /// <param name="rows">A pointer to each lane's data.</param>
    /// <param name="blocks">The number of 64-byte blocks to take of each lane.</param>
    /// <param name="scratch">16 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compress<TLanes, TVector>(uint* state, byte** rows, nint blocks, void* scratch)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        var w = (TVector*)scratch;
        for (nint block = 0; block < blocks; block++)
        {
            TLanes.Transpose(rows, 64 * block, w);
            CompressBlock<TLanes, TVector>(state, w);
        }
    }

    // A method of its own: across a call, no vector stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CompressBlock<TLanes, TVector>(uint* state, TVector* w)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        // The data of the image does not move.
        var constants = (uint*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Constants));
        for (var i = 0; i < 16; i++)
        {
            w[i] = TLanes.ReverseBytes(w[i]);
        }
        var a = TLanes.Load(state);
        var b = TLanes.Load(state + TLanes.Count);
        var c = TLanes.Load(state + (2 * TLanes.Count));
        var d = TLanes.Load(state + (3 * TLanes.Count));
        var e = TLanes.Load(state + (4 * TLanes.Count));
        var f = TLanes.Load(state + (5 * TLanes.Count));
        var g = TLanes.Load(state + (6 * TLanes.Count));
        var h = TLanes.Load(state + (7 * TLanes.Count));
        for (var t = 0; ; t += 16)
        {
            var k = constants + t;
            Round<TLanes, TVector>(a, b, c, ref d, e, f, g, ref h, TLanes.Add(w[0], TLanes.Broadcast(k[0])));
            Round<TLanes, TVector>(h, a, b, ref c, d, e, f, ref g, TLanes.Add(w[1], TLanes.Broadcast(k[1])));
            Round<TLanes, TVector>(g, h, a, ref b, c, d, e, ref f, TLanes.Add(w[2], TLanes.Broadcast(k[2])));
            Round<TLanes, TVector>(f, g, h, ref a, b, c, d, ref e, TLanes.Add(w[3], TLanes.Broadcast(k[3])));
            Round<TLanes, TVector>(e, f, g, ref h, a, b, c, ref d, TLanes.Add(w[4], TLanes.Broadcast(k[4])));
            Round<TLanes, TVector>(d, e, f, ref g, h, a, b, ref c, TLanes.Add(w[5], TLanes.Broadcast(k[5])));
            Round<TLanes, TVector>(c, d, e, ref f, g, h, a, ref b, TLanes.Add(w[6], TLanes.Broadcast(k[6])));
            Round<TLanes, TVector>(b, c, d, ref e, f, g, h, ref a, TLanes.Add(w[7], TLanes.Broadcast(k[7])));
            Round<TLanes, TVector>(a, b, c, ref d, e, f, g, ref h, TLanes.Add(w[8], TLanes.Broadcast(k[8])));
            Round<TLanes, TVector>(h, a, b, ref c, d, e, f, ref g, TLanes.Add(w[9], TLanes.Broadcast(k[9])));
            Round<TLanes, TVector>(g, h, a, ref b, c, d, e, ref f, TLanes.Add(w[10], TLanes.Broadcast(k[10])));
            Round<TLanes, TVector>(f, g, h, ref a, b, c, d, ref e, TLanes.Add(w[11], TLanes.Broadcast(k[11])));
            Round<TLanes, TVector>(e, f, g, ref h, a, b, c, ref d, TLanes.Add(w[12], TLanes.Broadcast(k[12])));
            Round<TLanes, TVector>(d, e, f, ref g, h, a, b, ref c, TLanes.Add(w[13], TLanes.Broadcast(k[13])));
            Round<TLanes, TVector>(c, d, e, ref f, g, h, a, ref b, TLanes.Add(w[14], TLanes.Broadcast(k[14])));
            Round<TLanes, TVector>(b, c, d, ref e, f, g, h, ref a, TLanes.Add(w[15], TLanes.Broadcast(k[15])));
            if (t == 48)
            {
                break;
            }
            // The next sixteen words of the schedule take the place of the last.
            w[0] = Next<TLanes, TVector>(w[0], w[1], w[9], w[14]);
            w[1] = Next<TLanes, TVector>(w[1], w[2], w[10], w[15]);
            w[2] = Next<TLanes, TVector>(w[2], w[3], w[11], w[0]);
            w[3] = Next<TLanes, TVector>(w[3], w[4], w[12], w[1]);
            w[4] = Next<TLanes, TVector>(w[4], w[5], w[13], w[2]);
            w[5] = Next<TLanes, TVector>(w[5], w[6], w[14], w[3]);
            w[6] = Next<TLanes, TVector>(w[6], w[7], w[15], w[4]);
            w[7] = Next<TLanes, TVector>(w[7], w[8], w[0], w[5]);
            w[8] = Next<TLanes, TVector>(w[8], w[9], w[1], w[6]);
            w[9] = Next<TLanes, TVector>(w[9], w[10], w[2], w[7]);
            w[10] = Next<TLanes, TVector>(w[10], w[11], w[3], w[8]);
            w[11] = Next<TLanes, TVector>(w[11], w[12], w[4], w[9]);
            w[12] = Next<TLanes, TVector>(w[12], w[13], w[5], w[10]);
            w[13] = Next<TLanes, TVector>(w[13], w[14], w[6], w[11]);
            w[14] = Next<TLanes, TVector>(w[14], w[15], w[7], w[12]);
            w[15] = Next<TLanes, TVector>(w[15], w[0], w[8], w[13]);
        }
        AddTo<TLanes, TVector>(state, 0, a);
        AddTo<TLanes, TVector>(state, 1, b);
        AddTo<TLanes, TVector>(state, 2, c);
        AddTo<TLanes, TVector>(state, 3, d);
        AddTo<TLanes, TVector>(state, 4, e);
        AddTo<TLanes, TVector>(state, 5, f);
        AddTo<TLanes, TVector>(state, 6, g);
        AddTo<TLanes, TVector>(state, 7, h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round<TLanes, TVector>(
        TVector a,
        TVector b,
        TVector c,
        ref TVector d,
        TVector e,
        TVector f,
        TVector g,
        ref TVector h,
        TVector input
    )
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged
    {
        var t = TLanes.Add(TLanes.Add(TLanes.Add(h, input), TLanes.Choose(e, f, g)), TLanes.LargeSigma1(e));
        d = TLanes.Add(d, t);
        h = TLanes.Add(t, TLanes.Add(TLanes.LargeSigma0(a), TLanes.Majority(a, b, c)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Next<TLanes, TVector>(TVector w0, TVector w1, TVector w9, TVector w14)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged => TLanes.Add(TLanes.Add(w0, TLanes.SmallSigma0(w1)), TLanes.Add(w9, TLanes.SmallSigma1(w14)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo<TLanes, TVector>(uint* state, int word, TVector value)
        where TLanes : struct, ILanes<TVector>
        where TVector : unmanaged =>
        TLanes.Store(state + (word * TLanes.Count), TLanes.Add(TLanes.Load(state + (word * TLanes.Count)), value));
}
