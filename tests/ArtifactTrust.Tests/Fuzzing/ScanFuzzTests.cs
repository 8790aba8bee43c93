using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Tests.Formats.Hdf5;
using ArtifactTrust.Tests.Formats.Zstandard;
using ArtifactTrust.Tests.Scanning.Models;
using Xunit.Abstractions;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using static ArtifactTrust.Tests.Scanning.Models.Protobuf;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Near misses of model files: no crash, no hang, bounded memory, and never clean with something found or left out.</summary>
public sealed class ScanFuzzTests(ITestOutputHelper output)
{
    public static TheoryData<string> Targets => [.. Seeds.Keys];

    /// <summary>Whether changed inputs are given checksums that fit, so that what is behind them is reached.</summary>
    private static Dictionary<string, Func<byte[], byte[]>> Seals { get; } = new(StringComparer.Ordinal) { ["7z"] = SevenZipDraft.Sealed };

    private static byte[][] Heaps { get; } =
    [
        FormatTests.Sample("dense-heap.h5"),
        FormatTests.Sample("huge-heap.h5"),
        FormatTests.Sample("levels-heap.h5"),
        FormatTests.Sample("tiny-heap.h5"),
        FormatTests.Sample("type-heap.h5"),
    ];

    private static Dictionary<string, (string Name, byte[][] Seeds)> Seeds { get; } =
        new(StringComparer.Ordinal)
        {
            ["pickle"] = ("m.pkl", [Malicious, MaliciousFramed, Harmless, FormatTests.Sample("forest.pkl")]),
            ["pickle of long lines"] = (
                "m.pkl",
                [
                    Join(Bytes($"(dp0\nV{new string('x', 300_000)}\np1\nI{new string('0', 300_000)}\ns0"), Malicious),
                    Join(Bytes($"S'{new string('x', 300_000)}'\np{new string('0', 300_000)}\n0"), Malicious),
                ]
            ),
            ["joblib"] = ("m.joblib", [FormatTests.Sample("forest.joblib"), FormatTests.Sample("pipeline.joblib")]),
            ["zip"] = ("m.pt", [Zip(("m/data.pkl", Malicious), ("m/version", Bytes("3"))), Zip(("i.zip", Zip(("x", Harmless))))]),
            ["tar"] = ("m.tar", [FormatTests.Tar(("pickle", Malicious), ("b", Harmless))]),
            ["7z"] = (
                "m.7z",
                [
                    SevenZipDraft.Stored(("m.pkl", Malicious), ("b", Harmless)),
                    .. ((string[])["7zz-lzma", "7zz-bcj", "7zz-each", "7zz-bcj2", "bsdtar-lzma2", "py7zr-zstd"]).Select(
                        SevenZipTests.Archived
                    ),
                ]
            ),
            ["gzip and zlib"] = ("m.gz", [Gzip(Malicious), Zlib(Harmless)]),
            ["bzip2"] = ("m.bz2", [FormatTests.Sample("small.pkl.bz2")]),
            ["xz"] = ("m.xz", [FormatTests.Sample("small.pkl.xz")]),
            ["lzma"] = ("m.lzma", [FormatTests.Sample("small.pkl.lzma")]),
            ["lz4"] = ("m.lz4", [FormatTests.Sample("values.joblib.lz4")]),
            ["Zstandard"] = ("m.zst", [ZstandardSamples.Stored(Malicious), ZstandardSamples.Frame("words")]),
            ["HDF5"] = (
                "m.h5",
                [
                    FormatTests.Sample("lambda-earliest.h5"),
                    FormatTests.Sample("dense-latest.h5"),
                    FormatTests.Sample("fixed-latest.h5"),
                    FormatTests.Sample("link-latest.h5"),
                    FormatTests.Sample("virtual-latest.h5"),
                    .. Heaps,
                ]
            ),
            ["NumPy"] = ("m.npy", [Npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", Malicious)]),
            ["ONNX"] = ("m.onnx", [Onnx(OnnxNode("X", "evil"), ExternalTensor("../x"))]),
            ["SavedModel"] = ("saved_model.pb", [SavedModel(Node("PyFunc"), Node("Const"))]),
            ["Keras"] = (
                "config.json",
                [
                    Bytes(
                        """{"class_name":"M","config":{"layers":[{"class_name":"Lambda","module":"keras.layers","registered_name":"a>b","config":{"x":"{\"class_name\":1}"}}]}}"""
                    ),
                    Message(1, Number(2, 1), Text(5, """{"class_name":"Lambda","config":{}}""")),
                ]
            ),
            ["settings"] = (
                "config.json",
                [Bytes("""{"auto_map":{"AutoModel":["a--b.C",null]},"chat_template":[{"name":"x","template":"{{ ''.__class__ }}"}]}""")]
            ),
            ["template"] = (
                "t.jinja",
                [
                    Bytes("{% set x = cycler.__init__ %}{{ x['\\x5f' ~ '__'] | attr(y) }}{# c #}"),
                    Bytes(
                        "{% macro m(k, l=1) %}{{ x[k] }}{% endmacro %}{%- for a, b in y|items if a is not none recursive %}{{ m(a~'b', l=-1) }}"
                    ),
                    Bytes(
                        "{% raw %}{{ {% endraw %}{% set ns = namespace(a={'b': [1, (2, 3)]}) %}{% set ns.a = x[1:-1][loop.index0 % 2] ** 2 %}"
                    ),
                    Bytes(
                        "{% call(u) m() %}{% endcall %}{% with a=1, b=2 %}{{ a if b else (c or not d) }}{{ x|map(attribute='\\N{LOW LINE}')|join }}"
                    ),
                ]
            ),
            ["YAML"] = (
                "c.yaml",
                [Bytes("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!name:os.system ''\nb: [!!python/tuple [1, 2], &c d]\n")]
            ),
            ["graph in text"] = (
                "saved_model.pbtxt",
                [
                    Bytes(
                        "# c\nmeta_graphs { graph_def { node { op: 'Write\\x46ile' attr { key: 'a' value { list < s: ['x', \"y\"] > } } } library { function { } } } }"
                    ),
                ]
            ),
            ["pipeline"] = (
                "model_index.json",
                [Bytes("""{"_class_name":["pipeline","P"],"unet":["my_unet","X"],"custom_pipeline":"a/b","weight_map":{"a":"../b"}}""")]
            ),
            ["GGUF"] = ("m.gguf", [FormatTests.Gguf(("tokenizer.chat_template", "{{ x.__class__ }}"), ("a", "b"))]),
            ["safetensors"] = (
                "m.safetensors",
                [
                    FormatTests.Safetensors(
                        "{\"__metadata__\":{\"a\":\"b\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                        9
                    ),
                ]
            ),
            ["Arrow and Parquet"] = (
                "m.parquet",
                [
                    Join(
                        Bytes("PAR1"),
                        Bytes(Convert.ToBase64String(Join(new byte[50], Bytes("arrow.py_extension_type"), MaliciousFramed))),
                        [96, 0, 0, 0],
                        Bytes("PAR1")
                    ),
                    Join([0xff, 0xff, 0xff, 0xff, 60, 0, 0, 0, 0x10, 0, 0, 0], Bytes("arrow.py_extension_type"), MaliciousFramed),
                ]
            ),
        };

    [Theory]
    [MemberData(nameof(Targets))]
    public void Model_files(string target)
    {
        var (name, seeds) = Seeds[target];
        var scanner = new ModelScanner();
        new FuzzTarget(
            $"scan of {target}",
            seeds,
            input =>
            {
                input = Seals.TryGetValue(target, out var seal) ? seal(input) : input;
                Check(scanner.ScanFile(name, new MemoryStream(input)), input);
            }
        )
        {
            // A window of LZMA, and text that is decoded once or twice.
            AllocatedBytes = 192L << 20,
        }.Fuzz(output);
    }

    /// <summary>Else nearly every change would be found by a checksum, and nothing behind it tried.</summary>
    [Fact]
    public void HDF5_files_whose_checksums_match()
    {
        var scanner = new ModelScanner();
        var checksums = Heaps.Select(h => new Hdf5Checksums(h)).ToList();
        new FuzzTarget(
            "scan of HDF5 with checksums",
            Heaps,
            input =>
            {
                foreach (var ofSeed in checksums)
                {
                    var mended = input.ToArray();
                    ofSeed.Mend(mended);
                    Check(scanner.ScanFile("m.h5", new MemoryStream(mended)), mended);
                }
            }
        )
        {
            AllocatedBytes = 192L << 20,
        }.Fuzz(output);
    }

    private static void Check(FileScan scan, byte[] input)
    {
        Assert.True(scan.Verdict != FileVerdict.Clean || (scan.Findings.Count == 0 && scan.Gaps.Count == 0));
        Assert.All(scan.Findings, f => Assert.InRange(f.ByteOffset ?? 0, 0, input.Length));
    }
}
