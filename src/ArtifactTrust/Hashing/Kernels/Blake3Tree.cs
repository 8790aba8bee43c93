using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ArtifactTrust.Hashing.Kernels;

/// <summary>BLAKE3 of bytes that come in pieces: of a whole message, or of a part that is a subtree of one.</summary>
/// <remarks>
/// Spec: BLAKE3 §2.1 and §5.1.2. A subtree starts at a multiple of its own size; all but a message's last are a power of two of
/// chunks. Words are little-endian, as on every platform .NET runs on with these vectors.
/// </remarks>
internal sealed unsafe class Blake3Tree : IDisposable
{
    // Larger groups leave fewer lanes empty near the top of the tree: with 256 chunks the parents cost 7 %.
    private const int GroupChunks = 256;

    private readonly byte* _memory;
    private readonly byte* _values;
    private readonly byte* _scratch;
    private readonly byte* _stack;
    private readonly byte* _chunk;
    private ulong _first;
    private ulong _chunks;
    private int _depth;
    private int _buffered;
    private bool _disposed;

    internal Blake3Tree()
    {
        const int Scratch = Blake3Pair.ScratchVectors * 64;
        const int Values = GroupChunks * Blake3Lanes.CvBytes;
        const int Stack = 64 * Blake3Lanes.CvBytes;
        _memory = (byte*)NativeMemory.AlignedAlloc(Scratch + Values + Stack + Blake3Lanes.ChunkBytes, 64);
        _scratch = _memory;
        _values = _memory + Scratch;
        _stack = _values + Values;
        _chunk = _stack + Stack;
        GC.AddMemoryPressure(Scratch + Values + Stack + Blake3Lanes.ChunkBytes);
    }

    ~Blake3Tree() => Free();

    /// <summary>Starts anew at a chunk of the message.</summary>
    internal void Start(ulong firstChunk = 0)
    {
        _first = firstChunk;
        _chunks = 0;
        _depth = 0;
        _buffered = 0;
    }

