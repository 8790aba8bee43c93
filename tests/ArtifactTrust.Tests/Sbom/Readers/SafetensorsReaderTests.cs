namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class SafetensorsReaderTests
{
    [Fact]
    public void The_header_is_described()
    {
        var facts = Samples.Read("model.safetensors", Samples.All["model.safetensors"]).Facts!;
        Assert.Equal(["2"], facts.Properties.Values("tensors"));
        Assert.Equal(["7"], facts.Properties.Values("parameters"));
        Assert.Equal(["BF16: 1", "F32: 1"], facts.Properties.Values("tensor-type"));
        Assert.Equal(["format: pt"], facts.Properties.Values("metadata"));
        Assert.Equal((UInt128)7, facts.Model!.Parameters);
    }

    [Theory]
    [InlineData("model.layers.0.q_proj.qweight", "I32")]
    [InlineData("model.layers.0.q_proj.qzeros", "I32")]
    [InlineData("qweight", "I32")]
    [InlineData("model.layers.0.q_proj.weight_packed", "I32")]
    [InlineData("model.layers.0.mlp.experts.down_proj_blocks", "U32")]
    [InlineData("model.layers.0.q_proj.weight.quant_state.bitsandbytes__nf4", "U32")]
    public void Words_that_hold_several_weights_are_not_counted_as_parameters(string tensor, string type)
    {
        var header =
            $$$"""{"{{{tensor}}}":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""";
        var facts = Samples.Read("m.safetensors", Samples.Safetensors(header, 12)).Facts!;
        Assert.Empty(facts.Properties.Values("parameters"));
        Assert.Null(facts.Model!.Parameters);
        Assert.Equal(["2"], facts.Properties.Values("tensors"));
    }

    [Theory]
    [InlineData("q_proj.qweight", "F32")]
    [InlineData("q_proj.weight", "I32")]
    [InlineData("unqweight", "I32")]
    public void Other_tensors_are_counted(string tensor, string type)
    {
        var header = $$$"""{"{{{tensor}}}":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,8]}}""";
        Assert.Equal((UInt128)2, Samples.Read("m.safetensors", Samples.Safetensors(header, 8)).Facts!.Model!.Parameters);
    }

    [Fact]
    public void A_type_of_the_future_is_counted()
    {
        var header = """{"a":{"dtype":"F3","shape":[4],"data_offsets":[0,2]}}""";
        Assert.Equal(["F3: 1"], Samples.Read("m.safetensors", Samples.Safetensors(header, 2)).Facts!.Properties.Values("tensor-type"));
    }

    [Fact]
    public void Types_smaller_than_a_byte_are_measured_in_bits() =>
        Samples.Read("m.safetensors", Samples.Safetensors("""{"a":{"dtype":"F4","shape":[5],"data_offsets":[0,3]}}""", 3));

    [Fact]
    public void An_empty_header_is_readable() => Samples.Read("m.safetensors", Samples.Safetensors("{}", 0));

    [Theory]
    [InlineData(
        "overlap",
        """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}""",
        6
    )]
    [InlineData(
        "no tensor covers",
        """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}""",
        10
    )]
    [InlineData("follow the header", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 5)]
    [InlineData("follow the header", """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3)]
    [InlineData(
        "occurs twice",
        """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""",
        2
    )]
    [InlineData("occurs twice", """{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1)]
    [InlineData("occurs twice", """{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}""", 1)]
    [InlineData("do not take", """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}""", 4)]
    [InlineData("64 bits", """{"a":{"dtype":"U8","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}""", 0)]
    [InlineData("2^63", """{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]}}""", 0)]
    [InlineData("2^63", """{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}""", 0)]
    [InlineData("2^63", """{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,0]}}""", 0)]
    [InlineData("backwards", """{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}""", 0)]
    [InlineData("required", """{"a":{"dtype":"U8","shape":[1]}}""", 1)]
    [InlineData("required", """{"a":{}}""", 0)]
    [InlineData("too many", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}""", 1)]
    [InlineData("not one of a tensor", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}""", 1)]
    [InlineData("not expected here", """{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}""", 1)]
    [InlineData("not expected here", """{"a":1}""", 0)]
    [InlineData("strings", """{"__metadata__":{"a":1}}""", 0)]
    [InlineData("begin with", """[]""", 0)]
    [InlineData("begin with", """ {}""", 0)]
    public void A_malformed_header_is_unreadable(string reason, string header, int dataBytes) =>
        Assert.Contains(reason, Samples.Unreadable("m.safetensors", Samples.Safetensors(header, dataBytes)), StringComparison.Ordinal);

    [Theory]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(100_000_001UL)]
    public void A_header_longer_than_accepted_is_unreadable(ulong length) =>
        Assert.Contains("header", Samples.Unreadable("m.safetensors", Samples.Safetensors("{}", 0, length)), StringComparison.Ordinal);

    [Fact]
    public void A_header_longer_than_the_file_is_unreadable() =>
        Assert.Contains("remain", Samples.Unreadable("m.safetensors", Samples.Safetensors("{}", 0, 1000)), StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_unreadable() =>
        Samples.Unreadable("m.safetensors", Samples.Safetensors("{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}", 0));
}
