using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ArtifactTrust.Hashing.Kernels;

namespace ArtifactTrust.Hashing;

/// <summary>The states of the lanes of one worker.</summary>
internal sealed unsafe class Sha256LaneState : IDisposable
{
    private readonly Sha256Kernel _kernel;
    private readonly uint* _state;
    private readonly void* _scratch;
    private void* _memory;

    internal Sha256LaneState(Sha256Kernel kernel)
    {
        const int StateBytes = 8 * 64;
        const int ScratchBytes = 16 * 64;
        _kernel = kernel;
        _memory = NativeMemory.AlignedAlloc(StateBytes + ScratchBytes + (16 * (nuint)sizeof(byte*)), 64);
        _state = (uint*)_memory;
        _scratch = (byte*)_memory + StateBytes;
        Rows = (byte**)((byte*)_memory + StateBytes + ScratchBytes);
        for (var lane = 0; lane < kernel.Count; lane++)
        {
            Start(lane);
        }
    }

    /// <summary>Where each lane's next blocks are.</summary>
    internal byte** Rows { get; }

    /// <summary>Starts a message.</summary>
    internal void Start(int lane)
    {
        for (var word = 0; word < 8; word++)
        {
            _state[(word * _kernel.Count) + lane] = Sha256Lanes.Initial[word];
        }
    }

    /// <summary>Takes that many blocks of every lane; <see cref="Rows"/> stays as it is.</summary>
    internal void Compress(nint blocks) => _kernel.Compress(_state, Rows, blocks, _scratch);

    /// <summary>Copies a lane's state out.</summary>
    internal void Save(int lane, Span<uint> words)
    {
        for (var word = 0; word < 8; word++)
        {
            words[word] = _state[(word * _kernel.Count) + lane];
        }
    }

    /// <summary>Copies a lane's state back.</summary>
    internal void Restore(int lane, ReadOnlySpan<uint> words)
    {
        for (var word = 0; word < 8; word++)
        {
            _state[(word * _kernel.Count) + lane] = words[word];
        }
    }

    /// <summary>The digest of a lane that has taken its last block.</summary>
    internal byte[] Finish(int lane)
    {
        var digest = new byte[32];
        for (var word = 0; word < 8; word++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest.AsSpan(4 * word), _state[(word * _kernel.Count) + lane]);
        }
        return digest;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    /// <summary>Puts the padding behind the last bytes of a message.</summary>
    /// <param name="end">Where the message ends; there is room for 128 bytes.</param>
    /// <param name="length">The message's length, in bytes.</param>
    /// <returns>The number of bytes of padding.</returns>
    /// <remarks>Spec: FIPS 180-4 §5.1.1.</remarks>
    internal static int Pad(byte* end, long length)
    {
        var padding = 64 - (int)(length % 64);
        padding += padding < 9 ? 64 : 0;
        var span = new Span<byte>(end, padding);
        span.Clear();
        span[0] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(span[^8..], (ulong)length * 8);
        return padding;
    }
}
