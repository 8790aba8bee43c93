using System.Runtime.InteropServices;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>The states of the lanes of one worker, kept word by word: word i of lane l is at <c>i * lanes + l</c>.</summary>
internal abstract unsafe class LaneState : IDisposable
{
    /// <summary>The room that <see cref="Pad"/> needs behind a message, in bytes.</summary>
    internal const int PaddingBytes = 128;

    private const int ScratchVectors = 16;
    private const int LargestVectorBytes = 64;

    private readonly int _words;
    private readonly int _wordBytes;
    private readonly byte* _saved;
    private void* _memory;

    /// <param name="count">The number of lanes.</param>
    /// <param name="blockBytes">The bytes of a block.</param>
    /// <param name="words">The words of a lane's state.</param>
    /// <param name="wordBytes">The bytes of a word.</param>
    protected LaneState(int count, int blockBytes, int words, int wordBytes)
    {
        Count = count;
        BlockBytes = blockBytes;
        _words = words;
        _wordBytes = wordBytes;
        var stateBytes = words * wordBytes * count;
        const int ScratchBytes = ScratchVectors * LargestVectorBytes;
        _memory = NativeMemory.AlignedAlloc((nuint)((2 * stateBytes) + ScratchBytes + (count * sizeof(byte*))), LargestVectorBytes);
        Scratch = _memory;
        State = (byte*)_memory + ScratchBytes;
        _saved = (byte*)State + stateBytes;
        Rows = (byte**)(_saved + stateBytes);
    }

    /// <summary>The number of lanes.</summary>
    internal int Count { get; }

    /// <summary>The bytes of a block.</summary>
    internal int BlockBytes { get; }

    /// <summary>Where each lane's next blocks are.</summary>
    internal byte** Rows { get; }

    /// <summary>The states of all lanes.</summary>
    protected void* State { get; }

    /// <summary>16 vectors of memory.</summary>
    protected void* Scratch { get; }

    /// <summary>Starts a message.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="length">The message's length, in bytes.</param>
    internal abstract void Start(int lane, long length);

    /// <summary>Takes that many blocks of every lane; <see cref="Rows"/> stays as it is.</summary>
    internal abstract void Compress(nint blocks);

    /// <summary>Puts the padding behind the last bytes of a message, to a whole block.</summary>
    /// <param name="end">Where the message ends; there is room for <see cref="PaddingBytes"/>.</param>
    /// <param name="length">The message's length, in bytes.</param>
    /// <returns>The number of bytes of padding.</returns>
    internal abstract int Pad(byte* end, long length);

    /// <summary>The digest of a lane that has taken its last block.</summary>
    internal abstract byte[] Finish(int lane);

    /// <summary>Keeps a lane's state aside.</summary>
    internal void Save(int lane) => CopyWords((byte*)State, _saved, lane);

    /// <summary>Puts back what was kept.</summary>
    internal void Restore(int lane) => CopyWords(_saved, (byte*)State, lane);

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private void CopyWords(byte* from, byte* to, int lane)
    {
        for (var word = 0; word < _words; word++)
        {
            var at = ((word * Count) + lane) * _wordBytes;
            new ReadOnlySpan<byte>(from + at, _wordBytes).CopyTo(new Span<byte>(to + at, _wordBytes));
        }
    }
}
