namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class ArrowReaderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Rows_of_compressed_buffers_are_counted_without_unpacking_them(byte codec)
    {
        Assert.Equal(9, Samples.Read("d.arrow", Samples.ArrowFile(codec)).Facts!.Dataset!.Rows);
        Assert.Equal(12, Samples.Read("d.arrows", Samples.ArrowStreamWith(codec, 5, 7)).Facts!.Dataset!.Rows);
    }

    [Theory]
    [InlineData("data.arrow", "file", 9, "1")]
    [InlineData("stream.arrows", "stream", 12, "2")]
    public void The_schema_and_the_batches_are_described(string sample, string layout, long rows, string batches)
    {
        var facts = Samples.Read(sample, Samples.All[sample]).Facts!;
        var data = facts.Dataset!;
        Assert.Equal($"application/vnd.apache.arrow.{layout}", facts.MediaType);
        Assert.Equal(["id: int64", "tags: list<item: utf8> not null", "at: timestamp[us, UTC]"], data.Columns);
        Assert.Equal(rows, data.Rows);
        Assert.Equal([batches], data.Properties.Values("record-batches"));
        Assert.Equal(["origin"], data.Properties.Values("metadata-key"));
    }

    [Fact]
    public void A_stream_may_end_with_the_file()
    {
        var bytes = Samples.ArrowStream();
        Assert.Equal(12, Samples.Read("s.arrows", bytes[..^8]).Facts!.Dataset!.Rows);
    }

    [Fact]
    public void A_stream_of_no_schema_is_unreadable() => Samples.Unreadable("s.arrows", Samples.ArrowMessage(3, new Flat().Int64(0, 1), 0));

    [Fact]
    public void A_second_schema_is_unreadable() =>
        Assert.Contains(
            "second schema",
            Samples.Unreadable(
                "s.arrows",
                [.. Samples.ArrowMessage(1, Samples.ArrowSchema(), 0), .. Samples.ArrowMessage(1, Samples.ArrowSchema(), 0)]
            ),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void A_body_longer_than_the_file_is_unreadable(long length) =>
        Samples.Unreadable(
            "s.arrows",
            [.. Samples.ArrowMessage(1, Samples.ArrowSchema(), 0), .. Samples.ArrowMessage(3, new Flat().Int64(0, 1), length)]
        );

    [Fact]
    public void A_negative_number_of_rows_is_unreadable() => Samples.Unreadable("s.arrows", Samples.ArrowStream(-1));

    [Fact]
    public void Rows_that_add_up_to_more_than_2_to_the_63_are_unreadable() =>
        Assert.Contains(
            "2^63",
            Samples.Unreadable("s.arrows", Samples.ArrowStream(long.MaxValue, long.MaxValue)),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(0xffff_ffffu)]
    [InlineData(10_000u)]
    [InlineData(0u)]
    [InlineData(3u)]
    public void A_footer_of_another_length_is_unreadable(uint length)
    {
        var bytes = Samples.ArrowFile();
        BitConverter.GetBytes(length).CopyTo(bytes, bytes.Length - 10);
        Samples.Unreadable("f.arrow", bytes);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(-1L)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(8L)]
    public void A_batch_said_to_be_elsewhere_is_unreadable(long offset)
    {
        var bytes = Samples.ArrowFile();
        var footerLength = BitConverter.ToInt32(bytes, bytes.Length - 10);
        // The block is the last thing in the footer, but for padding: find it by the offset it holds.
        var start = (long)(8 + Samples.ArrowMessage(1, Samples.ArrowSchema(), 0).Length);
        var at = bytes.AsSpan().LastIndexOf(BitConverter.GetBytes(start));
        Assert.True(at > bytes.Length - 10 - footerLength);
        BitConverter.GetBytes(offset).CopyTo(bytes, at);
        Samples.Unreadable("f.arrow", bytes);
    }

    [Fact]
    public void Every_offset_out_of_range_is_unreadable_or_unused()
    {
        var bytes = Samples.ArrowFile();
        for (var at = 8; at + 4 <= bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            BitConverter.GetBytes(0x7fff_fff0).CopyTo(changed, at);
            Samples.Inspect("f.arrow", changed);
            BitConverter.GetBytes(0xffff_fff0).CopyTo(changed, at);
            Samples.Inspect("f.arrow", changed);
        }
    }

    [Fact]
    public void Deeply_nested_fields_are_unreadable()
    {
        var field = new Flat().Text(0, "leaf").Byte(2, 5).Table(3, new Flat());
        for (var i = 0; i < 100; i++)
        {
            field = new Flat().Text(0, "f").Byte(2, 12).Table(3, new Flat()).Vector(5, field);
        }
        Assert.Contains(
            "nested",
            Samples.Unreadable("s.arrows", Samples.ArrowMessage(1, new Flat().Vector(1, field), 0)),
            StringComparison.Ordinal
        );
    }
}
