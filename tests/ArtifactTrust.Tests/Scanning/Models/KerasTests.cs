using System.Text;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using static ArtifactTrust.Tests.Scanning.Models.Protobuf;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>The architecture of Keras models: what they are made of, and what comes from elsewhere.</summary>
public sealed class KerasTests
{
    public static TheoryData<string, string> KerasConfigs =>
        new()
        {
            {
                "keras-lambda",
                """{"class_name":"Sequential","config":{"layers":[{"class_name":"Lambda","config":{"function":{"class_name":"__lambda__"}}}]}}"""
            },
            {
                "keras-lambda",
                """{"class_name":"Model","config":{"layers":[{"class_name":"TimeDistributed","config":{"layer":{"class_name":"Model","config":{"layers":[{"class_name":"Lambda","config":{}}]}}}}]}}"""
            },
            { "keras-lambda", """{"class_name":"A","config":{"x":"{\"class_name\":\"Lambda\",\"config\":{}}"}}""" },
            { "keras-lambda", """{"class_name":"Dense","class_name":"Lambda","config":{}}""" },
            { "keras-lambda", """{"class_name":"Wrapped","config":{},"registered_name":"keras.layers>Lambda"}""" },
            { "keras-torch-module", """{"module":"keras.layers","class_name":"TorchModuleWrapper","config":{},"registered_name":null}""" },
            {
                "import-program",
                """{"class_name":"A","config":{"fn":{"module":"os","class_name":"function","config":"system","registered_name":"system"}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"keras.utils","class_name":"function","config":"get_file"}}}"""
            },
            { "import-code", """{"class_name":"A","config":{"fn":{"module":"keras.saving","class_name":"load_model","config":{}}}}""" },
            { "keras-import", """{"class_name":"A","config":{"fn":{"module":"my.package","class_name":"Layer","config":{}}}}""" },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras.config","class_name":"function","config":"enable_unsafe_deserialization"}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.utils.file_utils","class_name":"function","config":"get_file"}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.utils.file_utils","class_name":"os","config":{}}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.utils.python_utils","class_name":"function","config":"func_load"}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.legacy.saving.legacy_h5_format","class_name":"function","config":"load_model_from_hdf5"}}}"""
            },
            {
                "import-code",
                """{"class_name":"A","config":{"fn":{"module":"tf_keras.src.utils.data_utils","class_name":"function","config":"get_file"}}}"""
            },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.applications.vgg16","class_name":"function","config":"VGG16"}}}"""
            },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras_hub.src.utils.preset_utils","class_name":"function","config":"load_json"}}}"""
            },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.backend.config","class_name":"Any","config":{}}}}"""
            },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.layers.core.lambda_layer","class_name":"python_utils"}}}"""
            },
            { "keras-import", """{"class_name":"A","config":{"fn":{"module":"keras.layers","class_name":"Dense.x","config":{}}}}""" },
            {
                "keras-import",
                """{"class_name":"A","config":{"fn":{"module":"keras.src.models.cloning","class_name":"function","config":"clone_model"}}}"""
            },
            { "keras-import", """{"class_name":"A","config":{"fn":{"module":"keras_other.layers","class_name":"Dense","config":{}}}}""" },
            { "keras-file", """{"class_name":"StringLookup","config":{"vocabulary":"/etc/passwd"}}""" },
            { "keras-file", """{"module":"keras.layers","class_name":"TextVectorization","config":{"vocabulary":"/etc/passwd"}}""" },
            { "keras-file", """{"class_name":"X","registered_name":"keras.layers>IntegerLookup","config":{"vocabulary":"v.txt"}}""" },
            {
                "keras-file",
                """{"module":"keras_hub.src.tokenizers.word_piece_tokenizer","class_name":"WordPieceTokenizer","config":{"vocabulary":"https://evil.example/v"}}"""
            },
            { "keras-custom-object", """{"class_name":"Layer","config":{},"registered_name":"mine>Layer"}""" },
        };

    [Theory]
    [MemberData(nameof(KerasConfigs))]
    public void What_the_configuration_of_a_Keras_model_imports_is_found(string rule, string config)
    {
        Assert.Contains(Scan(Encoding.UTF8.GetBytes(config)).Findings, f => f.Id == rule);
        var archive = Zip(
            ("metadata.json", Bytes("{}")),
            ("config.json", Encoding.UTF8.GetBytes(config)),
            ("model.weights.h5", FormatTests.Sample("many-latest.h5"))
        );
        Assert.Contains(Scan(archive).Findings, f => f.Id == rule);
        var metadata = Message(1, Number(2, 1), Text(3, "root"), Text(4, "_tf_keras_model"), Text(5, config));
        Assert.Contains(Scan(metadata).Findings, f => f.Id == rule);
    }

    [Fact]
    public void An_ordinary_Keras_archive_is_clean()
    {
        const string config = """
            {"module":"keras","class_name":"Sequential","config":{"layers":[
              {"module":"keras.layers","class_name":"Dense","config":{"units":2,"activation":"relu",
                "kernel_initializer":{"module":"keras.initializers","class_name":"GlorotUniform","config":{"seed":null},"registered_name":null}},"registered_name":null}]},
             "registered_name":"Sequential","compile_config":{"optimizer":{"module":"keras.optimizers","class_name":"Adam","config":{},"registered_name":"Adam"},
               "loss":{"module":"keras.losses","class_name":"function","config":"mse","registered_name":"mse"}}}
            """;
        var scan = Scan(
            Zip(
                ("metadata.json", Bytes("{}")),
                ("config.json", Encoding.UTF8.GetBytes(config)),
                ("model.weights.h5", FormatTests.Sample("dense-earliest.h5"))
            )
        );
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title).Concat(scan.Gaps)));
        Assert.Equal("Keras archive", scan.Format);
    }

    /// <summary>As versions of Keras write the parts of ordinary models.</summary>
    [Theory]
    [InlineData("""{"module":"keras.src.models.functional","class_name":"Functional","config":{},"registered_name":"Functional"}""")]
    [InlineData("""{"module":"keras.src.engine.sequential","class_name":"Sequential","config":{}}""")]
    [InlineData("""{"module":"keras.engine.functional","class_name":"Functional","config":{}}""")]
    [InlineData("""{"module":"keras.src.layers.preprocessing.string_lookup","class_name":"StringLookup","config":{"vocabulary":["a"]}}""")]
    [InlineData(
        """{"module":"keras.layers","class_name":"StringLookup","config":{"vocabulary":null,"oov_token":"[UNK]","encoding":"utf-8"}}"""
    )]
    [InlineData("""{"module":"keras","class_name":"DTypePolicy","config":{"name":"float32"}}""")]
    [InlineData("""{"module":"keras.optimizers.schedules","class_name":"ExponentialDecay","config":{}}""")]
    [InlineData("""{"module":"keras.src.optimizers.legacy.adam","class_name":"Adam","config":{}}""")]
    [InlineData("""{"module":"keras.src.ops.numpy","class_name":"Matmul","config":{},"registered_name":"Matmul"}""")]
    [InlineData("""{"module":"keras.random","class_name":"SeedGenerator","config":{}}""")]
    [InlineData("""{"module":"keras.src.activations.activations","class_name":"function","config":"gelu"}""")]
    [InlineData("""{"module":"keras._tf_keras.keras.layers","class_name":"Conv2D","config":{}}""")]
    [InlineData("""{"module":"tf_keras.src.layers.core.dense","class_name":"Dense","config":{}}""")]
    [InlineData("""{"module":"tensorflow.python.keras.engine.training","class_name":"Model","config":{}}""")]
    [InlineData("""{"module":"tensorflow.keras.metrics","class_name":"function","config":"sparse_categorical_accuracy"}""")]
    [InlineData("""{"module":"keras_hub.src.models.gemma.gemma_backbone","class_name":"GemmaBackbone","config":{}}""")]
    [InlineData("""{"module":"keras_nlp.src.layers.modeling.transformer_decoder","class_name":"TransformerDecoder","config":{}}""")]
    [InlineData("""{"module":"builtins","class_name":"function","config":"relu","registered_name":"function"}""")]
    public void What_models_are_made_of_raises_no_alarm(string part)
    {
        var scan = Scan(Encoding.UTF8.GetBytes($$$"""{"module":"keras","class_name":"Sequential","config":{"layers":[{{{part}}}]}}"""));
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title).Concat(scan.Gaps)));
    }
}
