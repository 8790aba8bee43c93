using System.Text;
using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>Settings that name code for a loader to import, and code that lies beside them.</summary>
public sealed class RemoteCodeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("model_index.json", """{"_class_name":["pipeline","MyPipe"]}""", "remote-code")]
    [InlineData("model_index.json", """{"_class_name":["someone/pipeline","MyPipe"]}""", "remote-code-elsewhere")]
    [InlineData("a/model_index.json", """{"_class_name":"P","unet":["my_unet","X"]}""", "library-import")]
    [InlineData("modular_model_index.json", """{"unet":["my_unet","X",{"repo":null}]}""", "library-import")]
    [InlineData("model_index.json", """{"unet":["os","system"]}""", "import-program")]
    [InlineData("modules.json", """[{"idx":0,"name":"0","path":"","type":"evil_module.X"}]""", "library-import")]
    [InlineData("modules.json", """[{"type":"sentence_transformers_evil.X"}]""", "library-import")]
    [InlineData("modules.json", """[{"type":"subprocess.Popen"}]""", "import-program")]
    [InlineData("config.json", """{"custom_pipeline":"someone/pipeline"}""", "remote-code-elsewhere")]
    [InlineData("config.json", """{"custom_pipeline":"pipeline"}""", "remote-code")]
    [InlineData("config.json", """{"a":{"trust_remote_code":true}}""", "remote-code")]
    [InlineData("config.json", """{"custom_pipelines":{"x":{"impl":"code.P"}}}""", "remote-code")]
    [InlineData("config.json", """{"model":[{"_target_":"os.system","command":"id"}]}""", "import-program")]
    [InlineData("config.json", """{"model":{"_target_":"mine.Model"}}""", "settings-import")]
    [InlineData("config.json", """{"model":{"_target_":"nemo.utils.subprocess.run"}}""", "import-program")]
    [InlineData("adapter_config.json", """{"auto_mapping":{"base_model_class":"system","parent_library":"os"}}""", "import-program")]
    [InlineData("adapter_config.json", """{"auto_mapping":{"base_model_class":"X","parent_library":"mine"}}""", "settings-import")]
    [InlineData("config.json", """{"attn_implementation":"someone/kernel"}""", "remote-code-elsewhere")]
    [InlineData("config.json", """{"text_config":{"_attn_implementation":{"a":"sdpa","b":"someone/kernel"}}}""", "remote-code-elsewhere")]
    [InlineData("adapter_config.json", """{"megatron_core":"mine.parallel","megatron_config":{}}""", "settings-import")]
    [InlineData("2_Dense/config.json", """{"in_features":8,"activation_function":"code.interact"}""", "import-code")]
    [InlineData("2_Dense/config.json", """{"in_features":8,"activation_function":"mine.run"}""", "settings-import")]
    [InlineData("config.json", """{"sentence_transformers":{"activation_fn":"mine.run"}}""", "settings-import")]
    [InlineData("config.json", """{"sbert_ce_default_activation_function":"code.interact"}""", "import-code")]
    [InlineData("router_config.json", """{"types":{"query_0":"mine.Encoder"},"structure":{"query":["query_0"]}}""", "library-import")]
    [InlineData(".zarray", """{"zarr_format":2,"filters":[{"id":"pickle","protocol":5}]}""", "zarr-pickle")]
    [InlineData(".zmetadata", """{"metadata":{"a/.zarray":{"filters":null,"compressor":{"id":"pickle"}}}}""", "zarr-pickle")]
    [InlineData("zarr.json", """{"codecs":[{"name":"bytes"},{"name":"numcodecs.pickle","configuration":{}}]}""", "zarr-pickle")]
    public void Code_that_settings_name_is_found(string name, string settings, string rule) =>
        Assert.Contains(Scan(name, settings).Findings, f => f.Id == rule);

    [Theory]
    [InlineData(
        "model_index.json",
        """{"_class_name":"FluxPipeline","_diffusers_version":"0.30.0","unet":["diffusers","UNet2DConditionModel"],"text_encoder":["transformers","CLIPTextModel"],"safety_checker":["stable_diffusion","StableDiffusionSafetyChecker"],"feature_extractor":[null,null],"force":true}"""
    )]
    [InlineData("unet/config.json", """{"_class_name":"UNet2DConditionModel","down_block_types":["CrossAttnDownBlock2D","DownBlock2D"]}""")]
    [InlineData(
        "modules.json",
        """[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"type":"sentence_transformers.sentence_transformer.modules.Pooling"}]"""
    )]
    [InlineData("modules.json", """{"type":"other.X"}""")]
    [InlineData("config.json", """{"trust_remote_code":false,"custom_pipeline":null}""")]
    [InlineData(
        "config.json",
        """{"attn_implementation":"flash_attention_2","_attn_implementation":null,"experts_implementation":"eager"}"""
    )]
    [InlineData(
        "adapter_config.json",
        """{"auto_mapping":{"base_model_class":"BertModel","parent_library":"transformers.models.bert.modeling_bert"}}"""
    )]
    [InlineData("adapter_config.json", """{"auto_mapping":null,"peft_type":"LORA"}""")]
    [InlineData(
        "config.json",
        """{"encoder":{"_target_":"nemo.collections.asr.modules.ConformerEncoder"},"o":{"_target_":"torch.optim.AdamW"}}"""
    )]
    [InlineData("adapter_config.json", """{"peft_type":"LORA","megatron_core":"megatron.core"}""")]
    [InlineData("config.json", """{"model_type":"gpt2","activation_function":"gelu_new","activation_fn":null,"types":{"a":"b.c"}}""")]
    [InlineData("2_Dense/config.json", """{"activation_function":"torch.nn.modules.activation.Tanh"}""")]
    [InlineData(
        "router_config.json",
        """{"types":{"query_0":"sentence_transformers.models.Dense"},"structure":{"query":["query_0"]},"parameters":{}}"""
    )]
    [InlineData(
        ".zarray",
        """{"filters":[{"id":"vlen-utf8"}],"compressor":{"id":"blosc","cname":"lz4"},"categories":[{"id":1,"name":"pickle"}]}"""
    )]
    public void Settings_of_well_known_libraries_raise_no_alarm(string name, string settings) =>
        Assert.Empty(Scan(name, settings).Findings);

    [Fact]
    public void Code_in_the_directory_is_named()
    {
        Write("model_index.json", """{"_class_name":["pipeline","MyPipe"],"unet":["my_unet","X"],"vae":["elsewhere","Y"]}""");
        Write("pipeline.py", "import os");
        Write("unet/my_unet.py", "import os");
        Write("tools/run.py", "import os");
        var report = Scan();
        var settings = report.Files.Single(f => f.Name == "model_index.json");
        Assert.Contains(
            settings.Findings,
            f => f.Id == "remote-code" && f.Title!.EndsWith("pipeline.MyPipe, in pipeline.py", StringComparison.Ordinal)
        );
        Assert.Contains(settings.Findings, f => f.Id == "remote-code" && f.Title!.EndsWith("in unet/my_unet.py", StringComparison.Ordinal));
        Assert.Contains(settings.Findings, f => f.Id == "library-import");
        Assert.Equal("python-source", Assert.Single(report.Files.Single(f => f.Name == "pipeline.py").Findings).Id);
        Assert.Empty(report.Files.Single(f => f.Name == "tools/run.py").Findings);

        File.Delete(Path.Join(_directory, "pipeline.py"));
        Assert.Contains(Scan().Files.SelectMany(f => f.Findings), f => f.Id == "remote-code-elsewhere");
    }

    [Theory]
    [InlineData("config.json", "custom_generate/generate.py", true)]
    [InlineData("config.json", "other/generate.py", false)]
    [InlineData("m/config.pbtxt", "m/1/model.py", true)]
    [InlineData("config.pbtxt", "12/model.py", true)]
    [InlineData("config.pbtxt", "v/model.py", false)]
    [InlineData("MLmodel", "chain.py", true)]
    [InlineData("a/MLmodel", "a/code/b/c.py", true)]
    [InlineData("a/MLmodel", "a/tools/c.py", false)]
    public void Code_is_named_where_loaders_look_for_it(string settings, string code, bool isNamed)
    {
        Write(settings, "{}");
        Write(code, "import os");
        Assert.Equal(isNamed, Scan().Files.SelectMany(f => f.Findings).Any(f => f.Id == "python-source"));
    }

    [Theory]
    [InlineData("a: !!python/object/apply:os.system ['id']", "import-program", Severity.Critical)]
    [InlineData("a: !!python/object/new:my.Thing {}", "yaml-python", Severity.High)]
    [InlineData("a: !!python/object:my.Thing {}", "yaml-python", Severity.High)]
    [InlineData("a: !!python/name:eval ''", "import-code", Severity.Critical)]
    [InlineData("a: !!python/module:os ''", "import-program", Severity.Critical)]
    [InlineData("a: !!python/module:mine ''", "yaml-python", Severity.High)]
    [InlineData("a: !<tag:yaml.org,2002:python/object/apply:os.system> ['id']", "import-program", Severity.Critical)]
    [InlineData("%TAG !p! tag:yaml.org,2002:python/object/\n---\na: !p!apply:os.system ['id']", "import-program", Severity.Critical)]
    [InlineData("%TAG ! tag:yaml.org,2002:python/\n---\na: !object/apply:os.system ['id']", "import-program", Severity.Critical)]
    [InlineData("a: !!python/object/apply:o%73.system ['id']", "import-program", Severity.Critical)]
    [InlineData("- {a: [&x !!python/object/apply:os.system [id]]}", "import-program", Severity.Critical)]
    [InlineData("a: b\n---\n!!python/object/apply:os.system [id]", "import-program", Severity.Critical)]
    [InlineData("a: !apply:os.system [id]", "import-program", Severity.Critical)]
    [InlineData("a: !new:subprocess.Popen [id]", "import-program", Severity.Critical)]
    [InlineData("{% if x %}\na: !!python/object/apply:os.system [id]\n{% endif %}", "import-program", Severity.Critical)]
    [InlineData("model:\n  _target_: os.system\n  command: id\n", "import-program", Severity.Critical)]
    [InlineData("{model: {\"_tar\\u0067et_\": 'builtins.exec'}}", "import-code", Severity.Critical)]
    [InlineData("a: &x os.system\nb: {_target_: *x}\n", "import-program", Severity.Critical)]
    [InlineData("{% if x %}\nb:\n  _target_: os.system\n{% endif %}\n", "import-program", Severity.Critical)]
    [InlineData("? [a]\n: {_target_: {a: b}, c: [_target_, x], ? _target_ : os.system}\n", "import-program", Severity.Critical)]
    [InlineData("b: {_target_: mine.Net}\n", "settings-import", Severity.Medium)]
    [InlineData("b: {_target_: '${which}'}\n", "settings-import", Severity.Medium)]
    public void YAML_that_imports_and_calls_is_found(string yaml, string rule, Severity severity)
    {
        foreach (var name in new[] { "config.yaml", "a/B.YML" })
        {
            var scan = Scan(name, yaml);
            Assert.True(
                scan.Findings.Any(f => f.Id == rule && f.Severity == severity),
                string.Join("; ", scan.Findings.Select(f => $"{f.Id} {f.Title}").Concat(scan.Gaps))
            );
        }
    }

    [Theory]
    [InlineData("a: b # !!python/object/apply:os.system\nc: '!!python/name:os.system'\n")]
    [InlineData("a: !!python/tuple [1, 2]\nb: !!str 1\nc: !!python/none ''\n")]
    [InlineData("model: !new:speechbrain.lobes.models.ECAPA_TDNN\n  x: !ref <y>\nseed: !name:torch.nn.BatchNorm1d\n")]
    [InlineData("a: 'Hello!'\nb: what! a! day!\n")]
    [InlineData("{{ x }}: !\n")]
    [InlineData("encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\noptim: {_target_: torch.optim.AdamW, lr: 1}\n")]
    [InlineData("a: _target_\nb: os.system\n")]
    public void Other_YAML_raises_no_alarm(string yaml)
    {
        var scan = Scan("config.yaml", yaml);
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Findings.Select(f => f.Title).Concat(scan.Gaps)));
        Assert.Equal("YAML", scan.Format);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void YAML_in_UTF_16_is_read_as_PyYAML_does(string encoding)
    {
        var text = Encoding.GetEncoding(encoding);
        byte[] content = [.. text.GetPreamble(), .. text.GetBytes("a: !!python/object/apply:os.system [id]\n")];
        Assert.Contains(new ModelScanner().ScanFile("config.yaml", new MemoryStream(content)).Findings, f => f.Id == "import-program");
    }

    [Theory]
    [InlineData("mine", "settings-import")]
    [InlineData("os", "import-program")]
    [InlineData("mlflow.sklearn", null)]
    public void The_loader_that_a_model_of_MLflow_names_is_judged(string module, string? rule)
    {
        var scan = Scan("a/MLmodel", $"flavors:\n  python_function:\n    loader_module: {module}\n    model_path: model.pkl\n");
        Assert.Equal(rule is null ? [] : [rule], scan.Findings.Select(f => f.Id));
    }

    [Fact]
    public void Settings_in_the_metadata_of_safetensors_are_judged()
    {
        const string Header = """{"__metadata__":{"config":"VALUE"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""";
        FileScan With(string value) =>
            new ModelScanner().ScanFile(
                "x",
                new MemoryStream(FormatTests.Safetensors(Header.Replace("VALUE", value, StringComparison.Ordinal), 1))
            );

        Assert.Contains(With("""{\"_target_\": \"os.system\"}""").Findings, f => f.Id == "import-program");
        Assert.Contains(With("""{'_tar\u0067et_': 'os.system'}""").Findings, f => f.Id == "import-program");
        Assert.Equal(FileVerdict.Clean, With("""{\"_target_\": \"torch.nn.Linear\"}""").Verdict);
        Assert.Equal(FileVerdict.Inconclusive, With("_target_".PadRight(5 << 20)).Verdict);
    }

    [Fact]
    public void YAML_that_cannot_be_followed_is_inconclusive()
    {
        Assert.Equal(FileVerdict.Inconclusive, Scan("a.yaml", "a: !x " + new string('[', 1000)).Verdict);
        Assert.Equal(
            FileVerdict.Inconclusive,
            Scan("a.yaml", "%TAG !p! tag:yaml.org,2002:python/\n---\na: [}\nb: !p!name:os.system\n").Verdict
        );
    }

    [Theory]
    [InlineData(new byte[] { 0xcb, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xe3 })]
    [InlineData(new byte[] { 0x03, 0xf3, 0x0d, 0x0a, 1, 2, 3, 4, 0x63 })]
    public void Compiled_Python_is_named(byte[] code)
    {
        var scan = new ModelScanner().ScanFile("x.pyc", new MemoryStream(code));
        Assert.Equal("python-bytecode", Assert.Single(scan.Findings).Id);
        Assert.Equal("Python bytecode", scan.Format);
        Assert.Contains(new ModelScanner().ScanFile("x", new MemoryStream(Gzip(code))).Findings, f => f.Id == "python-bytecode");
    }

    [Theory]
    [InlineData(new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0 })]
    [InlineData(new byte[] { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2 })]
    [InlineData(new byte[] { 0xce, 0xfa, 0xed, 0xfe, 0, 0, 0, 2 })]
    public void A_library_of_machine_code_is_named(byte[] code) =>
        Assert.Equal("native-code", Assert.Single(new ModelScanner().ScanFile("x.so", new MemoryStream(code)).Findings).Id);

    [Fact]
    public void An_index_names_files_that_are_there()
    {
        Write(
            "model.safetensors.index.json",
            """{"metadata":{},"weight_map":{"a":"model-1.safetensors","b":"model-1.safetensors","c":"model-2.safetensors","d":"../x"}}"""
        );
        File.WriteAllBytes(
            Path.Join(_directory, "model-1.safetensors"),
            FormatTests.Safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1)
        );
        var findings = Scan().Files.Single(f => f.Name == "model.safetensors.index.json").Findings;
        Assert.Equal(["external-data-path", "shard-missing"], findings.Select(f => f.Id));
        Assert.Equal([Severity.Critical, Severity.Low], findings.Select(f => f.Severity));
        Assert.EndsWith(": model-2.safetensors", findings[1].Title, StringComparison.Ordinal);
        // Of a file by itself it is not known what lies beside it.
        Assert.Equal(FileVerdict.Clean, Scan("x.json", """{"weight_map":{"a":"model-1.safetensors"}}""").Verdict);
    }

    [Fact]
    public void A_tensor_of_an_unknown_type_is_inconclusive() =>
        Assert.Equal(
            FileVerdict.Inconclusive,
            new ModelScanner()
                .ScanFile(
                    "x",
                    new MemoryStream(FormatTests.Safetensors("{\"a\":{\"dtype\":\"X9\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8))
                )
                .Verdict
        );

    [Theory]
    [InlineData(93)]
    [InlineData(93 + (1 << 24))]
    public void A_header_whose_length_begins_like_LZMA_is_read(int length)
    {
        var header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".PadRight(length);
        var scan = new ModelScanner().ScanFile("x", new MemoryStream(FormatTests.Safetensors(header, 8)));
        Assert.True(scan.Verdict == FileVerdict.Clean, string.Join("; ", scan.Gaps));
        Assert.Equal("safetensors", scan.Format);
    }

    private void Write(string name, string text)
    {
        var path = Path.Join(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private ModelScanReport Scan()
    {
        using var tree = FileTree.Open(_directory);
        return new ModelScanner().Scan(tree, tree.List(IgnoreRules.None));
    }

    private static FileScan Scan(string name, string text) =>
        new ModelScanner().ScanFile(name, new MemoryStream(Encoding.UTF8.GetBytes(text)));
}
