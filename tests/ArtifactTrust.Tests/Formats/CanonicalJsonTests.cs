using System.Text;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Tests.Formats;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData(" { \"b\" : 1 , \"a\" : [ true , false , null ] } ", "{\"a\":[true,false,null],\"b\":1}")]
    [InlineData("{\"\\u0062\":\"\\u0041\\/\",\"aa\":{},\"a\":[]}", "{\"a\":[],\"aa\":{},\"b\":\"A/\"}")]
    [InlineData("\"\\\"\\\\\\n\\t\\u0000é\\u00e9\"", "\"\\\"\\\\\n\t\0éé\"")]
    [InlineData("[-1,0,123456789012345678901234567890]", "[-1,0,123456789012345678901234567890]")]
    // U+FF5E comes before U+1F600 by code point, and after it in UTF-16.
    [InlineData("{\"\\ud83d\\ude00\":1,\"\\uff5e\":2}", "{\"\uff5e\":2,\"\ud83d\ude00\":1}")]
    public void A_value_has_one_encoding(string json, string canonical) =>
        Assert.Equal(
            Encoding.UTF8.GetBytes(canonical),
            CanonicalJson.Encode(StrictJson.Parse(Encoding.UTF8.GetBytes(json), "test"), "test")
        );

    [Theory]
    [InlineData("1.0")]
    [InlineData("[1e3]")]
    [InlineData("{\"a\":1E3}")]
    [InlineData("-0")]
    public void A_number_that_is_not_whole_has_none(string json) =>
        Assert.Throws<MalformedDataException>(() => CanonicalJson.Encode(StrictJson.Parse(Encoding.UTF8.GetBytes(json), "test"), "test"));
}
