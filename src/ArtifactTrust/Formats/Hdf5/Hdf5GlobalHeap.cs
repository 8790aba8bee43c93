namespace ArtifactTrust.Formats.Hdf5;

/// <summary>The heap of values of variable length.</summary>
/// <remarks>Spec: HDF5 File Format Specification 3.0, §III.E.</remarks>
internal static class Hdf5GlobalHeap
{
    /// <summary>Texts of variable length.</summary>
    /// <param name="file">The file.</param>
    /// <param name="references">What stands for each of them: a length, the heap's address, an index.</param>
    /// <param name="maximum">The length of the longest text that is read, in bytes.</param>
    /// <exception cref="MalformedDataException">A text is not there, or too long.</exception>
    internal static IEnumerable<byte[]> ReadTexts(Hdf5File file, ReadOnlyMemory<byte> references, int maximum)
    {
        var size = 4 + file.OffsetSize + 4;
        for (; references.Length >= size; references = references[size..])
        {
            var fields = new Hdf5Fields(file, references.Span, 0, "a reference to a text");
            var (length, heap, index) = (fields.Number(4), fields.Number(file.OffsetSize), fields.Number(4));
            if (length > 0)
            {
                yield return ReadObject(file, Hdf5File.Resolve(heap), index, length, maximum);
            }
        }
    }

    private static byte[] ReadObject(Hdf5File file, long heap, ulong index, ulong length, int maximum)
    {
        if (!file.Begins(heap, "GCOL"u8))
        {
            throw file.Malformed(heap, "no heap of texts");
        }
        var end = heap + Hdf5File.Resolve(file.Number(heap + 8, file.LengthSize));
        // The heap begins as each object does: eight bytes and a length, and everything is padded to eight bytes.
        var header = 8 + Padded(file.LengthSize);
        for (var at = heap + header; at + header <= end; )
        {
            var found = file.Number(at, 2);
            var size = file.Number(at + 8, file.LengthSize);
            if (found == index)
            {
                if (length > size)
                {
                    throw file.Malformed(at, "a text that is longer than its place");
                }
                if (length > (ulong)maximum)
                {
                    throw file.Malformed(at, $"a text of {length} bytes; at most {maximum} are accepted");
                }
                return file.Read(at + header, (long)length);
            }
            if (found == 0 || size > (ulong)(end - at))
            {
                break;
            }
            at += header + Padded((long)size);
        }
        throw file.Malformed(heap, $"the heap has no text {index}");
    }

    private static long Padded(long size) => (size + 7) & ~7L;
}
