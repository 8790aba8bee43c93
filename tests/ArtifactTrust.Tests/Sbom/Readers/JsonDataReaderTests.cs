using System.Text;
using ArtifactTrust.Sbom.Readers;

namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class JsonDataReaderTests
{
    [Fact]
    public void An_array_of_records_is_data()
    {
        var facts = Samples.Read("d.json", Samples.All["data.json"]).Facts!;
        Assert.Equal(FileRole.Data, facts.Role);
        Assert.Equal(2, facts.Dataset!.Rows);
        Assert.Equal(["a: number", "b: string, null", "c: array"], facts.Dataset.Columns);
    }

    [Theory]
    [InlineData("d.jsonl", "{\"a\":1}\n{\"a\":2,\"b\":true}\n", 2)]
    [InlineData("d.ndjson", "{\"a\":1}\n\n\n{\"a\":2}", 2)]
    [InlineData("d.json", "{\"a\":1}\n{\"a\":2}\n", 2)]
    [InlineData("d.jsonl", "{\"a\":1}", 1)]
    [InlineData("d.jsonl", "[1,2]\n[3,4]\n", 2)]
    [InlineData("d.jsonl", "\uFEFF{\"a\":1}", 1)]
    public void Lines_are_data(string name, string text, long rows)
    {
        var facts = Samples.Read(name, Encoding.UTF8.GetBytes(text)).Facts!;
        Assert.Equal("json-lines", facts.Format);
        Assert.Equal(FileRole.Data, facts.Role);
        Assert.Equal(rows, facts.Dataset!.Rows);
    }

    [Fact]
    public void An_object_is_a_file_with_keys()
    {
        var facts = Samples.Read("d.json", """{"type":"FeatureCollection","features":[1,2,3]}"""u8.ToArray()).Facts!;
        Assert.Equal(FileRole.Other, facts.Role);
        Assert.Null(facts.Dataset!.Rows);
        Assert.Equal(["type: string", "features: array"], facts.Dataset.Properties.Values("key"));
    }

    [Fact]
    public void A_list_that_configures_is_no_data() =>
        Assert.Equal(FileRole.Other, Samples.Read("modules.json", """[{"idx":0}]"""u8.ToArray()).Facts!.Role);

    [Theory]
    [InlineData("[1,2")]
    [InlineData("[1,]")]
    [InlineData("{\"a\":1} x")]
    [InlineData("{'a':1}")]
    [InlineData("[1] // no")]
    [InlineData("")]
    [InlineData("[{\"\\ud800\":1}]")]
    [InlineData("[{\"a\":1},{\"\\ud800\":1}]")]
    public void What_is_not_json_is_unreadable(string text) => Samples.Unreadable("d.json", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Invalid_utf8_in_a_key_is_unreadable() => Samples.Unreadable("d.json", [.. "[{\""u8, 0xff, .. "\":1}]"u8]);

    [Fact]
    public void Deep_nesting_is_unreadable() =>
        Samples.Unreadable("d.json", Encoding.UTF8.GetBytes(new string('[', 100_000) + new string(']', 100_000)));

    [Fact]
    public void A_token_longer_than_accepted_is_unreadable()
    {
        var bytes = new byte[17 << 20];
        Array.Fill(bytes, (byte)'x');
        "[\""u8.CopyTo(bytes);
        "\"]"u8.CopyTo(bytes.AsSpan(^2));
        Assert.Contains("longer than", Samples.Unreadable("d.json", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_across_the_edge_of_the_buffer_are_whole()
    {
        var rows = Enumerable.Range(0, 20_000).Select(i => $$"""{"id":{{i}},"text":"{{new string('é', i % 97)}}\"","n":null}""");
        var data = Samples.Read("d.json", Encoding.UTF8.GetBytes("[" + string.Join(",\n", rows) + "]")).Facts!.Dataset!;
        Assert.Equal(20_000, data.Rows);
        Assert.Equal(["id: number", "text: string", "n: null"], data.Columns);
    }

    [Fact]
    public void Too_many_keys_are_not_counted()
    {
        var text = "[{" + string.Join(',', Enumerable.Range(0, 2000).Select(i => $"\"k{i}\":1")) + "}]";
        var data = Samples.Read("d.json", Encoding.UTF8.GetBytes(text)).Facts!.Dataset!;
        Assert.Equal(1000, data.Columns.Count);
        Assert.Null(data.ColumnCount);
    }
}
