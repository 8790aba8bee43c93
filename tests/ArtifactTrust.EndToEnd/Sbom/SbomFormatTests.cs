using System.Text;
using System.Xml;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.Cards;
using ArtifactTrust.Sbom.Completeness;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>Twenty different inputs in every format, against the published schemas, Trivy and our own score.</summary>
public sealed class SbomFormatTests : IDisposable
{
    private const string Card = """
        supplier: Acme & Söhne
        authors: [{name: Jane Doe, email: jane@acme.example}]
        identifier: pkg:huggingface/acme/tiny@1
        built: 2026-01-01T00:00:00Z
        released: 2026-01-02T00:00:00Z
        license: [Apache-2.0, "MIT OR Apache-2.0", llama3.1]
        download: https://acme.example/tiny
        website: https://acme.example/
        """;

    private const string ModelCard = """

        model:
          learning: supervised
          users: [all]
          use-cases: [tests]
          limitations: [none known]
          tradeoffs: [a, b]
          risks: [{name: bias, mitigation: review}]
          fairness: [{group: g, benefits: b, harms: h, mitigation: m}]
          energy: [{activity: training, kwh: 12.5, provider: P, source: wind, co2-tonnes: 0.1}]
          training-data: [acme/more]
          base-models: [acme/base]
          hyperparameters: {rate: 0.1}
        """;

    private const string DatasetCard = """

        dataset: {classification: amber, sensitive-data: [names], owners: [o], stewards: [s], custodians: [c], provenance: p}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("sbom-formats-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [SbomTheory(validator: true)]
    [InlineData(SbomFormat.CycloneDxJson, CycloneDxVersion.V16, "1.6")]
    [InlineData(SbomFormat.CycloneDxJson, CycloneDxVersion.V17, "1.7")]
    [InlineData(SbomFormat.SpdxJson, CycloneDxVersion.V16, "spdx-2.3")]
    [InlineData(SbomFormat.Spdx3Json, CycloneDxVersion.V16, "spdx-3.0.1")]
    public void Every_document_is_valid_by_the_published_json_schema(SbomFormat format, CycloneDxVersion version, string schema)
    {
        var files = new List<string>();
        foreach (var (name, document) in Documents())
        {
            files.Add(Path.Join(_directory, $"{name}.out.json"));
            File.WriteAllBytes(files[^1], SbomWriter.ToBytes(document, format, version));
        }
        Assert.Equal(20, files.Count);
        var lines = SbomPeers.Node("validate.mjs", [Path.Join(SbomPeers.Vectors, "bom-schemas"), schema, .. files]);
        Assert.All(files.Zip(lines), l => Assert.True(l.Second == "valid", $"{l.First}: {l.Second}"));
    }

    [SbomTheory]
    [InlineData(CycloneDxVersion.V16, "1.6")]
    [InlineData(CycloneDxVersion.V17, "1.7")]
    public void Every_document_is_valid_by_the_published_xml_schema(CycloneDxVersion version, string schema)
    {
        var schemas = CycloneDxXmlSchema.Of(schema);
        foreach (var (name, document) in Documents())
        {
            var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas };
            settings.ValidationEventHandler += (_, e) => Assert.Fail($"{name}: {e.Message}");
            using var xml = XmlReader.Create(new MemoryStream(SbomWriter.ToBytes(document, SbomFormat.CycloneDxXml, version)), settings);
            while (xml.Read()) { }
        }
    }

    [SbomTheory(trivy: true)]
    [InlineData(SbomFormat.CycloneDxJson)]
    [InlineData(SbomFormat.SpdxJson)]
    public void Trivy_reads_every_document(SbomFormat format)
    {
        foreach (var (name, document) in Documents())
        {
            var path = Path.Join(_directory, $"{name}.trivy.json");
            File.WriteAllBytes(path, SbomWriter.ToBytes(document, format));
            Assert.Equal(format == SbomFormat.SpdxJson ? "spdx" : "cyclonedx", SbomPeers.TrivyReads(Path.Join(_directory, "empty"), path));
        }
    }

    [Fact]
    public void Every_document_is_scored()
    {
        foreach (var (name, document) in Documents())
        {
            var scores = SbomCompleteness.Score(SbomWriter.ToBytes(document, SbomFormat.CycloneDxJson));
            Assert.All(scores, s => Assert.InRange(s.Score, 1m, 100m));
            if (name.StartsWith("card", StringComparison.Ordinal))
            {
                Assert.True(scores[0].Score >= 60, $"{name}: {scores[0].Score}");
            }
        }
    }

    private IEnumerable<(string Name, SbomDocument Document)> Documents()
    {
        (string Name, byte[] Content)[] files =
        [
            ("rows.csv", "a,b\n1,2\n"u8.ToArray()),
            ("rows.tsv", "a\tb\n1\t2\n"u8.ToArray()),
            ("rows.jsonl", "{\"a\":1}\n"u8.ToArray()),
            ("rows.json", "[{\"a\":1}]"u8.ToArray()),
            ("model.safetensors", Safetensors()),
            ("config.json", "{\"model_type\":\"bert\",\"architectures\":[\"B\"],\"auto_map\":{\"a\":\"b\"}}"u8.ToArray()),
            ("adapter_config.json", "{\"base_model_name_or_path\":\"acme/base\",\"peft_type\":\"LORA\"}"u8.ToArray()),
            (
                "README.md",
                Encoding.UTF8.GetBytes(
                    "---\nlicense: [mit, llama3.1]\nbase_model: a/b\ndatasets: [x/y]\nmodel-index:\n- results:\n  - dataset: {type: t/u, name: T}\n    metrics: [{type: f1, value: 0.9}]\n---\n"
                )
            ),
            ("broken.gguf", "GGUFxx"u8.ToArray()),
            ("hidden\u202Ename.txt", "x"u8.ToArray()),
        ];
        foreach (var (file, content) in files)
        {
            foreach (var kind in (SbomSubjectKind[])[SbomSubjectKind.Model, SbomSubjectKind.Dataset])
            {
                var isModel = kind == SbomSubjectKind.Model;
                var folder = Directory.CreateDirectory(Path.Join(_directory, $"{kind}-{file}")).FullName;
                File.WriteAllBytes(Path.Join(folder, file), content);
                File.WriteAllText(Path.Join(folder, "notes.txt"), file);
                // Every other one has a card, and a model with a card has its code.
                var withCard = Array.FindIndex(files, f => f.Name == file) % 2 == 1;
                var options = new SbomOptions(kind, file, withCard ? "1.0" : null, DateTimeOffset.FromUnixTimeSeconds(1_700_000_000))
                {
                    Card = withCard ? SbomCard.Parse(Encoding.UTF8.GetBytes(Card + (isModel ? ModelCard : DatasetCard))) : null,
                    TrainingCode =
                        withCard && isModel
                            ? SbomTrainingCode.Parse("https://github.com/acme/train@0123456789012345678901234567890123456789")
                            : null,
                };
                using var tree = FileTree.Open(folder);
                var listed = tree.List(IgnoreRules.None);
                var digests = new FileHasher(DigestAlgorithm.Sha256, workers: 1).Hash(tree, listed);
                var manifest = new FileManifest(listed.Select((f, i) => new ManifestEntry(f.Name, digests[i].Digest, digests[i].Size)));
                yield return (
                    $"{(withCard ? "card" : "plain")}-{kind}-{Array.FindIndex(files, f => f.Name == file)}",
                    new SbomBuilder(options).Build(tree, manifest)
                );
            }
        }
    }

    private static byte[] Safetensors()
    {
        var header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"u8.ToArray();
        return [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[8]];
    }
}
