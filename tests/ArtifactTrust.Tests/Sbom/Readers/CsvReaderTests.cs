using System.Text;

namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class CsvReaderTests
{
    [Theory]
    [InlineData("a,b\n1,2\n3,4\n", 2)]
    [InlineData("a,b\n1,2\n3,4", 2)]
    [InlineData("a,b\r\n1,2\r\n\r\n3,4\r\n\r\n", 2)]
    [InlineData("a,b\r1,2\r", 1)]
    [InlineData("a,b\n", 0)]
    [InlineData("a,b", 0)]
    [InlineData("\n\na,b\n1,2\n", 1)]
    [InlineData("a,b\n\"x\ny\",\"\"\"\n\"\"\"\n", 1)]
    [InlineData("a,b\n\"\",\"\"\n", 1)]
    [InlineData("a,b\n,\n", 1)]
    [InlineData("a,b\n5\" pipe,x\n6\" pipe,y\n", 2)]
    [InlineData("a\nx\ny\n", 2)]
    [InlineData("a,b\n\"x\"y,2\n", 1)]
    [InlineData("\uFEFFa,b\n1,2\n", 1)]
    public void Records_are_counted(string text, long rows) => Assert.Equal(rows, Data("d.csv", text).Rows);

    [Theory]
    [InlineData("a,b\n", "comma")]
    [InlineData("a;b;\"c,d,e,f\"\n", "semicolon")]
    [InlineData("a\tb\n", "tab")]
    [InlineData("a|b\n", "bar")]
    public void The_delimiter_is_told_by_the_first_record(string text, string delimiter) =>
        Assert.Equal([delimiter], Data("d.csv", text).Properties.Values("delimiter"));

    [Fact]
    public void Columns_are_the_fields_of_the_first_record()
    {
        var data = Data("d.csv", "\uFEFFname, \"x\"\"y\" ,\"a,b\",\n1,2,3,4\n");
        Assert.Equal(["name", "\"x\"\"y\"", "a,b", ""], data.Columns);
        Assert.Equal(4, data.ColumnCount);
    }

    [Fact]
    public void A_first_record_of_numbers_is_no_header()
    {
        var data = Data("d.csv", "1,2.5\n3,4e1\n");
        Assert.Equal(2, data.Rows);
        Assert.Empty(data.Columns);
        Assert.Equal(2, data.ColumnCount);
        Assert.Equal(["none"], data.Properties.Values("header"));
    }

    [Fact]
    public void Many_columns_are_counted_and_the_first_thousand_named()
    {
        var data = Data("d.csv", string.Join(',', Enumerable.Range(0, 5000).Select(i => $"c{i}")));
        Assert.Equal(5000, data.ColumnCount);
        Assert.Equal(1000, data.Columns.Count);
    }

    [Fact]
    public void A_first_record_without_end_is_unreadable_in_little_memory()
    {
        var line = new byte[8 << 20];
        Array.Fill(line, (byte)'x');
        Assert.Contains("first record", Samples.Unreadable("d.csv", line), StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_record_may_be_endless()
    {
        byte[] bytes = [.. "a,b\n"u8, .. Enumerable.Repeat((byte)'x', 8 << 20)];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(1, Samples.Read("d.csv", bytes).Facts!.Dataset!.Rows);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Theory]
    [InlineData("a,b\n\"x,2\n3,4\n", "quote")]
    [InlineData("a,\"b\n", "quote")]
    [InlineData("a\0b,c\n1,2\n", "zero byte")]
    [InlineData("\n\n\n", "no record")]
    public void Malformed_text_is_unreadable(string text, string reason) =>
        Assert.Contains(reason, Samples.Unreadable("d.csv", Encoding.UTF8.GetBytes(text)), StringComparison.Ordinal);

    [Fact]
    public void Utf16_is_unreadable() =>
        Assert.Contains(
            "UTF-16",
            Samples.Unreadable("d.csv", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("a,b\n")]),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) - 1)]
    [InlineData((64 << 10) + 1)]
    public void A_quote_at_the_edge_of_the_buffer_is_seen(int edge)
    {
        // The doubled quote straddles the boundary between two reads.
        var head = "a,b\n1,\"";
        var text = head + new string('x', edge - head.Length - 1) + "\"\"\n\n\"\n2,3\n";
        Assert.Equal(2, Data("d.csv", text).Rows);
    }

    private static ArtifactTrust.Sbom.Readers.DatasetFacts Data(string name, string text) =>
        Samples.Read(name, Encoding.UTF8.GetBytes(text)).Facts!.Dataset!;
}
