using System.Text.Json;
using ArtifactTrust.EndToEnd.Audit;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Deploy;

/// <summary>What <c>verify --copy-to</c> leaves behind, whatever becomes of it.</summary>
public sealed class CopyToTests : IDisposable
{
    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void A_verified_model_is_published_and_verifies_where_it_is()
    {
        var ended = _scene.Require("verify", "model", "--key", "ci.pub", "--copy-to", "live", "--output", "json");

        using var document = JsonDocument.Parse(ended.Output);
        var copy = document.RootElement.GetProperty("copy");
        Assert.Equal((3, _scene.At("live")), (copy.GetProperty("files").GetInt32(), copy.GetProperty("path").GetString()));
        _scene.Shell("diff -r model live");
        _scene.Require("verify", "live", "--signature", "model.sig", "--key", "ci.pub");
        AssertNoLeftovers();
    }

    [Fact]
    public void A_model_that_does_not_verify_is_not_published()
    {
        _scene.ChangeOneByte("model/weights.bin");

        _scene.Refuses(1, "the files are not those that were signed", "verify", "model", "--key", "ci.pub", "--copy-to", "live");
        _scene.Refuses(1, "no trusted key", "verify", "model", "--key", "other.pub", "--copy-to", "live");
    }

    [Fact]
    public void A_rejected_model_does_not_replace_what_is_deployed()
    {
        _scene.Require("verify", "model", "--key", "ci.pub", "--copy-to", "live");
        _scene.ChangeOneByte("model/weights.bin");

        _scene.Refuses(1, "the files are not those", "verify", "model", "--key", "ci.pub", "--copy-to", "live", "--force");
    }

    [Fact]
    public void What_the_signer_left_out_is_not_copied()
    {
        Directory.CreateDirectory(_scene.At("model/logs"));
        _scene.Write("model/logs/a", "x");
        _scene.Write("model/.gitignore", "x");
        _scene.Require("sign", "model", "--key", "ci.key", "--ignore-path", "logs", "--force");

        _scene.Require("verify", "model", "--key", "ci.pub", "--copy-to", "live");

        Assert.False(Path.Exists(_scene.At("live/logs")));
        Assert.False(Path.Exists(_scene.At("live/.gitignore")));
    }

    [Fact]
    public void Of_several_signatures_the_one_that_verified_says_what_is_published()
    {
        Directory.CreateDirectory(_scene.At("model/logs"));
        _scene.Write("model/logs/a", "x");
        _scene.Require("sign", "model", "--key", "ci.key", "--ignore-path", "logs", "--signature", "ci.sig");
        _scene.Require("sign", "model", "--key", "other.key", "--signature", "other.sig");
        _scene.Shell("{ cat other.sig; echo; cat ci.sig; echo; } > both.sig");

        _scene.Require("verify", "model", "--signature", "both.sig", "--key", "ci.pub", "--copy-to", "live");

        Assert.False(Path.Exists(_scene.At("live/logs")));
        Assert.True(File.Exists(_scene.At("live/weights.bin")));
    }

    [Fact]
    public void An_attestation_publishes_what_it_is_about()
    {
        _scene.Require("verify", "model", "--key", "ci.pub", "--type", "slsaprovenance1", "--copy-to", "live");

        _scene.Shell("diff -r model live");
    }

    [Fact]
    public void A_file_is_published_in_a_directory()
    {
        _scene.Require("verify", "data.csv", "--key", "ci.pub", "--copy-to", "live");

        Assert.Equal(_scene.Read("data.csv"), _scene.Read("live/data.csv"));
    }

    [Theory]
    [InlineData("'live' exists and is not overwritten", "--copy-to", "live")]
    [InlineData("there is none", "--force")]
    [InlineData("there is none", "--link", "store")]
    [InlineData("there is none", "--copy-to", "new", "--hard-links")]
    [InlineData("a place of its own", "--copy-to", "new", "--link", "new/store")]
    [InlineData("a place of its own", "--copy-to", "new", "--link", "model/store")]
    public void Options_that_do_not_fit_are_refused(string message, params string[] options)
    {
        Directory.CreateDirectory(_scene.At("live"));

        _scene.Refuses(2, message, ["verify", "model", "--key", "ci.pub", .. options]);
    }

    [Theory]
    [InlineData("model/live", "lie in each other")]
    [InlineData("absent/live", "does not exist")]
    public void A_place_that_cannot_be_used_is_refused(string target, string message) =>
        _scene.Refuses(3, message, "verify", "model", "--key", "ci.pub", "--copy-to", target);

