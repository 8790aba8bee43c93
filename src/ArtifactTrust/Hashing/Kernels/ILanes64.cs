namespace ArtifactTrust.Hashing.Kernels;

/// <summary>What a hash function needs of vectors of 64-bit words, each word in the lane of another message.</summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal unsafe interface ILanes64<TVector>
    where TVector : unmanaged
{
    /// <summary>The number of messages hashed at once.</summary>
    static abstract int Count { get; }

    static abstract TVector Broadcast(ulong value);

    static abstract TVector Load(ulong* from);

    static abstract void Store(ulong* to, TVector vector);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>The smaller of each two words, which are below 2^63.</summary>
    static abstract TVector Smaller(TVector a, TVector b);

    /// <summary>All bits where two words are equal, none where they are not.</summary>
    static abstract TVector Equal(TVector a, TVector b);

    static abstract TVector RotateRight32(TVector v);

    static abstract TVector RotateRight24(TVector v);

    static abstract TVector RotateRight16(TVector v);

    static abstract TVector RotateRight63(TVector v);

    /// <summary>Word i of each lane's 128 bytes becomes vector i.</summary>
    /// <param name="rows">A pointer for each lane.</param>
    /// <param name="offset">Added to each, in bytes.</param>
    /// <param name="words">16 vectors.</param>
    static abstract void Transpose(byte** rows, nint offset, TVector* words);
}
