using ArtifactTrust.Sbom;

namespace ArtifactTrust.Tests.Sbom.Readers;

public sealed class GgufReaderTests
{
    [Theory]
    [InlineData(false, 3u)]
    [InlineData(false, 2u)]
    [InlineData(true, 3u)]
    public void The_header_is_described(bool bigEndian, uint version)
    {
        var facts = Samples.Read("m.gguf", Samples.Gguf(bigEndian, version)).Facts!;
        Assert.Equal(["llama"], facts.Properties.Values("architecture"));
        Assert.Equal(["Q4_K_M"], facts.Properties.Values("file-type"));
        Assert.Equal(["F32: 1"], facts.Properties.Values("tensor-type"));
        Assert.Contains("llama.context_length: 4096", facts.Properties.Values("metadata"));
        Assert.Equal(bigEndian ? ["big"] : [], facts.Properties.Values("endianness"));
        Assert.Equal((UInt128)32, facts.Model!.Parameters);
        Assert.Equal([SbomLicense.OfId("Apache-2.0")], facts.Model.Licenses);
        Assert.Equal(["Acme/Base"], facts.Model.BaseModels);
        Assert.Equal("llama", facts.Model.ArchitectureFamily);
    }

    [Theory]
    [InlineData(39u, "NVFP4", 40u, "NVFP4")]
    [InlineData(40u, "Q1_0", 41u, "Q1_0")]
    [InlineData(41u, "Q2_0", 42u, "Q2_0")]
    [InlineData(33u, "Q4_0_4_4", 31u, "Q4_0_4_4")]
    [InlineData(1024u, "type 1024", 99u, "type 99")]
    public void Quantizations_have_the_names_of_their_makers(uint fileType, string file, uint tensorType, string tensor)
    {
        var facts = Samples.Read("m.gguf", Samples.Gguf(fileType: fileType, tensorType: tensorType)).Facts!;
        Assert.Equal([file], facts.Properties.Values("file-type"));
        Assert.Equal([$"{tensor}: 1"], facts.Properties.Values("tensor-type"));
    }

    [Fact]
    public void A_chat_template_is_noted_and_not_repeated()
    {
        var facts = Samples
            .Read("m.gguf", Samples.Gguf(extraPairs: b => b.Text("tokenizer.chat_template").U32(8).Text("{{ evil }}"), extraCount: 1))
            .Facts!;
        Assert.Equal(["present"], facts.Properties.Values("chat-template"));
        Assert.DoesNotContain(facts.Properties, p => p.Value.Contains("evil", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_that_occurs_twice_is_unreadable() =>
        Assert.Contains(
            "twice",
            Samples.Unreadable("m.gguf", Samples.Gguf(extraPairs: b => b.Text("general.name").U32(8).Text("x"), extraCount: 1)),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(1u)]
    [InlineData(4u)]
    public void Another_version_is_unreadable(uint version) =>
        Assert.Contains("version", Samples.Unreadable("m.gguf", Samples.Gguf(version: version)), StringComparison.Ordinal);

    [Theory]
    [InlineData(ulong.MaxValue, 0UL)]
    [InlineData(0UL, ulong.MaxValue)]
    [InlineData(1UL << 63, 1UL << 63)]
    [InlineData(100UL, 1UL)]
    public void Counts_that_do_not_fit_into_the_file_are_unreadable(ulong tensors, ulong pairs) =>
        Assert.Contains(
            "do not fit",
            Samples.Unreadable("m.gguf", new Bytes().Raw("GGUF"u8).U32(3).U64(tensors).U64(pairs).Raw(new byte[100]).ToArray()),
            StringComparison.Ordinal
        );

    [Fact]
    public void Deeply_nested_arrays_are_unreadable()
    {
        var bytes = Samples.Gguf(
            extraPairs: b =>
            {
                b.Text("deep").U32(9);
                for (var i = 0; i < 1000; i++)
                {
                    b.U32(9).U64(1);
                }
                b.U32(0).U64(0);
            },
            extraCount: 1
        );
        Assert.Contains("nested", Samples.Unreadable("m.gguf", bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void An_array_longer_than_the_file_is_unreadable() =>
        Assert.Contains(
            "remain",
            Samples.Unreadable("m.gguf", Samples.Gguf(extraPairs: b => b.Text("a").U32(9).U32(12).U64(1UL << 61), extraCount: 1)),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_string_longer_than_the_file_is_unreadable() =>
        Samples.Unreadable("m.gguf", Samples.Gguf(extraPairs: b => b.Text("a").U32(8).U64(1UL << 63), extraCount: 1));

    [Fact]
    public void An_unknown_type_of_value_is_unreadable() =>
        Samples.Unreadable("m.gguf", Samples.Gguf(extraPairs: b => b.Text("a").U32(13).U64(0), extraCount: 1));
}
