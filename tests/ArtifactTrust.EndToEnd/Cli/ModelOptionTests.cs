namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>The options of <c>sign</c> and <c>verify</c> for models, as users give them.</summary>
public sealed class ModelOptionTests : IDisposable
{
    private static readonly string[] Sign = ["sign", "model", "--key", "ci.key", "--force"];
    private static readonly string[] Verify = ["verify", "model", "--key", "ci.pub"];

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Digests_made_earlier_are_signed_and_those_of_another_directory_are_not()
    {
        _scene.Write("digests.json", _scene.Require("hash", "model", "--output", "json").Output);
        string[] manifest = [.. Sign, "--manifest", "digests.json"];
        _scene.Require(manifest);
        _scene.Require(Verify);
        _scene.Refuses(2, "sha256 digests of whole files", [.. manifest, "--hash", "blake3"]);
        _scene.Refuses(2, "sha256 digests of whole files", [.. manifest, "--shards", "1000"]);
        _scene.Refuses(2, "--ignore-path is for directories that are hashed here", [.. manifest, "--ignore-path", "vocabulary"]);
        _scene.Refuses(2, "--no-ignore-git-paths is for directories that are hashed here", [.. manifest, "--no-ignore-git-paths"]);
        string[] file = ["sign", "data.csv", "--force", "--key", "ci.key", "--ignore-path", "vocabulary"];
        _scene.Refuses(2, "--ignore-path is for directories", file);
        _scene.Refuses(2, "--ignore-path is for directories", [.. file, "--format", "oms"]);
        _scene.Refuses(2, "does not exist", [.. Sign, "--manifest", "absent.json"]);
        _scene.Write("rubbish.json", "{}");
        _scene.Refuses(2, "cannot be used", [.. Sign, "--manifest", "rubbish.json"]);
        _scene.Write("model/weights.bin", "longer than it was before, by some bytes at least\n");
        _scene.Refuses(1, "weights.bin has", manifest);
        File.Delete(_scene.At("model/weights.bin"));
        _scene.Refuses(1, "weights.bin is not there", manifest);
        _scene.Write("model/added", "x");
        _scene.Refuses(1, "added is not in the manifest", manifest);
        // Where the directory is not, only the digests are signed.
        Directory.Delete(_scene.At("model"), recursive: true);
        _scene.Require(manifest);
    }

    [Theory]
    [InlineData("blake2b")]
    [InlineData("blake3")]
    [InlineData("sha256")]
    public void Shards_of_every_hash_are_verified_and_empty_files_beside_them_are_refused(string hash)
    {
        string[] sign = [.. Sign, "--hash", hash, "--shards", "16"];
        _scene.Require(sign);
        _scene.Require(Verify);
        _scene.Write("model/empty", "");
        _scene.Refuses(1, "empty", Verify);
        _scene.Require([.. Verify, "--allow-unsigned-empty-files"]);
        _scene.Refuses(1, "is empty", sign);
        _scene.Require([.. sign, "--allow-unsigned-empty-files"]);
        File.Delete(_scene.At("model/empty"));
        _scene.ChangeOneByte("model/weights.bin");
        _scene.Refuses(1, "weights.bin", Verify);
        _scene.Refuses(2, "is no size", [.. Sign, "--shards", "many"]);
        _scene.Refuses(2, "is for --shards", [.. Sign, "--allow-unsigned-empty-files"]);
    }

    [Fact]
    public void Links_are_read_only_where_that_is_said_and_never_out_of_the_model()
    {
        File.CreateSymbolicLink(_scene.At("model/link.bin"), "weights.bin");
        _scene.Refuses(1, "link", Sign);
        _scene.Require([.. Sign, "--allow-symlinks"]);
        _scene.Refuses(1, "link", Verify);
        _scene.Require([.. Verify, "--allow-symlinks"]);
        File.Delete(_scene.At("model/link.bin"));
        File.CreateSymbolicLink(_scene.At("model/link.bin"), "../data.csv");
        _scene.Refuses(1, "link", [.. Sign, "--allow-symlinks"]);
        _scene.Refuses(1, "link", [.. Verify, "--allow-symlinks"]);
    }

    [Fact]
    public void A_part_is_verified_as_a_part_and_said_to_be_one()
    {
        _scene.ChangeOneByte("model/weights.bin");
        string[] only = [.. Verify, "--only", "config.json", "--only", "vocabulary"];
        Assert.Contains("PARTIALLY verified", _scene.Require(only).Output, StringComparison.Ordinal);
        Assert.Equal("partially-verified", _scene.Require([.. only, "--output", "json"]).Json().GetProperty("result").GetString());
        _scene.Refuses(1, "weights.bin", [.. Verify, "--only", "weights.bin"]);
        _scene.Refuses(1, "nothing was signed at 'absent'", [.. Verify, "--only", "absent"]);
        _scene.Shell("mv model.sig model/vocabulary/");
        _scene.Require([.. Verify, "--only", "vocabulary", "--signature", "model/vocabulary/model.sig"]);
        _scene.Refuses(2, "for the signature of a directory", "verify", "data.csv", "--key", "ci.pub", "--only", "x");
        _scene.Refuses(2, "for the signature of a directory", [.. only, "--type", "slsaprovenance1"]);
    }