    /// <summary>Takes the next bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="root">Whether they may be the message's last; groups are larger where they are not.</param>
    internal void Append(ReadOnlySpan<byte> data, bool root = true)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        uint* cv = stackalloc uint[8];
        fixed (byte* start = data)
        {
            var at = start;
            var left = (long)data.Length;
            while (left > 0)
            {
                // A chunk is taken only when more follows: the last one may be the root.
                if (_buffered == Blake3Lanes.ChunkBytes)
                {
                    Chunk(cv, 0);
                    _buffered = 0;
                    Push((byte*)cv, 1);
                }
                var whole = (left - (root ? 1 : 0)) / Blake3Lanes.ChunkBytes;
                if (_buffered == 0 && whole > 0)
                {
                    var most = (int)Math.Min(GroupChunks, whole);
                    var count = 1 << BitOperations.Log2((uint)most);
                    // A group is a subtree: it starts at a multiple of its size.
                    count = _chunks == 0 ? count : (int)Math.Min((ulong)count, _chunks & (~_chunks + 1));
                    Group(at, count);
                    Push(_values, (ulong)count);
                    at += count * Blake3Lanes.ChunkBytes;
                    left -= count * Blake3Lanes.ChunkBytes;
                    continue;
                }
                var take = (int)Math.Min(left, Blake3Lanes.ChunkBytes - _buffered);
                Buffer.MemoryCopy(at, _chunk + _buffered, take, take);
                _buffered += take;
                at += take;
                left -= take;
            }
        }
    }

    /// <summary>Ends the message or subtree.</summary>
    /// <param name="value">Gets 32 bytes: the digest, or the subtree's chaining value.</param>
    /// <param name="root">Whether this was the whole message.</param>
    internal void Finish(Span<byte> value, bool root)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        uint* cv = stackalloc uint[8];
        if (_buffered > 0 || _depth == 0)
        {
            Chunk(cv, root && _depth == 0 ? Blake3Lanes.Root : 0);
        }
        else
        {
            // Only a subtree can end with a whole group: a message's last chunk is always kept.
            _depth--;
            Buffer.MemoryCopy(_stack + (_depth * Blake3Lanes.CvBytes), cv, Blake3Lanes.CvBytes, Blake3Lanes.CvBytes);
        }
        for (; _depth > 0; _depth--)
        {
            Join(_stack + ((_depth - 1) * Blake3Lanes.CvBytes), (byte*)cv, root && _depth == 1);
        }
        new ReadOnlySpan<byte>(cv, Blake3Lanes.CvBytes).CopyTo(value);
    }

    /// <summary>The digest of a message from the chaining values of its subtrees, all of one size except the last.</summary>
    /// <param name="values">Two or more values of 32 bytes, in order.</param>
    /// <param name="digest">Gets 32 bytes.</param>
    internal static void Combine(ReadOnlySpan<byte[]> values, Span<byte> digest)
    {
        var count = values.Length;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2, nameof(values));
        var stack = stackalloc byte[64 * Blake3Lanes.CvBytes];
        uint* cv = stackalloc uint[8];
        var depth = 0;
        for (var i = 0; i < count; i++)
        {
            values[i].CopyTo(new Span<byte>(cv, Blake3Lanes.CvBytes));
            if (i == count - 1)
            {
                break;
            }
            for (var n = (uint)i + 1; (n & 1) == 0; n >>= 1)
            {
                Join(stack + (--depth * Blake3Lanes.CvBytes), (byte*)cv, false);
            }
            new ReadOnlySpan<byte>(cv, Blake3Lanes.CvBytes).CopyTo(
                new Span<byte>(stack + (depth++ * Blake3Lanes.CvBytes), Blake3Lanes.CvBytes)
            );
        }
        for (; depth > 0; depth--)
        {
            Join(stack + ((depth - 1) * Blake3Lanes.CvBytes), (byte*)cv, depth == 1);
        }
        new ReadOnlySpan<byte>(cv, Blake3Lanes.CvBytes).CopyTo(digest);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (!_disposed)
        {
            _disposed = true;
            NativeMemory.AlignedFree(_memory);
            GC.RemoveMemoryPressure((Blake3Pair.ScratchVectors * 64) + ((GroupChunks + 64) * Blake3Lanes.CvBytes) + Blake3Lanes.ChunkBytes);
        }
    }

    /// <summary>The chaining value of the buffered chunk.</summary>
    private void Chunk(uint* cv, uint flags)
    {
        Blake3Lanes.Initial.CopyTo(new Span<uint>(cv, 8));
        new Span<byte>(_chunk + _buffered, Blake3Lanes.ChunkBytes - _buffered).Clear();
        var blocks = Math.Max(1, (_buffered + Blake3Lanes.BlockBytes - 1) / Blake3Lanes.BlockBytes);
        for (var i = 0; i < blocks; i++)
        {
            var last = i == blocks - 1;
            Blake3Lanes.Compress(
                cv,
                _chunk + (i * Blake3Lanes.BlockBytes),
                (uint)(last ? _buffered - (i * Blake3Lanes.BlockBytes) : Blake3Lanes.BlockBytes),
                _first + _chunks,
                (i == 0 ? Blake3Lanes.ChunkStart : 0) | (last ? Blake3Lanes.ChunkEnd | flags : 0)
            );
        }
    }

    /// <summary>Adds a subtree that is not the message's last, and joins those that are complete.</summary>
    private void Push(byte* value, ulong chunks)
    {
        _chunks += chunks;
        for (var n = _chunks / chunks; (n & 1) == 0; n >>= 1)
        {
            _depth--;
            Join(_stack + (_depth * Blake3Lanes.CvBytes), value, false);
        }
        Buffer.MemoryCopy(value, _stack + (_depth * Blake3Lanes.CvBytes), Blake3Lanes.CvBytes, Blake3Lanes.CvBytes);
        _depth++;
    }

    /// <summary>The parent of two values, in the place of the right one.</summary>
    private static void Join(byte* left, byte* right, bool root)
    {
        var block = stackalloc byte[Blake3Lanes.BlockBytes];
        Buffer.MemoryCopy(left, block, Blake3Lanes.CvBytes, Blake3Lanes.CvBytes);
        Buffer.MemoryCopy(right, block + Blake3Lanes.CvBytes, Blake3Lanes.CvBytes, Blake3Lanes.CvBytes);
        var cv = stackalloc uint[8];
        Blake3Lanes.Initial.CopyTo(new Span<uint>(cv, 8));
        Blake3Lanes.Compress(cv, block, Blake3Lanes.BlockBytes, 0, Blake3Lanes.Parent | (root ? Blake3Lanes.Root : 0));
        Buffer.MemoryCopy(cv, right, Blake3Lanes.CvBytes, Blake3Lanes.CvBytes);
    }

    /// <summary>The value of a power of two of whole chunks, at the start of <see cref="_values"/>.</summary>
    private void Group(byte* data, int chunks)
    {
        Level(data, Blake3Lanes.ChunkBytes, chunks, _first + _chunks, 0);
        for (var parents = chunks / 2; parents > 0; parents /= 2)
        {
            Level(_values, Blake3Lanes.BlockBytes, parents, 0, Blake3Lanes.Parent);
        }
    }

    private void Level(byte* data, int stride, int count, ulong counter, uint flags)
    {
        // A level overwrites the values below it only behind those it has read: 64 bytes in, 32 out.
        var rows = stackalloc byte*[Blake3Pair.Rows];
        var step = flags == 0 ? 1u : 0u;
        var blocks = stride / Blake3Lanes.BlockBytes;
        for (var done = 0; done < count; )
        {
            var left = count - done;
            var lanes =
                left >= 16 && Blake3Pair.IsSupported ? Blake3Pair.Rows
                : left >= 8 && Lanes256.IsSupported ? 8
                : 4;
            for (var i = 0; i < lanes; i++)
            {
                rows[i] = data + ((long)(done + Math.Min(i, left - 1)) * stride);
            }
            var output = _values + (done * Blake3Lanes.CvBytes);
            // Lanes without a row of their own have results too; they land behind the last and are overwritten or ignored.
            switch (lanes)
            {
                case Blake3Pair.Rows:
                    Blake3Pair.HashMany(rows, blocks, counter + ((ulong)done * step), step, flags, output, _scratch);
                    break;
                case 8:
                    Blake3Lanes.HashMany<Lanes256, Vector256<uint>>(
                        rows,
                        blocks,
                        counter + ((ulong)done * step),
                        step,
                        flags,
                        output,
                        _scratch
                    );
                    break;
                default:
                    Blake3Lanes.HashMany<Lanes128, Vector128<uint>>(
                        rows,
                        blocks,
                        counter + ((ulong)done * step),
                        step,
                        flags,
                        output,
                        _scratch
                    );
                    break;
            }
            done += lanes;
        }
    }
}
