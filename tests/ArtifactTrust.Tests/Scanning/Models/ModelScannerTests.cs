using ArtifactTrust.Hashing;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Scanning.Models;
using ArtifactTrust.Scanning.Secrets;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

public sealed class ModelScannerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Every_file_of_a_tree_is_examined_by_content()
    {
        File.WriteAllBytes(Path.Join(_directory, "b.json"), Malicious);
        File.WriteAllBytes(Path.Join(_directory, "a.pkl"), Harmless);
        Directory.CreateDirectory(Path.Join(_directory, "c"));
        File.WriteAllText(Path.Join(_directory, "c", "LICENSE"), "text");
        using var tree = FileTree.Open(_directory);
        var progress = new Sum();
        var report = new ModelScanner().Scan(tree, tree.List(IgnoreRules.None), progress);
        Assert.Equal(["a.pkl", "b.json", "c/LICENSE"], report.Files.Select(f => f.Name));
        Assert.Equal([FileVerdict.Clean, FileVerdict.Findings, FileVerdict.NotApplicable], report.Files.Select(f => f.Verdict));
        Assert.Equal(Malicious.Length + Harmless.Length + 4, progress.Total);
        Assert.Equal(1, report.Count(FileVerdict.Clean));
        var summary = report.ToScanReport("model");
        Assert.Equal("b.json", Assert.Single(summary.Findings).Target);
        Assert.Equal(FindingClass.ModelFile, summary.Findings[0].Class);
        Assert.Equal(Severity.Critical, summary.Worst);
        Assert.Equal(ModelScanRules.Default.Digest, summary.Scanner.Executable);
    }

    [Fact]
    public void A_gap_in_a_file_is_a_gap_of_the_report()
    {
        File.WriteAllBytes(Path.Join(_directory, "x"), Harmless[..^1]);
        using var tree = FileTree.Open(_directory);
        var summary = new ModelScanner().Scan(tree, tree.List(IgnoreRules.None)).ToScanReport("model");
        Assert.False(summary.IsClean);
        Assert.StartsWith("x: ", Assert.Single(summary.Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_link_leads_to_is_examined_and_what_cannot_be_read_is_inconclusive()
    {
        Directory.CreateDirectory(Path.Join(_directory, "blobs"));
        File.WriteAllBytes(Path.Join(_directory, "blobs", "1"), Malicious);
        Directory.CreateDirectory(Path.Join(_directory, "snapshots"));
        File.CreateSymbolicLink(Path.Join(_directory, "snapshots", "model.bin"), "../blobs/1");
        File.CreateSymbolicLink(Path.Join(_directory, "other.bin"), "../../absent");
        using var tree = FileTree.Open(_directory, allowLinks: true);
        var report = new ModelScanner().Scan(tree, tree.ListAll(IgnoreRules.None));
        Assert.Equal(
            [("blobs/1", FileVerdict.Findings), ("other.bin", FileVerdict.Inconclusive), ("snapshots/model.bin", FileVerdict.Findings)],
            report.Files.Select(f => (f.Name, f.Verdict))
        );
        Assert.StartsWith("other.bin: a symbolic link", Assert.Single(report.ToScanReport("m").Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_goes_away_keeps_no_other_from_being_examined()
    {
        File.WriteAllBytes(Path.Join(_directory, "a"), Harmless);
        File.WriteAllBytes(Path.Join(_directory, "b"), Malicious);
        using var tree = FileTree.Open(_directory);
        var files = tree.ListAll(IgnoreRules.None);
        File.Delete(Path.Join(_directory, "a"));
        var report = new ModelScanner().Scan(tree, files);
        Assert.Equal([FileVerdict.Inconclusive, FileVerdict.Findings], report.Files.Select(f => f.Verdict));
        Assert.Equal("a: 'a' does not exist", Assert.Single(new SecretScanner().Scan(tree, files, "m").Gaps));
        Assert.Equal("'a' does not exist", Assert.Single(new DataScanner().Scan(tree, files).Files[0].Gaps));
    }

    [Fact]
    public void A_stream_that_cannot_seek_is_the_callers_mistake()
    {
        using var stream = new System.IO.Compression.GZipStream(new MemoryStream(), System.IO.Compression.CompressionMode.Decompress);
        Assert.Throws<ArgumentException>(() => new ModelScanner().ScanFile("x", stream));
    }

    [Theory]
    [InlineData("argparse", "Namespace")]
    [InlineData("pathlib", "PosixPath")]
    [InlineData("pathlib._local", "PosixPath")]
    [InlineData("types", "SimpleNamespace")]
    [InlineData("uuid", "UUID")]
    public void Values_that_checkpoints_keep_of_a_run_raise_no_alarm(string module, string name)
    {
        Assert.Null(ModelScanRules.Default.Judge(module, name));
        // What their methods do is another matter.
        Assert.True(ModelScanRules.Default.Judge(module, $"{name}.write_text")?.Severity >= Severity.High);
    }

    [Fact]
    public void No_import_is_allowed_and_denied()
    {
        foreach (var (module, name) in ModelScanRules.Default.Allowed)
        {
            Assert.Null(ModelScanRules.Default.Judge(module, name));
            var other = ModelScanRules.Default.Judge(module, $"{name}.__globals__");
            Assert.True(other?.Severity == Severity.Critical, $"{module}.{name}");
        }
    }

    [Theory]
    [InlineData("os", "system", "import-program")]
    [InlineData("os", "path", "import-program")]
    [InlineData("os.path", "join", "import-program")]
    [InlineData("asyncio.unix_events", "_UnixSubprocessTransport._start", "import-program")]
    [InlineData("builtins", "eval", "import-code")]
    [InlineData("builtins", "getattr", "import-attribute")]
    [InlineData("numpy.core.multiarray", "os.system", "import-program")]
    [InlineData("numpy", "f2py.crackfortran", "import-program")]
    [InlineData("torch", "hub.load", "import-code")]
    [InlineData("torch.hub", "load", "import-code")]
    [InlineData("operator", "attrgetter", "import-attribute")]
    [InlineData("urllib.request", "urlopen", "import-network")]
    [InlineData("io", "open", "import-file")]
    [InlineData("numpy", "load", "import-code")]
    [InlineData("pkg", "Popen", "import-anywhere")]
    [InlineData("my.model", "Net", "import-unlisted")]
    [InlineData("builtins", "print", "import-unlisted")]
    [InlineData("", "", "import-unlisted")]
    public void An_import_breaks_the_rule_that_is_meant_for_it(string module, string name, string rule) =>
        Assert.Equal(rule, ModelScanRules.Default.Judge(module, name)?.Id);

    [Fact]
    public void Every_rule_says_why()
    {
        Assert.All(ModelScanRules.Default.All, r => Assert.True(r.Reason.Length > 10 && r.Severity != Severity.Unknown && r.Id.Length > 0));
        Assert.NotEmpty(ModelScanRules.Default.Version);
    }

    private sealed class Sum : IProgress<long>
    {
        public long Total { get; private set; }

        public void Report(long value) => Total += value;
    }
}