    [Fact]
    public void Unsigned_files_are_let_pass_only_where_that_is_said()
    {
        _scene.Write("model/added", "x");
        _scene.Refuses(1, "1 added: added", Verify);
        Assert.Contains("1 UNSIGNED: added", _scene.Require([.. Verify, "--ignore-unsigned-files"]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_of_digests_is_kept_and_refused_where_others_can_write_it()
    {
        string[] cached = [.. Sign, "--hash-cache", "model.cache"];
        _scene.Require(cached);
        _scene.Require(cached);
        _scene.ChangeOneByte("model/weights.bin");
        _scene.Require(cached);
        _scene.Require(Verify);
        _scene.Shell("chmod g+w model.cache");
        _scene.Refuses(2, "others can write", cached);
        _scene.Write("rubbish.cache", "{}");
        _scene.Refuses(2, "cannot be used", [.. Sign, "--hash-cache", "rubbish.cache"]);
    }

    [Fact]
    public void A_cache_among_the_signed_files_is_refused_and_one_that_is_left_out_is_not()
    {
        _scene.Shell("mkdir model/logs && ln -s model other");
        _scene.Refuses(2, "lies in the directory", [.. Sign, "--hash-cache", "model/cache"]);
        _scene.Refuses(2, "lies in the directory", [.. Sign, "--hash-cache", "other/logs/cache"]);
        string[] left = [.. Sign, "--ignore-path", "logs", "--hash-cache", "model/logs/cache"];
        _scene.Require(left);
        _scene.Require(left);
        _scene.Require(Verify);
        _scene.Refuses(2, "for directories", "sign", "data.csv", "--force", "--format", "oms", "--key", "ci.key", "--hash-cache", "cache");
        _scene.Refuses(2, "--manifest has their digests already", [.. Sign, "--manifest", "digests.json", "--hash-cache", "cache"]);
    }

    [Theory]
    [InlineData("others can write to it", "chmod o+w own/cache")]
    [InlineData("others can write to its directory", "chmod g+w own")]
    [InlineData("others can write to its directory", "chmod o+w own && rm own/cache")]
    [InlineData("a symbolic link", "mv own/cache real && ln -s ../real own/cache")]
    [InlineData("is not a regular file", "rm own/cache && mkfifo own/cache")]
    [InlineData("is not a regular file", "rm own/cache && mkdir own/cache")]
    [InlineData("does not exist", "rm -r own")]
    [InlineData("it belongs to another user (1000)", "chown 1000 own/cache", true)]
    [InlineData("its directory belongs to another user (1000)", "chown 1000 own", true)]
    [InlineData("it belongs to another user (1000)", "chmod 1777 own && chown 1000 own/cache", true)]
    public void A_cache_that_others_could_have_written_is_refused(string message, string change, bool asRoot = false)
    {
        if (asRoot && Environment.UserName != "root")
        {
            return;
        }
        string[] cached = [.. Sign, "--hash-cache", "own/cache"];
        _scene.Shell("mkdir -m 755 own");
        _scene.Require(cached);
        _scene.Shell("chmod 1777 own");
        _scene.Require(cached);
        _scene.Shell($"chmod 755 own && {change}");

        var ended = _scene.Run(cached);

        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(message, ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Merging_takes_the_parts_of_one_run_and_nothing_else()
    {
        foreach (var share in new[] { "1/2", "2/2", "2/3" })
        {
            _scene.Write(share.Replace('/', '-'), _scene.Require("hash", "model", "--part", share).Output);
        }
        string[] merge = ["hash", "--merge", "1-2", "2-2"];
        Assert.Equal(_scene.Require("hash", "model").Output, _scene.Require(merge).Output);
        _scene.Refuses(1, "it is one of 3 parts, and part 1/2 one of 2", "hash", "--merge", "1-2", "2-3");
        foreach (
            var options in (string[][])
                [
                    ["--ignore-path", "vocabulary"],
                    ["--no-ignore-git-paths"],
                    ["--part", "1/2"],
                    ["--plain-http"],
                    ["--registry-timeout", "1m"],
                ]
        )
        {
            _scene.Refuses(2, $"without {options[0]}", [.. merge, .. options]);
        }
        _scene.Refuses(2, "without a subject", ["hash", "model", "--merge", "1-2", "2-2"]);
        Directory.CreateDirectory(_scene.At("hollow"));
        _scene.Write("1-1", _scene.Require("hash", "hollow", "--part", "1/1").Output);
        _scene.Refuses(1, "has no files", "hash", "--merge", "1-1");
    }
}
