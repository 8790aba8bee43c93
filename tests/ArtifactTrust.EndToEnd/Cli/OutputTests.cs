using System.Diagnostics;
using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>What is written, and what is not: on full and read-only disks, over existing files, by many processes at once, and under kill -9.</summary>
public sealed class OutputTests : IDisposable
{
    private const int CouldNotTell = 3;
    private const string Attested = "https://example.com/t";

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    public static TheoryData<string, string> Writers =>
        new()
        {
            { "keygen", "keygen disk/new.key --no-password" },
            { "sign", "sign model --key ci.key --signature disk/new.sig" },
            { "sign over a signature", "sign disk/model --key ci.key --force" },
            { "sign beside", "sign disk/model --key ci.key --add" },
            { "attest", "attest disk/model --type slsaprovenance1 --predicate provenance.json --key ci.key" },
            { "attest for the first time", "attest disk/data.csv --type slsaprovenance1 --predicate provenance.json --key ci.key" },
            { "prove", "log prove audit 0 --key gate.pub --to disk/proof" },
            { "prove over a proof", "log prove audit 0 --key gate.pub --to disk/old.proof" },
            { "sbom", "sbom model --to disk/model.cdx.json" },
            { "scan", "scan model --scanners model --test-result disk/scan.json" },
            { "gate's summary", "gate model --policy policy.yaml --key gate.key --audit-log audit --vsa disk/vsa.json -- touch ran" },
            { "gate's log", "gate model --policy policy.yaml --key gate.key --audit-log disk/audit --vsa vsa.json -- touch ran" },
        };

    [NeedsTheory(Needs.Root)]
    [MemberData(nameof(Writers))]
    public void On_a_full_disk_nothing_is_lost_and_nothing_is_left(string name, string command)
    {
        _ = name;
        using var disk = Disk();
        // What the last page of a file has room for needs no disk.
        _scene.Shell("f=disk/model.attestations.jsonl; yes \"\" | head -c $((4096 - $(stat -c %s $f) % 4096)) >> $f");
        _scene.Shell("cat /dev/zero > disk/filler 2>/dev/null || true");
        _scene.Refuses(CouldNotTell, "No space left on device", command.Split(' '));
        Assert.Equal(0, Allowed());
        Assert.False(File.Exists(_scene.At("vsa.json")), "a permission was signed that no record tells of");
        // Once there is room again, everything goes on where it was.
        File.Delete(_scene.At("disk/filler"));
        _scene.Require(command.Split(' '));
        _scene.Require("log", "verify", "disk/audit", "--key", "gate.pub");
        _scene.Require("verify", "disk/model", "--key", "ci.pub", "--type", "slsaprovenance1");
    }

    [NeedsTheory(Needs.Root)]
    [InlineData("keygen disk/new.key --no-password")]
    [InlineData("sign model --key ci.key --signature disk/new.sig")]
    [InlineData("attest disk/model --type slsaprovenance1 --predicate provenance.json --key ci.key")]
    [InlineData("gate model --policy policy.yaml --key gate.key --audit-log disk/audit --vsa vsa.json -- touch ran")]
    public void On_a_read_only_disk_it_says_so_at_once(string command)
    {
        using var disk = Disk();
        _scene.Shell("mount -o remount,ro disk");
        _scene.Refuses(CouldNotTell, "Read-only file system", command.Split(' '));
        Assert.Equal(0, Allowed());
    }

    [NeedsTheory(Needs.Unprivileged)]
    [MemberData(nameof(Writers))]
    public void In_a_directory_that_may_not_be_written_it_says_so_at_once(string name, string command)
    {
        _ = name;
        Prepare();
        _scene.Shell("chmod -R a+rX,a-w .. && chmod a+w audit -R");
        var before = _scene.Listing().Where(l => !l.StartsWith("audit", StringComparison.Ordinal));
        var ended = Tool.Execute(_scene.Folder, null, "", [.. Needs.AsUser, .. Tool.Start, .. command.Split(' ')]);
        Assert.True(ended.ExitCode == CouldNotTell, ended.ToString());
        Assert.Contains("denied", ended.Errors, StringComparison.OrdinalIgnoreCase);
        Scene.AssertCalm(ended);
        Assert.Equal(before, _scene.Listing().Where(l => !l.StartsWith("audit", StringComparison.Ordinal)));
    }

