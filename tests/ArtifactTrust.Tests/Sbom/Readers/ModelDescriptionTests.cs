using System.Text;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Readers;

namespace ArtifactTrust.Tests.Sbom.Readers;

/// <summary>README front matter, configuration files and Croissant.</summary>
public sealed class ModelDescriptionTests
{
    [Fact]
    public void A_model_card_is_read()
    {
        var model = Card(
            """
            language:
            - en
            - de
            license: other
            license_name: llama3.1
            license_link: https://example.org/LICENSE
            base_model: acme/base
            base_model_relation: finetune
            datasets: [acme/train, acme/more]
            tags: [text, 'with: colon']
            pipeline_tag: text-generation
            library_name: transformers
            model-index:
            - name: tiny
              results:
              - task: {type: text-generation}
                dataset: {name: Bench, type: bench, split: test}
                metrics:
                - {type: accuracy, value: 0.91}
                - {type: f1, value: null}
            """
        ).Model!;
        Assert.Equal("text-generation", model.Task);
        var license = Assert.Single(model.Licenses);
        Assert.Equal("llama3.1", license.Name);
        Assert.Equal("https://example.org/LICENSE", license.Url);
        Assert.Equal(["acme/base"], model.BaseModels);
        Assert.Equal("finetune", model.BaseModelRelation);
        Assert.Equal(["acme/train", "acme/more"], model.Datasets);
        Assert.Equal([new SbomMetric("accuracy", "0.91", "Bench, test")], model.Metrics);
        Assert.Equal(["en", "de"], model.Properties.Values("language"));
        Assert.Equal(["text", "with: colon"], model.Properties.Values("tag"));
    }

    [Theory]
    [InlineData("license: unknown")]
    [InlineData("license:")]
    [InlineData("tags: []")]
    public void What_a_card_does_not_say_is_absent(string yaml) => Assert.Empty(Card(yaml).Model!.Licenses);

