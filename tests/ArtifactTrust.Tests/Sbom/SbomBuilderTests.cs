using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Sbom;
using ArtifactTrust.Sbom.CycloneDx;

namespace ArtifactTrust.Tests.Sbom;

public sealed class SbomBuilderTests : IDisposable
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private readonly string _directory = Directory.CreateTempSubdirectory("sbom-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_model_directory_is_a_model_with_its_files()
    {
        Put("model.onnx", Samples.All["model.onnx"]);
        Put("config.json", Samples.All["config.json"]);
        Put("README.md", "---\nlicense: mit\nbase_model: acme/base\ndatasets: [acme/train]\npipeline_tag: fill-mask\n---\n"u8.ToArray());
        Put("data/rows.csv", "a,b\n1,2\n"u8.ToArray());
        Put("notes.txt", "x"u8.ToArray());
        var manifest = Manifest();
        var document = Build(SbomSubjectKind.Model, manifest);
        var model = document.Subject;

        Assert.Equal(SbomComponentType.Application, document.Root.Type);
        Assert.Equal(SbomComponentType.MachineLearningModel, model.Type);
        Assert.Null(model.Digest);
        Assert.Equal([manifest.RootDigest.Hex], Values(model, SbomPropertyNames.OmsRoot));
        Assert.Equal([manifest.DirHash.Hex], Values(model, SbomPropertyNames.DirHash));
        Assert.Equal(["12"], Values(model, SbomPropertyNames.Parameters));
        Assert.Equal(manifest.Entries.Select(e => (e.Name, e.Digest)), model.Components.Select(c => (c.Name, c.Digest!)));
        Assert.Equal("MIT", Assert.Single(model.Licenses).Id);
        Assert.Equal("acme/base", Assert.Single(model.Ancestors).Name);
        Assert.Equal("fill-mask", model.ModelCard!.Task);
        Assert.Equal("bert", model.ModelCard.ArchitectureFamily);
        Assert.Equal(["dataset:acme/train"], model.ModelCard.DatasetReferences);
        Assert.Equal(["x: float32[batch, 4]"], model.ModelCard.Inputs);

        var rows = model.Components.Single(c => c.Name == "data/rows.csv");
        Assert.Equal(SbomComponentType.Data, rows.Type);
        Assert.Equal(["1"], rows.Dataset!.Properties.Where(p => p.Name == SbomPropertyNames.Rows).Select(p => p.Value));
        Assert.Equal(
            [
                (document.Root.Reference!, [model.Reference!]),
                (model.Reference!, [rows.Reference!, "dataset:acme/train"]),
                (rows.Reference!, []),
                ("dataset:acme/train", Array.Empty<string>()),
            ],
            document.Dependencies.Select(d => (d.Reference, d.DependsOn.ToArray()))
        );
    }

    [Fact]
    public void A_dataset_directory_is_data_with_its_files()
    {
        Put("data/rows.csv", "a,b\n1,2\n"u8.ToArray());
        Put("data/more.csv", "a,b\n3,4\n5,6\n"u8.ToArray());
        Put("croissant.json", Encoding.UTF8.GetBytes(Samples.Croissant));
        var dataset = Build(SbomSubjectKind.Dataset, Manifest()).Subject;
        Assert.Equal(SbomComponentType.Data, dataset.Type);
        Assert.Equal("tiny", dataset.Dataset!.Name);
        Assert.Equal("Two rows.", dataset.Description);
        Assert.Equal("CC-BY-4.0", Assert.Single(dataset.Licenses).Id);
        Assert.Equal(["3"], dataset.Dataset.Properties.Where(p => p.Name == SbomPropertyNames.Rows).Select(p => p.Value));
        Assert.Equal(["data/rows.csv"], Values(dataset, SbomPropertyNames.DigestMismatch));
        Assert.Contains(dataset.ExternalReferences, r => r is { Type: "distribution", Url: "data/rows.csv", Digest: not null });
        Assert.Equal(2, dataset.Components.Count(c => c.Type == SbomComponentType.Data));
    }

    [Theory]
    [InlineData("\"rai:personalSensitiveInformation\":[\"names\",\"ages, by year\",\"names\",\"\"]", new[] { "names", "ages, by year" })]
    [InlineData("\"personalSensitiveInformation\":\"gender\"", new[] { "gender" })]
    [InlineData("\"http://mlcommons.org/croissant/RAI/personalSensitiveInformation\":[{\"@value\":\"age\"}]", new[] { "age" })]
    [InlineData("\"rai:personalSensitiveInformation\":[1,null,{}]", new string[0])]
    [InlineData("\"rai:dataCollection\":\"of people\"", new string[0])]
    public void A_dataset_is_as_sensitive_as_its_description_says(string member, string[] expected)
    {
        Put("rows.csv", "a,b\n1,2\n"u8.ToArray());
        Put(
            "croissant.json",
            Encoding.UTF8.GetBytes(Samples.Croissant.Replace("\"conformsTo\":", $"{member},\"conformsTo\":", StringComparison.Ordinal))
        );
        var dataset = Build(SbomSubjectKind.Dataset, Manifest()).Subject.Dataset!;
        Assert.Equal(expected, dataset.SensitiveData);
        Assert.Null(dataset.Classification);
    }

    [Fact]
    public void Tables_of_several_kinds_have_no_one_number_of_rows()
    {
        Put("rows.csv", "a,b\n1,2\n"u8.ToArray());
        Put("more.csv", "c\n1\n"u8.ToArray());
        Assert.Empty(Build(SbomSubjectKind.Dataset, Manifest()).Subject.Dataset!.Properties);
    }

    [Fact]
    public void A_single_file_is_the_subject_itself()
    {
        var content = Samples.All["data.parquet"];
        var entry = new ManifestEntry("rows.parquet", DigestAlgorithm.Sha256.Hash(content), content.Length);
        var document = new SbomBuilder(new SbomOptions(SbomSubjectKind.Dataset, "rows", "2", Time)).Build(new MemoryStream(content), entry);
        Assert.Equal(entry.Digest, document.Subject.Digest);
        Assert.Equal("application/vnd.apache.parquet", document.Subject.MediaType);
        Assert.Equal("2", document.Subject.Version);
        Assert.Empty(document.Subject.Components);
        Assert.Empty(document.CompleteAssemblies);
        Assert.Contains(document.Subject.Dataset!.Properties, p => p is { Name: SbomPropertyNames.Rows, Value: "3" });
    }

    [Fact]
    public void A_bad_file_is_listed_with_its_digest_and_the_reason()
    {
        Put("model.safetensors", [1, 2, 3]);
        Put("README.md", "---\na: &x 1\n---\n"u8.ToArray());
        var model = Build(SbomSubjectKind.Model, Manifest()).Subject;
        Assert.All(
            model.Components,
            c =>
            {
                Assert.NotNull(c.Digest);
                Assert.Single(Values(c, SbomPropertyNames.Unreadable));
            }
        );
    }

    [Fact]
    public void The_same_input_at_the_same_time_gives_the_same_bytes()
    {
        Put("model.onnx", Samples.All["model.onnx"]);
        var manifest = Manifest();
        Assert.Equal(
            CycloneDxJsonWriter.ToBytes(Build(SbomSubjectKind.Model, manifest)),
            CycloneDxJsonWriter.ToBytes(Build(SbomSubjectKind.Model, manifest))
        );
    }

    [Fact]
    public void Another_input_gives_another_serial_number()
    {
        Put("a", [1]);
        var first = Build(SbomSubjectKind.Model, Manifest()).SerialNumber;
        Assert.Equal(8, first.Version);
        Assert.NotEqual(first, Build(SbomSubjectKind.Dataset, Manifest()).SerialNumber);
        Assert.NotEqual(first, Build(SbomSubjectKind.Model, Manifest(), version: "").SerialNumber);
        Assert.NotEqual(first, Build(SbomSubjectKind.Model, Manifest(), time: Time.AddSeconds(1)).SerialNumber);
        File.Move(Path.Join(_directory, "a"), Path.Join(_directory, "b"));
        Assert.NotEqual(first, Build(SbomSubjectKind.Model, Manifest()).SerialNumber);
    }

    [Fact]
    public void Shards_of_one_model_are_added_up()
    {
        Put("model-00001-of-00002.safetensors", Shard());
        Assert.Equal(["4"], Values(Build(SbomSubjectKind.Model, Manifest()).Subject, SbomPropertyNames.Parameters));
        Put("model-00002-of-00002.safetensors", Shard());
        Assert.Equal(["8"], Values(Build(SbomSubjectKind.Model, Manifest()).Subject, SbomPropertyNames.Parameters));
        Put("model-00003-of-00002.safetensors", Shard());
        Assert.Empty(Values(Build(SbomSubjectKind.Model, Manifest()).Subject, SbomPropertyNames.Parameters));
    }

    [Fact]
    public void Variants_of_a_model_have_no_one_size_and_no_one_interface()
    {
        Put("a.onnx", Samples.Onnx());
        Put("b.onnx", new Proto().Varint(1, 8).Bytes(7, new Proto().Bytes(11, new Proto().Bytes(1, "z"))).ToArray());
        var model = Build(SbomSubjectKind.Model, Manifest()).Subject;
        Assert.Empty(Values(model, SbomPropertyNames.Parameters));
        Assert.Empty(model.ModelCard!.Inputs);
    }

    [Fact]
    public void A_description_below_the_top_does_not_speak_for_the_whole()
    {
        Put("unet/config.json", """{"model_type":"unet"}"""u8.ToArray());
        Put("sub/README.md", "---\nlicense: mit\n---\n"u8.ToArray());
        var model = Build(SbomSubjectKind.Model, Manifest()).Subject;
        Assert.Null(model.ModelCard!.ArchitectureFamily);
        Assert.Empty(model.Licenses);
    }

    [Fact]
    public void An_empty_directory_is_refused() =>
        Assert.Throws<MalformedDataException>(() => Build(SbomSubjectKind.Model, new FileManifest([])));

    [Fact]
    public void More_files_than_can_be_listed_are_refused()
    {
        var digest = DigestAlgorithm.Sha256.Hash([]);
        var entries = Enumerable.Range(0, Limits.SbomComponents + 1).Select(i => new ManifestEntry($"{i}", digest, 0));
        Assert.Throws<MalformedDataException>(() => Build(SbomSubjectKind.Dataset, new FileManifest(entries)));
    }

    [Fact]
    public void A_file_that_changed_since_it_was_hashed_is_the_worlds_failure()
    {
        Put("a", [1]);
        var manifest = Manifest();
        Put("a", [1, 2]);
        Assert.Throws<IOException>(() => Build(SbomSubjectKind.Model, manifest));
    }

    [Fact]
    public void A_file_that_is_gone_is_the_worlds_failure()
    {
        Put("a", [1]);
        var manifest = Manifest();
        File.Delete(Path.Join(_directory, "a"));
        Assert.Throws<FileNotFoundException>(() => Build(SbomSubjectKind.Model, manifest));
    }

    [Fact]
    public void A_subject_of_no_kind_or_name_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new SbomBuilder(new SbomOptions(SbomSubjectKind.None, "x", null, Time)));
        Assert.Throws<ArgumentException>(() => new SbomBuilder(new SbomOptions(SbomSubjectKind.Model, " ", null, Time)));
    }

    [Fact]
    public void Progress_tells_the_bytes_of_each_file()
    {
        Put("a", [1]);
        Put("b", [1, 2]);
        var told = new List<long>();
        using var tree = FileTree.Open(_directory);
        new SbomBuilder(new SbomOptions(SbomSubjectKind.Model, "m", null, Time)).Build(tree, Manifest(), new Told(told));
        Assert.Equal([1, 2], told);
    }

    [Fact]
    public void The_document_is_what_the_reader_reads()
    {
        Put("model.onnx", Samples.All["model.onnx"]);
        Put("README.md", "---\nlicense: [mit, gemma]\ndatasets: [acme/train]\n---\n"u8.ToArray());
        Put("rows.csv", "a\nx\n"u8.ToArray());
        var document = Build(SbomSubjectKind.Model, Manifest());
        var summary = CycloneDxReader.Read(CycloneDxJsonWriter.ToBytes(document));
        Assert.Equal("1.6", summary.SpecVersion);
        Assert.Equal(document.SerialNumber, summary.SerialNumber);
        Assert.Equal(Time, summary.Timestamp);
        Assert.Equal("m", summary.Root!.Name);
        Assert.Equal(["m", "README.md", "model.onnx", "rows.csv", "acme/train"], summary.Components.Select(c => c.Name));
        Assert.Equal(["MIT", "gemma"], summary.Components[0].Licenses.Select(l => l.ToString()));
        Assert.Equal(document.Subject.Components[1].Digest!.Hex, Assert.Single(summary.Components[2].Hashes).Value);
    }

    [Fact]
    public void Hostile_names_stay_json()
    {
        Put("\"\u0001\ttab\u001b</script>.csv", "\"\u0001a\",\"b\"\"\"\n1,2\n"u8.ToArray());
        using var json = JsonDocument.Parse(CycloneDxJsonWriter.ToBytes(Build(SbomSubjectKind.Dataset, Manifest())));
        Assert.Equal("CycloneDX", json.RootElement.GetProperty("bomFormat").GetString());
    }

    [Fact]
    public void One_expression_alone_is_an_expression_and_one_among_others_a_name()
    {
        Put("README.md", "---\nlicense: MIT OR Apache-2.0\n---\n"u8.ToArray());
        Assert.Contains("\"expression\": \"MIT OR Apache-2.0\"", Json(SbomSubjectKind.Model), StringComparison.Ordinal);
        Put("README.md", "---\nlicense: [MIT OR Apache-2.0, mit]\n---\n"u8.ToArray());
        Assert.Contains("\"name\": \"MIT OR Apache-2.0\"", Json(SbomSubjectKind.Model), StringComparison.Ordinal);
    }

    private static byte[] Shard() => Samples.Safetensors("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4);

    private static string[] Values(SbomComponent component, string name) =>
        [.. component.Properties.Where(p => p.Name == name).Select(p => p.Value)];

    private void Put(string name, byte[] content)
    {
        var path = Path.Join(_directory, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private FileManifest Manifest()
    {
        using var tree = FileTree.Open(_directory);
        var files = tree.List(IgnoreRules.None);
        var digests = new FileHasher(DigestAlgorithm.Sha256, workers: 1).Hash(tree, files);
        return new FileManifest(files.Select((f, i) => new ManifestEntry(f.Name, digests[i].Digest, digests[i].Size)));
    }

    private SbomDocument Build(SbomSubjectKind kind, FileManifest manifest, string? version = null, DateTimeOffset? time = null)
    {
        using var tree = FileTree.Open(_directory);
        return new SbomBuilder(new SbomOptions(kind, "m", version, time ?? Time)).Build(tree, manifest);
    }

    private string Json(SbomSubjectKind kind) => Encoding.UTF8.GetString(CycloneDxJsonWriter.ToBytes(Build(kind, Manifest())));

    private sealed class Told(List<long> told) : IProgress<long>
    {
        public void Report(long value) => told.Add(value);
    }
}
