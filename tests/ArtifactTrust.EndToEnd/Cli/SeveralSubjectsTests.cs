namespace ArtifactTrust.EndToEnd.Cli;

/// <summary><c>verify</c> of several subjects: all of them hold, or nothing runs.</summary>
public sealed class SeveralSubjectsTests : IDisposable
{
    private readonly Scene _scene = new();

    public SeveralSubjectsTests()
    {
        _scene.Write("data.bin", "what was measured");
        _scene.Require("sign", "data.bin", "--key", "ci.key");
    }

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void The_command_runs_where_all_of_them_hold_and_is_told_each()
    {
        _scene.Require("push", "model", "oci-layout:layout:1");
        _scene.Require("sign", "oci-layout:layout:1", "--key", "ci.key");
        string[] verify = ["verify", "oci-layout:layout:1", "model", "data.bin", "--key", "ci.pub"];
        var result = _scene.Require([.. verify, "--output", "json"]).Json();
        Assert.Equal("verified", result.GetProperty("result").GetString());
        var subjects = result.GetProperty("subjects").EnumerateArray().ToList();
        Assert.Equal(["image", "directory", "file"], subjects.Select(s => s.GetProperty("subject").GetProperty("kind").GetString()));
        Assert.All(subjects, s => Assert.Equal("verified", s.GetProperty("result").GetString()));
        Assert.All(subjects, s => Assert.NotEmpty(s.GetProperty("evidence").EnumerateArray()));
        var digests = subjects
            .Select(s => $"sha256:{s.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString()}")
            .ToList();
        var ended = _scene.Require([
            .. verify,
            "--",
            "sh",
            "-c",
            "echo $1 $ARTIFACT_TRUST_SUBJECT_0 $ARTIFACT_TRUST_SUBJECT_1 $ARTIFACT_TRUST_SUBJECT_2",
            "sh",
            "{digest}",
        ]);
        Assert.Equal($"{digests[0]} oci-layout:layout@{digests[0]} {digests[1]} {digests[2]}\n", ended.Output);
        Assert.Contains("verified: model\n", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("verified: data.bin\n", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_is_refused_refuses_all_wherever_it_stands()
    {
        _scene.Write("unsigned.bin", "from nowhere");
        foreach (
            var subjects in (string[][])
                [
                    ["model", "unsigned.bin"],
                    ["unsigned.bin", "model"],
                    ["unsigned.bin", "unsigned.bin"],
                ]
        )
        {
            var ended = _scene.Run(["verify", .. subjects, "--key", "ci.pub", "--", "touch", "ran"]);
            Assert.True(ended.ExitCode == 1, ended.ToString());
            Assert.Contains("rejected: unsigned.bin\n", ended.Errors, StringComparison.Ordinal);
            Assert.False(File.Exists(_scene.At("ran")), "the command ran");
        }
        var result = _scene.Run("verify", "model", "unsigned.bin", "--key", "ci.pub", "--output", "json").Json();
        Assert.Equal(("rejected", 1), (result.GetProperty("result").GetString(), result.GetProperty("exitCode").GetInt32()));
        Assert.False(result.TryGetProperty("error", out _));
        var found = result.GetProperty("subjects").EnumerateArray().ToList();
        Assert.Equal(["verified", "rejected"], found.Select(s => s.GetProperty("result").GetString()));
        Assert.Equal("no-evidence", found[1].GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public void One_that_cannot_be_reached_leaves_the_rest_undecided()
    {
        var nobody = $"127.0.0.1:{LoopbackPort.Free()}/demo/app:1";
        var ended = _scene.Run("verify", "model", nobody, "--key", "ci.pub", "--", "touch", "ran");
        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.False(File.Exists(_scene.At("ran")), "the command ran");
    }

    [Theory]
    [InlineData("--signature", "data.bin.sigstore.json")]
    [InlineData("--copy-to", "copy")]
    [InlineData("--only", "config.json")]
    [InlineData("--platform", "linux/amd64")]
    public void What_is_about_one_subject_is_not_taken_for_several(params string[] option)
    {
        var ended = _scene.Run(["verify", "model", "data.bin", "--key", "ci.pub", .. option]);
        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Contains(option[0], ended.Text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_scene.At("copy")));
    }
}
