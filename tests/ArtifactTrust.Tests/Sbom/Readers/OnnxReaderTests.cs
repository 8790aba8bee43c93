namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class OnnxReaderTests
{
    [Fact]
    public void The_graph_and_its_tensors_are_described()
    {
        var facts = Samples.Read("model.onnx", Samples.Onnx()).Facts!;
        Assert.Equal(["8"], facts.Properties.Values("ir-version"));
        Assert.Equal(["maker"], facts.Properties.Values("producer"));
        Assert.Equal(["ai.onnx 17"], facts.Properties.Values("opset"));
        Assert.Equal(["tiny"], facts.Properties.Values("graph"));
        Assert.Equal(["MatMul: 1", "com.example::Gelu: 1"], facts.Properties.Values("operator"));
        Assert.Equal(["com.example"], facts.Properties.Values("custom-domain"));
        Assert.Equal(["float32: 1"], facts.Properties.Values("tensor-type"));
        Assert.Equal(["k: v"], facts.Properties.Values("metadata"));
        Assert.Equal("A tiny model.", facts.Model!.Description);
        Assert.Equal((UInt128)12, facts.Model.Parameters);
    }

    [Fact]
    public void An_initializer_is_no_input() =>
        Assert.Equal(["x: float32[batch, 4]"], Samples.Read("m.onnx", Samples.Onnx()).Facts!.Model!.Inputs);

    [Fact]
    public void A_sequence_type_is_spelled_out() =>
        Assert.Equal(["y: sequence(float32[batch, 4])"], Samples.Read("m.onnx", Samples.Onnx()).Facts!.Model!.Outputs);

    [Fact]
    public void Dimensions_that_are_not_packed_count_too()
    {
        var tensor = new Proto().Varint(1, 5).Varint(1, 7).Varint(2, 10);
        var facts = Samples.Read("m.onnx", Model(new Proto().Bytes(5, tensor))).Facts!;
        Assert.Equal((UInt128)35, facts.Model!.Parameters);
        Assert.Equal(["float16: 1"], facts.Properties.Values("tensor-type"));
    }

    [Fact]
    public void Graphs_within_attributes_are_counted()
    {
        var inner = new Proto().Bytes(1, new Proto().Bytes(4, "Relu")).Bytes(5, new Proto().Varint(1, 3).Varint(2, 1));
        var node = new Proto().Bytes(4, "If").Bytes(5, new Proto().Bytes(1, "then_branch").Bytes(6, inner));
        var facts = Samples.Read("m.onnx", Model(new Proto().Bytes(1, node))).Facts!;
        Assert.Equal(["If: 1", "Relu: 1"], facts.Properties.Values("operator"));
        Assert.Equal(["2"], facts.Properties.Values("nodes"));
        Assert.Equal((UInt128)3, facts.Model!.Parameters);
    }

    [Fact]
    public void Constants_are_counted_apart_and_are_no_parameters()
    {
        var constant = new Proto().Bytes(4, "Constant").Bytes(5, new Proto().Bytes(5, new Proto().Varint(1, 9).Varint(2, 1)));
        var facts = Samples.Read("m.onnx", Model(new Proto().Bytes(1, constant))).Facts!;
        Assert.Equal(["9"], facts.Properties.Values("constant-elements"));
        Assert.Null(facts.Model!.Parameters);
    }

    [Fact]
    public void External_data_is_named()
    {
        var external = new Proto().Bytes(1, "location").Bytes(2, "../weights.bin");
        var tensor = new Proto().Varint(1, 5).Varint(2, 1).Bytes(13, external).Varint(14, 1);
        var facts = Samples.Read("m.onnx", Model(new Proto().Bytes(5, tensor))).Facts!;
        Assert.Equal(["../weights.bin"], facts.Properties.Values("external-data"));
    }

    [Fact]
    public void A_length_of_2_to_the_63_is_unreadable()
    {
        byte[] bytes = [0x08, 0x08, 0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        Assert.Contains("9223372036854775808", Samples.Unreadable("m.onnx", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_of_more_than_64_bits_is_unreadable() =>
        Assert.Contains("64 bits", Samples.Unreadable("m.onnx", [0x08, .. Enumerable.Repeat((byte)0xff, 10), 1]), StringComparison.Ordinal);

    [Fact]
    public void A_message_longer_than_the_one_around_it_is_unreadable()
    {
        var graph = new Proto().Raw(0x0a, 0x7f);
        Assert.Contains("remain", Samples.Unreadable("m.onnx", Model(graph).Concat(new byte[200]).ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Dimensions_whose_product_overflows_are_unreadable()
    {
        var tensor = new Proto().Packed(1, 1UL << 62, 1UL << 62).Varint(2, 1);
        Assert.Contains("64 bits", Samples.Unreadable("m.onnx", Model(new Proto().Bytes(5, tensor))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_dimension_is_unreadable()
    {
        var tensor = new Proto().Varint(1, ulong.MaxValue).Varint(2, 1);
        Samples.Unreadable("m.onnx", Model(new Proto().Bytes(5, tensor)));
    }

    [Fact]
    public void Deep_nesting_is_unreadable()
    {
        var graph = new Proto().Bytes(1, new Proto().Bytes(4, "Relu"));
        for (var i = 0; i < 100; i++)
        {
            graph = new Proto().Bytes(1, new Proto().Bytes(4, "If").Bytes(5, new Proto().Bytes(6, graph)));
        }
        Assert.Contains("nested", Samples.Unreadable("m.onnx", Model(graph)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_is_unreadable() => Samples.Unreadable("m.onnx", [0x08, 0x08, 0x3b]);

    [Fact]
    public void A_second_graph_is_unreadable() =>
        Assert.Contains("second graph", Samples.Unreadable("m.onnx", Samples.Onnx(m => m.Bytes(7, new Proto()))), StringComparison.Ordinal);

    [Fact]
    public void A_model_without_a_graph_is_unreadable() => Samples.Unreadable("m.onnx", new Proto().Varint(1, 8).ToArray());

    [Fact]
    public void Text_is_cut_and_cleaned()
    {
        var text = Samples
            .Read("m.onnx", Samples.Onnx(m => m.Bytes(6, "\u001b[31m" + new string('x', 100_000))))
            .Facts!.Model!.Description!;
        Assert.Equal(4097, text.Length);
        Assert.DoesNotContain('\u001b', text);
        Assert.EndsWith("…", text, StringComparison.Ordinal);
    }

    [VectorTheory]
    [InlineData("test_Softmax.onnx", "Softmax: 1")]
    [InlineData("test_operator_exp.onnx", "Exp: 1")]
    [InlineData("test_sign_model.onnx", "Sign: 1")]
    [InlineData("test_single_relu_model.onnx", "Relu: 1")]
    public void A_published_model_is_read(string name, string operators)
    {
        var bytes = File.ReadAllBytes(Vectors.Require($"scan/formats/onnx/{name}"));
        Assert.Equal([operators], Samples.Read(name, bytes).Facts!.Properties.Values("operator"));
        Assert.Equal("onnx", Samples.Read("model.bin", bytes).Facts!.Format);
    }

    private static byte[] Model(Proto graph) => new Proto().Varint(1, 8).Bytes(7, graph).ToArray();
}
