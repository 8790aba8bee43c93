using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Scanning;

/// <summary><c>scan</c> of trees with links, pipes and sockets: all that can be read is looked into, and the rest is named.</summary>
public sealed class ScanLinksTests : IDisposable
{
    private static readonly byte[] Harmless = [0x80, 4, (byte)'}', (byte)'.'];

    private readonly string _directory = Directory.CreateTempSubdirectory("artifact-trust-links-").FullName;

    public ScanLinksTests()
    {
        // As a cache of models from a hub lies on disk.
        Directory.CreateDirectory(At("hub/blobs"));
        Directory.CreateDirectory(At("hub/snapshots/abc"));
        File.WriteAllBytes(At("hub/blobs/0123"), Harmless);
        File.WriteAllText(At("hub/blobs/4567"), "{\"a\": 1}\n");
        File.CreateSymbolicLink(At("hub/snapshots/abc/pytorch_model.bin"), "../../blobs/0123");
        File.CreateSymbolicLink(At("hub/snapshots/abc/config.json"), "../../blobs/4567");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_cache_of_models_is_scanned()
    {
        var (code, json) = Scan("hub");
        Assert.Equal(0, code);
        Assert.Equal("clean", Verdict(json, "snapshots/abc/pytorch_model.bin"));
        File.WriteAllBytes(At("hub/blobs/0123"), "cos\nsystem\n(S'true'\ntR."u8.ToArray());
        (code, json) = Scan("hub");
        Assert.Equal(1, code);
        Assert.Equal("findings", Verdict(json, "snapshots/abc/pytorch_model.bin"));
        // What lies outside of what was named is not read, and not passed over.
        (code, json) = Scan("hub/snapshots/abc");
        Assert.Equal(3, code);
        Assert.Equal("inconclusive", Verdict(json, "pytorch_model.bin"));
        Assert.Contains("leads out of the directory", json.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mkfifo hub/pipe", "pipe")]
    [InlineData("ln -s nothing hub/pipe", "pipe")]
    [InlineData("ln -s /dev/zero hub/pipe", "pipe")]
    [InlineData("ln -s blobs hub/pipe", "pipe")]
    [InlineData("mkfifo hub/blobs/x && ln -s blobs/x hub/pipe", "pipe")]
    public void One_thing_that_is_no_file_keeps_nothing_else_from_being_scanned(string command, string name)
    {
        Assert.Equal(0, Tool.Execute(_directory, null, "", ["sh", "-c", command]).ExitCode);
        var (code, json) = Scan("hub");
        Assert.Equal(3, code);
        Assert.Equal("inconclusive", Verdict(json, name));
        Assert.Equal("clean", Verdict(json, "blobs/0123"));
        // The scanners that look for other things name it as well.
        var ended = Tool.Run(_directory, "scan", "hub", "--scanners", "data", "--pii");
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains($"not examined: {name}: ", ended.Text, StringComparison.Ordinal);
        Assert.Equal(3, Tool.Run(_directory, "scan", "hub", "--scanners", "model", "--test-result", "t.json").ExitCode);
        Assert.Contains("WARNED", File.ReadAllText(At("t.json")), StringComparison.Ordinal);
        // What is signed is still all or nothing.
        Assert.NotEqual(0, Tool.Run(_directory, "hash", "hub").ExitCode);
    }

    [Fact]
    public void A_bill_of_materials_of_a_tree_with_links_says_what_to_do()
    {
        var ended = Tool.Run(_directory, "sbom", "hub");
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("--packages installed", ended.Text, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Join(_directory, name);

    private (int Code, JsonElement Json) Scan(string subject)
    {
        var ended = Tool.Run(_directory, "scan", subject, "--scanners", "model", "--output", "json");
        return (ended.ExitCode, ended.Json());
    }

    private static string? Verdict(JsonElement json, string name) =>
        json.GetProperty("files")
            .EnumerateArray()
            .Single(f => f.GetProperty("name").GetString() == name)
            .GetProperty("verdict")
            .GetString();
}
