using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Formats.Zstandard;
using ArtifactTrust.Scanning.Models.Decompression;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Reads the texts and integers of a Parquet file's columns. Where a column has a dictionary, each of its values comes once.</summary>
/// <remarks>Spec: parquet-format 2.10. Read are plain and dictionary pages in every codec but LZO; the rest is named.</remarks>
internal sealed class ParquetValues(Stream stream)
{
    private const int PageBytes = 256 << 20;
    private const int HeaderBytes = 64 << 10;

    private static readonly string[] Codecs = ["none", "Snappy", "gzip", "LZO", "Brotli", "LZ4", "Zstandard", "LZ4_RAW"];

    /// <summary>Walks through all columns.</summary>
    /// <returns>What could not be examined, one sentence each.</returns>
    /// <exception cref="MalformedDataException">The footer is damaged.</exception>
    internal IReadOnlyList<string> Walk(ColumnVisitor visit, CancellationToken cancellation)
    {
        var gaps = new List<string>();
        foreach (var chunk in ParquetFooter.Read(stream))
        {
            cancellation.ThrowIfCancellationRequested();
            if (chunk.Type is not (ParquetChunk.Int32 or ParquetChunk.Int64 or ParquetChunk.ByteArray or ParquetChunk.FixedByteArray))
            {
                // Truth values and fractions are about nobody.
                if (chunk.Type is < 0 or > 7)
                {
                    Add($"column {chunk.Path} is of a type that is not known");
                }
                continue;
            }
            try
            {
                if (chunk.IsElsewhere)
                {
                    throw new MalformedDataException("Parquet", chunk.Path, "the column is encrypted");
                }
                if (chunk.Codec is not (>= 0 and <= 7 and not 3))
                {
                    throw new MalformedDataException(
                        "Parquet",
                        chunk.Path,
                        $"compressed by {Codecs.ElementAtOrDefault(chunk.Codec) ?? $"codec {chunk.Codec}"}, which is not read here"
                    );
                }
                ReadChunk(chunk, visit);
            }
            catch (MalformedDataException e)
            {
                Add($"column {chunk.Path}: {e.Reason}");
            }
            catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
            {
                Add($"column {chunk.Path}: {e.Message}");
            }
        }
        return gaps;

        void Add(string gap)
        {
            if (gaps.Count < 100 && !gaps.Contains(gap))
            {
                gaps.Add(gap);
            }
        }
    }

    private void ReadChunk(ParquetChunk chunk, ColumnVisitor visit)
    {
        if (chunk.Offset < 4 || chunk.Length < 0 || chunk.Offset > stream.Length - chunk.Length)
        {
            throw Malformed(chunk, "the column's place is outside of the file");
        }
        for (var at = chunk.Offset; at < chunk.Offset + chunk.Length; )
        {
            stream.Position = at;
            var head = new byte[Math.Min(HeaderBytes, chunk.Offset + chunk.Length - at)];
            stream.ReadExactly(head);
            var (page, size) = ReadHeader(head);
            if (
                page.Compressed < 0
                || page.Size is < 0 or > PageBytes
                || page.Compressed > PageBytes
                || page.Compressed > chunk.Offset + chunk.Length - at - size
            )
            {
                throw Malformed(chunk, "a page's size is wrong or over the limit");
            }
            var isDictionary = page.Type == 2;
            var isData = page.Type is 0 or 3;
            if (isDictionary || (isData && page.Encoding is not (2 or 8)))
            {
                if (page.Encoding is not (0 or 2))
                {
                    throw Malformed(chunk, $"encoded by {page.Encoding}, which is not read here");
                }
                var data = new byte[page.Compressed];
                stream.Position = at + size;
                stream.ReadExactly(data);
                Visit(chunk, Values(chunk, page, data), visit);
            }
            at += size + page.Compressed;
        }
    }

