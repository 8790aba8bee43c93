using System.Numerics;

namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The "doubling table" of a fractal heap: which block has which part of its space.</summary>
/// <param name="width">The blocks of a row.</param>
/// <param name="firstBlock">The size of the blocks of the first row, and of the second; of each row from then on it is twice that of the one before.</param>
/// <param name="largestBlock">The largest size of a block that has objects; in later rows are blocks that lead to such.</param>
/// <param name="addressBits">The bits of an offset in the heap.</param>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §III.G.</remarks>
internal sealed class Hdf5HeapTable(ulong width, ulong firstBlock, ulong largestBlock, ulong addressBits)
{
    /// <summary>Whether the numbers are as the format says, and blocks not larger than what is read.</summary>
    internal bool IsValid =>
        BitOperations.IsPow2(width)
        && BitOperations.IsPow2(firstBlock)
        && BitOperations.IsPow2(largestBlock)
        && firstBlock <= largestBlock
        && largestBlock <= Limits.Hdf5BlockBytes
        && addressBits < 64
        && RowBits <= (int)addressBits;

    /// <summary>The blocks of a row.</summary>
    internal int Width => (int)width;

    /// <summary>The size of the blocks of the first row, in bytes.</summary>
    internal ulong FirstBlock => firstBlock;

    /// <summary>The largest size of a block that has objects, in bytes.</summary>
    internal ulong LargestBlock => largestBlock;

    /// <summary>The bits of an offset in the heap.</summary>
    internal int AddressBits => (int)addressBits;

    /// <summary>The most rows that a block can have.</summary>
    internal int MostRows => AddressBits - RowBits + 1;

    private int RowBits => BitOperations.Log2(firstBlock) + BitOperations.Log2(width);

    /// <summary>Where a place of the space is: the row, the number of the block, where that begins, and its size.</summary>
    internal (int Row, long Index, ulong Start, ulong Size) Find(ulong offset)
    {
        var row = offset >> RowBits == 0 ? 0 : BitOperations.Log2(offset) - RowBits + 1;
        // The first row has what would be missing from a power of two.
        var (size, rowStart) = row == 0 ? (firstBlock, 0UL) : (firstBlock << (row - 1), 1UL << (RowBits + row - 1));
        var column = (offset - rowStart) / size;
        return (row, (long)(((ulong)row * width) + column), rowStart + (column * size), size);
    }

    /// <summary>Whether the blocks of a row have objects.</summary>
    internal bool IsDirect(int row) => row < BitOperations.Log2(largestBlock) - BitOperations.Log2(firstBlock) + 2;

    /// <summary>The rows of a block that leads to others, of that part of the space.</summary>
    internal int RowsOf(ulong size) => BitOperations.Log2(size) - RowBits + 1;
}