    [Fact]
    public void Links_pipes_and_strange_names_are_not_copied()
    {
        _scene.Shell("ln -s /etc/passwd model/link");
        _scene.Refuses(1, "a symbolic link", "verify", "model", "--key", "ci.pub", "--copy-to", "live");
        _scene.Shell("rm model/link && mkfifo model/pipe");
        Assert.Equal(1, _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "live").ExitCode);
        _scene.Shell("rm model/pipe && printf x > $'model/a\\xff'");
        Assert.Equal(1, _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "live").ExitCode);
        Assert.False(Path.Exists(_scene.At("live")));
        AssertNoLeftovers();
    }

    [Fact]
    public void Names_with_spaces_quotes_backslashes_and_255_bytes_are_copied()
    {
        _scene.Write("model/a 'b' \"c\" \\d; $(e)", "1");
        _scene.Write($"model/{new string('n', 255)}", "2");
        _scene.Write("model/…é\U0001F600", "3");
        _scene.Require("sign", "model", "--key", "ci.key", "--force");

        _scene.Require("verify", "model", "--key", "ci.pub", "--copy-to", new string('t', 255));

        _scene.Shell($"diff -r model {new string('t', 255)}");
    }

    [SmallDiskFact]
    public void A_full_disk_leaves_nothing()
    {
        _scene.Write("model/weights.bin", new byte[3 << 20]);
        _scene.Require("sign", "model", "--key", "ci.key", "--force");
        using var disk = SmallDisk.Mount(_scene.At("disk"), 2048);

        var ended = _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "disk/live");

        Assert.Equal(3, ended.ExitCode);
        Scene.AssertCalm(ended);
        Assert.Empty(Directory.GetFileSystemEntries(disk.Path));
    }

    [SmallDiskFact]
    public void A_full_store_publishes_nothing()
    {
        _scene.Write("model/weights.bin", new byte[3 << 20]);
        _scene.Require("sign", "model", "--key", "ci.key", "--force");
        using var disk = SmallDisk.Mount(_scene.At("disk"), 2048);

        var ended = _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "live", "--link", "disk/store");

        Assert.Equal(3, ended.ExitCode);
        Assert.False(Path.Exists(_scene.At("live")));
        AssertNoLeftovers();
    }

    [SmallDiskFact]
    public void A_read_only_place_is_said_to_be_one()
    {
        using var disk = SmallDisk.Mount(_scene.At("disk"), 2048);
        _scene.Shell("mount -o remount,ro disk");

        var ended = _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "disk/live");

        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("Read-only file system", ended.Text, StringComparison.Ordinal);
    }

    [ReflinkFact]
    public void Where_blocks_can_be_shared_they_are_and_a_later_write_is_not_seen()
    {
        _scene.Write("model/weights.bin", new byte[3 << 20]);
        _scene.Require("sign", "model", "--key", "ci.key", "--force");
        using var disk = ReflinkDisk.Mount(_scene.Folder);
        _scene.Shell("cp -r model model.sig disk/");

        var first = Copy(_scene.Require([.. Verify("disk/model", "one")]));
        Assert.Equal((3, 0), (first.GetProperty("cloned").GetInt32(), first.GetProperty("fromStore").GetInt32()));
        // Neither the source nor another copy is where the bytes of this one are.
        _scene.Shell("printf x | dd of=disk/model/weights.bin conv=notrunc && printf x | dd of=disk/one/weights.bin conv=notrunc");

        var second = Copy(_scene.Require([.. Verify("model", "two")]));
        Assert.Equal((3, 3), (second.GetProperty("cloned").GetInt32(), second.GetProperty("fromStore").GetInt32()));
        _scene.Shell("diff -r model disk/two");
        Assert.Equal(1, _scene.Run([.. Verify("disk/model", "three")[..4], "--copy-to", "disk/three"]).ExitCode);

        static string[] Verify(string model, string target) =>
            ["verify", model, "--key", "ci.pub", "--copy-to", $"disk/{target}", "--link", "disk/store", "--output", "json"];

        static JsonElement Copy(Ended ended) => ended.Json().GetProperty("copy");
    }

    [Fact]
    public void Killed_at_any_moment_there_is_nothing_or_all()
    {
        _scene.Write("model/weights.bin", new byte[24 << 20]);
        for (var i = 0; i < 40; i++)
        {
            _scene.Write($"model/vocabulary/{i}", $"{i}");
        }
        _scene.Require("sign", "model", "--key", "ci.key", "--force");
        var random = new Random(7);
        for (var i = 0; i < 12; i++)
        {
            var before = WorkDirectories();
            using (
                var process = Tool.Begin(
                    _scene.Folder,
                    null,
                    [.. Tool.Start, "verify", "model", "--key", "ci.pub", "--copy-to", "live", "--force", "--link", "store"]
                )
            )
            {
                // What the run before left is removed by this one.
                while (!process.HasExited && WorkDirectories().All(before.Contains))
                {
                    Thread.Sleep(1);
                }
                process.WaitForExit(random.Next(300));
                process.Kill();
                process.WaitForExit();
            }
            if (Directory.Exists(_scene.At("live")))
            {
                _scene.Shell("diff -r model live");
            }
        }
        _scene.Require("verify", "model", "--key", "ci.pub", "--copy-to", "live", "--force", "--link", "store");

        _scene.Shell("diff -r model live");
        AssertNoLeftovers();
        Assert.Empty(Directory.GetFileSystemEntries(_scene.At("store"), ".*"));

        string[] WorkDirectories() => Directory.GetDirectories(_scene.Folder, ".artifact-trust-copy-*");
    }

    [Fact]
    public void Runs_side_by_side_publish_one_whole_copy()
    {
        var runs = Enumerable
            .Range(0, 4)
            .AsParallel()
            .WithDegreeOfParallelism(4)
            .Select(_ => _scene.Run("verify", "model", "--key", "ci.pub", "--copy-to", "live", "--link", "store"))
            .ToList();

        Assert.Single(runs, r => r.ExitCode == 0);
        _scene.Shell("diff -r model live");
        AssertNoLeftovers();
    }

    private void AssertNoLeftovers() =>
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(_scene.Folder),
            n => n.Contains(".artifact-trust-copy-", StringComparison.Ordinal)
        );
}
