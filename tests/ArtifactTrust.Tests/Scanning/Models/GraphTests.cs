using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using static ArtifactTrust.Tests.Scanning.Models.Protobuf;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>ONNX models, SavedModels and graphs.</summary>
public sealed class GraphTests
{
    [Theory]
    [InlineData("../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("C:\\x")]
    [InlineData("")]
    public void External_data_outside_of_the_model_is_found(string location)
    {
        Assert.Contains(Scan(Onnx(ExternalTensor(location))).Findings, f => f.Id == "external-data-path" && f.ByteOffset > 0);
        // In a graph of an attribute of a node of a function.
        var subgraph = Message(5, Text(1, "body"), Message(6, ExternalTensor(location)));
        var function = Message(25, Text(1, "F"), Text(10, "mine"), Message(7, Text(4, "If"), subgraph));
        Assert.Contains(Scan(Join(Onnx(OnnxNode("Relu", "")), function)).Findings, f => f.Id == "external-data-path");
    }

    [Fact]
    public void Operators_of_other_libraries_are_found()
    {
        Assert.Equal(
            FileVerdict.Clean,
            Scan(Onnx(OnnxNode("Relu", ""), OnnxNode("Gelu", "com.microsoft"), ExternalTensor("w.data"))).Verdict
        );
        Assert.Contains(Scan(Onnx(OnnxNode("X", "evil"))).Findings, f => f.Id == "custom-operator");
        Assert.Contains(Scan(Onnx(OnnxNode("PyOp", "ai.onnx.contrib"))).Findings, f => f.Id == "onnx-python");
        Assert.Contains(Scan(Join(Number(1, 1), Onnx(OnnxNode("X", "evil"))[2..])).Findings, f => f.Id == "custom-operator");
        var defined = Join(Onnx(OnnxNode("F", "mine")), Message(25, Text(1, "F"), Text(10, "mine"), Message(7, Text(4, "Relu"))));
        Assert.Equal(FileVerdict.Clean, Scan(defined).Verdict);
        Assert.Equal("ONNX", Scan(defined).Format);
    }

    [Theory]
    [InlineData("PyFunc", "tensorflow-python")]
    [InlineData("EagerPyFunc", "tensorflow-python")]
    [InlineData("ReadFile", "tensorflow-file")]
    [InlineData("WriteFile", "tensorflow-file")]
    [InlineData("MatchingFilesDataset", "tensorflow-file")]
    [InlineData("DatasetToTFRecord", "tensorflow-file")]
    [InlineData("Addons>Thing", "tensorflow-custom-operator")]
    [InlineData("ZeroOut", "tensorflow-custom-operator")]
    [InlineData("matMul", "tensorflow-custom-operator")]
    public void Operators_of_a_SavedModel_are_found(string op, string rule)
    {
        Assert.Contains(Scan(SavedModel(Node("Const"), Node(op))).Findings, f => f.Id == rule);
        // In a function of the library, and in a graph by itself.
        var library = Message(2, Message(1, Message(1, Text(1, "f")), Message(3, Text(1, "n"), Text(2, op))));
        Assert.Contains(Scan(SavedModel(Node("Const"), library)).Findings, f => f.Id == rule);
        Assert.Contains(Scan(Join(Node("Const"), Node(op), Message(4, Number(1, 27)))).Findings, f => f.Id == rule);
        Assert.Contains(Scan(Message(2, Message(2, Node(op)))).Findings, f => f.Id == rule);
    }

    [Fact]
    public void Fields_that_no_parser_knows_hide_no_graph()
    {
        byte[][] unknown = [Text(100, "x"), Number(99, 1), Number(3, 1), [0xab, 0x06, 0xac, 0x06]];
        foreach (var field in unknown)
        {
            Assert.Contains(Scan(Join(field, Onnx(OnnxNode("X", "evil")))).Findings, f => f.Id == "custom-operator");
            Assert.Contains(Scan(Join(SavedModel(Node("PyFunc")), field)).Findings, f => f.Id == "tensorflow-python");
            Assert.Contains(Scan(Join(field, Node("PyFunc"))).Findings, f => f.Id == "tensorflow-python");
        }
    }

    [Fact]
    public void Operators_of_a_graph_with_its_state_are_found()
    {
        static byte[] MetaGraph(params byte[][] graph) =>
            Join(
                Message(1, Message(2, Message(1, Text(1, "Const"))), Text(5, "1.15.0")),
                Message(2, graph),
                Message(3, Text(1, "save/Const:0"))
            );

        var ordinary = Scan(MetaGraph(Node("Const"), Node("MatMul")));
        Assert.Equal(("TensorFlow MetaGraph", FileVerdict.Clean), (ordinary.Format, ordinary.Verdict));
        Assert.Contains(Scan(MetaGraph(Node("Const"), Node("ReadFile"))).Findings, f => f.Id == "tensorflow-file");
        Assert.Contains(Scan(MetaGraph(Node("Const"), Library("f", Node("PyFunc")))).Findings, f => f.Id == "tensorflow-python");
        AssertCustom(Scan(MetaGraph(Node("Const"), Node("ZeroOut"))), "ZeroOut");
    }

    [Fact]
    public void An_ordinary_SavedModel_is_clean()
    {
        var scan = Scan(SavedModel(Node("Const"), Node("MatMul"), Node("SaveV2"), Node("RestoreV2")));
        Assert.Equal(FileVerdict.Clean, scan.Verdict);
        Assert.Equal("TensorFlow SavedModel", scan.Format);
    }

    [Fact]
    public void A_function_of_the_graph_is_no_custom_operator()
    {
        Assert.Equal(FileVerdict.Clean, Scan(SavedModel(Node("Const"), Node("mine"), Library("mine", Node("MatMul")))).Verdict);
        // Functions may come before what calls them, and call each other.
        var both = Library(Function("mine", Node("other")), Function("other", Node("Relu")));
        Assert.Equal(FileVerdict.Clean, Scan(SavedModel(both, Node("Const"), Node("mine"))).Verdict);
    }

    [Fact]
    public void A_custom_operator_is_found_in_the_body_of_a_function_that_a_function_calls()
    {
        var library = Library(Function("mine", Node("other")), Function("other", Node("ZeroOut")));
        AssertCustom(Scan(SavedModel(Node("Const"), Node("mine"), library)), "ZeroOut");
    }

    [Fact]
    public void A_function_of_another_graph_defines_nothing_here()
    {
        var first = Message(2, Message(2, Node("Const"), Node("ZeroOut")));
        var second = Message(2, Message(2, Library("ZeroOut", Node("MatMul"))));
        AssertCustom(Scan(Join(Number(1, 1), first, second)), "ZeroOut");
    }

    [Fact]
    public void A_name_that_a_function_had_before_its_last_one_defines_nothing()
    {
        var renamed = Message(2, Message(1, Message(1, Text(1, "ZeroOut"), Text(1, "mine"))));
        AssertCustom(Scan(SavedModel(Node("Const"), Node("ZeroOut"), renamed)), "ZeroOut");
        var model = Join(Onnx(OnnxNode("F", "evil")), Message(25, Text(1, "F"), Text(10, "evil"), Text(10, "mine")));
        Assert.Contains(Scan(model).Findings, f => f.Id == "custom-operator");
    }

    [Fact]
    public void An_operator_in_the_place_of_a_function_is_found()
    {
        var node = Message(1, Text(1, "n"), Text(2, "MapDataset"), Message(5, Text(1, "f"), Message(2, Message(10, Text(1, "ReadFile")))));
        Assert.Contains(Scan(SavedModel(node)).Findings, f => f.Id == "tensorflow-file");
        var list = Message(
            1,
            Text(1, "n"),
            Text(2, "Case"),
            Message(5, Text(1, "b"), Message(2, Message(1, Message(9, Text(1, "ZeroOut")))))
        );
        AssertCustom(Scan(SavedModel(list)), "ZeroOut");
    }

    [Fact]
    public void A_file_that_printing_goes_to_is_found()
    {
        var node = Message(1, Text(1, "n"), Text(2, "PrintV2"), Message(5, Text(1, "output_stream"), Message(2, Text(2, "file:///tmp/x"))));
        Assert.Contains(
            "file:///tmp/x",
            Assert.Single(Scan(SavedModel(node)).Findings, f => f.Id == "tensorflow-file").Title,
            StringComparison.Ordinal
        );
        var plain = Message(1, Text(1, "n"), Text(2, "PrintV2"), Message(5, Text(1, "output_stream"), Message(2, Text(2, "stderr"))));
        Assert.Equal(FileVerdict.Clean, Scan(SavedModel(plain)).Verdict);
    }

    [Fact]
    public void A_graph_of_nothing_but_custom_operators_is_not_clean()
    {
        AssertCustom(Scan(SavedModel(Node("zero_out"))), "zero_out");
        AssertCustom(Scan(Join(Node("ZeroOut"), Message(4, Number(1, 27)))), "ZeroOut");
    }

    [Fact]
    public void A_list_of_pairs_of_texts_is_no_graph() =>
        Assert.Empty(Scan(Join(Message(1, Text(1, "name"), Text(2, "a value")), Message(1, Text(1, "x"), Text(2, "Y")))).Findings);

    [Fact]
    public void More_names_than_are_kept_are_inconclusive()
    {
        var nodes = Enumerable.Range(0, 600).Select(i => Node($"f{i}" + new string('x', 60_000))).ToArray();
        var scan = Scan(SavedModel([Node("Const"), .. nodes]));
        Assert.NotEmpty(scan.Gaps);
    }

    [Fact]
    public void Strict_rules_take_custom_operators_for_critical()
    {
        var scan = new ModelScanner(ModelScanRules.Default.Strict()).ScanFile(
            "saved_model.pb",
            new MemoryStream(SavedModel(Node("ZeroOut")))
        );
        Assert.Equal(ArtifactTrust.Attestations.Predicates.Severity.Critical, Assert.Single(scan.Findings).Severity);
    }

    [Theory]
    [InlineData("../../../../etc/passwd", true)]
    [InlineData("/etc/passwd", true)]
    [InlineData("vocab.txt", false)]
    [InlineData("", false)]
    public void An_asset_outside_of_the_model_is_found(string name, bool isFound)
    {
        var binary = Join(Number(1, 1), Message(2, Message(2, Node("Const")), Message(6, Message(1, Text(1, "x:0")), Text(2, name))));
        var text = $"saved_model_schema_version: 1 meta_graphs {{ asset_file_def {{ filename: '{name}' }} }}";
        Assert.Equal(isFound, Scan(binary).Findings.Any(f => f.Id == "external-data-path"));
        Assert.Equal(isFound, Scan(Bytes(text)).Findings.Any(f => f.Id == "external-data-path"));
    }

    [Theory]
    [InlineData("op: \"WriteFile\"")]
    [InlineData("op: 'WriteFile'")]
    [InlineData("op: 'Write' \"File\"")]
    [InlineData("op # a comment\n : # another: 'x'\n 'WriteFile'")]
    [InlineData("op: '\\127riteFile'")]
    [InlineData("op: '\\x57riteFile';")]
    [InlineData("op: '\\u0057riteFile',")]
    [InlineData("name: 'a\\'b' input: [ 'x', 'y' ] op: 'WriteFile'")]
    [InlineData("attr { key: 'v' value { tensor { float_val: 1.5e-05 float_val: -inf int_val: [1, -2] } } } op: 'WriteFile'")]
    [InlineData("attr < key: 'v' value: < list: < i: 1 > > > op: 'WriteFile'")]
    [InlineData("experimental_type { [type.example/x.Y] { a: 1 } } op: 'WriteFile'")]
    public void Operators_of_a_SavedModel_in_text_are_found(string node)
    {
        string[] models =
        [
            $"saved_model_schema_version: 1\nmeta_graphs {{ graph_def {{ node {{ name: 'n' {node} }} }} }}",
            $"# a comment\nmeta_graphs: <graph_def: <node <{node}>>>",
            $"meta_graphs [{{ graph_def {{ library {{ function {{ signature {{ name: 'f' }} node_def {{ {node} }} }} }} }} }}]",
            $"node {{ {node} }} versions {{ producer: 27 }}",
            $"versions {{ producer: 27 }} library {{ function {{ node_def {{ {node} }} }} }}",
            $"graph_def {{ node {{ {node} }} }}",
        ];
        foreach (var model in models)
        {
            var scan = Scan(Bytes(model));
            Assert.True(
                scan.Findings.Any(f => f is { Id: "tensorflow-file", ByteOffset: > 0 }),
                $"{model}: {string.Join("; ", scan.Gaps)}"
            );
            Assert.Empty(scan.Gaps);
        }
    }

    [Fact]
    public void A_graph_in_text_is_judged_like_one_in_bytes()
    {
        const string library = "library { function { signature { name: 'mine' } node_def { op: 'MatMul' } } }";
        Assert.Equal(FileVerdict.Clean, Scan(Bytes($"node {{ op: 'Const' }} node {{ op: 'mine' }} {library}")).Verdict);
        Assert.Equal("TensorFlow graph in text", Scan(Bytes("node { op: 'Const' }")).Format);
        AssertCustom(Scan(Bytes("node { op: 'Const' } node { op: 'ZeroOut' }")), "ZeroOut");
        AssertCustom(
            Scan(Bytes("meta_graphs { graph_def { node { op: 'mine' } } } meta_graphs { graph_def { " + library + " } }")),
            "mine"
        );
        Assert.Contains(
            Scan(Bytes("node { op: 'MapDataset' attr { key: 'f' value { func { name: 'ReadFile' } } } }")).Findings,
            f => f.Id == "tensorflow-file"
        );
        Assert.Contains(
            Scan(Bytes("node { op: 'PrintV2' attr { key: 'output_stream' value { s: 'file:///tmp/x' } } }")).Findings,
            f => f.Id == "tensorflow-file"
        );
        // By its name, where the first bytes are no text.
        var hidden = Join(Bytes("# \x01\xff\n"), Bytes("node { op: 'WriteFile' }"));
        Assert.Contains(
            new ModelScanner().ScanFile("m/saved_model.pbtxt", new MemoryStream(hidden)).Findings,
            f => f.Id == "tensorflow-file"
        );
    }

    [Theory]
    [InlineData("meta_graphs {")]
    [InlineData("meta_graphs { graph_def { node { op: 'Const' } }")]
    [InlineData("node { op: 'Const' } }")]
    [InlineData("node { op: 'Const' } node { op: 'unended }")]
    [InlineData("node { op: 'Const' ! }")]
    [InlineData("node { op: 'Const' > }")]
    [InlineData("node { op: 'Const' a [ }")]
    [InlineData("node { op: 'Const' [x }")]
    public void A_graph_in_text_that_cannot_be_read_is_inconclusive(string text) =>
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes(text)).Verdict);