    [NeedsFact(Needs.Root)]
    public void A_log_that_no_disk_has_room_for_is_started_later()
    {
        using var disk = Disk();
        _scene.Shell("cat /dev/zero > disk/filler 2>/dev/null || true");
        string[] init = ["log", "init", "disk/second", "--origin", "example.com/second", "--key", "gate.key"];
        var ended = _scene.Run(init);
        Assert.Equal(CouldNotTell, ended.ExitCode);
        Assert.Contains("No space left on device", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
        Assert.False(File.Exists(_scene.At("disk/second/checkpoint")));
        File.Delete(_scene.At("disk/filler"));
        _scene.Require(init);
        _scene.Require("log", "verify", "disk/second", "--key", "gate.pub");
    }

    [Theory]
    [InlineData("sign model --key ci.key --force --signature pipe")]
    [InlineData("sbom model --to pipe")]
    [InlineData("scan model --scanners model --test-result pipe")]
    [InlineData("log prove audit 0 --key gate.pub --to pipe")]
    [InlineData("save oci-layout:image:1.0 pipe --force")]
    [InlineData("gate model --policy policy.yaml --key gate.key --audit-log audit --vsa pipe -- touch ran")]
    public void A_pipe_is_not_replaced_by_a_file(string command)
    {
        Prepare();
        _scene.Require("push", "model", "oci-layout:image:1.0");
        _scene.Shell("mkfifo pipe");
        var ended = _scene.Run(command.Split(' '));
        Assert.True(ended.ExitCode == CouldNotTell, ended.ToString());
        Assert.Contains("is not a regular file", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
        _scene.Shell("test -p pipe");
        Assert.False(File.Exists(_scene.At("ran")), "the command ran");
    }

    [Theory]
    [InlineData("> /dev/full", "standard output cannot be written: No space left on device")]
    [InlineData(">&-", "standard output cannot be written: it is closed")]
    [InlineData("> /dev/full 2>&1", "")]
    [InlineData(">&- 2>&-", "")]
    public void A_result_that_cannot_be_written_was_not_told(string where, string message)
    {
        foreach (var form in new[] { "", " --output json" })
        {
            var ended = Told($"verify model --key ci.pub{form} {where}");
            Assert.True(ended.ExitCode == CouldNotTell, ended.ToString());
            Assert.Contains(message, ended.Errors, StringComparison.Ordinal);
            Scene.AssertCalm(ended);
        }
    }

    [Theory]
    [InlineData(2, "verify model --key no.pub 2> /dev/full")]
    [InlineData(2, "verify model --key no.pub --output json > /dev/full 2>&1")]
    [InlineData(2, "no-such-verb 2> /dev/full")]
    [InlineData(1, "verify model --key other.pub 2> /dev/full")]
    [InlineData(CouldNotTell, "gate model --policy policy.yaml --key gate.key --audit-log audit -- touch ran 2> /dev/full")]
    [InlineData(CouldNotTell, "gate model --policy policy.yaml --key gate.key --audit-log audit --output json -- touch ran 2> /dev/full")]
    public void Where_no_error_can_be_written_the_exit_code_tells(int exitCode, string command)
    {
        var ended = Told(command);
        Assert.True(ended.ExitCode == exitCode, ended.ToString());
        Assert.Equal("", ended.Errors);
        Assert.False(File.Exists(_scene.At("ran")), "the command ran, and nobody was told why");
    }

    [Fact]
    public void A_signature_is_replaced_only_by_force()
    {
        string[] sign = ["sign", "model", "--key", "other.key"];
        _scene.Refuses(2, "the signature", sign);
        _scene.Require([.. sign, "--force"]);
        _scene.Refuses(1, "no trusted key made the signature", "verify", "model", "--key", "ci.pub");
        _scene.Require("verify", "model", "--key", "other.pub");
    }

    [Fact]
    public void A_signature_that_is_added_keeps_the_one_that_is_there()
    {
        var old = _scene.Read("model.sig");
        _scene.Require("sign", "model", "--key", "other.key", "--add");
        Assert.Equal(old, _scene.Read("model.sig"));
        _scene.Require("verify", "model", "--key", "ci.pub");
        _scene.Require("verify", "model", "--key", "other.pub");
        _scene.Require("verify", "model", "--key", "ci.pub", "--type", "slsaprovenance1");
    }

    [Fact]
    public void A_signature_inside_of_the_directory_is_no_part_of_it()
    {
        _scene.Require("sign", "model", "--key", "ci.key", "--signature", "model/model.sig");
        _scene.Require("verify", "model", "--key", "ci.pub", "--signature", "model/model.sig");
        _scene.Write("model/more", "added");
        _scene.Refuses(1, "1 added: more", "verify", "model", "--key", "ci.pub", "--signature", "model/model.sig");
    }

    [Fact]
    public void A_line_that_a_crash_cut_short_is_dropped_and_costs_no_other()
    {
        var whole = _scene.Read("model.attestations.jsonl");
        _scene.Write("model.attestations.jsonl", whole + whole[..(whole.Length / 2)]);
        _scene.Require("verify", "model", "--key", "ci.pub", "--type", "slsaprovenance1");
        Attest("p").Dispose();
        Assert.StartsWith(whole, _scene.Read("model.attestations.jsonl"), StringComparison.Ordinal);
        Assert.Equal(2, _scene.Read("model.attestations.jsonl").TrimEnd('\n').Split('\n').Length);
        Assert.Equal(1, Verified(Attested));
        Assert.Equal(1, Verified("slsaprovenance1"));
    }

    [Fact]
    public void A_line_that_only_lacks_its_line_feed_is_kept()
    {
        _scene.Write("model.attestations.jsonl", _scene.Read("model.attestations.jsonl").TrimEnd('\n'));
        Attest("p").Dispose();
        Assert.Equal(1, Verified(Attested));
        Assert.Equal(1, Verified("slsaprovenance1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attestations_by_many_processes_at_once_are_all_kept(bool isFirst)
    {
        if (isFirst)
        {
            File.Delete(_scene.At("model.attestations.jsonl"));
        }
        for (var i = 0; i < 16; i++)
        {
            _scene.Write($"p{i}.json", $"{{\"i\":{i}}}");
        }
        var writers = Enumerable
            .Range(0, 16)
            .Select(i => Begin("attest", "model", "--type", Attested, "--predicate", $"p{i}.json", "--key", "ci.key"))
            .ToList();
        // Meanwhile, whoever reads finds whole evidence.
        if (!isFirst)
        {
            for (var i = 0; i < 3; i++)
            {
                _scene.Require("verify", "model", "--key", "ci.pub", "--type", "slsaprovenance1");
            }
        }
        writers.ForEach(End);
        Assert.Equal(16, Verified(Attested));
        Assert.Equal(isFirst ? 0 : 1, Verified("slsaprovenance1"));
        Assert.DoesNotContain(_scene.Listing(), l => l.Contains(".jsonl.", StringComparison.Ordinal));
    }

    [Fact]
    public void Decisions_of_many_gates_at_once_are_all_in_the_log()
    {
        var gates = Enumerable
            .Range(0, 8)
            .Select(i =>
                Begin("gate", "model", "--policy", "policy.yaml", "--key", "gate.key", "--audit-log", "audit", "--vsa", $"vsa{i}.json")
            )
            .ToList();
        gates.ForEach(End);
        Assert.Equal(8, Allowed());
        _scene.Require("log", "verify", "audit", "--key", "gate.pub");
    }

    [Fact]
    public void Kill_9_leaves_what_was_acknowledged_and_only_whole_lines()
    {
        _scene.Write("p.json", "{}");
        var random = new Random(7);
        var acknowledged = 0;
        const int Kills = 15;
        for (var i = 0; i < Kills; i++)
        {
            using var loop = Tool.Begin(
                _scene.Folder,
                null,
                [
                    "bash",
                    "-c",
                    $"while :; do '{Tool.Start[0]}' '{Tool.Start[1]}' attest model --type {Attested} --predicate p.json --key ci.key > /dev/null && echo done; done",
                ]
            );
            Thread.Sleep(random.Next(250, 900));
            loop.Kill(entireProcessTree: true);
            acknowledged += loop.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
            loop.WaitForExit();
        }
        Attest("p").Dispose();
        Assert.InRange(Verified(Attested), acknowledged + 1, acknowledged + 1 + Kills);
        Assert.Equal(1, Verified("slsaprovenance1"));
        Assert.All(_scene.Read("model.attestations.jsonl").TrimEnd('\n').Split('\n'), l => JsonDocument.Parse(l).Dispose());
    }

    /// <summary>Runs the command line by a shell, which sends its streams elsewhere.</summary>
    private Ended Told(string command) =>
        Tool.Execute(_scene.Folder, null, "", ["bash", "-c", $"exec '{Tool.Start[0]}' '{Tool.Start[1]}' {command}"]);

    private Process Attest(string predicate)
    {
        _scene.Write($"{predicate}.json", "{}");
        var process = Begin("attest", "model", "--type", Attested, "--predicate", $"{predicate}.json", "--key", "ci.key");
        End(process);
        return process;
    }

    private Process Begin(params string[] arguments) => Tool.Begin(_scene.Folder, null, [.. Tool.Start, .. arguments]);

    private static void End(Process process)
    {
        var errors = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(2)));
        Assert.True(process.ExitCode == 0, errors);
        process.Dispose();
    }

    /// <summary>How many attestations of the type are there and count.</summary>
    private int Verified(string type)
    {
        var ended = _scene.Run("verify", "model", "--key", "ci.pub", "--type", type, "--output", "json");
        Scene.AssertCalm(ended);
        return ended.Json().GetProperty("evidence").EnumerateArray().Count(e => e.GetProperty("verified").GetBoolean());
    }

    /// <summary>How often a log says "allow".</summary>
    private int Allowed() =>
        new[] { "audit", "disk/audit" }
            .Where(d => Directory.Exists(_scene.At(d)))
            .Sum(d =>
                _scene
                    .Require("log", "show", d, "--key", "gate.pub", "--output", "json")
                    .Json()
                    .GetProperty("records")
                    .EnumerateArray()
                    .Count(r => r.GetProperty("record").GetProperty("decision").GetString() == "allow")
            );

    /// <summary>A model with its evidence, a file, an audit log and an old proof in <c>disk</c>, and one denied decision in the other log.</summary>
    private void Prepare()
    {
        _scene.Shell("mkdir -p disk && cp -r model model.sig model.attestations.jsonl data.csv audit disk/ && echo old > disk/old.proof");
        Assert.Equal(
            1,
            _scene.Run("gate", "data=data.csv", "--policy", "policy.yaml", "--key", "gate.key", "--audit-log", "audit").ExitCode
        );
        _scene.Shell("rm -f vsa.sigstore.json");
    }

    /// <summary>A file system of its own, of 256 KiB, mounted at <c>disk</c>.</summary>
    private Mount Disk()
    {
        _scene.Shell("mkdir disk && mount -t tmpfs -o size=256k tmpfs disk");
        var mount = new Mount(_scene);
        Prepare();
        return mount;
    }

    private sealed class Mount(Scene scene) : IDisposable
    {
        public void Dispose() => scene.Shell("umount disk");
    }

    [Theory]
    [InlineData("hash", "model")]
    [InlineData("log verify", "audit", "--key", "gate.pub")]
    [InlineData("log show", "audit", "--key", "gate.pub")]
    [InlineData("trust show")]
    [InlineData("sbom validate", "model.json")]
    [InlineData("sbom completeness", "model.json")]
    [InlineData("sbom diff", "model.json", "model.json")]
    [InlineData("sbom merge", "model.json", "--name", "release", "--to", "merged.json")]
    public void The_document_of_success_and_that_of_failure_name_the_same_verb(string verb, params string[] arguments)
    {
        _scene.Require("sbom", "model", "--to", "model.json");
        var done = _scene.Require([.. verb.Split(' '), .. arguments, "--output", "json"]);
        var failed = _scene.Run([.. verb.Split(' '), "--output", "json", "--no-such-option"]);
        Assert.Equal(2, failed.ExitCode);
        Assert.All([done, failed], e => Assert.Equal(verb, e.Json().GetProperty("command").GetString()));
    }
}
