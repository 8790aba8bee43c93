using System.Diagnostics;
using System.Text.Json;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Deploy;

/// <summary>What <c>watch</c> says of a deployed directory.</summary>
public sealed class WatchTests : IDisposable
{
    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("printf x >> model/weights.bin", "1 changed: weights.bin")]
    [InlineData("rm model/config.json", "1 removed: config.json")]
    [InlineData("printf x > model/new", "1 added: new")]
    [InlineData("ln -s /etc/passwd model/link", "a symbolic link")]
    [InlineData("rm model.sig", "no signature was found")]
    [InlineData("rm -r model/* && mkdir model/x", "has no files")]
    public void Drift_is_told_by_exit_code_and_text(string change, string message)
    {
        Assert.Equal(0, _scene.Run("watch", "model", "--key", "ci.pub", "--once").ExitCode);
        _scene.Shell(change);

        foreach (var mode in new[] { "--once", "--until-drift" })
        {
            var ended = _scene.Run("watch", "model", "--key", "ci.pub", mode, "--output", "json");
            Assert.Equal(1, ended.ExitCode);
            using var line = JsonDocument.Parse(ended.Output);
            Assert.Equal("drift", line.RootElement.GetProperty("result").GetString());
            Assert.Contains(message, line.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_files_that_differ_are_told_as_by_verify()
    {
        _scene.Shell("printf x >> model/weights.bin && printf x > model/new && rm model/config.json");

        using var watched = JsonDocument.Parse(_scene.Run("watch", "model", "--key", "ci.pub", "--once", "--output", "json").Output);
        using var verified = JsonDocument.Parse(_scene.Run("verify", "model", "--key", "ci.pub", "--output", "json").Output);

        var difference = watched.RootElement.GetProperty("difference");
        var changed = Assert.Single(difference.GetProperty("changed").EnumerateArray());
        Assert.Equal("weights.bin", changed.GetProperty("name").GetString());
        Assert.StartsWith("sha256:", changed.GetProperty("expected").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(changed.GetProperty("expected").GetString(), changed.GetProperty("actual").GetString());
        Assert.Equal("new", Assert.Single(difference.GetProperty("added").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal("config.json", Assert.Single(difference.GetProperty("removed").EnumerateArray()).GetProperty("name").GetString());
        Assert.Contains(
            verified.RootElement.GetProperty("evidence").EnumerateArray(),
            e => e.TryGetProperty("difference", out var same) && JsonElement.DeepEquals(same, difference)
        );
        Assert.Contains(
            "changed  weights.bin: expected sha256:",
            _scene.Run("watch", "model", "--key", "ci.pub", "--once").Output,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("--allow-symlinks", "ln -s weights.bin model/link", "--allow-symlinks")]
    [InlineData("--allow-unsigned-empty-files", "touch model/empty", "--shards", "16", "--allow-unsigned-empty-files")]
    public void What_verify_accepts_when_asked_watch_accepts_too(string option, string change, params string[] signing)
    {
        _scene.Shell(change);
        _scene.Require(["sign", "model", "--key", "ci.key", "--force", .. signing]);
        string[] watch = ["watch", "model", "--key", "ci.pub", "--once", "--rate", "none"];

        Assert.Equal(1, _scene.Run(watch).ExitCode);
        _scene.Require([.. watch, option]);
    }

    [Fact]
    public void Unsigned_files_are_let_pass_only_where_that_is_said()
    {
        _scene.Write("model/added", "x");
        string[] watch = ["watch", "model", "--key", "ci.pub", "--once"];

        Assert.Equal(1, _scene.Run(watch).ExitCode);
        _scene.Require([.. watch, "--ignore-unsigned-files"]);
        _scene.Refuses(2, "--any-certificate-identity", [.. watch, "--allow-ca-signer"]);
        _scene.Refuses(2, "--only", [.. watch, "--only", "config.json"]);
    }

    [Fact]
    public void Changes_of_attributes_alone_are_no_drift()
    {
        _scene.Shell("chmod 600 model/weights.bin && touch -d 2001-01-01 model/config.json");

        Assert.Equal(0, _scene.Run("watch", "model", "--key", "ci.pub", "--once", "--rate", "none").ExitCode);
    }

    [Theory]
    [InlineData("--every", "0s")]
    [InlineData("--every", "1")]
    [InlineData("--every", "-1h")]
    [InlineData("--every", "31d")]
    [InlineData("--rate", "1K1")]
    [InlineData("--rate", "0M")]
    [InlineData("--rate", "fast")]
    public void Times_and_rates_that_are_none_are_refused(string option, string value) =>
        _scene.Refuses(2, $"'{value}'", "watch", "model", "--key", "ci.pub", $"{option}={value}");

    [Fact]
    public void What_is_no_directory_and_who_trusts_nobody_are_refused()
    {
        _scene.Refuses(2, "no directory", "watch", "absent", "--key", "ci.pub");
        _scene.Refuses(2, "no directory", "watch", "data.csv", "--key", "ci.pub");
        _scene.Refuses(2, "nobody is trusted", "watch", "model");
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_unknown()
    {
        // Root may read everything, so another user runs it.
        if (Environment.UserName != "root" || !File.Exists("/usr/bin/setpriv"))
        {
            return;
        }
        _scene.Shell("chmod -R a+rX . && chmod 755 .. && chmod 000 model/weights.bin");

        var ended = Tool.Execute(
            _scene.Folder,
            new Dictionary<string, string?> { ["HOME"] = "/tmp", ["DOTNET_EnableDiagnostics"] = "0" },
            "",
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. Tool.Start, "watch", "model", "--key", "ci.pub", "--once"]
        );

        Assert.True(ended.ExitCode == 3, ended.ToString());
        Assert.Contains("unknown", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_watch_sees_each_change_and_ends_with_a_signal()
    {
        using var process = Tool.Begin(
            _scene.Folder,
            null,
            [.. Tool.Start, "watch", "model", "--key", "ci.pub", "--every", "1d", "--output", "json"]
        );
        try
        {
            Assert.Equal(("verified", "start"), await NextAsync(process));
            _scene.Shell("cp model/weights.bin saved && printf x >> model/weights.bin");
            Assert.Equal(("drift", "change"), await NextAsync(process));
            _scene.Shell("cat saved > model/weights.bin");
            Assert.Equal(("verified", "change"), await NextAsync(process));
            _scene.Shell("cp -r model other && mv model old");
            Assert.Equal(("drift", "change"), await NextAsync(process));
            _scene.Shell("mv other model");
            Assert.Equal(("verified", "change"), await NextAsync(process));
            _scene.Shell("printf x > model/vocabulary/new");
            Assert.Equal(("drift", "change"), await NextAsync(process));
            _scene.Shell("rm model/vocabulary/new");
            Assert.Equal(("verified", "change"), await NextAsync(process));

            _scene.Shell($"kill -TERM {process.Id}");
            await process.WaitForExitAsync();

            Assert.Equal(0, process.ExitCode);
            Assert.Equal("", await process.StandardError.ReadToEndAsync());
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    [Fact]
    public async Task Without_changes_the_schedule_is_kept()
    {
        using var process = Tool.Begin(
            _scene.Folder,
            null,
            [.. Tool.Start, "watch", "model", "--key", "ci.pub", "--every", "1s", "--output", "json"]
        );
        try
        {
            Assert.Equal(("verified", "start"), await NextAsync(process));
            Assert.Equal(("verified", "schedule"), await NextAsync(process));
        }
        finally
        {
            process.Kill();
        }
    }

    private static async Task<(string? Result, string? Reason)> NextAsync(Process process)
    {
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1));
        using var document = JsonDocument.Parse(line ?? "{}");
        return (document.RootElement.GetProperty("result").GetString(), document.RootElement.GetProperty("reason").GetString());
    }
}
