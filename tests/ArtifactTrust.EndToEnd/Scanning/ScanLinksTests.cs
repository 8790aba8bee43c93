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
    }

    [Fact]
    public void A_snapshot_in_a_cache_of_models_is_scanned_by_itself()
    {
        var ended = Tool.Run(_directory, "scan", "hub/snapshots/abc", "--scanners", "model");
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains(
            "read through symbolic links: 2 files (config.json -> ../../blobs/4567, pytorch_model.bin -> ../../blobs/0123)",
            ended.Text,
            StringComparison.Ordinal
        );
        File.WriteAllBytes(At("hub/blobs/0123"), "cos\nsystem\n(S'true'\ntR."u8.ToArray());
        var (code, json) = Scan("hub/snapshots/abc");
        Assert.Equal(1, code);
        Assert.Equal("findings", Verdict(json, "pytorch_model.bin"));
        // What lies elsewhere is not read, and not passed over.
        File.WriteAllText(At("secret"), "{}");
        File.CreateSymbolicLink(At("hub/snapshots/abc/secret.json"), "../../../secret");
        (_, json) = Scan("hub/snapshots/abc");
        Assert.Equal("inconclusive", Verdict(json, "secret.json"));
        Assert.Contains("leads out of the directory", json.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_scan_of_a_snapshot_is_attested_of_a_copy_only()
    {
        Assert.Equal(0, Tool.Run(_directory, "keygen", "k.key", "--no-password").ExitCode);
        Assert.Equal(0, Tool.Run(_directory, "scan", "hub/snapshots/abc", "--scanners", "model", "--test-result", "t.json").ExitCode);
        string[] attest = ["--type", "test-result", "--predicate", "t.json", "--key", "k.key"];
        // A statement names the bytes of a tree, and those of the links are not in it.
        var refused = Tool.Run(_directory, ["attest", "hub/snapshots/abc", .. attest]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("a symbolic link", refused.Text, StringComparison.Ordinal);
        Assert.Equal(0, Tool.Execute(_directory, null, "", ["cp", "-rL", "hub/snapshots/abc", "model"]).ExitCode);
        Assert.Equal(0, Tool.Run(_directory, ["attest", "model", .. attest]).ExitCode);
    }

    [Fact]
    public void What_may_not_be_read_is_named_and_the_rest_is_scanned()
    {
        // Root may read everything, so another user runs it.
        if (Environment.UserName != "root" || !File.Exists("/usr/bin/setpriv"))
        {
            return;
        }
        const string close = "echo {} > hub/closed.json && mkdir hub/shut && chmod 000 hub/closed.json hub/shut && chmod 755 .";
        Assert.Equal(0, Tool.Execute(_directory, null, "", ["sh", "-c", close]).ExitCode);
        var ended = Tool.Execute(
            _directory,
            new Dictionary<string, string?> { ["HOME"] = "/tmp", ["DOTNET_EnableDiagnostics"] = "0" },
            "",
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. Tool.Start, "scan", "hub", "--scanners", "model"]
        );
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("not examined: closed.json: 'closed.json' cannot be opened", ended.Text, StringComparison.Ordinal);
        Assert.Contains("not examined: shut: 'shut' cannot be opened", ended.Text, StringComparison.Ordinal);
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