    [Fact]
    public void Messages_of_a_graph_in_text_lie_in_each_other_as_deep_as_is_followed()
    {
        var deep = string.Concat(Enumerable.Repeat("a {", 100_000));
        Assert.Equal(FileVerdict.Inconclusive, Scan(Bytes($"node {{ op: 'Const' {deep}")).Verdict);
    }

    [Theory]
    [InlineData("version: 2\nnode:\n  a: b\n")]
    [InlineData("node {\n  stage('x') { sh 'make' }\n}\n")]
    [InlineData("library: {\n")]
    [InlineData("node_modules\n")]
    [InlineData("# only\n# comments")]
    [InlineData("versions")]
    public void Other_texts_are_no_graph(string text) => Assert.Equal(FileVerdict.NotApplicable, Scan(Bytes(text)).Verdict);

    [Fact]
    public void A_SavedModel_in_chunks_is_inconclusive()
    {
        var scan = Scan(Join([0x83, 0xaf, 0x70, 0xd1, 0x0d, 0x88, 0x4a, 0x3f], new byte[100]));
        Assert.Equal(FileVerdict.Inconclusive, scan.Verdict);
    }

    private static byte[] Function(string name, params byte[][] nodes) =>
        // The nodes of a function are its third field, and those of a graph the first.
        Message(1, [Message(1, Text(1, name)), .. nodes.Select(n => (byte[])[0x1a, .. n[1..]])]);

    private static byte[] Library(string name, params byte[][] nodes) => Library(Function(name, nodes));

    private static byte[] Library(params byte[][] functions) => Message(2, functions);

    private static void AssertCustom(FileScan scan, string name)
    {
        var finding = Assert.Single(scan.Findings);
        Assert.Equal("tensorflow-custom-operator", finding.Id);
        Assert.EndsWith($": {name}", finding.Title, StringComparison.Ordinal);
    }

    private static FileScan Scan(byte[] content) => new ModelScanner().ScanFile("file", new MemoryStream(content));
}
