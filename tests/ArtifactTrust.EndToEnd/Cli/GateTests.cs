using System.Globalization;
using System.Text.Json;

namespace ArtifactTrust.EndToEnd.Cli;

/// <summary>The gate as a deploy step uses it: what it decides, what it runs, and what it leaves behind.</summary>
public sealed class GateTests : IDisposable
{
    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(77)]
    public void Where_it_allows_its_exit_code_and_output_are_the_commands(int code)
    {
        var ended = Gate("bash", "-c", $"echo out; echo err >&2; cat; exit {code}");
        Assert.Equal(code, ended.ExitCode);
        Assert.Equal("out\n", ended.Output);
        Assert.StartsWith("allowed by policy 'release'", ended.Errors, StringComparison.Ordinal);
        Assert.EndsWith("err\n", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_is_told_the_digests_that_were_verified_and_reads_standard_input()
    {
        var hash = _scene.Require("hash", "model", "--output", "json").Json();
        var digest = hash.GetProperty("subject").GetProperty("digests").GetProperty("sha256").GetString();
        var ended = Tool.Execute(
            _scene.Folder,
            null,
            "from standard input\n",
            [.. Tool.Start, .. Scene.Gate[..^2], "bash", "-c", "echo $ARTIFACT_TRUST_SUBJECT_0; cat"]
        );
        Assert.Equal($"sha256:{digest}\nfrom standard input\n", ended.Output);
    }

    [Fact]
    public void A_path_named_like_a_role_with_its_subject_does_not_take_its_place()
    {
        // A good model where "model=." is the first part of its path, and a bad one where the role's subject is.
        _scene.Shell("mkdir model=. && cp -r model model.sig model.attestations.jsonl model=./ && echo evil >> model/weights.bin");
        _scene.Refuses(2, "an existing path as well", ["gate", "model=./model", .. Scene.Gate[2..]]);
        _scene.Require(["gate", "./model=./model", .. Scene.Gate[2..^3]]);
        _scene.Shell("rm -r model=.");
        _scene.Refuses(1, "the files are not those that were signed", ["gate", "model=./model", .. Scene.Gate[2..]]);
    }

    [Fact]
    public void A_path_does_not_take_the_place_of_a_reference_that_says_it_is_one()
    {
        _scene.Shell("cp -r model oci-layout:absent:1 && cp model.sig oci-layout:absent:1.sig");
        _scene.Refuses(3, "absent", "verify", "oci-layout:absent:1", "--key", "ci.pub");
        _scene.Require("verify", "./oci-layout:absent:1", "--key", "ci.pub");
    }

    [Fact]
    public void A_pull_that_a_policy_denies_tells_why_line_by_line()
    {
        _scene.Require("push", "model", "oci-layout:layout:1");
        _scene.Write(
            "images.yaml",
            """
            version: 1
            name: images
            identities: { ci: { keys: [ { file: ci.pub } ] } }
            subjects: { image: { kind: image, signatures: { from: ci } } }
            """
        );
        string[] pull = ["pull", "oci-layout:layout:1", "out", "--policy", "images.yaml"];
        _scene.Refuses(1, "nothing was fetched", pull);
        var ended = _scene.Run(pull);
        Assert.Contains("\n  failed       image.signatures  no signature counts\n", ended.Errors, StringComparison.Ordinal);
        Assert.EndsWith("\nrejected: the policy does not allow it; nothing was fetched\n", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_gates_own_secrets_are_kept_from_the_command()
    {
        string[] secrets = ["ARTIFACT_TRUST_PIN", "ARTIFACT_TRUST_PASSWORD", "COSIGN_PASSWORD", "SIGSTORE_ID_TOKEN"];
        var environment = secrets.ToDictionary(n => n, string? (_) => "top-secret");
        environment["OTHER"] = "the commands own";
        var ended = Tool.Run(_scene.Folder, environment, [.. Scene.Gate[..^2], "env"]);
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains("OTHER=the commands own\n", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("top-secret", ended.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(secrets, n => ended.Output.Contains(n, StringComparison.Ordinal));
    }

    [Fact]
    public void Arguments_go_to_the_command_as_they_are()
    {
        var ended = Gate("printf", "%s|", "a b", "", "$HOME", "*", "--policy", "--", "é");
        Assert.Equal("a b||$HOME|*|--policy|--|é|", ended.Output);
    }

    [Fact]
    public void A_decision_is_signed_and_recorded_before_the_command_runs()
    {
        var ended = Gate("bash", "-c", "ls vsa.sigstore.json && cat audit/checkpoint");
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal("vsa.sigstore.json", ended.Output.Split('\n')[0]);
        Assert.Equal("1", ended.Output.Split('\n')[2]);
        var record = Records().Single();
        Assert.Equal("allow", record.GetProperty("decision").GetString());
        _scene.Require("log", "verify", "audit", "--key", "gate.pub");
        // The summary is an attestation about the model like any other.
        var verified = _scene.Require("verify", "model", "--key", "gate.pub", "--type", "vsa", "--signature", "vsa.sigstore.json");
        Assert.Contains("verified: model", verified.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_command_it_only_decides()
    {
        var ended = _scene.Run([.. Scene.Gate[..^3], "--output", "json"]);
        Assert.Equal(0, ended.ExitCode);
        Assert.Equal("allowed", ended.Json().GetProperty("result").GetString());
        Assert.Equal(0, ended.Json().GetProperty("logIndex").GetInt32());
    }

    [Fact]
    public void A_dry_run_leaves_nothing_behind()
    {
        var before = _scene.Listing();
        Assert.Equal(0, _scene.Run("gate", "model", "--policy", "policy.yaml", "--dry-run").ExitCode);
        Assert.Equal(before, _scene.Listing());
    }

    [Theory]
    [InlineData("model/weights.bin")]
    [InlineData("model/config.json")]
    [InlineData("model/vocabulary/words.txt")]
    [InlineData("model.sig")]
    [InlineData("model.attestations.jsonl")]
    [InlineData("data.csv")]
    [InlineData("data.csv.sig")]
    public void One_changed_byte_anywhere_and_the_command_does_not_run(string file)
    {
        string[] gate = ["gate", "model", "data=data.csv", .. Scene.Gate[2..]];
        _scene.Require(gate);
        File.Delete(_scene.At("ran"));
        _scene.ChangeOneByte(file);
        _scene.Refuses(1, "counts", gate);
        Assert.Equal(["allow", "deny", "deny"], Records().Select(r => r.GetProperty("decision").GetString()));
    }

    [Fact]
    public void One_changed_byte_in_the_policys_key_and_the_command_does_not_run()
    {
        var pem = _scene.Read("ci.pub").Split('\n');
        // Every character of the key's last line but the padding; some still are a key, on the curve by chance never.
        foreach (var i in new[] { 0, 7, 20, pem[2].Length - 3 })
        {
            var line = pem[2].ToCharArray();
            line[i] = line[i] == 'A' ? 'B' : 'A';
            _scene.Write("ci.pub", string.Join('\n', pem[0], pem[1], new string(line), pem[3], ""));
            var ended = _scene.Run(Scene.Gate);
            Assert.True(ended.ExitCode is 1 or 2, ended.ToString());
            Scene.AssertCalm(ended);
            Assert.False(File.Exists(_scene.At("ran")));
        }
    }

    [Fact]
    public void An_unknown_role_denies() => _scene.Refuses(1, "the policy has no role 'other'", Subjects("model", "other=data.csv"));

    [Fact]
    public void A_missing_role_denies() => _scene.Refuses(1, "no subject was given as 'model'", Subjects("data=data.csv"));

    [Fact]
    public void A_subject_of_the_wrong_kind_denies() => _scene.Refuses(1, "it is a file", Subjects("model=data.csv"));

    [Fact]
    public void Every_subject_in_a_role_needs_its_evidence_and_is_named_by_its_own_digest()
    {
        _scene.Write("more.csv", "c,d\n");
        _scene.Refuses(1, "no signature counts", Subjects("model", "data=data.csv", "data=more.csv"));
        _scene.Require("sign", "more.csv", "--key", "ci.key");
        var ended = _scene.Run([
            .. Subjects("model", "data=data.csv", "data=more.csv")[..^2],
            "bash",
            "-c",
            "echo $ARTIFACT_TRUST_SUBJECT_1 $ARTIFACT_TRUST_SUBJECT_2",
        ]);
        var digests = _scene.Shell("sha256sum data.csv more.csv").Output.Split('\n').Select(l => l.Split(' ')[0]).ToList();
        Assert.Equal($"sha256:{digests[0]} sha256:{digests[1]}\n", ended.Output);
        var recorded = Records()[^1].GetProperty("subjects").EnumerateArray().Select(s => s.ToString()).ToList();
        Assert.Contains(digests[0], recorded[1], StringComparison.Ordinal);
        Assert.Contains(digests[1], recorded[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_subject_of_a_role_given_twice_has_to_satisfy_it() =>
        _scene.Refuses(1, "it is a file", Subjects("model", "model=data.csv"));

    [Theory]
    [InlineData("notAfter: 2020-01-01T00:00:00Z", "2020-01-01")]
    [InlineData("notBefore: 2120-01-01T00:00:00Z", "2120-01-01")]
    public void A_key_outside_of_its_window_denies(string window, string time)
    {
        _scene.Replace("policy.yaml", "- file: ci.pub", $"- {{file: ci.pub, {window}}}");
        _scene.Refuses(1, time, Scene.Gate);
    }

    [Fact]
    public void A_policy_past_its_last_day_denies()
    {
        _scene.Replace("policy.yaml", "name: release", "name: release\nexpires: 2021-05-06T00:00:00Z");
        _scene.Refuses(1, "the policy held until 2021-05-06", Scene.Gate);
    }

    [Fact]
    public void Another_builder_denies()
    {
        _scene.Replace("policy.yaml", Scene.Builder, "https://other.example.com");
        _scene.Refuses(1, $"it was built by '{Scene.Builder}'", Scene.Gate);
    }

    [Fact]
    public void Two_signatures_of_one_identity_are_one()
    {
        _scene.Replace(
            "policy.yaml",
            "  ci:\n    keys:\n      - file: ci.pub",
            "  ci: {keys: [{file: ci.pub}]}\n  second: {keys: [{file: other.pub}]}"
        );
        _scene.Replace(
            "policy.yaml",
            "  model:\n    kind: directory\n    signatures:\n      from: ci",
            "  model:\n    kind: directory\n    signatures: {from: [ci, second], atLeast: 2}"
        );
        _scene.Require("sign", "model", "--key", "ci.key", "--add");
        _scene.Refuses(1, "1 of 2 needed", Scene.Gate);
        _scene.Require("sign", "model", "--key", "other.key", "--add");
        _scene.Require(Scene.Gate);
    }

    [Theory]
    [InlineData("name: release", "nme: release", "line 2, column 1")]
    [InlineData("from: ci\n", "frm: ci\n", "did you mean 'from'?")]
    [InlineData("from: ci\n", "from: nobody\n", "there is no identity 'nobody'")]
    [InlineData("file: ci.pub", "file: nothing.pub", "the key file 'nothing.pub' cannot be read")]
    [InlineData("file: ci.pub", "file: ../ci.pub", "line 6, column")]
    [InlineData("file: ci.pub", "file: ci.key", "a private key")]
    [InlineData("file: ci.pub", "file: data.csv", "not a public key that can be used")]
    [InlineData("kind: directory", "kind: folder", "folder")]
    [InlineData("version: 1", "version: 2", "line 1, column 10")]
    [InlineData("version: 1", "version: 1\nversion: 1", "line 2, column 1")]
    [InlineData("version: 1", "version: &a 1", "line 1")]
    [InlineData("name: release", "name: [", "line")]
    [InlineData("type: slsaprovenance1", "type: slsaprovenence1", "did you mean 'slsaprovenance1'?")]
    public void A_policy_that_is_wrong_is_refused_with_its_line(string old, string replacement, string message)
    {
        var policy = _scene.Read("policy.yaml");
        var at = policy.IndexOf(old, StringComparison.Ordinal);
        _scene.Write("policy.yaml", policy[..at] + replacement + policy[(at + old.Length)..]);
        _scene.Refuses(2, message, Scene.Gate);
        var ended = _scene.Run(Scene.Gate);
        Assert.Matches(@"the policy 'policy.yaml' is wrong: line [0-9]+, column [0-9]+: ", ended.Errors);
        Assert.False(File.Exists(_scene.At("audit/tile")));
    }

    [Fact]
    public void A_policy_that_does_not_exist_is_refused()
    {
        File.Delete(_scene.At("policy.yaml"));
        _scene.Refuses(2, "the policy 'policy.yaml' does not exist", Scene.Gate);
    }

    [Fact]
    public void A_policy_that_is_no_text_is_refused()
    {
        _scene.Write("policy.yaml", new byte[] { 0xff, 0xfe, 0, 1, 2 });
        _scene.Refuses(2, "the policy 'policy.yaml' is wrong", Scene.Gate);
    }

    [Fact]
    public void Without_a_log_or_a_key_it_denies()
    {
        _scene.Refuses(
            2,
            "--key and --audit-log are needed",
            "gate",
            "model",
            "--policy",
            "policy.yaml",
            "--key",
            "gate.key",
            "--",
            "touch",
            "ran"
        );
        _scene.Refuses(
            2,
            "--key and --audit-log are needed",
            "gate",
            "model",
            "--policy",
            "policy.yaml",
            "--audit-log",
            "audit",
            "--",
            "touch",
            "ran"
        );
        _scene.Refuses(2, "the audit log 'nothing' does not exist", [.. Scene.Gate.Select(a => a == "audit" ? "nothing" : a)]);
        _scene.Refuses(2, "there is no command after --", Scene.Gate[..^2]);
        _scene.Refuses(2, "--request-id", [.. Scene.Gate[..^3], "--request-id", "a b", "--", "touch", "ran"]);
    }

    [Theory]
    [InlineData("echo rubbish > audit/checkpoint", "the audit log is damaged at 'checkpoint'")]
    [InlineData("rm audit/checkpoint", "the audit log is damaged at 'checkpoint'")]
    [InlineData(": > audit/checkpoint", "the audit log is damaged at 'checkpoint'")]
    [InlineData("sed -i 's/^1$/2/' audit/checkpoint", "the audit log is damaged at 'checkpoint'")]
    [InlineData(
        "printf x | dd of=$(find audit/tile/entries -type f) bs=1 seek=20 conv=notrunc",
        "the audit log is damaged at 'tile/entries"
    )]
    [InlineData("rm -r audit/tile", "the audit log is damaged at 'tile")]
    [InlineData("rm -r audit && mkdir audit", "the audit log is damaged at 'checkpoint'")]
    public void With_a_damaged_log_it_denies(string damage, string message)
    {
        _scene.Require(Scene.Gate);
        File.Delete(_scene.At("ran"));
        File.Delete(_scene.At("vsa.sigstore.json"));
        _scene.Shell(damage);
        _scene.Refuses(3, message, Scene.Gate);
        Assert.False(File.Exists(_scene.At("vsa.sigstore.json")), "a permission was signed that no record tells of");
    }

    [Fact]
    public void With_the_log_of_another_key_it_denies()
    {
        _scene.Refuses(3, "the audit log is damaged at 'checkpoint'", [.. Scene.Gate.Select(a => a == "gate.key" ? "ci.key" : a)]);
        Assert.False(File.Exists(_scene.At("vsa.sigstore.json")));
    }

    [Fact]
    public void A_command_that_is_not_found_is_told_of_after_the_decision()
    {
        var ended = Gate("./nothing");
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("allowed, but './nothing' could not be started", ended.Errors, StringComparison.Ordinal);
        Scene.AssertCalm(ended);
        Assert.Equal("allow", Records().Single().GetProperty("decision").GetString());
    }

    [Fact]
    public void A_file_that_may_not_be_run_is_told_of()
    {
        _scene.Write("script", "#!/bin/sh\ntouch ran\n");
        var ended = Gate("./script");
        Assert.Equal(3, ended.ExitCode);
        Assert.Contains("could not be started", ended.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(_scene.At("ran")));
    }

    [Fact]
    public void An_error_is_recorded_as_one()
    {
        File.CreateSymbolicLink(_scene.At("model/link"), "/etc/hostname");
        Assert.Equal(1, _scene.Run(Scene.Gate).ExitCode);
        var record = Records().Single();
        Assert.Equal("error", record.GetProperty("decision").GetString());
        Assert.Contains("a symbolic link", record.GetProperty("reasons")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("HUP", 1)]
    public async Task A_signal_is_passed_to_the_command_which_may_take_its_time(string signal, int number)
    {
        using var process = Tool.Begin(
            _scene.Folder,
            null,
            [
                .. Tool.Start,
                .. Scene.Gate[..^2],
                "bash",
                "-c",
                $"trap 'sleep 3; echo got {signal}; exit 42' {signal}; echo ready; for i in $(seq 2400); do sleep 0.05; done; echo nothing",
            ]
        );
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        _scene.Shell(
            $"kill -{number.ToString(CultureInfo.InvariantCulture)} {process.Id}; sleep 0.2; kill -{number} {process.Id} 2>/dev/null || true"
        );
        Assert.Equal($"got {signal}", (await process.StandardOutput.ReadToEndAsync()).Split('\n')[0]);
        Assert.True(process.WaitForExit(Tool.Patience));
        Assert.Equal(42, process.ExitCode);
        Assert.DoesNotContain("   at ", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_a_signal_ends_gives_the_shells_exit_code()
    {
        using var process = Tool.Begin(
            _scene.Folder,
            null,
            [.. Tool.Start, .. Scene.Gate[..^2], "bash", "-c", "echo ready; exec sleep 600"]
        );
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync());
        _scene.Shell($"kill -TERM {process.Id}");
        Assert.True(process.WaitForExit(Tool.Patience));
        Assert.Equal(128 + 15, process.ExitCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_signal_before_the_end_ends_it_though_a_read_blocks(int times)
    {
        _scene.Shell("mkfifo pipe");
        using var process = Tool.Begin(_scene.Folder, null, [.. Tool.Start, "verify", "model", "--key", "pipe"]);
        // This waits until the pipe is opened for reading, and keeps it open.
        using var pipe = File.OpenHandle(_scene.At("pipe"), FileMode.Open, FileAccess.Write);
        _scene.Shell(string.Join("; sleep 0.2; ", Enumerable.Repeat($"kill -TERM {process.Id}", times)));
        Assert.True(process.WaitForExit(Tool.Patience), "it did not end");
        Assert.Equal(130, process.ExitCode);
        Assert.DoesNotContain("   at ", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
    }

    private static string[] Subjects(params string[] subjects) => ["gate", .. subjects, .. Scene.Gate[2..]];

    private Ended Gate(params string[] command) => _scene.Run([.. Scene.Gate[..^2], .. command]);

    private List<JsonElement> Records() =>
        [
            .. _scene
                .Require("log", "show", "audit", "--key", "gate.pub", "--output", "json")
                .Json()
                .GetProperty("records")
                .EnumerateArray()
                .Select(r => r.GetProperty("record")),
        ];
}
