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
    public void The_LZ4_of_old_is_named() =>
        Assert.Contains(
            "column mail: compressed by LZ4, which is not read here",
            DataScanner.ScanFile("people", new MemoryStream(DataSamples.Read("people-lz4.parquet"))).Gaps
        );

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
