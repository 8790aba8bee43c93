namespace ArtifactTrust.Hashing;

/// <summary>A list that grows without copying what it holds, so that growing never takes its memory twice.</summary>
/// <typeparam name="T">A value without references.</typeparam>
internal sealed class ChunkedList<T>
    where T : unmanaged
{
    // Elements of a chunk; a row of a power of two of them never crosses two chunks.
    private const int ChunkBits = 14;
    private const int ChunkLength = 1 << ChunkBits;

    private readonly List<T[]> _chunks = [];
    private long _count;

    /// <summary>The number of elements.</summary>
    internal long Count => _count;

    internal ref T this[long index] => ref _chunks[(int)(index >> ChunkBits)][(int)(index & (ChunkLength - 1))];

    internal void Add(T value)
    {
        Reserve();
        this[_count++] = value;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="row">As long as every other row: a power of two that a chunk is a multiple of.</param>
    internal void AddRow(ReadOnlySpan<T> row)
    {
        Reserve();
        row.CopyTo(_chunks[^1].AsSpan((int)(_count & (ChunkLength - 1))));
        _count += row.Length;
    }

    /// <summary>A row, by its place and length.</summary>
    internal ReadOnlySpan<T> Row(int index, int length)
    {
        var start = (long)index * length;
        return _chunks[(int)(start >> ChunkBits)].AsSpan((int)(start & (ChunkLength - 1)), length);
    }

    private void Reserve()
    {
        if (_count == (long)_chunks.Count << ChunkBits)
        {
            _chunks.Add(new T[ChunkLength]);
        }
    }
}
