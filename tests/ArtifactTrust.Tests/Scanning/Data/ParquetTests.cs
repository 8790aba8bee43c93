using ArtifactTrust.Formats;
using ArtifactTrust.Scanning.Data;

namespace ArtifactTrust.Tests.Scanning.Data;

public sealed class ParquetTests
{
    [Theory]
    [InlineData("0400", "")]
    [InlineData("0308616263", null)]
    [InlineData("03086162630a", null)]
    public void Snappy_of_another_length_is_refused(string hex, string? _) =>
        Assert.Throws<MalformedDataException>(() => Snappy.Decompress(Convert.FromHexString(hex), 4));

    [Fact]
    public void Snappy_is_undone()
    {
        // "abc", and then six bytes from three back.
        Assert.Equal("abcabcabc"u8.ToArray(), Snappy.Decompress([9, 0x08, (byte)'a', (byte)'b', (byte)'c', 0x09, 0x03], 9));
        Assert.Throws<MalformedDataException>(() => Snappy.Decompress([9, 0x08, (byte)'a', (byte)'b', (byte)'c', 0x09, 0x04], 9));
        Assert.Throws<MalformedDataException>(() => Snappy.Decompress([9, 0x08, (byte)'a', (byte)'b', (byte)'c', 0x09, 0x00], 9));
        Assert.Throws<MalformedDataException>(() => Snappy.Decompress([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 9));
        Assert.Throws<MalformedDataException>(() => Snappy.Decompress([], 0));
    }

    /// <remarks>The samples are parquet-wasm's; Samples/samples.mjs says how.</remarks>
    [Theory]
    [InlineData("snappy")]
    [InlineData("gzip")]
    [InlineData("brotli")]
    [InlineData("zstd")]
    [InlineData("lz4_raw")]
    [InlineData("lz4")]
    public void Every_codec_is_undone(string codec)
    {
        var bytes = DataSamples.Read($"people-{codec}.parquet");
        var scan = DataScanner.ScanFile("people", new MemoryStream(bytes));
        Assert.Empty(scan.Gaps);
        Assert.Equal(
            // Different values of columns with a dictionary, as all of these are.
            [("card", PersonalDataKind.PaymentCard, 1), ("city", PersonalDataKind.Email, 1), ("mail", PersonalDataKind.Email, 34)],
            scan.Columns.Select(c => (c.Path, c.Kind, c.Count))
        );
        for (var at = 4; at < bytes.Length; at++)
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= (byte)(1 << (at % 8));
            Assert.Equal("Parquet", DataScanner.ScanFile("people", new MemoryStream(changed)).Format);
        }
    }

    [Fact]
    public void A_bare_block_of_LZ4_is_read_under_the_name_of_old()
    {
        var bytes = DataSamples.Read("people-lz4_raw.parquet");
        Assert.Equal(4, Rename(bytes, 5));
        var scan = DataScanner.ScanFile("people", new MemoryStream(bytes));
        Assert.Empty(scan.Gaps);
        Assert.Equal(34, scan.Columns.Single(c => c.Path == "mail").Count);
    }

    [Fact]
    public void LZO_is_named()
    {
        var bytes = DataSamples.Read("people-lz4_raw.parquet");
        Rename(bytes, 3);
        Assert.Contains(
            "column mail: compressed by LZO, which is not read here",
            DataScanner.ScanFile("people", new MemoryStream(bytes)).Gaps
        );
    }

    /// <remarks>All of these are <c>abcabcabcX</c>, in blocks of 7 and 3 or of 10 bytes.</remarks>
    [Theory]
    [InlineData("hadoop", "0000000A00000008" + "32616263" + "0300" + "1058")]
    [InlineData("hadoop, two", "0000000700000008" + "7061626361626361" + "0000000300000004" + "30626358")]
    [InlineData("hadoop, two blocks of one size", "0000000A00000008" + "7061626361626361" + "00000004" + "30626358")]
    [InlineData("hadoop, nothing before", "00000000" + "0000000A00000008" + "32616263" + "0300" + "1058")]
    [InlineData("block", "32616263" + "0300" + "1058")]
    public void Each_form_of_LZ4_is_undone(string form, string hex)
    {
        var data = Convert.FromHexString(hex);
        Assert.True(ParquetLz4.Decompress(data, 10) is [.., (byte)'X'], form);
        Assert.Equal("abcabcabcX"u8.ToArray(), ParquetLz4.Decompress(data, 10));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(data, 9));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(data, 11));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(data.AsSpan(0, data.Length - 1), 10));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress([.. data, 0], 10));
    }

    [Fact]
    public void A_frame_of_LZ4_is_undone()
    {
        // Of the lz4 program.
        var frame = Convert.FromHexString("04224D186040820A0000803132333435363738393000000000");
        Assert.Equal("1234567890"u8.ToArray(), ParquetLz4.Decompress(frame, 10));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(frame, 9));
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(frame.AsSpan(0, frame.Length - 1), 10));
    }

    [Fact]
    public void A_block_does_not_reach_back_to_the_one_before()
    {
        // "abc", and then a match of four that begins three before the block.
        var data = Convert.FromHexString("0000000300000004" + "30616263" + "0000000500000005" + "00030010" + "58");
        Assert.Throws<InvalidDataException>(() => ParquetLz4.Decompress(data, 8));
    }

    /// <summary>Changes the codec that a footer names for its columns.</summary>
    /// <returns>How many they are.</returns>
    private static int Rename(byte[] bytes, int codec)
    {
        var count = 0;
        for (var at = 0; at < bytes.Length - 2; at++)
        {
            // Field 4 of ColumnMetaData, LZ4_RAW, and the next field.
            if (bytes.AsSpan(at).StartsWith((byte[])[0x15, 7 << 1, 0x16]))
            {
                bytes[at + 1] = (byte)(codec << 1);
                count++;
            }
        }
        return count;
    }

    [VectorFact]
    public void Published_files_are_read_or_say_why_not_and_no_change_of_a_byte_ends_in_another_exception()
    {
        var files = Directory.GetFiles(Vectors.Require("scan"), "*.parquet", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        var random = new Random(11);
        var read = 0L;
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            using (var stream = new MemoryStream(bytes))
            {
                var scan = DataScanner.ScanFile(Path.GetFileName(file), stream);
                Assert.Equal("Parquet", scan.Format);
                read += scan.Values;
            }
            for (var i = 0; i < 200; i++)
            {
                var changed = bytes.ToArray();
                changed[random.Next(4, changed.Length)] ^= (byte)(1 << random.Next(8));
                using var stream = new MemoryStream(changed);
                DataScanner.ScanFile("x", stream);
            }
        }
        Assert.True(read > 0);
    }
}
