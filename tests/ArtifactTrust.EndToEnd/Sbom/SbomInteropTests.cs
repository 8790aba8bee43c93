using System.Text.Json;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>SBOMs of real models and datasets, against the published schema, Trivy, and other people's readers.</summary>
public sealed class SbomInteropTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sbom-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [SbomTheory(validator: true)]
    [InlineData("models")]
    [InlineData("datasets")]
    [InlineData("card")]
    [InlineData("file")]
    public void A_document_is_valid_by_the_published_schema(string subject)
    {
        var schemas = Path.Join(SbomPeers.Vectors, "bom-schemas");
        Assert.Equal(["valid"], SbomPeers.Node("validate.mjs", schemas, "1.6", Write(subject)));
    }

    /// <summary>The validator is worth something only if it refuses what is known to be wrong.</summary>
    [SbomTheory(validator: true)]
    [InlineData("bom-examples/invalid-license-id.json")]
    [InlineData("bom-examples/invalid-owasp-ethical.json")]
    [InlineData("bom-schemas/cyclonedx-tests/1.6/invalid-dependency-1.6.json")]
    public void The_validator_refuses_an_invalid_document(string file) =>
        Assert.StartsWith(
            "invalid",
            SbomPeers.Node("validate.mjs", Path.Join(SbomPeers.Vectors, "bom-schemas"), "1.6", Path.Join(SbomPeers.Vectors, file)).Single(),
            StringComparison.Ordinal
        );

    [SbomTheory(trivy: true)]
    [InlineData("models")]
    [InlineData("datasets")]
    [InlineData("card")]
    [InlineData("file")]
    public void Trivy_reads_a_document(string subject) =>
        Assert.Equal("cyclonedx", SbomPeers.TrivyReads(Path.Join(_directory, "empty"), Write(subject)));

    [SbomTheory]
    [InlineData("silero_vad_legacy.onnx")]
    [InlineData("silero_vad_v5.onnx")]
    [InlineData("silero_vad_v6.onnx")]
    public void A_real_model_is_read_as_onnx_proto_reads_it(string name)
    {
        var path = Path.Join(NpmPackages.Fetch(NpmPackages.VadWeb), "dist", name);
        var facts = Describe(SbomSubjectKind.Model, path).Subject;
        var other = SbomPeers.SecondOpinion(path);
        Assert.Equal(other.GetProperty("irVersion").ToString(), One(facts, "onnx:ir-version"));
        Assert.Equal(other.GetProperty("producer").GetString(), One(facts, "onnx:producer"));
        Assert.Equal(other.GetProperty("graph").GetString(), One(facts, "onnx:graph"));
        Assert.Equal(other.GetProperty("nodes").ToString(), One(facts, "onnx:nodes"));
        Assert.Equal(other.GetProperty("initializers").ToString(), One(facts, "onnx:initializers"));
        Assert.Equal(other.GetProperty("constants").ToString(), One(facts, "onnx:constants"));
        Assert.Equal(other.GetProperty("constantElements").ToString(), One(facts, "onnx:constant-elements"));
        if (other.GetProperty("initializers").GetInt64() > 0)
        {
            Assert.Equal(other.GetProperty("parameters").ToString(), One(facts, "onnx:parameters"));
        }
        Assert.Equal(Strings(other.GetProperty("inputs")), facts.ModelCard!.Inputs.Select(i => i.Split(':')[0]));
        Assert.Equal(Strings(other.GetProperty("outputs")), facts.ModelCard.Outputs.Select(o => o.Split(':')[0]));
        Assert.Equal(
            other.GetProperty("operators").EnumerateObject().Select(o => $"{o.Name}: {o.Value}").Order(StringComparer.Ordinal),
            facts.Properties.Where(p => p.Name == "artifact-trust:onnx:operator").Select(p => p.Value).Order(StringComparer.Ordinal)
        );
    }

    [SbomTheory]
    [InlineData("flights-200k.arrow")]
    [InlineData("flights-3m.parquet")]
    [InlineData("airports.csv")]
    [InlineData("birdstrikes.csv")]
    [InlineData("zipcodes.csv")]
    [InlineData("species.csv")]
    [InlineData("github.csv")]
    [InlineData("unemployment.tsv")]
    [InlineData("cars.json")]
    [InlineData("movies.json")]
    [InlineData("flights-200k.json")]
    public void A_real_dataset_is_read_as_others_read_it(string name)
    {
        var path = Path.Join(NpmPackages.Fetch(NpmPackages.VegaDatasets), "data", name);
        var contents = Describe(SbomSubjectKind.Dataset, path).Subject.Dataset!.Properties;
        var other = SbomPeers.SecondOpinion(path);
        Assert.Equal(other.GetProperty("rows").ToString(), contents.Single(p => p.Name == SbomPropertyNames.Rows).Value);
        var typed = Path.GetExtension(name) is not (".csv" or ".tsv");
        Assert.Equal(
            Strings(other.GetProperty("columns")),
            contents.Where(p => p.Name == SbomPropertyNames.Column).Select(p => typed ? p.Value.Split(": ")[0] : p.Value)
        );
        if (other.TryGetProperty("createdBy", out var createdBy))
        {
            Assert.Equal(createdBy.GetString(), contents.Single(p => p.Name == "artifact-trust:parquet:created-by").Value);
            Assert.Equal(
                other.GetProperty("rowGroups").ToString(),
                contents.Single(p => p.Name == "artifact-trust:parquet:row-groups").Value
            );
        }
    }

    [SbomTheory]
    [InlineData("table.arrow")]
    [InlineData("table.arrows")]
    public void What_apache_arrow_writes_is_read(string name)
    {
        SbomPeers.Node("write.mjs", _directory);
        var path = Path.Join(_directory, name);
        var contents = Describe(SbomSubjectKind.Dataset, path).Subject.Dataset!.Properties;
        Assert.Equal(
            SbomPeers.SecondOpinion(path).GetProperty("rows").ToString(),
            contents.Single(p => p.Name == SbomPropertyNames.Rows).Value
        );
        Assert.Equal(
            [
                "id: int64",
                "category: dictionary<utf8, int32>",
                "value: float64",
                "day: date32",
                "at: timestamp[ms]",
                "list: list<item: int8>",
                "pair: struct<p: uint16, q: utf8>",
                "flag: bool",
                "amount: decimal128(10, 2)",
            ],
            contents.Where(p => p.Name == SbomPropertyNames.Column).Select(p => p.Value)
        );
    }

    [SbomFact]
    public void A_gguf_file_is_read_as_its_publishers_reader_reads_it()
    {
        var path = Path.Join(_directory, "m.gguf");
        using (var writer = new BinaryWriter(File.Create(path)))
        {
            writer.Write("GGUF"u8);
            writer.Write(3u);
            writer.Write(2ul);
            writer.Write(3ul);
            Text(writer, "general.architecture");
            writer.Write(8u);
            Text(writer, "llama");
            Text(writer, "llama.rope.freq_base");
            writer.Write(6u);
            writer.Write(10_000f);
            Text(writer, "tokenizer.ggml.tokens");
            writer.Write(9u);
            writer.Write(8u);
            writer.Write(2ul);
            Text(writer, "a");
            Text(writer, "b");
            Tensor(writer, "blk.0.weight", 0, 0, 32, 8);
            Tensor(writer, "blk.1.weight", 39, 1024, 256);
            writer.Write(new byte[4096]);
        }
        var model = Describe(SbomSubjectKind.Model, path).Subject;
        var other = SbomPeers.SecondOpinion(path);
        Assert.Equal(other.GetProperty("architecture").GetString(), model.ModelCard!.ArchitectureFamily);
        Assert.Equal(other.GetProperty("tensors").ToString(), One(model, "gguf:tensors"));
        Assert.Equal(other.GetProperty("parameters").ToString(), One(model, "gguf:parameters"));

        static void Text(BinaryWriter writer, string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(System.Text.Encoding.ASCII.GetBytes(text));
        }

        static void Tensor(BinaryWriter writer, string name, uint type, ulong offset, params ulong[] dimensions)
        {
            Text(writer, name);
            writer.Write((uint)dimensions.Length);
            Array.ForEach(dimensions, writer.Write);
            writer.Write(type);
            writer.Write(offset);
        }
    }

    [SbomTheory]
    [InlineData("models")]
    [InlineData("datasets")]
    public void Nothing_real_is_unreadable(string subject)
    {
        var document = Document(subject);
        Assert.DoesNotContain(document.Subject.Components, c => c.Properties.Any(p => p.Name == SbomPropertyNames.Unreadable));
        Assert.Contains(document.Subject.Components, c => c.Properties.Any(p => p.Name == SbomPropertyNames.Format));
    }

    /// <summary>A sparse file: what is measured is that the weights are not read.</summary>
    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.onnx")]
    public void A_model_of_1_GiB_is_described_without_reading_its_weights(string name)
    {
        const int Weights = 1 << 30;
        var path = Path.Join(_directory, name);
        using (var file = File.Create(path))
        {
            file.Write(name.EndsWith(".onnx", StringComparison.Ordinal) ? OnnxHead(Weights) : SafetensorsHead(Weights));
            file.SetLength(file.Position + Weights);
        }
        var entry = new ManifestEntry(name, DigestAlgorithm.Sha256.Hash([]), new FileInfo(path).Length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var stream = new CountedFile(path);
        var document = new SbomBuilder(new SbomOptions(SbomSubjectKind.Model, "large", null, DateTimeOffset.UnixEpoch)).Build(
            stream,
            entry
        );
        Assert.Equal("268435456", document.Subject.Properties.Single(p => p.Name == SbomPropertyNames.Parameters).Value);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, "more than 4 MiB were allocated");
        Assert.InRange(stream.BytesRead, 1, 1 << 20);
    }

    /// <summary>A file, and how much of it was read.</summary>
    private sealed class CountedFile(string path) : FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1)
    {
        internal long BytesRead { get; private set; }

        public override int Read(Span<byte> buffer) => Count(base.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Count(base.Read(buffer, offset, count));

        private int Count(int read)
        {
            BytesRead += read;
            return read;
        }
    }

    private static byte[] SafetensorsHead(int weights)
    {
        var header = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"w":{"dtype":"F32","shape":[{{{weights / 4}}}],"data_offsets":[0,{{{weights}}}]}}"""
        );
        return [.. BitConverter.GetBytes((ulong)header.Length), .. header];
    }

    /// <summary>A graph of one initializer whose raw data are the rest of the file.</summary>
    private static byte[] OnnxHead(int weights)
    {
        byte[] tensor = [0x08, .. Varint(weights / 4), 0x10, 1, 0x4a, .. Varint(weights)];
        byte[] graph = [0x2a, .. Varint(tensor.Length + weights), .. tensor];
        return [0x08, 8, 0x3a, .. Varint(graph.Length + weights), .. graph];

        static byte[] Varint(long value)
        {
            var bytes = new List<byte>();
            for (; value >= 0x80; value >>= 7)
            {
                bytes.Add((byte)(value | 0x80));
            }
            return [.. bytes, (byte)value];
        }
    }

    private SbomDocument Document(string subject)
    {
        switch (subject)
        {
            case "models":
                return Describe(SbomSubjectKind.Model, Path.Join(NpmPackages.Fetch(NpmPackages.VadWeb), "dist"));
            case "datasets":
                return Describe(SbomSubjectKind.Dataset, Path.Join(NpmPackages.Fetch(NpmPackages.VegaDatasets), "data"));
            case "file":
                return Describe(
                    SbomSubjectKind.Dataset,
                    Path.Join(NpmPackages.Fetch(NpmPackages.VegaDatasets), "data", "flights-200k.arrow")
                );
            default:
                var folder = Directory.CreateDirectory(Path.Join(_directory, "card")).FullName;
                File.Copy(
                    Path.Join(NpmPackages.Fetch(NpmPackages.VadWeb), "dist", "silero_vad_v5.onnx"),
                    Path.Join(folder, "model.onnx"),
                    overwrite: true
                );
                File.WriteAllText(
                    Path.Join(folder, "README.md"),
                    """
                    ---
                    license: [mit, llama3.1, "MIT OR Apache-2.0"]
                    license_link: not an address
                    base_model: [acme/base, "ünïcode \u0007"]
                    base_model_relation: finetune
                    datasets: [acme/train]
                    pipeline_tag: voice-activity-detection
                    language: en
                    model-index:
                    - results:
                      - dataset: {name: Test, split: test}
                        metrics: [{type: f1, value: 0.9}]
                    ---
                    """
                );
                File.WriteAllText(Path.Join(folder, "config.json"), """{"model_type":"vad","architectures":["Silero"]}""");
                File.WriteAllText(Path.Join(folder, "rows.csv"), "a,b\n1,2\n");
                File.WriteAllBytes(Path.Join(folder, "broken.safetensors"), [1, 2, 3]);
                return Describe(SbomSubjectKind.Model, folder);
        }
    }

    private string Write(string subject)
    {
        var path = Path.Join(_directory, $"{subject}.cdx.json");
        File.WriteAllBytes(path, CycloneDxJsonWriter.ToBytes(Document(subject)));
        return path;
    }

    private static SbomDocument Describe(SbomSubjectKind kind, string path)
    {
        var builder = new SbomBuilder(
            new SbomOptions(kind, Path.GetFileName(path), "1.0", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000))
        );
        var hasher = new FileHasher(DigestAlgorithm.Sha256, workers: 1);
        if (File.Exists(path))
        {
            using var file = File.OpenRead(path);
            var (digest, size) = hasher.Hash(file.SafeFileHandle);
            file.Position = 0;
            return builder.Build(file, new ManifestEntry(Path.GetFileName(path), digest, size));
        }
        using var tree = FileTree.Open(path);
        var files = tree.List(IgnoreRules.None);
        var digests = hasher.Hash(tree, files);
        return builder.Build(tree, new FileManifest(files.Select((f, i) => new ManifestEntry(f.Name, digests[i].Digest, digests[i].Size))));
    }

    private static string One(SbomComponent component, string name) =>
        component.Properties.Single(p => p.Name == $"artifact-trust:{name}").Value;

    private static IEnumerable<string> Strings(JsonElement array) => array.EnumerateArray().Select(e => e.GetString()!);
}
