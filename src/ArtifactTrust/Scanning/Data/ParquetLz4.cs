using System.Buffers.Binary;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Undoes the codec LZ4 of Parquet pages (5), whose form was never defined: blocks as Hadoop frames them, an LZ4 frame, or a bare block.</summary>
/// <remarks>
/// parquet-format 2.10, Compression.md, says that it is deprecated for this. Parquet of Java and of Arrow since 2021 have Hadoop's form: the size of what follows, and then
/// blocks with their sizes before them until there is as much, all as big-endian numbers of 4 bytes. Arrow wrote frames and bare blocks before. As Arrow does, each
/// form is tried; only the right one gives exactly the page's size.
/// </remarks>
internal static class ParquetLz4
{
    /// <summary>Decompresses a page.</summary>
    /// <param name="data">The page as it is in the file.</param>
    /// <param name="size">Its size, in bytes.</param>
    /// <exception cref="InvalidDataException">It is of none of the forms, or of another size.</exception>
    internal static byte[] Decompress(ReadOnlySpan<byte> data, int size)
    {
        var page = new byte[size];
        if (TryHadoop(data, page) || TryFrame(data, page) || Lz4Block.Expand(data, page, 0) == size)
        {
            return page;
        }
        throw new InvalidDataException("a page is shorter than it says");
    }

    private static bool TryHadoop(ReadOnlySpan<byte> data, Span<byte> page)
    {
        try
        {
            while (!data.IsEmpty)
            {
                var expected = Size(ref data, page.Length);
                while (expected > 0)
                {
                    var length = Size(ref data, data.Length - sizeof(uint));
                    // A block of its own: matches reach to its beginning, and no further.
                    var written = Lz4Block.Expand(data[..length], page[..expected], 0);
                    data = data[length..];
                    page = page[written..];
                    expected -= written;
                }
            }
            return page.IsEmpty;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static int Size(ref ReadOnlySpan<byte> data, int maximum)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(data, out var size) || size > maximum)
        {
            throw new InvalidDataException("a size beyond the end");
        }
        data = data[sizeof(uint)..];
        return (int)size;
    }

    private static bool TryFrame(ReadOnlySpan<byte> data, Span<byte> page)
    {
        if (data is not [0x04, 0x22, 0x4D, 0x18, ..])
        {
            return false;
        }
        using var frame = new Lz4Stream(new MemoryStream(data.ToArray(), writable: false));
        return frame.ReadAtLeast(page, page.Length, throwOnEndOfStream: false) == page.Length && frame.ReadByte() < 0;
    }
}
