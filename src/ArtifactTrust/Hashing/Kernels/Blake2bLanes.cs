using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE2b of as many messages at once as a vector has lanes.</summary>
/// <remarks>
/// Spec: RFC 7693 §3. The states are kept word by word: word i of lane l is at <c>state[i * lanes + l]</c>. Behind the eight words of
/// the chain come the bytes taken and the length of the message: the block that reaches it is the last, so lanes need not end together.
/// </remarks>
internal static unsafe class Blake2bLanes
{
    /// <summary>The word of a lane's state that counts the bytes taken.</summary>
    internal const int TakenWord = 8;

    /// <summary>The word of a lane's state with the length of the message.</summary>
    internal const int LengthWord = 9;

    /// <summary>The words of a lane's state.</summary>
    internal const int StateWords = 10;

    /// <summary>Takes whole blocks of each lane; behind a message's end, to a whole block, are zeros.</summary>
    /// <param name="state">10 vectors.</param>
    /// <param name="rows">A pointer to each lane's data.</param>
    /// <param name="blocks">The number of 128-byte blocks to take of each lane.</param>
    /// <param name="scratch">16 vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Compress<TLanes, TVector>(ulong* state, byte** rows, nint blocks, void* scratch)
        where TLanes : struct, ILanes64<TVector>
        where TVector : unmanaged
    {
        var w = (TVector*)scratch;
        for (nint block = 0; block < blocks; block++)
        {
            TLanes.Transpose(rows, Blake2b.BlockBytes * block, w);
            CompressBlock<TLanes, TVector>(state, w);
        }
    }

    // A method of its own: across a call, no vector stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void CompressBlock<TLanes, TVector>(ulong* state, TVector* w)
        where TLanes : struct, ILanes64<TVector>
        where TVector : unmanaged
    {
        // The data of the image does not move.
        var order = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Blake2b.Order));
        var initial = (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Blake2b.Initial));
        var length = TLanes.Load(state + (LengthWord * TLanes.Count));
        var taken = TLanes.Load(state + (TakenWord * TLanes.Count));
        taken = TLanes.Smaller(TLanes.Add(taken, TLanes.Broadcast(Blake2b.BlockBytes)), length);
        TLanes.Store(state + (TakenWord * TLanes.Count), taken);
        var a0 = TLanes.Load(state);
        var a1 = TLanes.Load(state + TLanes.Count);
        var a2 = TLanes.Load(state + (2 * TLanes.Count));
        var a3 = TLanes.Load(state + (3 * TLanes.Count));
        var b0 = TLanes.Load(state + (4 * TLanes.Count));
        var b1 = TLanes.Load(state + (5 * TLanes.Count));
        var b2 = TLanes.Load(state + (6 * TLanes.Count));
        var b3 = TLanes.Load(state + (7 * TLanes.Count));
        var c0 = TLanes.Broadcast(initial[0]);
        var c1 = TLanes.Broadcast(initial[1]);
        var c2 = TLanes.Broadcast(initial[2]);
        var c3 = TLanes.Broadcast(initial[3]);
        // Nothing has 2^64 bytes: the upper half of the count is zero.
        var d0 = TLanes.Xor(TLanes.Broadcast(initial[4]), taken);
        var d1 = TLanes.Broadcast(initial[5]);
        var d2 = TLanes.Xor(TLanes.Broadcast(initial[6]), TLanes.Equal(taken, length));
        var d3 = TLanes.Broadcast(initial[7]);
        for (var round = 0; round < 12; round++, order += 16)
        {
            Mix<TLanes, TVector>(ref a0, ref b0, ref c0, ref d0, w[order[0]], w[order[1]]);
            Mix<TLanes, TVector>(ref a1, ref b1, ref c1, ref d1, w[order[2]], w[order[3]]);
            Mix<TLanes, TVector>(ref a2, ref b2, ref c2, ref d2, w[order[4]], w[order[5]]);
            Mix<TLanes, TVector>(ref a3, ref b3, ref c3, ref d3, w[order[6]], w[order[7]]);
            Mix<TLanes, TVector>(ref a0, ref b1, ref c2, ref d3, w[order[8]], w[order[9]]);
            Mix<TLanes, TVector>(ref a1, ref b2, ref c3, ref d0, w[order[10]], w[order[11]]);
            Mix<TLanes, TVector>(ref a2, ref b3, ref c0, ref d1, w[order[12]], w[order[13]]);
            Mix<TLanes, TVector>(ref a3, ref b0, ref c1, ref d2, w[order[14]], w[order[15]]);
        }
        XorTo<TLanes, TVector>(state, 0, TLanes.Xor(a0, c0));
        XorTo<TLanes, TVector>(state, 1, TLanes.Xor(a1, c1));
        XorTo<TLanes, TVector>(state, 2, TLanes.Xor(a2, c2));
        XorTo<TLanes, TVector>(state, 3, TLanes.Xor(a3, c3));
        XorTo<TLanes, TVector>(state, 4, TLanes.Xor(b0, d0));
        XorTo<TLanes, TVector>(state, 5, TLanes.Xor(b1, d1));
        XorTo<TLanes, TVector>(state, 6, TLanes.Xor(b2, d2));
        XorTo<TLanes, TVector>(state, 7, TLanes.Xor(b3, d3));
    }

    // §3.1, the mixing function G.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix<TLanes, TVector>(ref TVector a, ref TVector b, ref TVector c, ref TVector d, TVector x, TVector y)
        where TLanes : struct, ILanes64<TVector>
        where TVector : unmanaged
    {
        a = TLanes.Add(TLanes.Add(a, x), b);
        d = TLanes.RotateRight32(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight24(TLanes.Xor(b, c));
        a = TLanes.Add(TLanes.Add(a, y), b);
        d = TLanes.RotateRight16(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight63(TLanes.Xor(b, c));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void XorTo<TLanes, TVector>(ulong* state, int word, TVector value)
        where TLanes : struct, ILanes64<TVector>
        where TVector : unmanaged =>
        TLanes.Store(state + (word * TLanes.Count), TLanes.Xor(TLanes.Load(state + (word * TLanes.Count)), value));
}
