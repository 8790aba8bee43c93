namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class ParquetReaderTests
{
    [Fact]
    public void The_footer_is_described()
    {
        var data = Samples.Read("d.parquet", Samples.Parquet()).Facts!.Dataset!;
        Assert.Equal(3, data.Rows);
        Assert.Equal(["id: INT64", "inner.value: BYTE_ARRAY UTF8", "score: DOUBLE"], data.Columns);
        Assert.Equal(3, data.ColumnCount);
        Assert.Equal(["maker 1.0"], data.Properties.Values("created-by"));
        Assert.Equal(["1"], data.Properties.Values("row-groups"));
        Assert.Equal(["pandas"], data.Properties.Values("metadata-key"));
    }

    [Fact]
    public void Fields_of_the_future_are_passed_over()
    {
        var data = Samples
            .Read(
                "d.parquet",
                Samples.Parquet(f =>
                    f.Head(20, 1)
                        .Head(21, 7)
                        .Raw(new byte[8])
                        .Head(22, 11)
                        .Varint(1)
                        .Raw(0x85, 1, (byte)'k', 4)
                        .Head(23, 10)
                        .Raw(0x21, 1, 2)
                        .Head(24, 13)
                        .Raw(new byte[16])
                        .Head(25, 12)
                        .Raw(0x13, 9, 0)
                )
            )
            .Facts!.Dataset!;
        Assert.Equal(3, data.Rows);
    }

    [Fact]
    public void Row_groups_that_add_up_to_another_number_are_unreadable() =>
        Assert.Contains("row groups", Samples.Unreadable("d.parquet", Samples.Parquet(groupRows: 4)), StringComparison.Ordinal);

    [Fact]
    public void A_negative_number_of_rows_is_unreadable() => Samples.Unreadable("d.parquet", Samples.Parquet(rows: -1, groupRows: -1));

    [Theory]
    [InlineData(0xffff_ffffu)]
    [InlineData(0x7fff_ffffu)]
    [InlineData(1000u)]
    public void A_footer_larger_than_the_file_is_unreadable(uint length)
    {
        var bytes = Samples.Parquet();
        BitConverter.GetBytes(length).CopyTo(bytes, bytes.Length - 8);
        Assert.Contains("footer", Samples.Unreadable("d.parquet", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_end_as_it_begins_is_unreadable()
    {
        var bytes = Samples.Parquet();
        bytes[^1] = (byte)'2';
        Assert.Contains("PAR1", Samples.Unreadable("d.parquet", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_footer_is_said_to_be_one()
    {
        var bytes = Samples.Parquet();
        "PARE"u8.CopyTo(bytes.AsSpan(^4));
        Assert.Equal(["encrypted"], Samples.Read("d.parquet", bytes).Facts!.Properties.Values("footer"));
    }

    [Fact]
    public void A_container_of_more_elements_than_bytes_is_unreadable() =>
        Assert.Contains(
            "remain",
            Samples.Unreadable("d.parquet", Samples.Parquet(f => f.Head(30, 9).Raw(0xf3).Varint(1UL << 62))),
            StringComparison.Ordinal
        );

    [Fact]
    public void Deep_nesting_is_unreadable()
    {
        // Each byte opens another struct in field 1.
        var deep = Enumerable.Repeat((byte)0x1c, 10_000).ToArray();
        Assert.Contains(
            "nested",
            Samples.Unreadable("d.parquet", Samples.Parquet(f => f.Head(30, 12).Raw(deep))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_deep_schema_is_unreadable()
    {
        var schema = Enumerable.Range(0, 100).Select(i => new Thrift().Binary(4, $"g{i}").Int(5, 5, 1)).ToArray();
        var footer = new Thrift().Int(1, 5, 2).List(2, schema).Int(3, 6, 0).Stop();
        byte[] bytes = [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8];
        Assert.Contains("nested", Samples.Unreadable("d.parquet", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_that_ends_early_is_unreadable()
    {
        var footer = new Thrift()
            .Int(1, 5, 2)
            .List(2, new Thrift().Binary(4, "root").Int(5, 5, 2), new Thrift().Int(1, 5, 1).Binary(4, "a"))
            .Int(3, 6, 0)
            .Stop();
        Samples.Unreadable("d.parquet", [.. "PAR1"u8, .. footer, .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
    }

    [VectorTheory]
    [InlineData("binary.parquet", 12)]
    [InlineData("int96_from_spark.parquet", 6)]
    [InlineData("nested_lists.snappy.parquet", 3)]
    [InlineData("column_chunk_key_value_metadata.parquet", 0)]
    public void A_published_file_is_read(string name, long rows)
    {
        var data = Samples.Read(name, File.ReadAllBytes(Vectors.Require($"scan/formats/parquet/{name}"))).Facts!.Dataset!;
        Assert.Equal(rows, data.Rows);
        Assert.NotEmpty(data.Columns);
    }

    [VectorTheory]
    [InlineData("PARQUET-1481.parquet")]
    [InlineData("ARROW-GH-45185.parquet")]
    public void A_published_bad_file_throws_nothing(string name) =>
        Samples.Inspect(name, File.ReadAllBytes(Vectors.Require($"scan/formats/parquet/{name}")));
}
