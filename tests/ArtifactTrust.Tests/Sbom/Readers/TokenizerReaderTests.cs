using System.Text;

namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class TokenizerReaderTests
{
    [Theory]
    // Byte pairs and whole words: a mapping to numbers.
    [InlineData(
        """{"added_tokens":[{"id":0,"content":"<s>"},{"id":1}],"model":{"type":"BPE","vocab":{"a":0,"b":1,"vocab":2},"merges":[["a","b"]]}}""",
        "BPE",
        "3",
        "2"
    )]
    // Unigram: a list with scores.
    [InlineData("""{"model":{"type":"Unigram","vocab":[["<unk>",0.0],["a",-1.5]],"unk_id":0},"added_tokens":[]}""", "Unigram", "2", "0")]
    [InlineData("""{"model":{"vocab":{}}}""", null, "0", null)]
    [InlineData("""{"model":{"type":7,"vocab":null},"added_tokens":null}""", null, null, null)]
    // Only the model's own members count, wherever else the names stand.
    [InlineData(
        """{"vocab":{"a":1},"type":"x","decoder":{"type":"y","vocab":{"a":1}},"model":{"type":"WordLevel"}}""",
        "WordLevel",
        null,
        null
    )]
    [InlineData("""{"model":{"vocab":{"a":{"vocab":1},"b":[1,2]},"x":{"c":1}}}""", null, "2", null)]
    // What is no Unicode is none of these names.
    [InlineData("""{"m\ud800odel":1,"model":{"t\ud800ype":"BPE","vocab":{"a":0}}}""", null, "1", null)]
    public void The_type_and_the_size_of_the_vocabulary_are_read(string json, string? type, string? vocabulary, string? added)
    {
        var facts = Samples.Read("tokenizer.json", Encoding.UTF8.GetBytes(json)).Facts!;
        Assert.Equal("hf-tokenizer", facts.Format);
        Assert.Equal(type, facts.Properties.Values("type").SingleOrDefault());
        Assert.Equal(vocabulary, facts.Properties.Values("vocabulary").SingleOrDefault());
        Assert.Equal(added, facts.Properties.Values("added-tokens").SingleOrDefault());
        Assert.Equal(facts.Properties, facts.Model!.Properties);
    }

    [Fact]
    public void A_vocabulary_longer_than_any_buffer_is_counted()
    {
        var json = new StringBuilder("""{"model":{"type":"BPE","vocab":{""");
        for (var i = 0; i < 300_000; i++)
        {
            json.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":").Append(i);
        }
        var facts = Samples.Read("tokenizer.json", Encoding.UTF8.GetBytes(json.Append("}}}").ToString())).Facts!;
        Assert.Equal(["300000"], facts.Properties.Values("vocabulary"));
    }

    [Theory]
    [InlineData("""{"class_name":"Tokenizer","config":{}}""")]
    [InlineData("""{"model":"x"}""")]
    [InlineData("[]")]
    public void A_file_of_that_name_by_others_is_plain_json(string json)
    {
        var facts = Samples.Read("tokenizer.json", Encoding.UTF8.GetBytes(json)).Facts!;
        Assert.Equal("json", facts.Format);
        Assert.Null(facts.Model);
        Assert.Null(facts.Dataset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"model":{"type":"BPE","vocab":{"a":0}""")]
    [InlineData("""{"model":{"type":"\ud800"}}""")]
    [InlineData("{} {}")]
    public void What_is_no_json_is_unreadable(string json) => Samples.Unreadable("tokenizer.json", Encoding.UTF8.GetBytes(json));
}