    [Theory]
    [InlineData("a: &x [1]\nb: *x", "anchors")]
    [InlineData("a: &x 1", "anchors")]
    [InlineData("a: !!python/object/apply:os.system [id]", "tags")]
    [InlineData("a: !local 1", "tags")]
    [InlineData("a: 1\na: 2", "twice")]
    [InlineData("? [a]\n: 1", "key")]
    [InlineData("- a\n- b", "mapping")]
    [InlineData("just text", "mapping")]
    [InlineData("a: [1", "YAML")]
    [InlineData("a: \"\\U7FFFFFFF\"", "YAML")]
    [InlineData("%YAML 1.9999999999999999999\n", "")]
    [InlineData("a: @", "YAML")]
    public void A_card_that_is_no_plain_yaml_is_unreadable(string yaml, string reason) =>
        Assert.Contains(reason, Samples.Unreadable("README.md", Encoding.UTF8.GetBytes($"---\n{yaml}\n---\n")), StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_unreadable() =>
        Assert.Contains(
            "nested",
            Samples.Unreadable("README.md", Encoding.UTF8.GetBytes($"---\na: {new string('[', 5000)}{new string(']', 5000)}\n---\n")),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_card_without_end_is_unreadable()
    {
        var bytes = Encoding.UTF8.GetBytes("---\n" + new string('x', 2 << 20));
        Assert.Contains("hyphens", Samples.Unreadable("README.md", bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("a: ")]
    [InlineData("\"a\": ")]
    [InlineData("a\n")]
    [InlineData("'")]
    [InlineData("#")]
    [InlineData("&a ")]
    [InlineData("!a ")]
    [InlineData("|\n")]
    [InlineData("a,")]
    [InlineData("k: [a, b]\n")]
    [InlineData("\t")]
    [InlineData(" ")]
    [InlineData("\n")]
    public async Task A_large_repetition_takes_little_time(string piece)
    {
        var text = new StringBuilder("---\n").Append(piece);
        while (text.Length < 900_000)
        {
            text.Append(piece);
        }
        var bytes = Encoding.UTF8.GetBytes(text.Append("\n---\n").ToString());
        var inspection = Task.Run(() => Samples.Inspect("README.md", bytes));
        await inspection.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public void Random_front_matter_throws_nothing()
    {
        const string Alphabet = "ab:-[]{}#&*!|>'\"%@`,? \n\t\\uU0~";
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            Samples.Inspect("README.md", Encoding.UTF8.GetBytes($"---\n{text}\n---\n"));
        }
    }

    [Fact]
    public void A_configuration_is_read()
    {
        var facts = Samples
            .Read(
                "config.json",
                """
                {"architectures":["BertForMaskedLM"],"model_type":"bert","torch_dtype":"bfloat16","transformers_version":"4.40.0","_name_or_path":"acme/base",
                "quantization_config":{"quant_method":"gptq","bits":4},"auto_map":{"AutoModel":"modeling.Tiny","AutoTokenizer":["tok.Slow",null]},"vocab_size":null}
                """u8.ToArray()
            )
            .Facts!;
        Assert.Equal("bert", facts.Model!.ArchitectureFamily);
        Assert.Equal("BertForMaskedLM", facts.Model.Architecture);
        Assert.Equal(["bfloat16"], facts.Properties.Values("dtype"));
        Assert.Equal(["gptq"], facts.Properties.Values("quantization-method"));
        Assert.Equal(["AutoModel: modeling.Tiny", "AutoTokenizer: tok.Slow"], facts.Properties.Values("auto-map"));
        Assert.Empty(facts.Properties.Values("vocab-size"));
    }

    [Fact]
    public void Files_about_generation_tokenizing_and_adapting_are_read()
    {
        Assert.Equal(
            ["do_sample: true", "temperature: 0.6", "eos_token_id: 1, 2"],
            Samples
                .Read("generation_config.json", """{"do_sample":true,"temperature":0.6,"eos_token_id":[1,2],"x":[],"y":null}"""u8.ToArray())
                .Facts!.Properties.Values("generation")
        );
        Assert.Equal(
            ["present"],
            Samples.Read("tokenizer_config.json", """{"chat_template":"{{x}}"}"""u8.ToArray()).Facts!.Properties.Values("chat-template")
        );
        Assert.Equal(
            ["acme/base"],
            Samples.Read("adapter_config.json", """{"base_model_name_or_path":"acme/base"}"""u8.ToArray()).Facts!.Model!.BaseModels
        );
    }

    [Theory]
    [InlineData("""["q","v"]""", "q|v")]
    [InlineData("\"all-linear\"", "all-linear")]
    [InlineData("null", "")]
    public void The_size_of_an_adapter_is_read(string modules, string expected)
    {
        var properties = Samples
            .Read("adapter_config.json", Encoding.UTF8.GetBytes($$"""{"r":8,"lora_alpha":16,"target_modules":{{modules}}}"""))
            .Facts!.Model!.Properties;
        Assert.Equal(["8"], properties.Values("rank"));
        Assert.Equal(["16"], properties.Values("alpha"));
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries), properties.Values("target-module"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"model_type\":\"\\ud800\"}")]
    [InlineData("{")]
    public void A_configuration_that_is_no_object_is_unreadable(string json) =>
        Samples.Unreadable("config.json", Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_configuration_larger_than_accepted_is_unreadable() =>
        Assert.Contains("accepted", Samples.Unreadable("config.json", new byte[(4 << 20) + 1]), StringComparison.Ordinal);

    [Fact]
    public void A_croissant_description_is_read()
    {
        var data = Samples.Read("metadata.json", Encoding.UTF8.GetBytes(Samples.Croissant)).Facts!.Dataset!;
        Assert.Equal("tiny", data.Name);
        Assert.Equal("CC-BY-4.0", Assert.Single(data.Licenses).Id);
        Assert.Equal("https://example.org/tiny", data.Url);
        Assert.Equal(["a: sc:Integer"], data.Columns);
        Assert.Equal([new DistributionFile("data/rows.csv", new string('a', 64))], data.Distribution);
    }

    [VectorTheory]
    [InlineData("datasets_1.0_huggingface-mnist_metadata.json", "mnist", "MIT")]
    [InlineData("datasets_1.0_simple-parquet_metadata.json", "simple-parquet", "CC-BY-4.0")]
    [InlineData("datasets_1.1_huggingface-mnist-from-main-branch_metadata.json", "mnist", "MIT")]
    public void A_published_croissant_description_is_read(string file, string name, string license)
    {
        var data = Samples.Read(file, File.ReadAllBytes(Vectors.Require($"scan/formats/croissant/{file}"))).Facts!.Dataset!;
        Assert.Equal(name, data.Name);
        Assert.Equal(license, Assert.Single(data.Licenses).Id);
        Assert.NotEmpty(data.Distribution);
        // MLCommons puts an address where a digest is unknown.
        Assert.All(data.Distribution, d => Assert.True(d.Sha256 is null or { Length: 64 }));
    }

    private static FileFacts Card(string yaml) => Samples.Read("README.md", Encoding.UTF8.GetBytes($"---\n{yaml}\n---\n# Title\n")).Facts!;
}