    private static ((int Type, int Size, int Compressed, int Encoding, int Levels, bool IsCompressed) Page, int Size) ReadHeader(
        byte[] head
    )
    {
        var reader = new CompactThrift(head);
        var (kind, size, compressed, encoding, levels, isCompressed) = (-1, 0, 0, -1, 0, true);
        for (var id = 0; reader.Next(ref id, out var type); )
        {
            switch (id)
            {
                case 1:
                    kind = (int)reader.Integer();
                    break;
                case 2:
                    size = (int)Math.Clamp(reader.Integer(), -1, int.MaxValue);
                    break;
                case 3:
                    compressed = (int)Math.Clamp(reader.Integer(), -1, int.MaxValue);
                    break;
                case 5 or 7 or 8 when type == CompactThrift.Struct:
                    for (var inner = 0; reader.Next(ref inner, out var field); )
                    {
                        if (inner == (id == 8 ? 4 : 2))
                        {
                            encoding = (int)reader.Integer();
                        }
                        else if (id == 8 && inner is 5 or 6)
                        {
                            levels += (int)Math.Clamp(reader.Integer(), 0, PageBytes);
                        }
                        else if (id == 8 && inner == 7)
                        {
                            isCompressed = field == 1;
                        }
                        else
                        {
                            reader.Skip(field);
                        }
                    }
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        return ((kind, size, compressed, encoding, levels, isCompressed), reader.Position);
    }

    /// <summary>The values of a page, after its levels.</summary>
    private static ReadOnlySpan<byte> Values(
        ParquetChunk chunk,
        (int Type, int Size, int Compressed, int Encoding, int Levels, bool IsCompressed) page,
        byte[] data
    )
    {
        if (page.Type == 3)
        {
            // The levels of a page of version 2 are before the compressed part.
            if (page.Levels > data.Length || page.Levels > page.Size)
            {
                throw Malformed(chunk, "a page's levels are longer than it");
            }
            var values = data.AsSpan(page.Levels);
            return page.IsCompressed ? Decompress(chunk, values, page.Size - page.Levels) : values;
        }
        ReadOnlySpan<byte> plain = Decompress(chunk, data, page.Size);
        if (page.Type == 2)
        {
            return plain;
        }
        for (var level = (chunk.MaxRepetition > 0 ? 1 : 0) + (chunk.MaxDefinition > 0 ? 1 : 0); level > 0; level--)
        {
            var length = plain.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(plain) : uint.MaxValue;
            if (length > plain.Length - 4)
            {
                throw Malformed(chunk, "a page's levels are longer than it");
            }
            plain = plain[(4 + (int)length)..];
        }
        return plain;
    }

    private static byte[] Decompress(ParquetChunk chunk, ReadOnlySpan<byte> data, int size)
    {
        switch (chunk.Codec)
        {
            case 0:
                return data.ToArray();
            case 1:
                return Snappy.Decompress(data, size);
            case 4:
                // Its stream has other exceptions for damage.
                var page = new byte[size];
                return BrotliDecoder.TryDecompress(data, page, out var written) && written == size
                    ? page
                    : throw Malformed(chunk, "a page is damaged, or of another size than it says");
            case 5:
                return ParquetLz4.Decompress(data, size);
            case 7:
                var block = new byte[size];
                return Lz4Block.Expand(data, block, 0) == size ? block : throw Malformed(chunk, "a page is shorter than it says");
        }
        using var source = new MemoryStream(data.ToArray(), writable: false);
        using Stream inflated = chunk.Codec switch
        {
            2 => new GZipStream(source, CompressionMode.Decompress),
            _ => new ZstandardStream(source, Limits.ZstandardLargestWindowBytes),
        };
        var output = new byte[size];
        inflated.ReadExactly(output);
        return inflated.ReadByte() < 0 ? output : throw Malformed(chunk, "a page is longer than it says");
    }

    private static void Visit(ParquetChunk chunk, ReadOnlySpan<byte> values, ColumnVisitor visit)
    {
        Span<char> digits = stackalloc char[24];
        while (values.Length > 0)
        {
            var length = chunk.Type switch
            {
                ParquetChunk.Int32 => 4,
                ParquetChunk.Int64 => 8,
                ParquetChunk.FixedByteArray => chunk.TypeLength,
                _ => values.Length >= 4 ? (long)BinaryPrimitives.ReadUInt32LittleEndian(values) : long.MaxValue,
            };
            if (chunk.Type == ParquetChunk.ByteArray)
            {
                values = values.Length >= 4 ? values[4..] : [];
            }
            if (length > values.Length || (length <= 0 && chunk.Type != ParquetChunk.ByteArray))
            {
                throw Malformed(chunk, "a value is longer than its page");
            }
            var value = values[..(int)length];
            values = values[(int)length..];
            if (chunk.Type is ParquetChunk.Int32 or ParquetChunk.Int64)
            {
                var number = length == 4 ? BinaryPrimitives.ReadInt32LittleEndian(value) : BinaryPrimitives.ReadInt64LittleEndian(value);
                number.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
                visit(chunk.Path, digits[..count]);
            }
            else
            {
                visit(chunk.Path, Encoding.UTF8.GetString(value));
            }
        }
    }

    private static MalformedDataException Malformed(ParquetChunk chunk, string reason) => new("Parquet", chunk.Path, reason);
}
