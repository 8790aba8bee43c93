namespace ArtifactTrust.Hashing.Kernels;

/// <summary>What a hash function needs of vectors of 32-bit words, each word in the lane of another message.</summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal unsafe interface ILanes<TVector>
    where TVector : unmanaged
{
    /// <summary>The number of messages hashed at once.</summary>
    static abstract int Count { get; }

    static abstract TVector Broadcast(uint value);

    static abstract TVector Load(uint* from);

    static abstract void Store(uint* to, TVector vector);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    static abstract TVector RotateRight16(TVector v);

    static abstract TVector RotateRight12(TVector v);

    static abstract TVector RotateRight8(TVector v);

    static abstract TVector RotateRight7(TVector v);

    /// <summary>FIPS 180-4 §4.1.2, Σ0.</summary>
    static abstract TVector LargeSigma0(TVector v);

    /// <summary>FIPS 180-4 §4.1.2, Σ1.</summary>
    static abstract TVector LargeSigma1(TVector v);

    /// <summary>FIPS 180-4 §4.1.2, σ0.</summary>
    static abstract TVector SmallSigma0(TVector v);

    /// <summary>FIPS 180-4 §4.1.2, σ1.</summary>
    static abstract TVector SmallSigma1(TVector v);

    /// <summary>FIPS 180-4 §4.1.2, Ch.</summary>
    static abstract TVector Choose(TVector x, TVector y, TVector z);

    /// <summary>FIPS 180-4 §4.1.2, Maj.</summary>
    static abstract TVector Majority(TVector x, TVector y, TVector z);

    /// <summary>Swaps the bytes of each word.</summary>
    static abstract TVector ReverseBytes(TVector v);

    /// <summary>Word i of each lane's 64 bytes becomes vector i.</summary>
    /// <param name="rows">A pointer for each lane.</param>
    /// <param name="offset">Added to each, in bytes.</param>
    /// <param name="words">16 vectors.</param>
    static abstract void Transpose(byte** rows, nint offset, TVector* words);
}
